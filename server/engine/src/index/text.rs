//! The text channel: BM25 over the analyser's terms, in tantivy. One segment, documents in the order of the chunks,
//! so a tantivy document id is a chunk number and nothing is stored twice. A large index is written in parts, each small
//! enough for memory, and merged in their order.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ragops_storage::durable;
use tantivy::collector::{Count, TopDocs};
use tantivy::directory::MmapDirectory;
use tantivy::indexer::merge_indices;
use tantivy::query::{BooleanQuery, BoostQuery, FuzzyTermQuery, Occur, Query, TermQuery};
use tantivy::schema::{Field, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};
use tantivy::tokenizer::{Token, TokenStream, Tokenizer, TokenizerManager};
use tantivy::{Index, IndexReader, ReloadPolicy, SingleSegmentIndexWriter, TantivyDocument, Term};

use super::read_only::SealedDirectory;
use super::{ChunkNumber, Hit, IndexError};
use crate::text::{Analyzer, TokenBuffer, TokenKind};

/// The folders' names inside a revision.
const CHUNKS_DIR: &str = "text";
const DOCUMENTS_DIR: &str = "text-documents";

/// The analyser's name in tantivy's schema; part of the format.
const ANALYZER: &str = "ragops_ko_en_1";

/// How much a term in the title or heading path of a chunk counts beside one in its text. Tuned on the sample gold set.
const HEADING_BOOST: f32 = 0.6;

/// The same for the headings of a whole document, which its chunks have counted already: less. Tuned on the halves `tune`
/// of the sample gold set, runbooks, clapnq_dev and k8s_docs (ADR 0007).
const DOCUMENT_HEADING_BOOST: f32 = 0.4;

/// What a bigram or a part of a compound counts beside a whole word. Tuned on the sample gold set.
const PIECE_WEIGHT: f32 = 0.7;

/// Memory that one writer may take for terms and postings; what goes beyond is another part. A build has two writers.
const PART_BYTES: usize = 32 << 20;

/// What tantivy asks for at least: it sizes its table of terms by it.
const LEAST_WRITER_BYTES: usize = 16 << 20;

/// What of a chunk goes into the text channel.
#[derive(Debug, Clone, Copy)]
pub struct TextEntry<'a> {
    /// Title and heading path, joined.
    pub headings: &'a str,
    /// The chunk's own text.
    pub text: &'a str,
}

struct Fields {
    headings: Field,
    text: Field,
}

fn schema() -> (Schema, Fields) {
    let indexing = TextFieldIndexing::default().set_tokenizer(ANALYZER).set_index_option(IndexRecordOption::WithFreqs);
    let options = TextOptions::default().set_indexing_options(indexing);
    let mut builder = Schema::builder();
    let headings = builder.add_text_field("headings", options.clone());
    let text = builder.add_text_field("text", options);
    (builder.build(), Fields { headings, text })
}

fn with_analyzer(index: &Index) {
    index.tokenizers().register(ANALYZER, AnalyzerAdapter::default());
}

/// What one entry of a text index is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextUnit {
    /// A chunk: an entry's number is a chunk number.
    Chunk,
    /// A whole document: an entry's number is a document number. BM25 of the whole beside that of the best chunk
    /// finds the page whose words are spread over it (ADR 0007).
    Document,
}

impl TextUnit {
    fn heading_boost(self) -> f32 {
        match self {
            Self::Chunk => HEADING_BOOST,
            Self::Document => DOCUMENT_HEADING_BOOST,
        }
    }

    fn dir(self, revision: &Path) -> PathBuf {
        revision.join(match self {
            Self::Chunk => CHUNKS_DIR,
            Self::Document => DOCUMENTS_DIR,
        })
    }
}

/// Collects chunks or documents and writes them as one segment. Its memory is that of one part, whatever their number.
pub struct TextWriter {
    dir: PathBuf,
    fields: Fields,
    part_bytes: usize,
    /// The part being written; none between the end of one and the first entry of the next.
    writer: Option<SingleSegmentIndexWriter<TantivyDocument>>,
    /// The folders of the parts before it, in order; none while all fits the first.
    parts: Vec<PathBuf>,
}

