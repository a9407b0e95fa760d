//! The guard before every reader of a ZIP-based format: how many entries, how they are named, what they really unpack to
//! (declared sizes lie), and that no XML part brings a document type. Nothing is unpacked to disk, and archives inside of
//! the archive are never opened. An XML part with a document type makes the whole file refused: no office format allows
//! one, so whoever put it there wants entities resolved.

mod unopened;

use std::io::{Cursor, Read};

use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

use super::limits::{MAX_ENTRIES, MAX_RATIO, MAX_UNPACKED_BYTES, MAX_XML_BYTES};
use super::sniff::{self, Content};
use super::xml::{self, Element};
use super::{Problem, ProblemKind};

pub(crate) use unopened::bombs;

/// Entries up to this size may have any ratio: an empty sheet template packs to nothing.
const RATIO_FREE_BYTES: u64 = 1 << 20;

/// How far from the end of an archive its last record begins at most (APPNOTE, 4.3.16: 22 bytes and a comment).
const FARTHEST_END: usize = 22 + 65_535;

/// An opened archive. Everything that is unpacked counts against one budget.
pub(crate) struct Archive<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
    unpacked: u64,
}

/// An entry as far as it could be unpacked, and why that is not to its end.
struct Part {
    bytes: Vec<u8>,
    broken: Option<Problem>,
}

impl<'a> Archive<'a> {
    /// Opens an archive and looks at its directory.
    pub(crate) fn open(bytes: &'a [u8]) -> Result<Self, Problem> {
        let zip = ZipArchive::new(Cursor::new(bytes)).map_err(|error| not_an_archive(bytes, &error))?;
        let mut archive = Self { zip, unpacked: 0 };
        archive.check_directory()?;
        Ok(archive)
    }

    /// The names of all entries.
    pub(crate) fn names(&self) -> Vec<String> {
        self.zip.file_names().filter_map(|name| name.ok().map(|name| name.into_owned())).collect()
    }

    /// Unpacks an entry; `None` where there is none of that name.
    pub(crate) fn part(&mut self, name: &str) -> Result<Option<Vec<u8>>, Problem> {
        match self.part_so_far(name)? {
            Some(Part { broken: Some(broken), .. }) => Err(broken),
            Some(Part { bytes, broken: None }) => Ok(Some(bytes)),
            None => Ok(None),
        }
    }

    /// The beginning of an entry, of at most so many bytes; nothing where there is none, or it is broken.
    pub(crate) fn head(&mut self, name: &str, most: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        if let Some(index) = self.zip.index_for_name(name.trim_start_matches('/'))
            && let Ok(entry) = self.zip.by_index(index)
        {
            // What breaks off here is told where the whole is read.
            let _ = entry.take(most).read_to_end(&mut bytes);
        }
        bytes
    }

    fn part_so_far(&mut self, name: &str) -> Result<Option<Part>, Problem> {
        let Some(index) = self.zip.index_for_name(name.trim_start_matches('/')) else { return Ok(None) };
        let mut bytes = Vec::new();
        match self.unpack(index, |chunk| bytes.extend_from_slice(chunk)) {
            Ok(()) => Ok(Some(Part { bytes, broken: None })),
            Err(broken) if broken.kind == ProblemKind::PartlyMalformed => {
                Ok(Some(Part { bytes, broken: Some(broken) }))
            }
            Err(refused) => Err(refused),
        }
    }

    /// Unpacks an entry and reads it as XML; an empty element where there is none of that name. What breaks off in the
    /// middle, and what is too large, is told to `note`.
    pub(crate) fn xml(&mut self, name: &str, note: &mut dyn FnMut(Problem)) -> Result<Element, Problem> {
        let Some(Part { bytes, broken }) = self.part_so_far(name)? else { return Ok(Element::default()) };
        if bytes.len() as u64 > MAX_XML_BYTES {
            let detail = format!("{name} has {} bytes; at most {MAX_XML_BYTES} are read", bytes.len());
            note(Problem::new(ProblemKind::TooLarge, detail));
            return Ok(Element::default());
        }
        let parsed = xml::parse(&bytes);
        let of_xml = parsed.problem.map(|problem| Problem::new(problem.kind, format!("{name}: {}", problem.detail)));
        if let Some(problem) = broken.or(of_xml) {
            note(problem);
        }
        Ok(parsed.root)
    }

    fn check_directory(&mut self) -> Result<(), Problem> {
        if self.zip.len() > MAX_ENTRIES {
            return Err(unsafe_archive(format!(
                "it has {} entries, and at most {MAX_ENTRIES} are allowed",
                self.zip.len()
            )));
        }
        for index in 0..self.zip.len() {
            let entry = self.zip.by_index_raw(index).map_err(|error| malformed(&error))?;
            let name = entry.name().map_err(|error| malformed(&error))?.into_owned();
            if leaves_archive(&name) {
                return Err(unsafe_archive(format!("it names a file outside of itself: {name:?}")));
            }
            if entry.encrypted() {
                return Err(Problem::new(ProblemKind::Encrypted, format!("{name} needs a password")));
            }
        }
        Ok(())
    }

