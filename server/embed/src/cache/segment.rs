//! One segment of the cache: two files that only grow, `N.vectors` and `N.keys`. A key is written after its vector,
//! and carries the vector's checksum, so whatever a crash leaves is either a whole record or ignored.
//! Who appends holds a lock on the key file; the kernel lets go of it when the process dies.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use ragops_storage::durable::{self, Step};
use ragops_storage::{Sha256Digest, StorageError};

use super::Key;

const MAGIC: &[u8; 8] = b"RGVEC\0\0\x01";
/// Magic, digest of the model, dimension, checksum of these.
const HEADER_BYTES: usize = 8 + 32 + 4 + 4;
/// Key, checksum of the vector, checksum of these.
const KEY_BYTES: usize = 16 + 4 + 4;

/// Whose vectors a segment holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Owner {
    pub(super) model: Sha256Digest,
    pub(super) dimension: usize,
}

impl Owner {
    fn header(&self) -> Vec<u8> {
        let mut header = MAGIC.to_vec();
        header.extend(self.model.as_bytes());
        header.extend((self.dimension as u32).to_le_bytes());
        header.extend(crc32fast::hash(&header).to_le_bytes());
        header
    }

    fn vector_bytes(&self) -> usize {
        self.dimension * 4
    }

    /// Bytes on disk of one record.
    pub(super) fn record_bytes(&self) -> u64 {
        (KEY_BYTES + self.vector_bytes()) as u64
    }
}

/// A segment open for reading, and for appending if this process holds its lock.
pub(super) struct Segment {
    owner: Owner,
    keys: File,
    vectors: File,
    records: u32,
    path: PathBuf,
}

/// A record found when a segment was read: its key, place, and the checksum that its vector must have.
pub(super) struct Record {
    pub(super) key: Key,
    pub(super) index: u32,
    pub(super) checksum: u32,
}

/// The paths of a segment's two files.
pub(super) fn paths(dir: &Path, number: u64) -> [PathBuf; 2] {
    [dir.join(format!("{number:010}.keys")), dir.join(format!("{number:010}.vectors"))]
}

impl Segment {
    /// Makes segment `number` and takes its lock; nothing if another process was faster.
    pub(super) fn create(dir: &Path, number: u64, owner: Owner) -> Result<Option<Self>, StorageError> {
        let [keys_path, vectors_path] = paths(dir, number);
        let options = || OpenOptions::new().read(true).append(true).create_new(true).clone();
        let mut keys = match options().open(&keys_path) {
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => return Ok(None),
            other => other.map_err(StorageError::at(Step::Create, &keys_path))?,
        };
        keys.try_lock().map_err(|e| StorageError::at(Step::Lock, &keys_path)(e.into()))?;
        keys.write_all(&owner.header()).map_err(StorageError::at(Step::Write, &keys_path))?;
        let vectors = options().open(&vectors_path).map_err(StorageError::at(Step::Create, &vectors_path))?;
        Ok(Some(Self { owner, keys, vectors, records: 0, path: vectors_path }))
    }

    /// Opens segment `number` and reads its keys; nothing if it belongs to another model or is not whole.
    pub(super) fn open(dir: &Path, number: u64, owner: Owner) -> Result<Option<(Self, Vec<Record>)>, StorageError> {
        let [keys_path, vectors_path] = paths(dir, number);
        let open = |path: &Path| match OpenOptions::new().read(true).append(true).open(path) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            other => other.map(Some).map_err(StorageError::at(Step::Open, path)),
        };
        let (Some(mut keys), Some(vectors)) = (open(&keys_path)?, open(&vectors_path)?) else { return Ok(None) };
        let mut header = Vec::new();
        let read_error = |e| StorageError::at(Step::Read, &keys_path)(e);
        (&mut keys).take(HEADER_BYTES as u64).read_to_end(&mut header).map_err(read_error)?;
        if header != owner.header() {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        keys.read_to_end(&mut bytes).map_err(StorageError::at(Step::Read, &keys_path))?;
        let length = vectors.metadata().map_err(StorageError::at(Step::Read, &vectors_path))?.len();
        let whole = (length / owner.vector_bytes() as u64) as usize;
        let entries = bytes.as_chunks::<KEY_BYTES>().0;
        let records: Vec<Record> = (0..).zip(entries.iter().take(whole)).filter_map(parse_key).collect();
        let count = entries.len().min(whole) as u32;
        Ok(Some((Self { owner, keys, vectors, records: count, path: vectors_path }, records)))
    }

    /// Bytes on disk.
    pub(super) fn bytes(&self) -> u64 {
        u64::from(self.records) * self.owner.record_bytes()
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
        if length.saturating_sub(HEADER_BYTES as u64) / KEY_BYTES as u64 > u64::from(self.records) {
            self.keys.unlock().map_err(StorageError::at(Step::Lock, &self.path))?;
            return Ok(false);
        }
        let records = u64::from(self.records);
        let cut = |file: &File, length: u64| file.set_len(length).map_err(StorageError::at(Step::Write, &self.path));
        cut(&self.keys, HEADER_BYTES as u64 + records * KEY_BYTES as u64)?;
        cut(&self.vectors, records * self.owner.vector_bytes() as u64)?;
        Ok(true)
    }

    /// Appends records, vectors first. The caller owns the segment.
    pub(super) fn append(&mut self, batch: &[(Key, &[f32])]) -> Result<Vec<Record>, StorageError> {
        let (mut vectors, mut keys, mut records) = (Vec::new(), Vec::new(), Vec::new());
        for (index, (key, vector)) in (self.records..).zip(batch) {
            let start = vectors.len();
            vectors.extend(vector.iter().flat_map(|value| value.to_le_bytes()));
            let checksum = crc32fast::hash(&vectors[start..]);
            let entry = [key.as_slice(), &checksum.to_le_bytes()].concat();
            keys.extend_from_slice(&entry);
            keys.extend(crc32fast::hash(&entry).to_le_bytes());
            records.push(Record { key: *key, index, checksum });
        }
        self.vectors.write_all(&vectors).map_err(StorageError::at(Step::Write, &self.path))?;
        self.keys.write_all(&keys).map_err(StorageError::at(Step::Write, &self.path))?;
        self.records += batch.len() as u32;
        Ok(records)
    }

    /// The vector of record `index`, if its bytes have the checksum.
    pub(super) fn read(&self, index: u32, checksum: u32) -> Option<Vec<f32>> {
        let length = self.owner.vector_bytes();
        let mut bytes = vec![0; length];
        self.vectors.read_exact_at(&mut bytes, u64::from(index) * length as u64).ok()?;
        let whole = crc32fast::hash(&bytes) == checksum;
        whole.then(|| crate::artefact::cursor::f32s_of(&bytes))
    }
}

fn parse_key((index, entry): (u32, &[u8; KEY_BYTES])) -> Option<Record> {
    let (body, check) = entry.split_at(KEY_BYTES - 4);
    let (key, checksum) = body.split_at(16);
    let number = |bytes: &[u8]| bytes.try_into().map(u32::from_le_bytes).ok();
    (number(check)? == crc32fast::hash(body)).then_some(())?;
    Some(Record { key: key.try_into().ok()?, index, checksum: number(checksum)? })
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
    paths(dir, number).iter().rev().try_for_each(|path| durable::remove(path))
}
