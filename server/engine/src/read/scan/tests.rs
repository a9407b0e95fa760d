//! Real folders in, lists and findings out.

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;

use super::*;
use crate::skip::{Unavailable, skip};

struct Folder(tempfile::TempDir);

impl Folder {
    fn new(files: &[&str]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        files.iter().for_each(|file| folder.write(file));
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "text").unwrap();
    }

    fn scan(&self, include: &[&str], exclude: &[&str]) -> Result<Scan, ScanError> {
        let owned = |patterns: &[&str]| patterns.iter().map(|p| (*p).to_owned()).collect();
        scan(&FolderSource {
            name: SourceName::new("docs"),
            root: self.0.path().to_path_buf(),
            include: owned(include),
            exclude: owned(exclude),
            on_error: OnError::Skip,
        })
    }

    fn check(&self, include: &[&str], exclude: &[&str], files: &[&str], findings: &[(FindingCode, &str)]) {
        let scan = self.scan(include, exclude).unwrap();
        let paths: Vec<&str> = scan.files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(paths, files);
        let found: Vec<(FindingCode, &str)> = scan.findings.iter().map(|f| (f.code, f.path.as_str())).collect();
        assert_eq!(found, findings);
    }
}

#[test]
fn patterns_choose_the_files() {
    let folder = Folder::new(&["a.md", "b.txt", "en/kafka.md", "en/deep/x.md", "drafts/y.md", "ko/카프카.md"]);
    folder.check(&[], &[], &["a.md", "b.txt", "drafts/y.md", "en/deep/x.md", "en/kafka.md", "ko/카프카.md"], &[]);
    folder.check(&["**/*.md"], &["drafts/**"], &["a.md", "en/deep/x.md", "en/kafka.md", "ko/카프카.md"], &[]);
    folder.check(&["*.md"], &[], &["a.md"], &[]);
    folder.check(&["./en/*.md"], &[], &["en/kafka.md"], &[]);
    folder.check(&["**/*.{md,txt}"], &["en", "ko", "drafts"], &["a.md", "b.txt"], &[]);
    folder.check(&["*.pdf"], &[], &[], &[]);
}

/// A folder of office documents was passed over without a word, and so was `UP.MD`.
#[test]
fn a_file_that_no_reader_takes_is_a_finding_unless_patterns_leave_it_out() {
    let files = ["UP.MD", "a.md", "b/Notes.TXT", "b/manual.PNG", "b/README", "c.json", "d.doc", "drafts/e.gif"];
    let folder = Folder::new(&files);
    symlink("b/manual.PNG", folder.path("again.png")).unwrap();
    let found = |path| (FindingCode::UnsupportedFormat, path);
    let taken = ["UP.MD", "a.md", "b/Notes.TXT"];
    folder.check(
        &[],
        &["drafts/**"],
        &taken,
        &[found("b/README"), found("b/manual.PNG"), found("c.json"), found("d.doc")],
    );
    folder.check(&[], &["**/*.{png,json,doc,gif}", "**/README"], &taken, &[]);
    folder.check(&["**/*.md"], &[], &["UP.MD", "a.md"], &[]);
    folder.check(&["**/*.md", "c.json"], &["up.md"], &["UP.MD", "a.md", "c.json"], &[]);
    // The link is not left out, and the file is told of under no name of its own.
    folder.check(&[], &["**/*.md", "b/**", "[cd]*"], &[], &[found("again.png")]);
    let scan = folder.scan(&[], &[]).unwrap();
    let text: Vec<String> = scan.findings.iter().map(ToString::to_string).collect();
    assert!(text[0].starts_with("b/README: files without an extension are not read; convert it to"), "{text:?}");
    assert!(text[1].starts_with("b/manual.PNG: `.png` files are not read"), "{text:?}");
    assert!(text.iter().all(|text| text.contains(media::ACCEPTED) || text.contains("save it as .docx")), "{text:?}");
}

#[test]
fn a_key_of_a_mounted_config_map_that_no_reader_takes_is_a_finding() {
    let folder = Folder::new(&["..2024_01_01/app.conf"]);
    symlink("..2024_01_01", folder.path("..data")).unwrap();
    symlink("..data/app.conf", folder.path("app.conf")).unwrap();
    folder.check(&[], &[], &[], &[(FindingCode::UnsupportedFormat, "app.conf")]);
}

