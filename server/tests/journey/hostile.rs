//! A folder of everything that goes wrong with files, built by the real program: an exact list of findings, exit code 0,
//! and nothing written where nothing belongs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{Cursor, Write as _};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use zip::write::{SimpleFileOptions, ZipWriter};

use crate::support::{Ran, run, write};
use crate::world::World;

const GOOD: &str = "# Pump room\n\nThe spare impeller lies in cabinet 14.\n";

/// Puts a file of every kind into `docs`, and says which findings each is to have: path, code.
fn hostile_folder(docs: &Path) -> BTreeSet<(&'static str, &'static str)> {
    let mut expect = BTreeSet::new();
    let mut put = |path: &'static str, bytes: &[u8], codes: &[&'static str]| {
        fs::write(docs.join(path), bytes).unwrap();
        expect.extend(codes.iter().map(|code| (path, *code)));
    };
    put("good.md", GOOD.as_bytes(), &[]);
    put("good (1).md", GOOD.as_bytes(), &[]);
    // The same bytes, each read in its own way: not a copy.
    put("page.txt", b"# Crane\n\n<!-- code 8812 -->\n", &[]);
    put("page.md", b"# Crane\n\n<!-- code 8812 -->\n", &[]);
    put("\u{1112}\u{1161}\u{11ab}.md", "# 한글\n\n분해된 이름.\n".as_bytes(), &[]);
    put("good.docx", &word("<w:p><w:r><w:t>The crane carries 12 tonnes.</w:t></w:r></w:p>"), &[]);

    // Archives.
    let blanks = " ".repeat(64 << 20);
    let bomb = word(&blanks);
    put("bomb-ratio.docx", &bomb, &["UnsafeArchive"]);
    let many: Vec<_> = (0..20_000).map(|i| (format!("word/e{i}.xml"), "")).collect();
    let many: Vec<_> = many.iter().map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
    put(
        "bomb-entries.docx",
        &archive(&[&[("word/document.xml", &b"<w:document/>"[..])], &many[..]].concat()),
        &["UnsafeArchive"],
    );
    put("bomb-nested.eml", &mail_with("bomb.docx", &bomb), &["UnsafeArchive"]);
    put("traversal.docx", &archive(&[DOCUMENT, ("../../../../evil", b"x")]), &["UnsafeArchive"]);
    put(
        "external.docx",
        &word_with_doctype("<!ENTITY x SYSTEM \"file:///etc/passwd\">", "&x;"),
        &["ExternalReference"],
    );
    let laughs: String = (1..12).fold("<!ENTITY x0 \"ha\">".to_owned(), |mut all, i| {
        let _ = write!(all, "<!ENTITY x{i} \"{}\">", format!("&x{};", i - 1).repeat(10));
        all
    });
    put("laughs.docx", &word_with_doctype(&laughs, "&x11;"), &["ExternalReference"]);
    put("truncated.docx", &word("<w:p><w:r><w:t>x</w:t></w:r></w:p>")[..200], &["Malformed"]);

    // Sheets.
    let columns: String = (0..1_000_000_u32).fold(String::new(), |mut all, i| {
        let _ = write!(all, "<c><v>{}</v></c>", i.wrapping_mul(2_654_435_761) >> 8);
        all
    });
    put("columns.xlsx", &workbook(&columns), &["ContentLeftOut"]);
    put("password.xlsx", &compound(&["EncryptionInfo", "EncryptedPackage"]), &["Encrypted"]);
    put("columns.csv", format!("name\n{}", "x,".repeat(1_000_000)).as_bytes(), &["ContentLeftOut"]);

    // PDF.
    let whole = pdf(&["<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [2 0 R] /Count 3 >>"], "");
    put("loop.pdf", &whole, &["Malformed"]);
    put("pages.pdf", &many_pages(100_000), &["ContentLeftOut", "NoText"]);
    put("password.pdf", &locked_pdf(), &["Encrypted"]);
    put("truncated.pdf", &whole[..60], &["Malformed"]);
    put("text.pdf", b"These are words and no PDF.", &["Malformed"]);

    // Other formats.
    put("old.doc", &compound(&["WordDocument"]), &["UnsupportedFormat"]);
    put("empty.hwp", &compound(&["FileHeader"]), &["Malformed"]);
    put("deep.rtf", format!("{{\\rtf1 {}", "{".repeat(1_000_000)).as_bytes(), &["Malformed"]);
    put("archive.zip", &archive(&[DOCUMENT]), &["UnsupportedFormat"]);
    put("rich.txt", b"{\\rtf1 The valve closes at 40 bar.}", &["WrongExtension"]);
    put("word.pptx", &word("<w:p><w:r><w:t>The gate opens at 7.</w:t></w:r></w:p>"), &["WrongExtension"]);
    for name in ["word.pdf", "word.csv", "word.doc.md"] {
        put(
            name,
            &word(&format!("<w:p><w:r><w:t>The {name} lies in the vault.</w:t></w:r></w:p>")),
            &["WrongExtension"],
        );
    }
    // Named once under a name that fits, once under one that does not; a name that is wrong is told of its own file.
    let twice = word("<w:p><w:r><w:t>The twin lies in cabinet 15.</w:t></w:r></w:p>");
    put("twin.pptx", &twice, &["WrongExtension"]);
    put("twin.docx", &twice, &[]);
    put("archive.md", &package("a.program", &[("a.class", b"words")]), &["UnsupportedFormat"]);
    put("old.md", &compound(&["WordDocument"]), &["UnsupportedFormat"]);
    put("password.md", &compound(&["EncryptionInfo", "EncryptedPackage"]), &["Encrypted"]);
    put("picture.md", b"\x89PNG\r\n\x1a\n", &["UnsupportedFormat"]);

    // Text.
    put("zero.md", b"", &["EmptyFile"]);
    put("utf16.txt", b"\xff\xfeA\0\x00\xd8B\0", &["InvalidBytes"]);
    put("controls.txt", b"\x1b[31mThe fan\x07 stops.\x1b[0m\n", &["ControlCharacters"]);
    put("nul.txt", b"a\0b", &["BinaryContent"]);
    File::create(docs.join("line.txt")).unwrap().write_all(&vec![b'x'; 200 << 20]).unwrap();
    File::create(docs.join("sparse.pdf")).unwrap().set_len(5 << 30).unwrap();
    expect.extend([("line.txt", "FileTooLarge"), ("sparse.pdf", "FileTooLarge")]);

    // What is no file.
    for pipe in ["pipe", "pipe.fifo", "pipe.md"] {
        mknodat(CWD, docs.join(pipe), FileType::Fifo, Mode::RWXU, 0).unwrap();
        expect.insert((pipe, "NotAFile"));
    }
    if mknodat(CWD, docs.join("device.md"), FileType::CharacterDevice, Mode::RWXU, rustix::fs::makedev(1, 5)).is_ok() {
        expect.insert(("device.md", "NotAFile"));
    }
    fs::create_dir(docs.join("folder")).unwrap();
    symlink("..", docs.join("folder/up")).unwrap();
    symlink("self", docs.join("self")).unwrap();
    symlink("/etc/hostname", docs.join("outside.md")).unwrap();
    expect.extend([("folder/up", "LinkNotFollowed"), ("self", "LinkNotFollowed"), ("outside.md", "LinkNotFollowed")]);

    // What nobody wants to hear of.
    for name in [".hidden.md", "~$good.docx", "good.md~", "Thumbs.db", ".~lock.good.docx#"] {
        fs::write(docs.join(name), "x").unwrap();
    }
    expect
}

