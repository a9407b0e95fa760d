//! What is cited: the documents and chunks of a revision, read back by number.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use ragops_storage::{MappedFile, Sha256Digest, Step, StorageError};
use serde::{Deserialize, Serialize};

use super::records::{RecordReader, RecordWriter};
use super::{ChunkNumber, IndexError};
use crate::document::{DocumentId, Language, Place};

/// The column that gives each chunk its document, without parsing the chunk: little-endian u32.
const OWNERS_FILE: &str = "chunks.documents";

/// The column of each chunk's language: one byte, see `language_code`.
const LANGUAGES_FILE: &str = "chunks.languages";

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
    /// Other files of the same content: paths in the same source, or `source: path`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub copies: Vec<String>,
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
    /// Its own language, which may differ from its document's.
    pub language: Option<Language>,
}

impl ChunkRecord {
    /// The outermost heading above the text, or the one that it begins with.
    fn first_heading(&self) -> Option<&str> {
        let above = self.place.headings.first().map(String::as_str);
        let within = || self.text.lines().next().filter(|line| line.starts_with('#'));
        above.or_else(|| within().map(|line| line.trim_start_matches('#').trim()))
    }
}

/// A language as one byte of a column; part of the format.
fn language_code(language: Option<Language>) -> u8 {
    match language {
        None => 0,
        Some(Language::Korean) => 1,
        Some(Language::English) => 2,
        Some(Language::Other) => 3,
    }
}

fn language_of_code(code: u8) -> Option<Language> {
    match code {
        1 => Some(Language::Korean),
        2 => Some(Language::English),
        3 => Some(Language::Other),
        _ => None,
    }
}

/// Writes documents and chunks.
pub struct PassageWriter {
    documents: RecordWriter<DocumentRecord>,
    chunks: RecordWriter<ChunkRecord>,
    owners: Column,
    languages: Column,
}

/// A file of fixed-width values, one a chunk.
struct Column {
    file: BufWriter<File>,
    path: PathBuf,
}

impl Column {
    fn create(dir: &Path, name: &str) -> Result<Self, IndexError> {
        let path = dir.join(name);
        let file = File::create(&path).map_err(StorageError::at(Step::Create, &path))?;
        Ok(Self { file: BufWriter::new(file), path })
    }

    fn push(&mut self, value: &[u8]) -> Result<(), IndexError> {
        Ok(self.file.write_all(value).map_err(StorageError::at(Step::Write, &self.path))?)
    }

    fn finish(mut self) -> Result<(), IndexError> {
        Ok(self.file.flush().map_err(StorageError::at(Step::Write, &self.path))?)
    }
}

impl PassageWriter {
    /// Creates the files in `dir`.
    pub fn create(dir: &Path) -> Result<Self, IndexError> {
        Ok(Self {
            documents: RecordWriter::create(dir, "documents")?,
            chunks: RecordWriter::create(dir, "chunks")?,
            owners: Column::create(dir, OWNERS_FILE)?,
            languages: Column::create(dir, LANGUAGES_FILE)?,
        })
    }

    /// Appends a document; its chunks follow by `push_chunk`.
    pub fn push_document(&mut self, document: &DocumentRecord) -> Result<(), IndexError> {
        self.documents.push(document)
    }

    /// Appends a chunk of the document pushed last.
    pub fn push_chunk(&mut self, chunk: &ChunkRecord) -> Result<(), IndexError> {
        self.owners.push(&chunk.document.to_le_bytes())?;
        self.languages.push(&[language_code(chunk.language)])?;
        self.chunks.push(chunk)
    }

    /// Writes what is buffered.
    pub fn finish(self) -> Result<(), IndexError> {
        self.owners.finish()?;
        self.languages.finish()?;
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
    languages: MappedFile,
}

impl Passages {
    /// Maps the files of `dir`.
    pub fn open(dir: &Path) -> Result<Self, IndexError> {
        Ok(Self {
            documents: RecordReader::open(dir, "documents")?,
            chunks: RecordReader::open(dir, "chunks")?,
            owners: MappedFile::open(&dir.join(OWNERS_FILE))?,
            languages: MappedFile::open(&dir.join(LANGUAGES_FILE))?,
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

    /// A chunk's language; `None` when it has no letters.
    pub fn language(&self, chunk: ChunkNumber) -> Option<Language> {
        self.languages.get(chunk.as_usize()).and_then(|code| language_of_code(*code))
    }

    /// A document by number.
    pub fn document(&self, number: u32) -> Result<DocumentRecord, IndexError> {
        self.documents.get(number as usize)
    }

    /// What a passage of a document stands under beside its headings: the title, or the name of the file where the title is
    /// the first of several headings beside each other and the passage stands under another.
    pub fn title_above(&self, document: &DocumentRecord, headings: &[String]) -> Result<String, IndexError> {
        let is_title = |heading: &str| heading.trim() == document.title.trim();
        let is_beside = headings.first().is_some_and(|first| !is_title(first))
            && self.chunk(ChunkNumber(document.first_chunk))?.first_heading().is_some_and(is_title);
        let file_name = || document.path.rsplit('/').next().unwrap_or(&document.path).to_owned();
        Ok(if is_beside { file_name() } else { document.title.clone() })
    }

    /// A passage with what it stands under and its headings.
    pub(crate) fn whole_text(&self, chunk: ChunkNumber) -> Result<String, IndexError> {
        let chunk = self.chunk(chunk)?;
        let title = self.title_above(&self.document(chunk.document)?, &chunk.place.headings)?;
        Ok([title, chunk.place.headings.join("\n"), chunk.text].join("\n"))
    }

    /// A chunk by number.
    pub fn chunk(&self, chunk: ChunkNumber) -> Result<ChunkRecord, IndexError> {
        self.chunks.get(chunk.as_usize())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ragops_storage::digest_bytes;

    fn chunk(document: u32, text: &str, language: Option<Language>) -> ChunkRecord {
        ChunkRecord { document, ordinal: 0, text: text.to_owned(), place: Place::default(), tokens: 3, language }
    }

    #[test]
    fn chunks_come_back_with_their_document_and_language() {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = PassageWriter::create(dir.path()).unwrap();
        let languages = [None, Some(Language::Korean), Some(Language::English), Some(Language::Other)];
        for (number, language) in languages.into_iter().enumerate() {
            let number = number as u32;
            writer
                .push_document(&DocumentRecord {
                    id: DocumentId::new(format!("d{number}.md")),
                    source: "docs".to_owned(),
                    path: format!("d{number}.md"),
                    title: "T".to_owned(),
                    language,
                    digest: digest_bytes(b"x"),
                    copies: Vec::new(),
                    first_chunk: number,
                    chunks: 1,
                })
                .unwrap();
            writer.push_chunk(&chunk(number, "본문 text", language)).unwrap();
        }
        writer.finish().unwrap();
        let passages = Passages::open(dir.path()).unwrap();
        assert_eq!((passages.document_count(), passages.chunk_count()), (4, 4));
        for (number, language) in languages.into_iter().enumerate() {
            let chunk = ChunkNumber(number as u32);
            assert_eq!(passages.language(chunk), language);
            assert_eq!(passages.owner(chunk).unwrap(), number as u32);
            assert_eq!(passages.document(number as u32).unwrap().id.as_str(), format!("d{number}.md"));
        }
        assert!(passages.owner(ChunkNumber(4)).is_err() && passages.language(ChunkNumber(4)).is_none());
    }
}
