//! Bombs among the parts of an archive that nobody here opens: pictures, embedded files. They do no harm here, and do it to
//! whoever opens the file. Told from directories alone; archives in archives are looked into within limits.

use super::{Archive, MAX_RATIO, MAX_UNPACKED_BYTES, is_xml};
use crate::{Problem, ProblemKind};

/// Parts up to this size may have any ratio: a blank picture packs to nothing.
const RATIO_FREE_BYTES: u64 = 64 << 20;
/// Most bytes of archives within the archive that are unpacked to look at their directories, and most archives.
const MAX_LOOKED_INTO_BYTES: u64 = 32 << 20;
const MAX_ARCHIVES: usize = 256;
/// How many times its packed size an archive unpacks to that was made to be packed again: others hardly shrink.
const REPACKED_RATIO: u64 = 20;
/// Archives nested deeper than this are nobody's work.
const MAX_DEPTH: usize = 4;

/// A problem for each part that would unpack to too much.
pub(crate) fn bombs(bytes: &[u8]) -> Vec<Problem> {
    let Ok(mut archive) = Archive::open(bytes) else { return Vec::new() };
    let mut look = Look { archives: MAX_ARCHIVES, bytes: MAX_LOOKED_INTO_BYTES };
    let parts = parts(&mut archive);
    parts.into_iter().filter(|part| !is_xml(&part.name)).filter_map(|part| look.at(&mut archive, &part)).collect()
}

/// An entry as the directory has it.
struct Part {
    name: String,
    size: u64,
    packed: u64,
}

fn parts(archive: &mut Archive<'_>) -> Vec<Part> {
    let count = archive.zip.len();
    let part = |index| {
        let entry = archive.zip.by_index_raw(index).ok()?;
        let name = entry.name().ok()?.into_owned();
        Some(Part { name, size: entry.size(), packed: entry.compressed_size().max(1) })
    };
    (0..count).filter_map(part).collect()
}

/// What may still be looked into.
struct Look {
    archives: usize,
    bytes: u64,
}

impl Look {
    fn at(&mut self, archive: &mut Archive<'_>, part: &Part) -> Option<Problem> {
        let Part { name, size, packed } = part;
        let detail = if *size > MAX_UNPACKED_BYTES || *size > RATIO_FREE_BYTES && size / packed > MAX_RATIO {
            format!("{name} would unpack to {size} bytes, {} times its packed size", size / packed)
        } else if self.unpacked(archive, part, 0) > MAX_UNPACKED_BYTES {
            format!("{name} is an archive of archives that would unpack to more than {MAX_UNPACKED_BYTES} bytes")
        } else {
            return None;
        };
        Some(Problem::new(ProblemKind::UnsafePart, format!("{detail}; it was not opened")))
    }

    /// What an archive within an archive unpacks to, with those within it; nothing for another file.
    fn unpacked(&mut self, archive: &mut Archive<'_>, part: &Part, depth: usize) -> u64 {
        if archive.head(&part.name, 4) != b"PK\x03\x04" {
            return 0;
        }
        if depth == MAX_DEPTH {
            return u64::MAX;
        }
        if self.archives == 0 || part.size > self.bytes {
            return if part.size / part.packed > REPACKED_RATIO { u64::MAX } else { 0 };
        }
        (self.archives, self.bytes) = (self.archives - 1, self.bytes - part.size);
        let Ok(Some(bytes)) = archive.part(&part.name) else { return 0 };
        let Ok(mut inner) = Archive::open(&bytes) else { return 0 };
        let mut sum = 0_u64;
        for part in parts(&mut inner) {
            sum = sum.saturating_add(part.size).saturating_add(self.unpacked(&mut inner, &part, depth + 1));
            if sum > MAX_UNPACKED_BYTES {
                break;
            }
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use zip::write::{SimpleFileOptions, ZipWriter};

    use super::*;

    fn zip_of(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in entries {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn check(entries: &[(&str, &[u8])], expect: &[&str]) {
        let found = bombs(&zip_of(entries));
        assert_eq!(found.len(), expect.len(), "{found:?}");
        for (problem, expect) in found.iter().zip(expect) {
            assert_eq!(problem.kind, ProblemKind::UnsafePart);
            assert!(problem.detail.starts_with(expect), "{problem:?}");
        }
    }

    /// Both were indexed as if sound.
    #[test]
    fn bombs_that_nobody_opens_are_named() {
        let zeros = vec![0; 80 << 20];
        check(&[("word/media/a.bin", &zeros)], &["word/media/a.bin would unpack to 83886080 bytes, 1"]);
        let inner = zip_of(&[("a", &zeros)]);
        let names: Vec<String> = (0..4).map(|number| format!("{number}.zip")).collect();
        let entries: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), inner.as_slice())).collect();
        let nested = zip_of(&entries);
        check(&[("word/embeddings/e.zip", &nested)], &["word/embeddings/e.zip is an archive of archives"]);
        // Archives in archives without end.
        let mut deep = zip_of(&[("a", b"x")]);
        for _ in 0..MAX_DEPTH {
            deep = zip_of(&[("a.zip", &deep)]);
        }
        check(&[("word/embeddings/e.zip", &deep)], &["word/embeddings/e.zip is an archive of archives"]);
    }

    #[test]
    fn pictures_and_embedded_workbooks_are_no_bombs() {
        let workbook = zip_of(&[("xl/workbook.xml", b"<workbook/>"), ("xl/media/a.png", &vec![0; 1 << 20])]);
        check(&[("word/media/a.bmp", &vec![0; 8 << 20]), ("word/embeddings/a.xlsx", &workbook)], &[]);
        assert_eq!(bombs(b"PK\x03\x04 of nothing"), []);
    }
}
