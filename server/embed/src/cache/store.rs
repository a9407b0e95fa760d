//! The cache's files taken together: which vectors are there, where new ones go, what is dropped when it is full.

use std::collections::{BTreeMap, HashMap, HashSet};
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
    /// The number of its segment.
    segment: u64,
    index: u32,
    checksum: u32,
}

/// The vectors of one model in a folder that several models and processes may share.
pub(super) struct VectorStore {
    dir: PathBuf,
    limit: u64,
    owner: Owner,
    /// Those that are on disk, by number; one that was dropped is forgotten, by whomever it was dropped.
    segments: BTreeMap<u64, Segment>,
    places: HashMap<Key, Place>,
    /// The number of the segment that this process appends to.
    writing: Option<u64>,
}

impl VectorStore {
    /// Opens the folder, making it if need be, and reads the keys of this model's segments.
    pub(super) fn open(dir: &Path, limit: u64, owner: Owner) -> Result<Self, StorageError> {
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

    pub(super) fn get(&self, key: &Key) -> Option<Vec<f32>> {
        let place = self.places.get(key)?;
        self.segments.get(&place.segment)?.read(place.index, place.checksum)
    }

    /// Adds vectors of the model's dimension.
    pub(super) fn put(&mut self, batch: &[(Key, &[f32])]) -> Result<(), StorageError> {
        let per_segment = (self.segment_bytes() / self.owner.record_bytes()).max(1) as usize;
        for batch in batch.chunks(per_segment) {
            let number = self.writable()?;
            let segment = self.segments.get_mut(&number).expect("`writable` gives the number of an open segment");
            let records = segment.append(batch).inspect_err(|_| self.writing = None)?;
            self.remember(number, &records);
        }
        Ok(())
    }

    fn segment_bytes(&self) -> u64 {
        SEGMENT_BYTES.min(self.limit / 8)
    }

    fn remember(&mut self, segment: u64, records: &[Record]) {
        let place = |r: &Record| Place { segment, index: r.index, checksum: r.checksum };
        self.places.extend(records.iter().map(|record| (record.key, place(record))));
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
    /// not free, and a process that runs for months would remember every vector that it ever made.
    fn forget_dropped(&mut self) -> Result<(), StorageError> {
        let there: HashSet<u64> = segment::list(&self.dir)?.into_iter().map(|(number, _)| number).collect();
        let before = self.segments.len();
        self.segments.retain(|number, _| there.contains(number));
        if self.segments.len() < before {
            self.places.retain(|_, place| there.contains(&place.segment));
        }
        Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;
    use ragops_storage::digest_bytes;

    const OWNER_DIMENSION: usize = 8;

    fn open(dir: &Path, limit: u64) -> VectorStore {
        let owner = Owner { model: digest_bytes(b"model"), dimension: OWNER_DIMENSION };
        VectorStore::open(dir, limit, owner).unwrap()
    }

    fn key(number: u64) -> Key {
        let mut key = Key::default();
        key[..8].copy_from_slice(&number.to_le_bytes());
        key
    }

    fn bytes_in(dir: &Path) -> u64 {
        let size = |path: &PathBuf| std::fs::metadata(path).unwrap().len();
        durable::list(dir).unwrap().iter().map(size).sum()
    }

    /// Dropped segments once stayed open and remembered: a server that ran for long grew, on disk and in memory.
    #[test]
    fn a_full_cache_forgets_as_much_as_it_takes() {
        let dir = tempfile::tempdir().unwrap();
        let limit = 16 << 10;
        let mut store = open(dir.path(), limit);
        let most = (limit / store.owner.record_bytes()) as usize;
        for number in 0..20 * most as u64 {
            store.put(&[(key(number), &[number as f32; OWNER_DIMENSION])]).unwrap();
            assert_eq!(store.get(&key(number)), Some(vec![number as f32; OWNER_DIMENSION]));
            assert!(store.places.len() <= most && store.segments.len() <= 8, "{} at {number}", store.places.len());
        }
        assert!(bytes_in(dir.path()) <= limit, "{} bytes", bytes_in(dir.path()));
        assert_eq!(store.get(&key(0)), None);
    }

    #[test]
    fn what_another_process_drops_is_forgotten_and_never_read_wrongly() {
        let dir = tempfile::tempdir().unwrap();
        let limit = 16 << 10;
        let (mut ours, mut theirs) = (open(dir.path(), limit), open(dir.path(), limit));
        for number in 0..2_000 {
            ours.put(&[(key(number), &[1.0; OWNER_DIMENSION])]).unwrap();
            theirs.put(&[(key(number + 1_000_000), &[2.0; OWNER_DIMENSION])]).unwrap();
            assert_eq!(ours.get(&key(number)), Some(vec![1.0; OWNER_DIMENSION]));
        }
        assert!(ours.segments.len() <= 8 && theirs.segments.len() <= 8);
        assert!(bytes_in(dir.path()) <= limit, "{} bytes", bytes_in(dir.path()));
    }

    #[test]
    fn a_removal_that_was_killed_half_way_is_finished_by_a_later_one() {
        let dir = tempfile::tempdir().unwrap();
        let limit = 16 << 10;
        let mut store = open(dir.path(), limit);
        store.put(&[(key(0), &[0.0; OWNER_DIMENSION])]).unwrap();
        let [keys, vectors] = segment::paths(dir.path(), 1);
        std::fs::remove_file(vectors).unwrap();
        let mut store = open(dir.path(), limit);
        (1..2_000).for_each(|number| store.put(&[(key(number), &[0.0; OWNER_DIMENSION])]).unwrap());
        assert!(!keys.exists(), "half a segment stays for ever");
    }
}