const DOCUMENT: (&str, &[u8]) = (
    "word/document.xml",
    b"<w:document xmlns:w='http://schemas.openxmlformats.org/wordprocessingml/2006/main'><w:body><w:p><w:r><w:t>Words.\
      </w:t></w:r></w:p></w:body></w:document>",
);

fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
    package("wordprocessingml.document", entries)
}

/// An Office file of a kind.
fn package(kind: &str, entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.start_file("[Content_Types].xml", SimpleFileOptions::default()).unwrap();
    let types = format!(
        "<Types xmlns='http://schemas.openxmlformats.org/package/2006/content-types'><Override PartName='/main.xml' \
         ContentType='application/vnd.openxmlformats-officedocument.{kind}.main+xml'/></Types>"
    );
    writer.write_all(types.as_bytes()).unwrap();
    writer.finish().unwrap().into_inner()
}

fn word(body: &str) -> Vec<u8> {
    let head = "<w:document xmlns:w='http://schemas.openxmlformats.org/wordprocessingml/2006/main'><w:body>";
    archive(&[("word/document.xml", format!("{head}{body}</w:body></w:document>").as_bytes())])
}

fn word_with_doctype(entities: &str, text: &str) -> Vec<u8> {
    let document = format!(
        "<?xml version='1.0'?><!DOCTYPE w:document [{entities}]><w:document \
         xmlns:w='http://schemas.openxmlformats.org/wordprocessingml/2006/main'><w:body><w:p><w:r><w:t>Words {text}\
         </w:t></w:r></w:p></w:body></w:document>"
    );
    archive(&[("word/document.xml", document.as_bytes())])
}

