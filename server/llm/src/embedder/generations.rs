//! Which models were seen before, kept in a folder: one file each. It may be lost at any time; a model is then as good as
//! new, and what was built with it is built once more, unless a revision still knows it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use ragops_embed::{ModelIdentity, RemoteDescription};
use ragops_storage::{StorageError, durable};
use serde::{Deserialize, Serialize};

/// Models looked at, the newest first: each costs a comparison, and of other texts a request.
const MOST: usize = 64;
/// Bytes of one file: five vectors of 16,384 values, and some texts.
const MAX_BYTES: u64 = 2 << 20;

/// A model that was seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Known {
    /// What its vectors are known by.
    pub identity: ModelIdentity,
    /// What it was asked for by, and its probes.
    pub description: RemoteDescription,
}

/// A folder of models that were seen.
#[derive(Debug, Clone)]
pub struct Generations {
    dir: PathBuf,
}

impl Generations {
    /// Those kept in this folder, which need not be there.
    pub fn of(dir: &Path) -> Self {
        Self { dir: dir.to_owned() }
    }

    /// The models, the last one seen first. Files that are none, or are gone, are passed over.
    pub fn list(&self) -> Vec<Known> {
        let mut files: Vec<(SystemTime, PathBuf)> = fs::read_dir(&self.dir)
            .into_iter()
            .flatten()
            .filter_map(|entry| {
                let entry = entry.ok()?;
                let metadata = entry.metadata().ok().filter(|metadata| metadata.len() <= MAX_BYTES)?;
                Some((metadata.modified().ok()?, entry.path()))
            })
            .collect();
        files.sort_by(|a, b| b.cmp(a));
        let known = |(_, path): &(SystemTime, PathBuf)| serde_json::from_slice(&fs::read(path).ok()?).ok();
        files.iter().take(MOST).filter_map(known).collect()
    }

    /// Keeps a model, or says that it was seen again.
    pub fn keep(&self, known: &Known) -> Result<(), StorageError> {
        durable::create_dir(&self.dir)?;
        let bytes = serde_json::to_vec(known).expect("texts, numbers and names become JSON");
        durable::replace_file(&self.dir.join(format!("{}.json", known.identity.digest)), &bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ragops_embed::remote::{Probe, ProbeRole, RemoteProtocol};
    use ragops_storage::digest_bytes;

    fn known(model: &str) -> Known {
        let identity = ModelIdentity {
            name: model.to_owned(),
            digest: digest_bytes(model.as_bytes()),
            dimension: 2,
            max_tokens: 510,
        };
        let description = RemoteDescription {
            backend: "embedder".to_owned(),
            protocol: RemoteProtocol::OpenAI,
            url: "http://h/v1".to_owned(),
            model: model.to_owned(),
            query_prefix: "q: ".to_owned(),
            passage_prefix: "p: ".to_owned(),
            max_tokens: 512,
            api_key: None,
            ca: None,
            probes: vec![Probe { role: ProbeRole::Query, text: "t".to_owned(), vector: vec![0.6, 0.8] }],
        };
        Known { identity, description }
    }

    #[test]
    fn what_was_kept_is_listed_whatever_else_lies_there() {
        let dir = tempfile::tempdir().unwrap();
        let generations = Generations::of(&dir.path().join("models"));
        assert_eq!(generations.list(), []);
        generations.keep(&known("a")).unwrap();
        generations.keep(&known("b")).unwrap();
        generations.keep(&known("a")).unwrap();
        fs::write(dir.path().join("models/torn.json"), "{").unwrap();
        let mut models: Vec<String> = generations.list().into_iter().map(|known| known.identity.name).collect();
        models.sort();
        assert_eq!(models, ["a", "b"]);
    }
}
