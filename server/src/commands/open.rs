//! Opens an index that was built before, for the commands that ask it.

use std::path::PathBuf;
use std::sync::Arc;

use ragops_embed::StoreError;
use ragops_engine::answer::Searcher;
use ragops_engine::revision::{RevisionError, RevisionStore};

use crate::cli::TargetArgs;
use crate::models::Models;
use crate::settings::Settings;

/// An index cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum NotOpen {
    /// There is nothing at all.
    #[error(
        "{data} holds no index; build one with `ragops-server index -f FILE --data {data}`, or give another folder \
         with --data",
        data = .0.display()
    )]
    NoIndexes(PathBuf),
    /// No index has the name.
    #[error("{} holds no index `{name}`; there are {known}", .data.display())]
    Unknown {
        /// The folder.
        data: PathBuf,
        /// The name asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// None was named and there are several.
    #[error("{} holds several indexes; name one with --index: {known}", .data.display())]
    Unnamed {
        /// The folder.
        data: PathBuf,
        /// The names there are.
        known: String,
    },
    /// No revision can be used.
    #[error("index `{index}` has no revision that can be used{reasons}; build it with `ragops-server index`")]
    NoRevision {
        /// The index.
        index: String,
        /// What is wrong with those there are.
        reasons: String,
    },
    /// Revisions cannot be read.
    #[error(transparent)]
    Revision(#[from] RevisionError),
    /// The model is not at hand.
    #[error(transparent)]
    Model(#[from] StoreError),
}

impl NotOpen {
    /// Whether the same call may succeed later.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Revision(error) => error.is_retryable(),
            Self::Model(error) => error.is_retryable(),
            _ => false,
        }
    }
}

/// Opens the revision that would serve, with its own model. Damaged ones passed over are told on standard error.
pub(super) fn open(target: &TargetArgs, settings: &Settings) -> Result<(String, Searcher), NotOpen> {
    let name = choose(target, settings)?;
    let store = RevisionStore::of_index(&settings.data, &name);
    let mut reasons = String::new();
    let mut damage = |revision: &_, error: &RevisionError| {
        eprintln!("warning: revision {revision} of index `{name}` cannot be used: {error}");
        reasons.push_str(&format!("; {revision}: {error}"));
    };
    let Some(revision) = store.open_serving(&mut damage)? else {
        return Err(NotOpen::NoRevision { index: name, reasons });
    };
    let models = Models::of(settings);
    let model = models.get(&revision.manifest.model.name)?;
    Ok((name, Searcher::new(Arc::new(revision), model)?))
}

fn choose(target: &TargetArgs, settings: &Settings) -> Result<String, NotOpen> {
    let data = settings.data.clone();
    let names = RevisionStore::list_indexes(&data)?;
    match (&target.index, names.as_slice()) {
        (_, []) => Err(NotOpen::NoIndexes(data)),
        (Some(name), names) if names.contains(name) => Ok(name.clone()),
        (Some(name), _) => Err(NotOpen::Unknown { data, name: name.clone(), known: quoted(&names) }),
        (None, [only]) => Ok(only.clone()),
        (None, _) => Err(NotOpen::Unnamed { data, known: quoted(&names) }),
    }
}

/// Names as messages list them.
pub(super) fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
