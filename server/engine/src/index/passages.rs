//! What is cited: the documents and chunks of a revision, read back by number.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use ragops_storage::{MappedFile, Sha256Digest, Step, StorageError};
use serde::{Deserialize, Serialize};

use super::records::{RecordReader, RecordWriter};
use super::{ChunkNumber, IndexError};
use crate::document::{DocumentId, Language, Place};

/// The column that gives each chunk its document, without parsing the chunk: little-endian u32.
const OWNERS_FILE: &str = "chunks.documents";

/// A document as a revision keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DocumentRecord {
    /// Its id within the index: the path in its source, or the record's own id.
    pub id: DocumentId,
    /// The source it came from, as named in `spec.sources`.
    pub source: String,
    /// The file it was read from, relative to the source.
    pub path: String,
    /// Its title.
    pub title: String,
    /// Its language, when one is clear.
    pub language: Option<Language>,
    /// Digest of the file's bytes.
    pub digest: Sha256Digest,
    /// Its first chunk.
    pub first_chunk: u32,
    /// How many chunks it has.
    pub chunks: u32,
}

/// A chunk as a revision keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChunkRecord {
    /// The number of its document.
    pub document: u32,
    /// Its position in the document, from 0.
    pub ordinal: u32,
    /// The text, verbatim.
    pub text: String,
    /// Where it stands in the document.
    pub place: Place,
    /// Tokens as the embedding model counts them, prefix and headings included.
    pub tokens: u32,
}

/// Writes documents and chunks.
pub struct PassageWriter {
    documents: RecordWriter<DocumentRecord>,
    chunks: RecordWriter<ChunkRecord>,
    owners: BufWriter<File>,
    owners_path: std::path::PathBuf,
}

impl PassageWriter {
    /// Creates the files in `dir`.
    pub fn create(dir: &Path) -> Result<Self, IndexError> {
        let owners_path = dir.join(OWNERS_FILE);
        let owners = File::create(&owners_path).map_err(StorageError::at(Step::Create, &owners_path))?;
        Ok(Self {
            documents: RecordWriter::create(dir, "documents")?,
            chunks: RecordWriter::create(dir, "chunks")?,
            owners: BufWriter::new(owners),
            owners_path,
        })
    }

    /// Appends a document; its chunks follow by `push_chunk`.
    pub fn push_document(&mut self, document: &DocumentRecord) -> Result<(), IndexError> {
        self.documents.push(document)
    }

    /// Appends a chunk of the document pushed last.
    pub fn push_chunk(&mut self, chunk: &ChunkRecord) -> Result<(), IndexError> {
        let owner = self.owners.write_all(&chunk.document.to_le_bytes());
        owner.map_err(StorageError::at(Step::Write, &self.owners_path))?;
        self.chunks.push(chunk)
    }

    /// Writes what is buffered.
    pub fn finish(mut self) -> Result<(), IndexError> {
        self.owners.flush().map_err(StorageError::at(Step::Write, &self.owners_path))?;
        self.documents.finish()?;
        self.chunks.finish()?;
        Ok(())
    }
}

/// Documents and chunks of an open revision.
#[derive(Debug)]
pub struct Passages {
    documents: RecordReader<DocumentRecord>,
    chunks: RecordReader<ChunkRecord>,
    owners: MappedFile,
}

impl Passages {
    /// Maps the files of `dir`.
    pub fn open(dir: &Path) -> Result<Self, IndexError> {
        Ok(Self {
            documents: RecordReader::open(dir, "documents")?,
            chunks: RecordReader::open(dir, "chunks")?,
            owners: MappedFile::open(&dir.join(OWNERS_FILE))?,
        })
    }

    /// How many documents there are.
    pub fn document_count(&self) -> usize {
        self.documents.len()
    }

    /// How many chunks there are.
    pub fn chunk_count(&self) -> usize {
        self.chunks.len()
    }

    /// The number of a chunk's document.
    pub fn owner(&self, chunk: ChunkNumber) -> Result<u32, IndexError> {
        let start = chunk.as_usize() * 4;
        let bytes = self.owners.get(start..start + 4).and_then(|b| b.try_into().ok());
        bytes.map(u32::from_le_bytes).ok_or_else(|| IndexError::Record {
            file: OWNERS_FILE.to_owned(),
            number: chunk.as_usize(),
            reason: format!("there are {} chunks", self.owners.len() / 4),
        })
    }

    /// A document by number.
    pub fn document(&self, number: u32) -> Result<DocumentRecord, IndexError> {
        self.documents.get(number as usize)
    }

    /// A chunk by number.
    pub fn chunk(&self, chunk: ChunkNumber) -> Result<ChunkRecord, IndexError> {
        self.chunks.get(chunk.as_usize())
    }
}
