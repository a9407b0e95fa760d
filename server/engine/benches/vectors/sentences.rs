//! What is searched: the sentences of the shared sets as passages, and the sets' questions. Real vectors, since made-up
//! ones are too easy or too hard for a compressed index. Kept in files that the peer reads too.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use ragops_embed::EmbeddingModel;

use super::corpus::{SETS, records, some_sentences};

/// Embedded between two lines of progress.
const GROUP: usize = 2_000;

/// Rows of f32, little-endian, without a header: what numpy's `fromfile` reads.
pub(crate) struct Rows {
    pub(crate) path: PathBuf,
    pub(crate) values: Vec<f32>,
    pub(crate) dimension: usize,
}

impl Rows {
    pub(crate) fn len(&self) -> usize {
        self.values.len() / self.dimension
    }

    pub(crate) fn row(&self, number: usize) -> &[f32] {
        &self.values[number * self.dimension..][..self.dimension]
    }
}

/// The vectors of `count` sentences, or of as many as there are.
pub(crate) fn passages(model: &dyn EmbeddingModel, shared: &Path, folder: &Path, count: usize) -> Result<Rows> {
    rows(model, &folder.join(format!("passages-{count}.f32")), || some_sentences(shared, count))
}

/// The vectors of the sets' questions.
pub(crate) fn questions(model: &dyn EmbeddingModel, shared: &Path, folder: &Path) -> Result<Rows> {
    let path = folder.join("questions.f32");
    if !path.exists() {
        let mut texts = Vec::new();
        for set in SETS {
            for record in records(&shared.join("data").join(set).join("queries.jsonl"))? {
                texts.extend(record["text"].as_str().map(str::to_owned));
            }
        }
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        write(&path, model.embed_queries(&texts)?.values())?;
    }
    read(path, model.identity().dimension)
}

fn rows(model: &dyn EmbeddingModel, path: &Path, texts: impl FnOnce() -> Result<Vec<String>>) -> Result<Rows> {
    if !path.exists() {
        let texts = texts()?;
        let mut values = Vec::new();
        for group in texts.chunks(GROUP) {
            let group: Vec<&str> = group.iter().map(String::as_str).collect();
            values.extend_from_slice(model.embed_passages(&group, &())?.values());
            eprintln!("{} of {} sentences embedded", values.len() / model.identity().dimension, texts.len());
        }
        write(path, &values)?;
    }
    read(path.to_owned(), model.identity().dimension)
}

fn write(path: &Path, values: &[f32]) -> Result<()> {
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    fs::create_dir_all(path.parent().context("a file has a folder")?)?;
    // The name comes last: a run that was stopped leaves nothing that looks whole.
    let unfinished = path.with_extension("unfinished");
    fs::write(&unfinished, bytes)?;
    Ok(fs::rename(unfinished, path)?)
}

fn read(path: PathBuf, dimension: usize) -> Result<Rows> {
    let bytes = fs::read(&path)?;
    let value = |bytes: &[u8]| bytes.try_into().map(f32::from_le_bytes);
    let values = bytes.chunks_exact(4).map(value).collect::<Result<_, _>>()?;
    Ok(Rows { path, values, dimension })
}
