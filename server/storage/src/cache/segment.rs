//! One segment of the cache: two files that only grow, `N.values` and `N.keys`. A key is written after its value, and
//! carries the value's place and checksum, so whatever a crash leaves is either a whole record or ignored.
//! Who appends holds a lock on the key file; the kernel lets go of it when the process dies.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::Key;
use crate::durable::{self, Step};
use crate::{Sha256Digest, StorageError};

const MAGIC: &[u8; 8] = b"RGBLOB\0\x01";
/// Magic, digest of the owner, checksum of these.
const HEADER_BYTES: usize = 8 + 32 + 4;
/// Key, offset, length and checksum of the value, checksum of these.
const KEY_BYTES: usize = 16 + 8 + 4 + 4 + 4;

fn header(owner: Sha256Digest) -> Vec<u8> {
    let mut header = MAGIC.to_vec();
    header.extend(owner.as_bytes());
    header.extend(crc32fast::hash(&header).to_le_bytes());
    header
}

/// Bytes on disk of a value with its key.
pub(super) fn record_bytes(value: &[u8]) -> u64 {
    (KEY_BYTES + value.len()) as u64
}

/// A segment open for reading, and for appending if this process holds its lock.
pub(super) struct Segment {
    keys: File,
    values: File,
    /// Entries in the key file, unreadable ones too.
    entries: u64,
    /// Where the next value goes.
    end: u64,
    path: PathBuf,
}

/// Where a value lies in its segment, and the checksum that it must have.
#[derive(Clone, Copy)]
pub(super) struct Extent {
    offset: u64,
    length: u32,
    checksum: u32,
}

impl Extent {
    fn end(self) -> u64 {
        self.offset.saturating_add(u64::from(self.length))
    }
}

/// A record found when a segment was read.
pub(super) type Record = (Key, Extent);

/// The paths of a segment's two files.
pub(super) fn paths(dir: &Path, number: u64) -> [PathBuf; 2] {
    [dir.join(format!("{number:010}.keys")), dir.join(format!("{number:010}.values"))]
}

impl Segment {
    /// Makes segment `number` and takes its lock; nothing if another process was faster.
    pub(super) fn create(dir: &Path, number: u64, owner: Sha256Digest) -> Result<Option<Self>, StorageError> {
        let [keys_path, values_path] = paths(dir, number);
        let options = || OpenOptions::new().read(true).append(true).create_new(true).clone();
        let mut keys = match options().open(&keys_path) {
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => return Ok(None),
            other => other.map_err(StorageError::at(Step::Create, &keys_path))?,
        };
        keys.try_lock().map_err(|e| StorageError::at(Step::Lock, &keys_path)(e.into()))?;
        keys.write_all(&header(owner)).map_err(StorageError::at(Step::Write, &keys_path))?;
        let values = options().open(&values_path).map_err(StorageError::at(Step::Create, &values_path))?;
        Ok(Some(Self { keys, values, entries: 0, end: 0, path: values_path }))
    }

    /// Opens segment `number` and reads its keys; nothing if it is another owner's or not whole.
    pub(super) fn open(
        dir: &Path,
        number: u64,
        owner: Sha256Digest,
    ) -> Result<Option<(Self, Vec<Record>)>, StorageError> {
        let [keys_path, values_path] = paths(dir, number);
        let open = |path: &Path| match OpenOptions::new().read(true).append(true).open(path) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            other => other.map(Some).map_err(StorageError::at(Step::Open, path)),
        };
        let (Some(mut keys), Some(values)) = (open(&keys_path)?, open(&values_path)?) else { return Ok(None) };
        let mut found = Vec::new();
        let read_error = |e| StorageError::at(Step::Read, &keys_path)(e);
        (&mut keys).take(HEADER_BYTES as u64).read_to_end(&mut found).map_err(read_error)?;
        if found != header(owner) {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        keys.read_to_end(&mut bytes).map_err(StorageError::at(Step::Read, &keys_path))?;
        let length = values.metadata().map_err(StorageError::at(Step::Read, &values_path))?.len();
        let entries = bytes.as_chunks::<KEY_BYTES>().0;
        let whole = |(_, extent): &Record| extent.end() <= length;
        let records: Vec<Record> = entries.iter().filter_map(parse_key).filter(whole).collect();
        let end = records.iter().map(|(_, extent)| extent.end()).max().unwrap_or(0);
        Ok(Some((Self { keys, values, entries: entries.len() as u64, end, path: values_path }, records)))
    }

