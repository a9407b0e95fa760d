//! What the end-to-end tests share: starting the real binary, mounting small file systems, and a model of a disk that
//! loses what was not synced. The tests themselves are in `tests/e2e/`.

pub mod crash;
pub mod http;
pub mod mount;
pub mod random;
pub mod server_process;
pub mod settings;
pub mod site;
pub mod skip;
