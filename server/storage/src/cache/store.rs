//! The cache's files taken together: which values are there, where new ones go, what is dropped when it is full.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::Key;
use super::segment::{self, Extent, Record, Segment};
use crate::durable;
use crate::{Sha256Digest, StorageError};

/// A segment is closed at this size, or at an eighth of a small cache's limit.
const SEGMENT_BYTES: u64 = 64 << 20;

/// Where a value lies.
#[derive(Clone, Copy)]
struct Place {
    /// The number of its segment.
    segment: u64,
    extent: Extent,
}

/// The values of one owner.
pub(super) struct Store {
    dir: PathBuf,
    limit: u64,
    owner: Sha256Digest,
    /// Those that are on disk, by number; one that was dropped is forgotten, by whomever it was dropped.
    segments: BTreeMap<u64, Segment>,
    places: HashMap<Key, Place>,
    /// The number of the segment that this process appends to.
    writing: Option<u64>,
}

impl Store {
    /// Opens the folder, making it if need be, and reads the keys of this owner's segments. Over all owners it holds
    /// about `limit` bytes at most.
    pub(super) fn open(dir: &Path, limit: u64, owner: Sha256Digest) -> Result<Self, StorageError> {
        durable::create_dir(dir)?;
        let (segments, places) = (BTreeMap::new(), HashMap::new());
        let mut store = Self { dir: dir.to_owned(), limit, owner, segments, places, writing: None };
        store.drop_oldest()?;
        for (number, _) in segment::list(dir)? {
            let Some((mut opened, records)) = Segment::open(dir, number, owner)? else { continue };
            if store.writing.is_none() && opened.bytes() < store.segment_bytes() && opened.try_own()? {
                store.writing = Some(number);
            }
            store.segments.insert(number, opened);
            store.remember(number, &records);
        }
        Ok(store)
    }

    /// The value under a key, if it is there and whole.
    pub(super) fn get(&self, key: &Key) -> Option<Vec<u8>> {
        let place = self.places.get(key)?;
        self.segments.get(&place.segment)?.read(place.extent)
    }

    /// Adds values; a key that is there already has the new one from now on. One larger than an eighth of the limit is
    /// left out.
    pub(super) fn put(&mut self, batch: &[(Key, &[u8])]) -> Result<(), StorageError> {
        let most = self.segment_bytes();
        let mut rest: Vec<(Key, &[u8])> =
            batch.iter().copied().filter(|(_, value)| segment::record_bytes(value) <= most).collect();
        while !rest.is_empty() {
            let mut bytes = 0;
            let fits = |(_, value): &&(Key, &[u8])| {
                bytes += segment::record_bytes(value);
                bytes <= most
            };
            let count = rest.iter().take_while(fits).count();
            let number = self.writable()?;
            let segment = self.segments.get_mut(&number).expect("`writable` gives the number of an open segment");
            let records = segment.append(&rest[..count]).inspect_err(|_| self.writing = None)?;
            self.remember(number, &records);
            rest.drain(..count);
        }
        Ok(())
    }

    fn segment_bytes(&self) -> u64 {
        SEGMENT_BYTES.min(self.limit / 8)
    }

    fn remember(&mut self, segment: u64, records: &[Record]) {
        self.places.extend(records.iter().map(|(key, extent)| (*key, Place { segment, extent: *extent })));
    }

    /// The segment to append to: the present one, or a new one once it is full.
    fn writable(&mut self) -> Result<u64, StorageError> {
        if let Some(number) = self.writing
            && self.segments.get(&number).is_some_and(|segment| segment.bytes() < self.segment_bytes())
        {
            return Ok(number);
        }
        self.drop_oldest()?;
        self.forget_dropped()?;
        let mut number = segment::list(&self.dir)?.last().map_or(1, |(number, _)| number + 1);
        let created = loop {
            match Segment::create(&self.dir, number, self.owner)? {
                Some(created) => break created,
                None => number += 1,
            }
        };
        self.segments.insert(number, created);
        self.writing = Some(number);
        Ok(number)
    }

    /// Lets go of segments that are no longer in the folder. As long as their files are open their room on the disk is
    /// not free, and a process that runs for months would remember every value that it ever made.
    fn forget_dropped(&mut self) -> Result<(), StorageError> {
        let there: HashSet<u64> = segment::list(&self.dir)?.into_iter().map(|(number, _)| number).collect();
        let before = self.segments.len();
        self.segments.retain(|number, _| there.contains(number));
        if self.segments.len() < before {
            self.places.retain(|_, place| there.contains(&place.segment));
        }
        Ok(())
    }

    /// Removes the oldest segments, of whatever owner, until one more fits within the limit.
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

#[cfg(test)]
mod tests;