impl TextWriter {
    /// An empty index inside a revision's folder.
    pub fn create(revision: &Path, unit: TextUnit) -> Result<Self, IndexError> {
        Self::with_parts_of(PART_BYTES, unit.dir(revision))
    }

    fn with_parts_of(part_bytes: usize, dir: PathBuf) -> Result<Self, IndexError> {
        let writer = Some(part_writer(&dir, part_bytes)?);
        Ok(Self { dir, fields: schema().1, part_bytes, writer, parts: Vec::new() })
    }

    /// Appends one chunk; its document id is the count of chunks before it.
    pub fn push(&mut self, entry: TextEntry<'_>) -> Result<(), IndexError> {
        let mut document = TantivyDocument::new();
        document.add_text(self.fields.headings, entry.headings);
        document.add_text(self.fields.text, entry.text);
        let writer = match &mut self.writer {
            Some(writer) => writer,
            none => none.insert(part_writer(&self.dir, self.part_bytes)?),
        };
        writer.add_document(document).map_err(failed("cannot take a chunk"))?;
        if writer.mem_usage() > self.part_bytes { self.end_part() } else { Ok(()) }
    }

    /// Writes the part and moves it aside, so that the next one, or all of them merged, can have its place.
    fn end_part(&mut self) -> Result<(), IndexError> {
        let Some(writer) = self.writer.take() else { return Ok(()) };
        drop(writer.finalize().map_err(failed("cannot be written"))?);
        let part = self.dir.with_extension(format!("part-{}", self.parts.len()));
        durable::rename(&self.dir, &part)?;
        self.parts.push(part);
        Ok(())
    }

    /// Writes the segment and removes tantivy's lock files. Syncing is the caller's, for the folder as a whole.
    pub fn finish(mut self) -> Result<(), IndexError> {
        if self.parts.is_empty() {
            let whole = self.writer.take().map(SingleSegmentIndexWriter::finalize);
            drop(whole.transpose().map_err(failed("cannot be written"))?);
        } else {
            self.end_part()?;
            self.merge_parts()?;
        }
        for path in durable::list(&self.dir)? {
            if path.extension().is_some_and(|e| e == "lock") {
                durable::remove(&path)?;
            }
        }
        Ok(())
    }

    /// The merger stacks the parts as they are given, so every entry keeps its number. It goes term by term through
    /// files that are mapped.
    fn merge_parts(&self) -> Result<(), IndexError> {
        durable::create_dir(&self.dir)?;
        let merge = || {
            let open = |part: &PathBuf| Index::open(MmapDirectory::open(part)?);
            let parts = self.parts.iter().map(open).collect::<tantivy::Result<Vec<Index>>>()?;
            merge_indices(&parts, MmapDirectory::open(&self.dir)?)
        };
        drop(merge().map_err(failed("cannot be merged"))?);
        for part in &self.parts {
            durable::remove(part)?;
        }
        Ok(())
    }
}

/// A writer of one part, in a folder that it makes.
fn part_writer(dir: &Path, bytes: usize) -> Result<SingleSegmentIndexWriter<TantivyDocument>, IndexError> {
    durable::create_dir(dir)?;
    let create = || {
        let tokenizers = TokenizerManager::new();
        tokenizers.register(ANALYZER, AnalyzerAdapter::default());
        let builder = Index::builder().schema(schema().0).tokenizers(tokenizers);
        builder.single_segment_index_writer(MmapDirectory::open(dir)?, bytes.max(LEAST_WRITER_BYTES))
    };
    create().map_err(failed("cannot be created"))
}

/// An open text index. Searches run side by side.
pub struct TextIndex {
    unit: TextUnit,
    reader: IndexReader,
    fields: Fields,
    analyzer: Analyzer,
}

