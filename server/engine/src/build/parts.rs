//! The parts of a revision while it is built. Each batch of documents goes into all of them side by side: a document is analysed
//! twice, as a whole and by its chunks, which takes most of a build in which nothing need be embedded.

use std::path::Path;

use ragops_embed::{EmbedError, EmbeddingModel};
use ragops_storage::Sha256Digest;

use super::BuildError;
use super::documents::CutDocument;
use super::progress::Embedding;
use crate::document::{Chunk, SourceName};
use crate::index::IndexError;
use crate::index::passages::{ChunkRecord, DocumentRecord, PassageWriter};
use crate::index::text::{TextEntry, TextUnit, TextWriter};
use crate::index::vectors::VectorWriter;
use crate::text::prose_language;

/// A document to be written.
pub(super) struct Entry {
    pub(super) document: CutDocument,
    pub(super) source: SourceName,
    /// Of the file it is from.
    pub(super) digest: Sha256Digest,
    /// Other files of the same content.
    pub(super) copies: Vec<String>,
}

/// The writers of all parts.
pub(super) struct Parts {
    passages: PassageWriter,
    text: TextWriter,
    text_documents: TextWriter,
    vectors: VectorWriter,
    documents: u64,
    chunks: u64,
}

impl Parts {
    /// Empty parts inside a revision's folder.
    pub(super) fn create(dir: &Path, dimension: usize) -> Result<Self, IndexError> {
        Ok(Self {
            passages: PassageWriter::create(dir)?,
            text: TextWriter::create(dir, TextUnit::Chunk)?,
            text_documents: TextWriter::create(dir, TextUnit::Document)?,
            vectors: VectorWriter::create(dir, dimension)?,
            documents: 0,
            chunks: 0,
        })
    }

    /// Writes a batch.
    pub(super) fn write(
        &mut self,
        entries: &[Entry],
        model: &dyn EmbeddingModel,
        progress: &Embedding<'_>,
    ) -> Result<(), BuildError> {
        let Self { passages, text, text_documents, vectors, documents, chunks } = self;
        let first = (*documents, *chunks);
        let (mut whole, mut by_chunk, mut kept) = (Ok(()), Ok(()), Ok(()));
        // A model that runs elsewhere keeps its caller waiting, who must not be a thread of the pool.
        let embedded = rayon::in_place_scope(|scope| {
            scope.spawn(|_| whole = index_documents(entries, text_documents));
            scope.spawn(|_| by_chunk = index_chunks(entries, text));
            scope.spawn(|_| kept = keep(entries, first, passages));
            embed(entries, model, vectors, progress)
        });
        embedded?;
        whole.and(by_chunk).and(kept)?;
        *documents += entries.len() as u64;
        *chunks += chunks_of(entries).count() as u64;
        Ok(())
    }

    /// Completes all files. Syncing them is the caller's.
    pub(super) fn finish(self) -> Result<(), IndexError> {
        let Self { passages, text, text_documents, vectors, documents: _, chunks: _ } = self;
        passages.finish()?;
        let (by_chunk, whole) = rayon::join(|| text.finish(), || text_documents.finish());
        by_chunk.and(whole)?;
        vectors.finish()
    }
}

fn chunks_of(entries: &[Entry]) -> impl Iterator<Item = &Chunk> {
    entries.iter().flat_map(|entry| &entry.document.chunks)
}

/// Writes the vectors group by group: never more than one group of texts and vectors is held.
fn embed(
    entries: &[Entry],
    model: &dyn EmbeddingModel,
    vectors: &mut VectorWriter,
    progress: &Embedding<'_>,
) -> Result<(), BuildError> {
    let chunks: Vec<&Chunk> = chunks_of(entries).collect();
    let monitor = |texts: usize| progress.advance(texts);
    for group in chunks.chunks(model.passages_at_once().max(1)) {
        let texts: Vec<String> = group.iter().map(|chunk| chunk.embedding_text()).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        match model.embed_passages(&texts, &monitor) {
            Err(EmbedError::Cancelled) => return Err(BuildError::Cancelled),
            embedded => vectors.push(embedded?.values())?,
        }
    }
    Ok(())
}

fn index_documents(entries: &[Entry], text: &mut TextWriter) -> Result<(), IndexError> {
    let documents = entries.iter().map(|entry| &entry.document);
    documents.into_iter().try_for_each(|it| text.push(TextEntry { headings: &it.title, text: &it.text }))
}

fn index_chunks(entries: &[Entry], text: &mut TextWriter) -> Result<(), IndexError> {
    chunks_of(entries).try_for_each(|chunk| text.push(TextEntry { headings: &chunk.context, text: &chunk.text }))
}

/// Keeps the passages themselves; `first` are the numbers of the first document and chunk.
fn keep(entries: &[Entry], first: (u64, u64), passages: &mut PassageWriter) -> Result<(), IndexError> {
    let (mut number, mut first_chunk) = first;
    for Entry { document, source, digest, copies } in entries {
        passages.push_document(&DocumentRecord {
            id: document.id.clone(),
            source: source.to_string(),
            path: document.path.clone(),
            title: document.title.clone(),
            language: document.language,
            digest: *digest,
            copies: copies.clone(),
            first_chunk: first_chunk as u32,
            chunks: document.chunks.len() as u32,
        })?;
        for chunk in &document.chunks {
            passages.push_chunk(&ChunkRecord {
                document: number as u32,
                ordinal: chunk.ordinal,
                text: chunk.text.clone(),
                place: chunk.place.clone(),
                tokens: chunk.tokens,
                language: prose_language(&chunk.text).or(document.language),
            })?;
        }
        number += 1;
        first_chunk += document.chunks.len() as u64;
    }
    Ok(())
}