/// A workbook of one row.
fn workbook(cells: &str) -> Vec<u8> {
    let main = "xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main'";
    let relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let book = format!(
        "<workbook {main} xmlns:r='{relations}'><sheets><sheet name='S' sheetId='1' r:id='rId1'/></sheets></workbook>"
    );
    let links = format!(
        "<Relationships xmlns='http://schemas.openxmlformats.org/package/2006/relationships'><Relationship Id='rId1' \
         Type='{relations}/worksheet' Target='worksheets/sheet1.xml'/></Relationships>"
    );
    let sheet = format!("<worksheet {main}><sheetData><row r='1'>{cells}</row></sheetData></worksheet>");
    let root = format!(
        "<Relationships xmlns='http://schemas.openxmlformats.org/package/2006/relationships'><Relationship Id='rId1' \
         Type='{relations}/officeDocument' Target='xl/workbook.xml'/></Relationships>"
    );
    package(
        "spreadsheetml.sheet",
        &[
            ("_rels/.rels", root.as_bytes()),
            ("xl/workbook.xml", book.as_bytes()),
            ("xl/_rels/workbook.xml.rels", links.as_bytes()),
            ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
        ],
    )
}

fn compound(streams: &[&str]) -> Vec<u8> {
    let mut file = cfb::CompoundFile::create(Cursor::new(Vec::new())).unwrap();
    for stream in streams {
        file.create_stream(stream).unwrap().write_all(b"not what it should be").unwrap();
    }
    file.into_inner().into_inner()
}

fn mail_with(name: &str, attachment: &[u8]) -> Vec<u8> {
    use base64::Engine as _;
    let packed = base64::engine::general_purpose::STANDARD.encode(attachment);
    format!(
        "From: a@example.com\r\nSubject: Plans\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nThe plans are attached.\r\n--b\r\nContent-Type: \
         application/octet-stream\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; \
         filename=\"{name}\"\r\n\r\n{packed}\r\n--b--\r\n"
    )
    .into_bytes()
}

/// A PDF of these objects, the first of which is its catalog.
fn pdf<T: AsRef<str>>(objects: &[T], trailer: &str) -> Vec<u8> {
    let (mut bytes, mut table) = (b"%PDF-1.7\n".to_vec(), String::new());
    for (number, object) in (1..).zip(objects) {
        let _ = writeln!(table, "{:010} 00000 n ", bytes.len());
        bytes.extend_from_slice(format!("{number} 0 obj\n{}\nendobj\n", object.as_ref()).as_bytes());
    }
    let (start, size) = (bytes.len(), objects.len() + 1);
    let head = format!("xref\n0 {size}\n0000000000 65535 f \n{table}");
    let end = format!("trailer\n<< /Size {size} /Root 1 0 R {trailer} >>\nstartxref\n{start}\n%%EOF\n");
    [bytes, head.into_bytes(), end.into_bytes()].concat()
}

fn many_pages(count: usize) -> Vec<u8> {
    let kids: String = (0..count).map(|page| format!("{} 0 R ", 3 + page)).collect();
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!("<< /Type /Pages /Kids [{kids}] /Count {count} /MediaBox [0 0 600 800] >>"),
    ];
    objects.extend((0..count).map(|_| "<< /Type /Page /Parent 2 0 R >>".to_owned()));
    pdf(&objects, "")
}

fn locked_pdf() -> Vec<u8> {
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 /MediaBox [0 0 600 800] >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R >>".to_owned(),
        // Keys that no empty password makes.
        format!("<< /Filter /Standard /V 1 /R 2 /P -4 /O <{}> /U <{}> >>", "5a".repeat(32), "a5".repeat(32)),
    ];
    pdf(&objects, "/Encrypt 4 0 R /ID [<00112233445566778899aabbccddeeff> <00112233445566778899aabbccddeeff>]")
}