#[test]
fn files_that_patterns_leave_out_are_counted() {
    let folder = Folder::new(&["a.md", "b.pdf", "c.txt", ".git/d.md"]);
    let left_out = |include: &[&str], exclude: &[&str]| folder.scan(include, exclude).unwrap().left_out;
    assert_eq!((left_out(&[], &[]), left_out(&["*.md"], &[]), left_out(&[], &["*.txt"])), (0, 2, 1));
}

#[test]
fn hidden_and_temporary_files_are_not_listed() {
    let folder = Folder::new(&[
        ".git/config.md",
        ".hidden.md",
        "a.md~",
        ".a.md.swp",
        "#a.md#",
        ".#a.md",
        "~$b.docx",
        "c.md.tmp",
        "c.md.TMP",
        ".DS_Store",
        "Thumbs.db",
        "en/desktop.ini",
        ".idea/workspace.xml",
        "d.md",
    ]);
    folder.check(&[], &[], &["d.md"], &[]);
}

#[test]
fn a_mounted_config_map_is_read_through_its_links() {
    let folder = Folder::new(&["..2024_01_01/faq.md"]);
    symlink("..2024_01_01", folder.path("..data")).unwrap();
    symlink("..data/faq.md", folder.path("faq.md")).unwrap();
    folder.check(&["**/*.md"], &[], &["faq.md"], &[]);
}

#[test]
fn links_stay_inside_the_folder_and_never_loop() {
    let outside = Folder::new(&["secret.md"]);
    let folder = Folder::new(&["a/x.md", ".store/y.md", ".store/z/w.md"]);
    symlink(folder.path("a"), folder.path("a/loop")).unwrap();
    symlink("self", folder.path("self")).unwrap();
    symlink("gone.md", folder.path("dangling.md")).unwrap();
    symlink(outside.path("secret.md"), folder.path("out.md")).unwrap();
    symlink(outside.0.path(), folder.path("outdir")).unwrap();
    symlink("a/x.md", folder.path("same.md")).unwrap();
    symlink("a", folder.path("b")).unwrap();
    symlink(".store", folder.path("store")).unwrap();
    symlink("..", folder.path(".store/z/up")).unwrap();
    use FindingCode::LinkNotFollowed;
    folder.check(
        &[],
        &[],
        &["a/x.md", "store/y.md", "store/z/w.md"],
        &[
            (LinkNotFollowed, "a/loop"),
            (LinkNotFollowed, "dangling.md"),
            (LinkNotFollowed, "out.md"),
            (LinkNotFollowed, "outdir"),
            (LinkNotFollowed, "self"),
        ],
    );
}

#[test]
fn names_are_normalised_and_collisions_named() {
    let folder = Folder::new(&[]);
    let decomposed = "\u{1112}\u{1161}\u{11AB}.md";
    folder.write(decomposed);
    folder.check(&["한.md"], &[], &["한.md"], &[]);
    let scan = folder.scan(&[], &[]).unwrap();
    assert_eq!(scan.files[0].load().unwrap().bytes, b"text");
    folder.write("한.md");
    folder.check(&[], &[], &["한.md"], &[(FindingCode::NameCollision, "한.md")]);
    let text = folder.scan(&[], &[]).unwrap().findings[0].to_string();
    assert!(text.contains("written in NFD (4 bytes) is kept, the one in NFC (4 bytes) is left out"), "{text}");
}

#[test]
fn what_is_no_readable_file_is_a_finding() {
    let folder = Folder::new(&["a.md"]);
    fs::write(folder.0.path().join(std::ffi::OsStr::from_bytes(b"bad\xff.md")), "x").unwrap();
    let sockets = ["socket", "socket.md"];
    let _sockets = sockets.map(|name| std::os::unix::net::UnixListener::bind(folder.path(name)).unwrap());
    folder.check(
        &[],
        &[],
        &["a.md"],
        &[
            (FindingCode::NameNotUtf8, "bad\u{FFFD}.md"),
            (FindingCode::NotAFile, "socket"),
            (FindingCode::NotAFile, "socket.md"),
        ],
    );
}

