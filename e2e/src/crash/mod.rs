//! The proof that a crash tears nothing: record what a build does to the disk (`strace`), replay every prefix of it on
//! a disk that forgets what was not synced (`disk`), and look at what is left (`verdict`).

pub mod disk;
pub mod operation;
pub mod strace;
pub mod trace_line;
pub mod tree;
pub mod verdict;

pub use disk::{Crash, Disk, DiskError, Unsynced};
pub use operation::{Action, Operation};
pub use strace::{Recording, TraceError, record};
pub use tree::{Node, Tree};
