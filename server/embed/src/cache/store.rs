//! The cache's files taken together: which vectors are there, where new ones go, what is dropped when it is full.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use ragops_storage::StorageError;
use ragops_storage::durable;

use super::Key;
use super::segment::{self, Owner, Record, Segment};

/// A segment is closed at this size, or at an eighth of a small cache's limit.
const SEGMENT_BYTES: u64 = 64 << 20;

/// Where a vector lies.
#[derive(Clone, Copy)]
struct Place {
    /// Index into `segments`.
    segment: u32,
    index: u32,
    checksum: u32,
}

/// The vectors of one model in a folder that several models and processes may share.
pub(super) struct VectorStore {
    dir: PathBuf,
    limit: u64,
    owner: Owner,
    segments: Vec<Segment>,
    places: HashMap<Key, Place>,
    /// Index into `segments` of the one this process appends to.
    writing: Option<usize>,
}

impl VectorStore {
    /// Opens the folder, making it if need be, and reads the keys of this model's segments.
    pub(super) fn open(dir: &Path, limit: u64, owner: Owner) -> Result<Self, StorageError> {
        durable::create_dir(dir)?;
        let (segments, places) = (Vec::new(), HashMap::new());
        let mut store = Self { dir: dir.to_owned(), limit, owner, segments, places, writing: None };
        store.drop_oldest()?;
        for (number, _) in segment::list(dir)? {
            let Some((mut opened, records)) = Segment::open(dir, number, owner)? else { continue };
            let index = store.segments.len();
            if store.writing.is_none() && opened.bytes() < store.segment_bytes() && opened.try_own()? {
                store.writing = Some(index);
            }
            store.segments.push(opened);
            store.remember(index, records);
        }
        Ok(store)
    }

    pub(super) fn get(&self, key: &Key) -> Option<Vec<f32>> {
        let place = self.places.get(key)?;
        self.segments[place.segment as usize].read(place.index, place.checksum)
    }

    /// Adds vectors of the model's dimension.
    pub(super) fn put(&mut self, batch: &[(Key, &[f32])]) -> Result<(), StorageError> {
        let per_segment = (self.segment_bytes() / self.owner.record_bytes()).max(1) as usize;
        for batch in batch.chunks(per_segment) {
            let index = self.writable()?;
            let records = self.segments[index].append(batch).inspect_err(|_| self.writing = None)?;
            self.remember(index, records);
        }
        Ok(())
    }

    fn segment_bytes(&self) -> u64 {
        SEGMENT_BYTES.min(self.limit / 8)
    }

    fn remember(&mut self, segment: usize, records: Vec<Record>) {
        let place = |r: &Record| Place { segment: segment as u32, index: r.index, checksum: r.checksum };
        self.places.extend(records.iter().map(|record| (record.key, place(record))));
    }

    /// The segment to append to: the present one, or a new one once it is full.
    fn writable(&mut self) -> Result<usize, StorageError> {
        if let Some(index) = self.writing
            && self.segments[index].bytes() < self.segment_bytes()
        {
            return Ok(index);
        }
        self.drop_oldest()?;
        let mut number = segment::list(&self.dir)?.last().map_or(1, |(number, _)| number + 1);
        let created = loop {
            match Segment::create(&self.dir, number, self.owner)? {
                Some(created) => break created,
                None => number += 1,
            }
        };
        self.segments.push(created);
        self.writing = Some(self.segments.len() - 1);
        Ok(self.segments.len() - 1)
    }

    /// Removes the oldest segments, of whatever model, until one more fits within the limit.
    fn drop_oldest(&self) -> Result<(), StorageError> {
        let segments = segment::list(&self.dir)?;
        let mut total: u64 = segments.iter().map(|(_, bytes)| bytes).sum();
        for (number, bytes) in segments {
            if total + self.segment_bytes() <= self.limit {
                break;
            }
            segment::remove(&self.dir, number)?;
            total -= bytes;
        }
        Ok(())
    }
}