impl TextIndex {
    /// Opens the index inside a revision's folder, which may be on a read-only mount.
    pub fn open(revision: &Path, unit: TextUnit) -> Result<Self, IndexError> {
        let (schema, fields) = schema();
        let open = || {
            let index = Index::open(SealedDirectory::open(&unit.dir(revision))?)?;
            if index.schema() != schema {
                return Err(tantivy::TantivyError::SchemaError("written with another schema".to_owned()));
            }
            with_analyzer(&index);
            index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()
        };
        let reader = open().map_err(failed("cannot be opened"))?;
        Ok(Self { unit, reader, fields, analyzer: Analyzer })
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        usize::try_from(self.reader.searcher().num_docs()).unwrap_or(usize::MAX)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The `count` best chunks by BM25, best first, equal scores by chunk number. Chunks without any term of the
    /// question do not appear. For an index of chunks.
    pub fn search(&self, question: &str, count: usize) -> Result<Vec<Hit>, IndexError> {
        let hit = |(number, score)| Hit { chunk: ChunkNumber(number), score };
        Ok(self.best(question, count)?.into_iter().map(hit).collect())
    }

    /// The numbers of the `count` best entries by BM25 with their scores, best first, equal scores by number.
    pub fn best(&self, question: &str, count: usize) -> Result<Vec<(u32, f32)>, IndexError> {
        let clauses = self.clauses(question);
        if clauses.is_empty() || count == 0 || self.is_empty() {
            return Ok(Vec::new());
        }
        let searcher = self.reader.searcher();
        let collector = TopDocs::with_limit(count).order_by_score();
        let found = searcher.search(&BooleanQuery::new(clauses), &collector).map_err(failed("cannot be searched"))?;
        Ok(found.into_iter().map(|(score, at)| (at.doc_id, score)).collect())
    }

    /// The `count` best entries by BM25 of those that hold every one of `terms` in their text or headings; the terms are the
    /// analyser's. None where there are no terms.
    pub fn holding_all(&self, terms: &[&str], count: usize) -> Result<Vec<ChunkNumber>, IndexError> {
        if terms.is_empty() || count == 0 || self.is_empty() {
            return Ok(Vec::new());
        }
        let in_field = |field: Field, term: &str| -> (Occur, Box<dyn Query>) {
            let query = TermQuery::new(Term::from_field_text(field, term), IndexRecordOption::WithFreqs);
            (Occur::Should, Box::new(query))
        };
        let anywhere = |term: &&str| -> (Occur, Box<dyn Query>) {
            let fields = vec![in_field(self.fields.text, term), in_field(self.fields.headings, term)];
            (Occur::Must, Box::new(BooleanQuery::new(fields)))
        };
        let query = BooleanQuery::new(terms.iter().map(anywhere).collect());
        let collector = TopDocs::with_limit(count).order_by_score();
        let found = self.reader.searcher().search(&query, &collector).map_err(failed("cannot be searched"))?;
        Ok(found.into_iter().map(|(_, at)| ChunkNumber(at.doc_id)).collect())
    }

    /// How many chunks hold `term` in their text; the term is one of the analyser's.
    pub fn document_frequency(&self, term: &str) -> Result<u64, IndexError> {
        let searcher = self.reader.searcher();
        searcher.doc_freq(&Term::from_field_text(self.fields.text, term)).map_err(failed("cannot be searched"))
    }

    /// Whether `term` stands in any text or heading.
    pub fn holds(&self, term: &str) -> Result<bool, IndexError> {
        let searcher = self.reader.searcher();
        for field in [self.fields.text, self.fields.headings] {
            if searcher.doc_freq(&Term::from_field_text(field, term)).map_err(failed("cannot be searched"))? > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a term that differs from `term` by one letter, or by two that changed places, stands in any text or
    /// heading.
    pub fn holds_nearly(&self, term: &str) -> Result<bool, IndexError> {
        let searcher = self.reader.searcher();
        for field in [self.fields.text, self.fields.headings] {
            let query = FuzzyTermQuery::new(Term::from_field_text(field, term), 1, true);
            if searcher.search(&query, &Count).map_err(failed("cannot be searched"))? > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The first `count` terms of texts that begin with `prefix`, in their order.
    pub fn terms_with_prefix(&self, prefix: &str, count: usize) -> Result<Vec<String>, IndexError> {
        let searcher = self.reader.searcher();
        let mut found = Vec::new();
        for segment in searcher.segment_readers() {
            let terms = segment.inverted_index(self.fields.text).map_err(failed("cannot be searched"))?;
            let mut stream = terms
                .terms()
                .range()
                .ge(prefix)
                .into_stream()
                .map_err(|source| failed("cannot be searched")(source.into()))?;
            while found.len() < count && stream.advance() {
                let Ok(term) = std::str::from_utf8(stream.key()) else { continue };
                if !term.starts_with(prefix) {
                    break;
                }
                found.push(term.to_owned());
            }
        }
        Ok(found)
    }

    /// One clause a distinct term and field; a term asked twice counts twice.
    fn clauses(&self, question: &str) -> Vec<(Occur, Box<dyn Query>)> {
        let mut terms = BTreeMap::<String, f32>::new();
        let mut buffer = TokenBuffer::default();
        self.analyzer.analyze(question, &mut buffer);
        for token in buffer.iter() {
            *terms.entry(token.text.to_owned()).or_default() += weight(token.kind);
        }
        let clause = |field: Field, term: &str, boost: f32| -> (Occur, Box<dyn Query>) {
            let query = TermQuery::new(Term::from_field_text(field, term), IndexRecordOption::WithFreqs);
            (Occur::Should, Box::new(BoostQuery::new(Box::new(query), boost)))
        };
        let boost = self.unit.heading_boost();
        let both = |(term, weight): (&String, &f32)| {
            [clause(self.fields.text, term, *weight), clause(self.fields.headings, term, weight * boost)]
        };
        terms.iter().flat_map(both).collect()
    }
}

/// What a term of the question counts: a piece of a word less than a word of its own.
fn weight(kind: TokenKind) -> f32 {
    match kind {
        TokenKind::Bigram | TokenKind::Part => PIECE_WEIGHT,
        _ => 1.0,
    }
}

/// Feeds the analyser's terms to tantivy.
#[derive(Clone, Default)]
struct AnalyzerAdapter {
    analyzer: Analyzer,
    buffer: TokenBuffer,
}

impl Tokenizer for AnalyzerAdapter {
    type TokenStream<'a> = AdapterStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> AdapterStream<'a> {
        self.analyzer.analyze(text, &mut self.buffer);
        AdapterStream { buffer: &self.buffer, next: 0, current: Token::default() }
    }
}

struct AdapterStream<'a> {
    buffer: &'a TokenBuffer,
    next: usize,
    current: Token,
}

impl TokenStream for AdapterStream<'_> {
    fn advance(&mut self) -> bool {
        let Some(token) = self.buffer.get(self.next) else { return false };
        self.next += 1;
        self.current.text.clear();
        self.current.text.push_str(token.text);
        self.current.position = token.position;
        self.current.offset_from = token.start;
        self.current.offset_to = token.end;
        true
    }

    fn token(&self) -> &Token {
        &self.current
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.current
    }
}

fn failed(step: &'static str) -> impl FnOnce(tantivy::TantivyError) -> IndexError {
    move |source| IndexError::Text { step, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index_of(texts: &[(&str, &str)]) -> (tempfile::TempDir, TextIndex) {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = TextWriter::create(dir.path(), TextUnit::Chunk).unwrap();
        for (headings, text) in texts {
            writer.push(TextEntry { headings, text }).unwrap();
        }
        writer.finish().unwrap();
        let index = TextIndex::open(dir.path(), TextUnit::Chunk).unwrap();
        (dir, index)
    }

    #[test]
    fn finds_english_and_korean_words_by_their_stems() {
        let (_dir, index) = index_of(&[
            ("Disk", "The node runs out of disk space."),
            ("장애", "인증서가 만료되면 게이트웨이를 재시작합니다."),
            ("Kafka", "Consumer lag grows."),
        ]);
        let first = |question: &str| index.search(question, 3).unwrap().first().map(|hit| hit.chunk.0);
        assert_eq!(first("disk is full"), Some(0));
        assert_eq!(first("인증서 만료"), Some(1));
        assert_eq!(first("게이트웨이는 어떻게 하나요"), Some(1));
        assert_eq!(first("zebra"), None);
        assert_eq!(first(""), None);
    }

    #[test]
    fn headings_count_and_document_frequency_is_of_the_text() {
        let (_dir, index) = index_of(&[("Rollback", "Run the job."), ("Deploy", "Run the other job.")]);
        assert_eq!(index.search("rollback", 2).unwrap()[0].chunk.0, 0);
        assert_eq!(index.document_frequency("job").unwrap(), 2);
        assert_eq!(index.document_frequency("rollback").unwrap(), 0);
    }

    #[test]
    fn terms_are_found_together_in_text_and_headings() {
        let (_dir, index) = index_of(&[
            ("Disk", "The node is full."),
            ("Node", "A disk fails."),
            ("Other", "The disk of the node, the disk of the node."),
        ]);
        let holding = |terms: &[&str], count: usize| {
            let mut found: Vec<u32> = index.holding_all(terms, count).unwrap().iter().map(|chunk| chunk.0).collect();
            found.sort_unstable();
            found
        };
        assert_eq!(holding(&["disk", "node"], 9), [0, 1, 2]);
        assert_eq!(holding(&["disk", "node"], 1).len(), 1);
        assert_eq!(holding(&["disk", "full"], 9), [0]);
        assert!(holding(&["disk", "zebra"], 9).is_empty());
        assert!(holding(&[], 9).is_empty());
    }

    /// Every entry keeps its number and its exact score, whether it was written in one part or in a hundred.
    #[test]
    fn parts_merge_into_what_one_part_would_have_been() {
        let dir = tempfile::tempdir().unwrap();
        let entries: Vec<String> =
            (0..40).map(|n| format!("rack {n} holds {} of kind {}. 디스크 {n} 교체", n % 7, n * n % 31)).collect();
        let open = |name: &str, part_bytes: usize| {
            let revision = dir.path().join(name);
            let mut writer = TextWriter::with_parts_of(part_bytes, TextUnit::Chunk.dir(&revision)).unwrap();
            entries.iter().for_each(|text| writer.push(TextEntry { headings: "Racks", text }).unwrap());
            let parts = writer.parts.len();
            writer.finish().unwrap();
            assert_eq!(durable::list(&revision).unwrap(), [revision.join(CHUNKS_DIR)], "parts are left behind");
            let names = durable::list(&revision.join(CHUNKS_DIR)).unwrap();
            (TextIndex::open(&revision, TextUnit::Chunk).unwrap(), parts, names.len())
        };
        let (whole, one, files) = open("whole", PART_BYTES);
        let (merged, many, merged_files) = open("merged", 1);
        assert_eq!((one, many, files, merged.len()), (0, entries.len(), merged_files, entries.len()));
        for question in ["rack 17", "kind 5 of 3", "디스크 25 교체", "racks"] {
            let (expected, found) = (whole.best(question, 40).unwrap(), merged.best(question, 40).unwrap());
            assert!(!expected.is_empty() && expected == found, "{question}: {expected:?} {found:?}");
        }
    }

    #[test]
    fn an_empty_index_opens_and_finds_nothing() {
        let (_dir, index) = index_of(&[]);
        assert!(index.is_empty() && index.search("anything", 5).unwrap().is_empty());
    }

    #[test]
    fn a_sealed_index_leaves_no_lock_files_when_written_or_opened() {
        let (dir, _index) = index_of(&[("a", "b")]);
        let names: Vec<_> = durable::list(&dir.path().join(CHUNKS_DIR)).unwrap();
        assert!(names.iter().all(|path| path.extension().is_none_or(|e| e != "lock")), "{names:?}");
    }
}
