//! Lists the files of a source folder, in an order that does not depend on the file system.
//!
//! Patterns are relative to the folder: `*` and `?` stay within one name, `**` spans folders, so `**/*.md` matches at
//! every depth including the top; an extension in lower case matches in any case. Without `include`, every file that a
//! reader takes is listed and every other one is a finding; with it, what it does not name is left out. Hidden names (`.git`, and the `..data` of a mounted ConfigMap) and the temporary
//! files of editors are never listed. What this user may not read is a finding; what cannot be read at the moment ends
//! the scan; what is gone before it was looked at was never there. Symbolic links are followed only to places inside the folder that the walk does not reach by itself; a link
//! that leads out of it, to nothing or round in a circle is a finding.

mod patterns;

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::FileType;
use rustix::io::Errno;

use self::patterns::{Choice, Patterns};
use super::beneath::{Entry, Place, entries_of_root};
use super::fault::{Meaning, SourceFault, meaning};
use super::limits::{MAX_FILES, MAX_FOLDER_DEPTH};
use super::load::{Growing, SourceFile, not_a_file, not_followed, unreadable};
use super::{media, unsupported};
use crate::document::{Finding, FindingCode, SourceName};
use crate::revision::store::INDEXES_MARKER;
use crate::text::nfc;

/// A folder to be indexed.
#[derive(Debug, Clone)]
pub struct FolderSource {
    /// The source's name.
    pub name: SourceName,
    /// The folder.
    pub root: PathBuf,
    /// Patterns of files to take. None means every file of a type that is read (`media::ACCEPTED`), and a finding for
    /// every other; what patterns do not name is left out in silence.
    pub include: Vec<String>,
    /// Patterns of files and folders to leave out; they win over `include`.
    pub exclude: Vec<String>,
    /// What becomes of the build when a file cannot be used.
    pub on_error: OnError,
}

/// What becomes of a build when a file cannot be used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnError {
    /// The file is left out and named.
    #[default]
    Skip,
    /// The build ends with the first such file, named.
    Fail,
}

/// What the folder holds.
#[derive(Debug, Clone, Default)]
pub struct Scan {
    /// The files by path, in byte order.
    pub files: Vec<SourceFile>,
    /// What was left out and why, by path.
    pub findings: Vec<Finding>,
    /// How many files `include` and `exclude` leave out.
    pub left_out: usize,
    /// How many hidden and temporary files and folders were passed over.
    pub hidden: usize,
}