/// `command`, run by somebody whom permissions stop: root without the right to pass over them. `None` where that right
/// cannot be given up.
fn without_override(command: &Command) -> Option<Command> {
    let dropped = ["--bounding-set", "-dac_override,-dac_read_search"];
    if rustix::process::geteuid().is_root() {
        let works = Command::new("setpriv").args(dropped).arg("true").stderr(Stdio::null()).status();
        if !works.is_ok_and(|status| status.success()) {
            return None;
        }
        let mut wrapped = Command::new("setpriv");
        wrapped.args(dropped).arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => wrapped.env(name, value),
                None => wrapped.env_remove(name),
            };
        }
        return Some(wrapped);
    }
    let mut same = Command::new(command.get_program());
    same.args(command.get_args());
    Some(same)
}

/// Everything below a folder: path, size, time of the last change.
fn listing(folder: &Path) -> BTreeMap<String, (u64, i64)> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let metadata = fs::symlink_metadata(&path).unwrap();
            found.insert(path.display().to_string(), (metadata.len(), metadata.mtime_nsec()));
            if metadata.is_dir() {
                folders.push(path);
            }
        }
    }
    found
}

fn findings(world: &World) -> BTreeSet<(String, String)> {
    let inspected = run(world.command("inspect").arg("--json")).json();
    let first = inspected["revisions"][0]["first_findings"].as_array().unwrap().clone();
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    first.iter().map(|finding| (text(finding, "path"), text(finding, "code"))).collect()
}

fn yaml(on_error: &str) -> String {
    format!(
        "apiVersion: ragops.dev/v1alpha1\nkind: RagIndex\nmetadata: {{name: all}}\nspec:\n  sources:\n    - {{name: docs, \
         type: Folder, onError: {on_error}, folder: {{path: ./all}}}}\n"
    )
}

#[test]
fn a_folder_of_everything_that_goes_wrong_is_built_with_a_finding_each() {
    let Some(world) = World::new() else { return };
    let docs = world.path("all");
    fs::create_dir(&docs).unwrap();
    let expect = hostile_folder(&docs);
    let mut expect: BTreeSet<_> = expect.into_iter().map(|(path, code)| (path.to_owned(), code.to_owned())).collect();
    world.write("all.yaml", &yaml("Skip"));
    for folder in ["home", "temporary", "at/a/b/c/d"] {
        fs::create_dir_all(world.path(folder)).unwrap();
    }
    let mut command = world.command("index");
    command.arg("--json").arg("-f").arg(world.path("all.yaml"));
    command.env("HOME", world.path("home")).env("TMPDIR", world.path("temporary"));
    if let Some(confined) = without_override(&command) {
        fs::write(docs.join("closed.md"), "x").unwrap();
        fs::set_permissions(docs.join("closed.md"), fs::Permissions::from_mode(0o000)).unwrap();
        expect.insert(("closed.md".to_owned(), "UnreadableFile".to_owned()));
        command = confined;
    }
    let before = [listing(&docs), listing(&world.path("at"))];
    let ran = run(command.current_dir(world.path("at/a/b/c/d")));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(findings(&world), expect, "{}", ran.stderr);
    let line = ran.json();
    let counts: u64 = line["findings"].as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum();
    assert_eq!(counts, expect.len() as u64, "{line}");

    assert_eq!([listing(&docs), listing(&world.path("at"))], before, "documents were touched");
    for folder in ["home", "temporary"] {
        assert_eq!(listing(&world.path(folder)), BTreeMap::new(), "something was written to {folder}");
    }
    assert!(!world.path("evil").exists());

    for (question, path) in [
        ("Where is the spare impeller?", "good (1).md"),
        ("How much does the crane carry?", "good.docx"),
        ("Where does the word.csv lie?", "word.csv"),
    ] {
        let asked = run(world.command("query").args(["--index", "all", "--json", question])).json();
        assert_eq!(asked["sources"][0]["path"], path, "{asked}");
    }
    let asked = run(world.command("query").args(["--index", "all", "--json", "Where is the spare impeller?"])).json();
    assert_eq!(asked["sources"][0]["copies"], serde_json::json!(["good.md"]), "{asked}");

    // The same folder, where nothing may be missing.
    world.write("all.yaml", &yaml("Fail"));
    let refused = run(world.command("index").arg("--json").arg("-f").arg(world.path("all.yaml")));
    let message = refused.json()["error"]["message"].as_str().unwrap().to_owned();
    assert_eq!(refused.code, 2, "{message}");
    assert!(message.contains("`onError: Fail`") && message.contains("archive.zip"), "{message}");
    assert_eq!(findings(&world), expect, "the revision before is no longer active");
}

