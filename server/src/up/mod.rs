//! What `up` is made of: `serve` answers connections, `write_deadline` ends those that do not take their answers,
//! `supervisor` keeps indexes built and served, `schedule` decides what is built next, `watch` and `fingerprint` tell
//! when something changed, `job` is one build, `announce` the greeting.

pub mod announce;
pub mod fingerprint;
pub mod job;
pub mod schedule;
pub mod serve;
pub mod supervisor;
pub mod watch;
pub mod write_deadline;