#[test]
fn a_name_that_is_no_utf8_counts_only_where_the_source_takes_it() {
    let folder = Folder::new(&["a.md"]);
    for name in [&b"bad\xff.bin"[..], b"bad\xff.txt", b"~$\xff.docx"] {
        fs::write(folder.0.path().join(std::ffi::OsStr::from_bytes(name)), "x").unwrap();
    }
    let named = |name: &'static str| (FindingCode::NameNotUtf8, name);
    folder.check(&[], &[], &["a.md"], &[named("bad\u{FFFD}.bin"), named("bad\u{FFFD}.txt")]);
    folder.check(&["**/*.md"], &[], &["a.md"], &[]);
    fs::create_dir(folder.0.path().join(std::ffi::OsStr::from_bytes(b"dir\xff"))).unwrap();
    for include in [&["*.md"][..], &["docs/**/*.md", "a.md"], &["docs/*.md", "a.md"]] {
        folder.check(include, &[], &["a.md"], &[]);
    }
    for include in ["**/*.md", "*/*.md", "./**/*.md", "./**/*.rst", "{docs/**,**/*.md}", "부서/*.md"] {
        folder.check(&[include, "a.md"], &[], &["a.md"], &[named("dir\u{FFFD}")]);
    }
    let all = ["bad\u{FFFD}.bin", "bad\u{FFFD}.txt", "dir\u{FFFD}"].map(named);
    folder.check(&["**"], &[], &["a.md"], &all);
    fs::remove_dir(folder.0.path().join(std::ffi::OsStr::from_bytes(b"dir\xff"))).unwrap();
    folder.check(&[], &["*.bin"], &["a.md"], &[named("bad\u{FFFD}.txt")]);
}

#[test]
fn an_unreadable_folder_is_a_finding() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new(&["a.md", "closed/b.md"]);
    fs::set_permissions(folder.path("closed"), fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read_dir(folder.path("closed")).is_ok() {
        let reason = Unavailable::Forbidden("this user may read everything".to_owned());
        return skip("an_unreadable_folder_is_a_finding", &reason);
    }
    folder.check(&[], &[], &["a.md"], &[(FindingCode::UnreadableFolder, "closed")]);
}

#[test]
fn a_source_that_cannot_be_used_is_an_error_that_names_it() {
    let folder = Folder::new(&["a.md"]);
    let scan_at = |root: &Path, include: &str| {
        let include = vec![include.to_owned()];
        scan(&FolderSource {
            name: SourceName::new("docs"),
            root: root.to_path_buf(),
            include,
            exclude: vec![],
            on_error: OnError::Skip,
        })
        .unwrap_err()
    };
    let check = |error: ScanError, part: &str| {
        let text = error.to_string();
        assert!(text.contains("`docs`") && text.contains(part), "{text}");
    };
    check(scan_at(&folder.path("none"), "*"), "does not exist");
    check(scan_at(&folder.path("a.md"), "*"), "is not a folder");
    check(scan_at(folder.0.path(), "a[.md"), "`a[.md` is not a valid pattern");
}

#[test]
fn folders_past_the_depth_cap_are_named() {
    let folder =
        Folder::new(&[&format!("{}a.md", "d/".repeat(MAX_FOLDER_DEPTH)), &format!("e/{}b.md", "f/".repeat(70))]);
    let scan = folder.scan(&[], &[]).unwrap();
    assert_eq!(scan.files.len(), 1);
    assert_eq!(scan.findings[0].code, FindingCode::TooDeeplyNested);
}

#[test]
fn a_folder_named_with_a_tilde_is_told_apart_from_one_that_is_missing() {
    let missing = |path: &str| {
        let (name, path) = (SourceName::new("docs"), PathBuf::from(path));
        ScanError::Missing { name, path }.to_string()
    };
    assert!(missing("/srv/~/docs").contains("`~` is not expanded"), "{}", missing("/srv/~/docs"));
    assert!(!missing("/srv/docs~").contains("expanded"));
}