#[test]
fn a_file_that_its_reader_refuses_ends_a_build_that_must_be_whole() {
    let Some(world) = World::new() else { return };
    write(&world.path("all"), &[("a.md", GOOD), ("b.pdf", "no PDF"), ("c.md", GOOD)]);
    world.write("all.yaml", &yaml("Fail"));
    let check = |ran: &Ran, code: i32, says: &str| {
        assert_eq!(ran.code, code, "{}{}", ran.stdout, ran.stderr);
        assert!(ran.stdout.contains(says) || ran.stderr.contains(says), "{}{}", ran.stdout, ran.stderr);
    };
    let index = || run(world.command("index").arg("-f").arg(world.path("all.yaml")));
    check(&index(), 2, "b.pdf");
    // A revision that was built without it is none for a source that must be whole.
    world.write("all.yaml", &yaml("Skip"));
    check(&index(), 0, "Malformed 1");
    world.write("all.yaml", &yaml("Fail"));
    check(&index(), 2, "b.pdf");
    // One whose copy stands in a source that need not be whole is missing all the same.
    write(&world.path("may"), &[("a-copy.pdf", "no PDF")]);
    let may = "    - {name: may, type: Folder, folder: {path: ./may}}\n";
    world.write("all.yaml", &yaml("Fail").replace("sources:\n", &format!("sources:\n{may}")));
    check(&index(), 2, "b.pdf");
    world.write("all.yaml", &yaml("Fail"));
    // What was altered is not missing.
    fs::remove_file(world.path("all/b.pdf")).unwrap();
    fs::write(world.path("all/d.txt"), b"\x1b[1mA word.").unwrap();
    check(&index(), 0, "ControlCharacters 1");
}

/// Beside one that gives documents, a source that gives none is named: its volume is not there, or a pattern has a slip.
#[test]
fn a_source_that_gives_nothing_beside_others_is_named() {
    let index = |source: &str| {
        let world = World::new()?;
        write(&world.path("all"), &[("a.md", GOOD)]);
        write(&world.path("more"), &[("b.txt", "Words."), ("c.txt", "Other words.")]);
        fs::create_dir(world.path("mount")).unwrap();
        world.write("all.yaml", &format!("{}    - {{name: more, type: Folder, {source}}}\n", yaml("Skip")));
        let ran = run(world.command("index").arg("-f").arg(world.path("all.yaml")));
        Some((world, ran))
    };
    for (source, says) in [
        (
            "folder: {path: ./more, include: ['**/*.tx']}",
            "holds 2 files, and `include` and `exclude` leave all of them",
        ),
        ("folder: {path: ./mount}", "holds no file"),
    ] {
        let Some((world, ran)) = index(source) else { return };
        assert!(ran.code == 0 && (ran.stdout + &ran.stderr).contains("EmptySource 1"), "{source}");
        let inspected = run(world.command("inspect").arg("--json")).stdout;
        assert!(inspected.contains(says), "{inspected}");
    }
    let Some((_world, ran)) = index("onError: Fail, folder: {path: ./mount}") else { return };
    assert!(ran.code == 2 && ran.stderr.contains("of the source `more` holds no file"), "{}", ran.stderr);
}

/// The processes that read files for `parent`.
fn workers_of(parent: u32) -> Vec<Pid> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else { continue };
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
        // Behind the name in brackets: state, parent.
        let of = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse::<u32>().ok());
        if of == Some(parent) {
            found.extend(Pid::from_raw(id));
        }
    }
    found
}

/// Whether a process has worked for longer than it takes to start.
fn is_at_work(process: Pid) -> bool {
    const TICKS: u64 = 3;
    let stat = fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero())).unwrap_or_default();
    // User time in hundredths of a second is the 12th field behind the name, which may hold spaces (proc(5)).
    let fields = stat.rsplit_once(") ").map_or("", |(_, fields)| fields);
    fields.split(' ').nth(11).and_then(|ticks| ticks.parse().ok()).unwrap_or(0) >= TICKS
}

