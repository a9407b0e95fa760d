//! Files that survive a crash: writing, syncing, renaming, digesting and mapping them.
//! Knows nothing of models, indexes or revisions; both the model store and the revision store are built on it.

pub mod cache;
pub mod digest;
pub mod durable;
pub mod mapped;
pub mod stamp;

pub use cache::Cache;
pub use digest::{Sha256Digest, Sha256Hasher, digest_bytes, digest_file};
pub use durable::{Step, StorageError, is_transient};
pub use mapped::MappedFile;
pub use stamp::Stamp;
