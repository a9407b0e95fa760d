//! A cache of values on disk under keys, in a folder that several owners and processes may share. It may be lost at any
//! time: a value that is torn or damaged is not found, and the oldest are dropped when it is full. A fault never fails
//! whoever uses it: the cache then remembers nothing more.

mod segment;
mod store;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::{Sha256Digest, Sha256Hasher, StorageError};
use store::Store;

/// The first 16 bytes of the SHA-256 of all that a value depends on.
pub type Key = [u8; 16];

/// The key that goes with a digest's input.
pub fn key(hasher: Sha256Hasher) -> Key {
    let mut key = Key::default();
    key.copy_from_slice(&hasher.finish().as_bytes()[..16]);
    key
}

/// The values of one owner: what made them, by its digest. Threads share it.
pub struct Cache {
    store: Mutex<Store>,
    /// Set by the first fault; from then on nothing is written.
    stopped: AtomicBool,
    problem: Mutex<Option<StorageError>>,
}

impl Cache {
    /// Opens the folder, making it if need be, and reads the keys of this owner's values. Over all owners the folder
    /// holds about `limit` bytes at most: then the oldest are dropped.
    pub fn open(dir: &Path, limit: u64, owner: Sha256Digest) -> Result<Self, StorageError> {
        let store = Mutex::new(Store::open(dir, limit, owner)?);
        Ok(Self { store, stopped: AtomicBool::new(false), problem: Mutex::default() })
    }

    /// The value under a key, if it is there and whole.
    pub fn get(&self, key: &Key) -> Option<Vec<u8>> {
        lock(&self.store).get(key)
    }

    /// Remembers values, so far as they can be: one larger than an eighth of the limit is not.
    pub fn put(&self, batch: &[(Key, &[u8])]) {
        if self.stopped.load(Ordering::Relaxed) {
            return;
        }
        if let Err(error) = lock(&self.store).put(batch) {
            self.stopped.store(true, Ordering::Relaxed);
            lock(&self.problem).get_or_insert(error);
        }
    }

    /// The fault that made the cache stop remembering (a full disk, say), for the log; given to the first who asks.
    pub fn take_problem(&self) -> Option<StorageError> {
        lock(&self.problem).take()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