#[test]
fn a_build_survives_the_death_of_any_of_its_readers() {
    let Some(world) = World::new() else { return };
    let files = 150;
    fs::create_dir(world.path("all")).unwrap();
    for number in 0..files {
        // Empty paragraphs take time to read, and nothing to embed.
        let text = format!(
            "<w:p><w:r><w:t>Valve {number} opens at {} bar.</w:t></w:r></w:p>{}",
            10 + number,
            "<w:p/>".repeat(150_000)
        );
        fs::write(world.path(&format!("all/valve-{number}.docx")), word(&text)).unwrap();
    }
    world.write("all.yaml", &yaml("Skip"));
    let mut command = world.command("index");
    command.arg("--json").arg("-f").arg(world.path("all.yaml"));
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (mut killed, mut seen) = (BTreeSet::new(), BTreeMap::<_, u32>::new());
    let mut was_at_work = true;
    while child.try_wait().unwrap().is_none() {
        for worker in workers_of(child.id()) {
            let id = worker.as_raw_nonzero();
            let looks = seen.entry(id).or_default();
            *looks += 1;
            // Each at another age, some before they are ready, but never two of these one after the other: a slow machine
            // would have none that gets anywhere, which ends the build.
            let is_at_work = is_at_work(worker);
            let is_due = *looks > 2 + id.get().unsigned_abs() % 7 && (is_at_work || was_at_work);
            if is_due && killed.len() < 40 && killed.insert(id) {
                was_at_work = is_at_work;
                let _gone = kill_process(worker, Signal::KILL);
            }
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let output = child.wait_with_output().unwrap();
    let line: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(output.status.success() && killed.len() > 20, "{} killed; {line}", killed.len());
    let crashed = line["findings"]["ReaderCrashed"].as_u64().unwrap_or_default();
    // Only one that was killed twice while it read the same file is one.
    assert!(2 * crashed <= killed.len() as u64, "{} killed; {line}", killed.len());
    assert_eq!(line["counts"]["documents"].as_u64().unwrap() + crashed, files, "{line}");
    assert_eq!(line["findings"].as_object().unwrap().len(), usize::from(crashed > 0), "{line}");
    // What nobody kills the next time is there the next time.
    let again = run(world.command("index").arg("--json").arg("-f").arg(world.path("all.yaml"))).json();
    assert_eq!(again["counts"]["documents"], files, "{again}");
    assert_eq!(again["result"], if crashed > 0 { "built" } else { "unchanged" }, "{again}");
}

/// A reader that is killed whatever it reads: the file is missing, named, and read by the next build that can.
#[test]
fn a_file_whose_reader_was_killed_is_read_by_the_next_build() {
    let Some(world) = World::new() else { return };
    fs::create_dir(world.path("all")).unwrap();
    // Empty paragraphs that do not pack well.
    let empty = |all: String, i: u32| all + &format!("<w:p w:rsidR='{:08x}'/>", i.wrapping_mul(2_654_435_761));
    let long = format!(
        "<w:p><w:r><w:t>The hoist lifts 3 tonnes.</w:t></w:r></w:p>{}",
        (0..400_000).fold(String::new(), empty)
    );
    fs::write(world.path("all/hoist.docx"), word(&long)).unwrap();
    fs::write(world.path("all/good.md"), GOOD).unwrap();
    world.write("all.yaml", &yaml("Skip"));
    let index = || {
        let mut command = world.command("index");
        command.arg("--json").arg("-f").arg(world.path("all.yaml"));
        command
    };
    for expect in ["built", "unchanged"] {
        let mut child = index().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        while child.try_wait().unwrap().is_none() {
            for worker in workers_of(child.id()).into_iter().filter(|worker| is_at_work(*worker)) {
                let _gone = kill_process(worker, Signal::KILL);
            }
        }
        let line: Value = serde_json::from_slice(&child.wait_with_output().unwrap().stdout).unwrap();
        assert_eq!((&line["findings"]["ReaderCrashed"], &line["result"]), (&1.into(), &expect.into()), "{line}");
    }
    let line = run(&mut index()).json();
    assert_eq!((&line["result"], &line["counts"]["documents"]), (&"built".into(), &2.into()), "{line}");
    assert_eq!(run(&mut index()).json()["result"], "unchanged");
}