/// The folder as a whole cannot be used: the build fails and the last revision stays.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// There is no such folder.
    #[error(
        "source `{name}`: the folder {} does not exist; create it or correct `path`{}",
        path.display(),
        tilde(path)
    )]
    Missing {
        /// The source.
        name: SourceName,
        /// The folder.
        path: PathBuf,
    },
    /// The path is a file.
    #[error("source `{name}`: {} is not a folder; name the folder that holds the documents", path.display())]
    NotAFolder {
        /// The source.
        name: SourceName,
        /// The path.
        path: PathBuf,
    },
    /// The folder cannot be listed.
    #[error("source `{name}`: the folder {} cannot be read; give the user of this process access to it", path.display())]
    Unreadable {
        /// The source.
        name: SourceName,
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Something in it cannot be read at this moment.
    #[error(transparent)]
    Fault(#[from] SourceFault),
    /// The caller ended it.
    #[error("the scan was cancelled")]
    Cancelled,
    /// A pattern is not a glob.
    #[error("source `{name}`: `{pattern}` is not a valid pattern: {reason}")]
    BadPattern {
        /// The source.
        name: SourceName,
        /// The pattern as given.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// What to say of a path with a `~`, which only a shell knows.
fn tilde(path: &Path) -> &'static str {
    if path.iter().any(|step| step == "~") { " (`~` is not expanded: write the folder in full)" } else { "" }
}

/// Lists the files of a folder.
pub fn scan(folder: &FolderSource) -> Result<Scan, ScanError> {
    scan_until(folder, &|| false)
}

/// Lists the files of a folder, unless `is_cancelled`, asked at each folder, says otherwise.
pub fn scan_until(folder: &FolderSource, is_cancelled: &dyn Fn() -> bool) -> Result<Scan, ScanError> {
    let patterns = Patterns::new(folder)?;
    let root = open_root(folder)?;
    let mut walk = Walk {
        name: &folder.name,
        is_cancelled,
        visited: HashSet::from([root.clone()]),
        root: root.into(),
        patterns,
        links: Vec::new(),
        seen: HashSet::new(),
        files: BTreeMap::new(),
        findings: Vec::new(),
        left_out: 0,
        hidden: 0,
        is_full: false,
    };
    let entries = sorted(entries_of_root(&walk.root)).map_err(|error| root_error(folder, error))?;
    let start = walk.root.clone();
    walk.entries(&start, "", 0, entries)?;
    walk.follow_links()?;
    walk.findings.sort_by(|a, b| (&a.path, a.code).cmp(&(&b.path, b.code)));
    let Walk { files, findings, left_out, hidden, .. } = walk;
    Ok(Scan { files: files.into_values().collect(), findings, left_out, hidden })
}

fn open_root(folder: &FolderSource) -> Result<PathBuf, ScanError> {
    let root = fs::canonicalize(&folder.root).map_err(|error| root_error(folder, error))?;
    match fs::metadata(&root) {
        Ok(metadata) if metadata.is_dir() => Ok(root),
        Ok(_) => Err(ScanError::NotAFolder { name: folder.name.clone(), path: folder.root.clone() }),
        Err(error) => Err(root_error(folder, error)),
    }
}

fn root_error(folder: &FolderSource, source: io::Error) -> ScanError {
    let (name, path) = (folder.name.clone(), folder.root.clone());
    match meaning(&source) {
        Meaning::Gone if source.kind() == io::ErrorKind::NotFound => ScanError::Missing { name, path },
        Meaning::Gone => ScanError::NotAFolder { name, path },
        Meaning::Refused => ScanError::Unreadable { name, path, source },
        Meaning::Transient => SourceFault::of(&name, &path.to_string_lossy(), source).into(),
    }
}

/// The entries of a folder in byte order of their raw names.
fn sorted(entries: io::Result<Vec<Entry>>) -> io::Result<Vec<Entry>> {
    let mut entries = entries?;
    entries.sort_by(|a, b| a.raw.cmp(&b.raw));
    Ok(entries)
}

/// Hidden files, what editors and office programs leave behind while a file is open, and what desktops put into every
/// folder.
fn is_skipped(name: &str) -> bool {
    let hidden = name.starts_with('.') || ["thumbs.db", "desktop.ini"].contains(&name.to_lowercase().as_str());
    let temporary = name.ends_with('~') || name.starts_with("~$") || (name.starts_with('#') && name.ends_with('#'));
    let extension = media::extension(name);
    hidden
        || temporary
        || matches!(extension.as_deref(), Some("swp" | "swo" | "tmp" | "part" | "crdownload" | "bak" | "orig"))
}

/// The state of one walk.
struct Walk<'a> {
    name: &'a SourceName,
    is_cancelled: &'a dyn Fn() -> bool,
    root: Arc<Path>,
    patterns: Patterns,
    /// Links met so far: where they are and their path in the source.
    links: Vec<(PathBuf, String, usize)>,
    /// Folders walked, by their real path.
    visited: HashSet<PathBuf>,
    /// Files listed, by their real path.
    seen: HashSet<PathBuf>,
    files: BTreeMap<String, SourceFile>,
    findings: Vec<Finding>,
    left_out: usize,
    hidden: usize,
    /// There are more files than are listed, and a finding says so.
    is_full: bool,
}

impl Walk<'_> {
    /// Walks the entries of one folder; `path` is its path in the source, empty for the source folder itself.
    fn entries(&mut self, folder: &Path, path: &str, depth: usize, entries: Vec<Entry>) -> Result<(), ScanError> {
        if (self.is_cancelled)() {
            return Err(ScanError::Cancelled);
        }
        // A source may hold the data directory (`path: .`); its own indexes are no documents.
        if entries.iter().any(|entry| entry.raw == INDEXES_MARKER) {
            return Ok(());
        }
        for entry in entries {
            let Some(name) = entry.raw.to_str() else {
                self.not_utf8(path, &entry);
                continue;
            };
            if is_skipped(name) {
                self.hidden += 1;
                continue;
            }
            let name = nfc(name);
            let inner = if path.is_empty() { name.into_owned() } else { format!("{path}/{name}") };
            let absolute = folder.join(&entry.raw);
            match entry.kind {
                Ok(kind) if kind.is_symlink() => self.links.push((absolute, inner, depth)),
                Ok(kind) if kind.is_dir() => self.folder(&absolute, &inner, depth + 1)?,
                Ok(kind) => self.entry(kind, absolute, inner)?,
                Err(error) => self.refused(FindingCode::UnreadableFile, &inner, error)?,
            }
        }
        Ok(())
    }

    /// An entry that is no folder and no link.
    fn entry(&mut self, kind: FileType, absolute: PathBuf, path: String) -> Result<(), SourceFault> {
        match self.patterns.choose(&path) {
            Choice::Take if kind.is_file() => return self.file(absolute, path),
            Choice::Report if kind.is_file() => self.unsupported(absolute, path),
            Choice::Take | Choice::Report => self.report(not_a_file(&path)),
            Choice::Leave => self.left_out += usize::from(kind.is_file()),
        }
        Ok(())
    }

    fn unsupported(&mut self, absolute: PathBuf, path: String) {
        let detail = match media::extension(&path) {
            Some(extension) => format!("`.{extension}` files are not read"),
            None => "files without an extension are not read".to_owned(),
        };
        if self.findings.len() < MAX_FILES {
            self.seen.insert(absolute);
        }
        self.report(unsupported(&path, detail));
    }

    /// Names what is left out, as long as there are not too many already.
    fn report(&mut self, finding: Finding) {
        if self.findings.len() >= MAX_FILES {
            return self.too_many(finding.path);
        }
        self.findings.push(finding);
    }

    fn too_many(&mut self, path: String) {
        if !self.is_full {
            self.is_full = true;
            let detail = format!("more than {MAX_FILES} files: the rest is left out");
            let advice = "narrow `include`, or split the source";
            self.findings.push(Finding::new(FindingCode::TooManyFiles, path, detail, advice));
        }
    }

    fn folder(&mut self, folder: &Path, path: &str, depth: usize) -> Result<(), ScanError> {
        if !self.patterns.takes_folder(path) {
            return Ok(());
        }
        if depth > MAX_FOLDER_DEPTH {
            let detail = format!("is more than {MAX_FOLDER_DEPTH} folders deep");
            self.report(Finding::new(FindingCode::TooDeeplyNested, path, detail, "move it up"));
            return Ok(());
        }
        self.visited.insert(folder.to_path_buf());
        match sorted(Place::beneath(&self.root, folder).and_then(|place| place.entries())) {
            Ok(entries) => self.entries(folder, path, depth, entries),
            Err(error) => Ok(self.refused(FindingCode::UnreadableFolder, path, error)?),
        }
    }

    fn file(&mut self, absolute: PathBuf, path: String) -> Result<(), SourceFault> {
        let metadata = match fs::metadata(&absolute) {
            Ok(metadata) => metadata,
            Err(error) => return self.refused(FindingCode::UnreadableFile, &path, error),
        };
        if let Some(first) = self.files.get(&path) {
            let kept = (form(&self.root, &first.absolute), first.size);
            let other = (form(&self.root, &absolute), metadata.len());
            let detail = format!(
                "two files have this name: the one whose name is written in {} ({} bytes) is kept, the one in {} ({} \
                 bytes) is left out",
                kept.0, kept.1, other.0, other.1
            );
            self.report(Finding::new(FindingCode::NameCollision, path, detail, "rename one of the two"));
            return Ok(());
        }
        if self.files.len() >= MAX_FILES {
            self.too_many(path);
            return Ok(());
        }
        self.seen.insert(absolute.clone());
        self.files.insert(path.clone(), self.listed(absolute, path, &metadata));
        Ok(())
    }

    fn listed(&self, absolute: PathBuf, path: String, metadata: &Metadata) -> SourceFile {
        SourceFile {
            source: self.name.clone(),
            root: self.root.clone(),
            path,
            absolute,
            size: metadata.len(),
            modified: metadata.modified().ok(),
            growing: Growing::Changed,
        }
    }

    /// Follows the links, once everything that needs no link is known. A followed folder may hold links itself; each
    /// real folder is walked once, so this ends.
    fn follow_links(&mut self) -> Result<(), ScanError> {
        while !self.links.is_empty() {
            let mut links = std::mem::take(&mut self.links);
            links.sort_by(|a, b| a.1.cmp(&b.1));
            for (absolute, path, depth) in links {
                self.follow(&absolute, path, depth)?;
            }
        }
        Ok(())
    }

    fn follow(&mut self, absolute: &Path, path: String, depth: usize) -> Result<(), ScanError> {
        let choice = self.patterns.choose(&path);
        let is_left_out = choice == Choice::Leave;
        let (target, kind) = match target_of(absolute) {
            Ok(target) => target,
            Err(error) if meaning(&error) == Meaning::Transient => {
                return Err(SourceFault::of(self.name, &path, error).into());
            }
            Err(error) => {
                if !is_left_out {
                    let is_chain = error.raw_os_error() == Some(Errno::LOOP.raw_os_error());
                    let what = if is_chain {
                        "begins a chain of links that is too long or a ring"
                    } else {
                        "is a link that leads nowhere"
                    };
                    self.not_followed(&path, &format!("{what}: {error}"));
                }
                return Ok(());
            }
        };
        if is_left_out && !(kind.is_dir() && self.patterns.takes_folder(&path)) {
            return Ok(());
        }
        if !target.starts_with(&self.root) {
            self.not_followed(&path, "is a link out of the source folder");
        } else if kind.is_dir() {
            self.follow_folder(&target, &path, depth)?;
        } else if !self.seen.contains(&target) {
            // What has a name of its own inside the folder was listed, or told of, under that one.
            self.entry(kind, target, path)?;
        }
        Ok(())
    }

    fn follow_folder(&mut self, target: &Path, path: &str, depth: usize) -> Result<(), ScanError> {
        if !self.visited.contains(target) {
            self.folder(target, path, depth + 1)?;
        } else if self.root.join(path).starts_with(target) {
            self.not_followed(path, "is a link to a folder that it is in");
        }
        // Otherwise its files are listed under their own names.
        Ok(())
    }

    fn not_followed(&mut self, path: &str, detail: &str) {
        self.report(not_followed(path, detail));
    }

    /// A finding where the source takes what is called so, as far as its name can be told.
    fn not_utf8(&mut self, folder: &str, entry: &Entry) {
        let name = entry.raw.to_string_lossy();
        let path = if folder.is_empty() { name.into_owned() } else { format!("{folder}/{name}") };
        let is_folder = entry.kind.as_ref().is_ok_and(|kind| kind.is_dir());
        let is_left = if is_folder {
            !self.patterns.may_take_below(&path)
        } else {
            matches!(self.patterns.choose(&path), Choice::Leave)
        };
        if is_left || is_skipped(&entry.raw.to_string_lossy()) {
            return;
        }
        let detail = "its name is not valid UTF-8";
        self.report(Finding::new(FindingCode::NameNotUtf8, path, detail, "rename it"));
    }

    /// A finding for what this user may not read, and nothing for what is gone by now; anything else ends the scan.
    fn refused(&mut self, code: FindingCode, path: &str, error: io::Error) -> Result<(), SourceFault> {
        match meaning(&error) {
            Meaning::Refused => {
                self.report(unreadable(code, path, &error));
                Ok(())
            }
            Meaning::Gone => Ok(()),
            Meaning::Transient => Err(SourceFault::of(self.name, path, error)),
        }
    }
}

/// The Unicode form of a file's name, by which two names that look alike differ.
fn form(root: &Path, file: &Path) -> &'static str {
    let name = file.strip_prefix(root).unwrap_or(file).to_string_lossy();
    if nfc(&name) == name { "NFC" } else { "NFD" }
}

/// Where a link leads, and to what. One that leads nowhere is looked at twice: a mounted ConfigMap swaps its `..data`
/// link and removes the folder it led to, so the first look can miss what the second finds.
fn target_of(link: &Path) -> io::Result<(PathBuf, FileType)> {
    let look = || -> io::Result<(PathBuf, FileType)> {
        let target = fs::canonicalize(link)?;
        let kind = FileType::from_raw_mode(fs::metadata(&target)?.mode());
        Ok((target, kind))
    };
    match look() {
        Err(error) if meaning(&error) == Meaning::Gone => look(),
        other => other,
    }
}

#[cfg(test)]
mod tests;
