//! Journeys through the real binary where the world misbehaves: it is killed, power goes, the disk is full, the mount is
//! read-only, files are damaged; and whether answers are as good as measured. One test binary, because each one links FAISS.

mod asking;
mod damage;
mod disk_full;
mod few_words;
mod gold_set;
mod honesty;
mod kills;
mod power_cuts;
mod quality;
mod read_only_mount;
mod report;
mod repository;
mod serving;
mod skips;
mod wording;

use ragops_e2e::site::Site;
use ragops_e2e::skip::skip;

/// A site to build in; `None`, said loudly, where there is no model.
fn site(test: &str) -> Option<Site> {
    let site = Site::new().unwrap_or_else(|error| panic!("{error:#}"));
    match site.unavailable() {
        None => Some(site),
        Some(reason) => {
            skip(test, &reason);
            None
        }
    }
}