    /// Unpacks an entry within the budget and hands over its bytes as they come. An entry that breaks off is
    /// `PartlyMalformed`; every other problem refuses the archive.
    fn unpack(&mut self, index: usize, mut take: impl FnMut(&[u8])) -> Result<(), Problem> {
        let before = self.unpacked;
        let mut entry = self.zip.by_index(index).map_err(|error| malformed(&error))?;
        let name = entry.name().map_err(|error| malformed(&error))?.into_owned();
        if !matches!(entry.compression(), CompressionMethod::Stored | CompressionMethod::Deflated) {
            return Err(unsafe_archive(format!("{name} is packed in a way that office files do not use")));
        }
        let packed = entry.compressed_size().max(1);
        let mut watch = is_xml(&name).then(DocumentTypeWatch::default);
        let mut buffer = vec![0; 64 << 10];
        loop {
            let count = entry.read(&mut buffer).map_err(|error| broken_part(&name, &error))?;
            if count == 0 {
                return Ok(());
            }
            self.unpacked += count as u64;
            let size = self.unpacked - before;
            if self.unpacked > MAX_UNPACKED_BYTES {
                return Err(unsafe_archive(format!("it unpacks to more than {MAX_UNPACKED_BYTES} bytes")));
            }
            if size > RATIO_FREE_BYTES && size / packed > MAX_RATIO {
                return Err(unsafe_archive(format!("{name} unpacks to more than {MAX_RATIO} times its packed size")));
            }
            if watch.as_mut().is_some_and(|watch| watch.finds(&buffer[..count])) {
                let detail = format!("{name} brings a document type of its own, which may reach for other files");
                return Err(Problem::new(ProblemKind::ExternalReference, detail));
            }
            take(&buffer[..count]);
        }
    }
}

/// Checks a whole archive before a foreign reader opens it: unpacks every entry but media (which no reader opens), counts
/// the bytes, and looks for document types.
pub fn check(bytes: &[u8]) -> Result<(), Problem> {
    let mut archive = Archive::open(bytes)?;
    for name in archive.names() {
        if let Some(index) = archive.zip.index_for_name(&name).filter(|_| !is_media(&name)) {
            archive.unpack(index, |_| ())?;
        }
    }
    Ok(())
}

/// Whether a name points out of the archive: absolute, with a drive, or up a folder, in the manner of either system.
fn leaves_archive(name: &str) -> bool {
    let is_drive = name.as_bytes().get(1) == Some(&b':');
    name.starts_with(['/', '\\']) || is_drive || name.contains('\0') || name.split(['/', '\\']).any(|part| part == "..")
}

/// Whether an entry is read as XML.
fn is_xml(name: &str) -> bool {
    // A package's manifest may name its document type; nothing reads it here.
    let name = name.to_ascii_lowercase();
    [".xml", ".rels", ".hpf", ".vml"].iter().any(|ending| name.ends_with(ending)) && !name.starts_with("meta-inf/")
}

/// Whether an entry is a picture, a sound, a font or an embedded file, which are not opened.
fn is_media(name: &str) -> bool {
    let folders = ["/media/", "/embeddings/", "/fonts/", "pictures/", "bindata/", "thumbnails/", "preview/"];
    let name = name.to_ascii_lowercase();
    folders.iter().any(|folder| name.contains(folder))
}

/// Looks for a document type or an entity in the bytes of a part as they come. Zero bytes do not count, so that UTF-16 is
/// looked through like UTF-8.
#[derive(Default)]
struct DocumentTypeWatch {
    seen: Vec<u8>,
}

impl DocumentTypeWatch {
    fn finds(&mut self, chunk: &[u8]) -> bool {
        self.seen.extend(chunk.iter().filter(|byte| **byte != 0));
        let mut marks = self.seen.windows(3).enumerate().filter(|(_, window)| *window == b"<!D" || *window == b"<!E");
        let found = marks.any(|(at, _)| {
            let rest = &self.seen[at..];
            rest.starts_with(b"<!DOCTYPE") || rest.starts_with(b"<!ENTITY")
        });
        // A mark may begin in this chunk and end in the next.
        let kept = self.seen.len().saturating_sub(b"<!DOCTYPE".len() - 1);
        self.seen.drain(..kept);
        found
    }
}

/// Why a file is no archive: an Office file behind a password is none, nor is one of a format until 2003.
fn not_an_archive(bytes: &[u8], error: &ZipError) -> Problem {
    if bytes.is_empty() {
        return Problem::new(ProblemKind::Malformed, "the file is empty");
    }
    // To identify an archive is to open it. Its directory stands at its end.
    if bytes.starts_with(b"PK") {
        let end = &bytes[bytes.len().saturating_sub(FARTHEST_END)..];
        if end.windows(4).any(|window| window == b"PK\x05\x06") {
            return malformed(error);
        }
        return Problem::new(ProblemKind::Malformed, "the archive ends in the middle: copy or download it again");
    }
    match sniff::identify(bytes) {
        Content::Format(format) => {
            Problem::new(ProblemKind::Malformed, format!("it is a file of another format: {format}"))
        }
        Content::Archive | Content::Other => malformed(error),
        content => content.problem().unwrap_or_else(|| malformed(error)),
    }
}

fn malformed(error: &ZipError) -> Problem {
    Problem::new(ProblemKind::Malformed, format!("the archive cannot be opened: {error}"))
}

fn broken_part(name: &str, error: &std::io::Error) -> Problem {
    Problem::new(ProblemKind::PartlyMalformed, format!("{name} cannot be unpacked to its end: {error}"))
}

fn unsafe_archive(detail: String) -> Problem {
    Problem::new(ProblemKind::UnsafeArchive, detail)
}

#[cfg(test)]
mod tests;