    /// Bytes on disk.
    pub(super) fn bytes(&self) -> u64 {
        HEADER_BYTES as u64 + self.entries * KEY_BYTES as u64 + self.end
    }

    /// Takes the lock for appending, and cuts off a tail that a killed process left. False if another process has it.
    pub(super) fn try_own(&mut self) -> Result<bool, StorageError> {
        match self.keys.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => return Ok(false),
            Err(e) => return Err(StorageError::at(Step::Lock, &self.path)(e.into())),
        }
        // The owner may have added records, or gone on from a cut, since this process read the keys: then its record
        // count is out of date, and appending would shift places. Such a segment is left alone.
        let length = self.keys.seek(SeekFrom::End(0)).map_err(StorageError::at(Step::Read, &self.path))?;
        if length.saturating_sub(HEADER_BYTES as u64) / KEY_BYTES as u64 > self.entries {
            self.keys.unlock().map_err(StorageError::at(Step::Lock, &self.path))?;
            return Ok(false);
        }
        let cut = |file: &File, length: u64| file.set_len(length).map_err(StorageError::at(Step::Write, &self.path));
        cut(&self.keys, HEADER_BYTES as u64 + self.entries * KEY_BYTES as u64)?;
        cut(&self.values, self.end)?;
        Ok(true)
    }

    /// Appends records, values first. The caller owns the segment.
    pub(super) fn append(&mut self, batch: &[(Key, &[u8])]) -> Result<Vec<Record>, StorageError> {
        let (mut values, mut keys, mut records) = (Vec::new(), Vec::new(), Vec::new());
        for (key, value) in batch {
            let offset = self.end + values.len() as u64;
            values.extend_from_slice(value);
            let extent = Extent { offset, length: value.len() as u32, checksum: crc32fast::hash(value) };
            keys.extend(entry(key, extent));
            records.push((*key, extent));
        }
        self.values.write_all(&values).map_err(StorageError::at(Step::Write, &self.path))?;
        self.keys.write_all(&keys).map_err(StorageError::at(Step::Write, &self.path))?;
        self.entries += batch.len() as u64;
        self.end += values.len() as u64;
        Ok(records)
    }

    /// The value at `extent`, if its bytes have the checksum.
    pub(super) fn read(&self, extent: Extent) -> Option<Vec<u8>> {
        let mut bytes = vec![0; extent.length as usize];
        self.values.read_exact_at(&mut bytes, extent.offset).ok()?;
        (crc32fast::hash(&bytes) == extent.checksum).then_some(bytes)
    }
}

fn entry(key: &Key, extent: Extent) -> Vec<u8> {
    let mut entry = key.to_vec();
    entry.extend(extent.offset.to_le_bytes());
    entry.extend(extent.length.to_le_bytes());
    entry.extend(extent.checksum.to_le_bytes());
    entry.extend(crc32fast::hash(&entry).to_le_bytes());
    entry
}

fn parse_key(entry: &[u8; KEY_BYTES]) -> Option<Record> {
    let (body, check) = entry.split_at(KEY_BYTES - 4);
    let number = |bytes: &[u8]| bytes.try_into().map(u32::from_le_bytes).ok();
    (number(check)? == crc32fast::hash(body)).then_some(())?;
    let offset = u64::from_le_bytes(body[16..24].try_into().ok()?);
    let extent = Extent { offset, length: number(&body[24..28])?, checksum: number(&body[28..32])? };
    Some((body[..16].try_into().ok()?, extent))
}

/// The numbers of all segments in `dir`, oldest first, with their bytes on disk.
pub(super) fn list(dir: &Path) -> Result<Vec<(u64, u64)>, StorageError> {
    let mut numbers = Vec::new();
    for path in durable::list(dir)? {
        let is_keys = path.extension().is_some_and(|extension| extension == "keys");
        let number = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse().ok());
        if let (true, Some(number)) = (is_keys, number) {
            let size = |path: &PathBuf| std::fs::metadata(path).map_or(0, |metadata| metadata.len());
            numbers.push((number, paths(dir, number).iter().map(size).sum()));
        }
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// Removes a segment, the keys last: `list` goes by them, so half a removal is seen and finished. Processes that have
/// the segment open keep reading it.
pub(super) fn remove(dir: &Path, number: u64) -> Result<(), StorageError> {
    // A cache of before had its values in a file of another name.
    durable::remove(&dir.join(format!("{number:010}.vectors")))?;
    paths(dir, number).iter().rev().try_for_each(|path| durable::remove(path))
}
