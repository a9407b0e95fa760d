//! Which files of a source are read: what `include` and `exclude` say, and what a reader takes where they say nothing.

use std::borrow::Cow;

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};

use super::{FolderSource, ScanError};
use crate::document::SourceName;
use crate::read::media;
use crate::text::nfc;

/// The compiled patterns of a source.
pub(super) struct Patterns {
    include: Option<GlobSet>,
    exclude: GlobSet,
    /// The patterns of `include`, as they are written.
    written: Vec<String>,
}

impl Patterns {
    pub(super) fn new(folder: &FolderSource) -> Result<Self, ScanError> {
        let set = |patterns: &[String]| -> Result<GlobSet, ScanError> {
            let mut builder = GlobSetBuilder::new();
            for pattern in patterns {
                builder.add(glob(&folder.name, pattern)?);
            }
            builder.build().map_err(|error| bad_pattern(&folder.name, &patterns.join(", "), &error))
        };
        let include = (!folder.include.is_empty()).then(|| set(&folder.include)).transpose()?;
        Ok(Self { include, exclude: set(&folder.exclude)?, written: folder.include.clone() })
    }

    /// Whether anything in a folder may be taken whose name cannot be told.
    pub(super) fn may_take_below(&self, path: &str) -> bool {
        let reaches = self.include.is_none() || self.written.iter().any(|pattern| reaches_below(pattern, path));
        reaches && self.takes_folder(path)
    }

    /// What happens to a file at this path in the source.
    pub(super) fn choose(&self, path: &str) -> Choice {
        match &self.include {
            _ if matches(&self.exclude, path) => Choice::Leave,
            Some(include) if matches(include, path) => Choice::Take,
            Some(_) => Choice::Leave,
            None if media::is_accepted(path) => Choice::Take,
            None => Choice::Report,
        }
    }

    /// A folder is left out when it, or everything right below it, is excluded.
    pub(super) fn takes_folder(&self, path: &str) -> bool {
        !self.exclude.is_match(path) && !self.exclude.is_match(format!("{path}/"))
    }
}

/// Whether a pattern can match anything below a folder whose name cannot be told: each of its steps matches the one of the folder,
/// up to a `**`. What is written in other letters than ASCII may mean a name in another encoding, and braces over several steps
/// anything.
fn reaches_below(pattern: &str, folder: &str) -> bool {
    let pattern = relative(pattern);
    let mut steps = pattern.split('/');
    for name in folder.split('/') {
        let is_told = !name.contains(char::REPLACEMENT_CHARACTER);
        match steps.next() {
            Some(step) if step.contains("**") || step.contains(['{', '}']) => return true,
            Some(step) if !is_told && !step.is_ascii() => {}
            Some(step) if Glob::new(step).map_or(true, |glob| glob.compile_matcher().is_match(name)) => {}
            _ => return false,
        }
    }
    steps.next().is_some()
}

/// What happens to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice {
    /// It is read.
    Take,
    /// Nobody chose, and no reader takes it.
    Report,
    /// The patterns leave it out.
    Leave,
}

/// As the path is written, or with its extension in lower case: `*.md` means `UP.MD` too.
fn matches(patterns: &GlobSet, path: &str) -> bool {
    let lowered = || {
        let (stem, extension) = path.rsplit_once('.')?;
        extension.chars().any(char::is_uppercase).then(|| format!("{stem}.{}", extension.to_lowercase()))
    };
    patterns.is_match(path) || lowered().is_some_and(|path| patterns.is_match(path))
}

fn glob(name: &SourceName, pattern: &str) -> Result<Glob, ScanError> {
    GlobBuilder::new(&relative(pattern))
        .literal_separator(true)
        .build()
        .map_err(|error| bad_pattern(name, pattern, &error))
}

/// A pattern as paths are written: within the folder, in NFC.
fn relative(pattern: &str) -> Cow<'_, str> {
    nfc(pattern.trim_start_matches("./"))
}

fn bad_pattern(name: &SourceName, pattern: &str, error: &globset::Error) -> ScanError {
    ScanError::BadPattern { name: name.clone(), pattern: pattern.to_owned(), reason: error.kind().to_string() }
}
