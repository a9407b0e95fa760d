//! Answers a question from a revision: find passages, judge whether they hold the answer, pick sentences, and say
//! behind each sentence what supports it. What the passages do not hold is escalated, without sources.

pub mod attribute;
pub mod background;
pub mod calibration;
pub mod confidence;
mod designations;
pub mod extract;
mod families;
pub mod generate;
mod joined;
pub mod layout;
pub mod names;
mod sections;
pub mod small_talk;
mod weighed_words;
mod words;

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use ragops_embed::{EmbedError, EmbeddingModel};
use serde::Serialize;

use crate::document::{DocumentId, Language, LineRange, Locator};
use crate::index::{ChunkNumber, IndexError};
use crate::retrieve::rerank::{Reranker, reranked};
use crate::retrieve::{Degraded, Mode, RetrieveError, Retrieved, retrieve};
use crate::revision::{Revision, RevisionError};
use crate::settings::{QuerySettings, RetrievalSettings};
use crate::text::{Analyzer, facts, language, question_form};

use attribute::{Floors, Support};
use confidence::Confidence;
use extract::Extraction;
use generate::{AnswerEvent, ChatModel, GeneratedBy, Outcome};
use small_talk::{Nearness, SmallTalk};
use weighed_words::WeighedWords;

/// Below this share of supported sentences an answer is not given.
const MIN_SUPPORTED_SHARE: f32 = 0.5;
/// From this coverage on the question's words are a reason to answer it ...
const WORDS_DECIDE: f32 = 0.5;
/// ... and the passages that the answer comes from must hold this share of what the best ones hold.
const KEPT_COVERAGE: f32 = 0.5;
/// The same of a question of a word or two, which is about just these.
const KEPT_OF_FEW_WORDS: f32 = 0.9;
/// So many passages that hold a code are looked at for their documents: a code in more is rather a word.
const HOLDING_A_CODE: usize = 256;

/// Whether a question was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// The answer stands in `sentences`.
    Answered,
    /// There is too little evidence: no text, no sources.
    Escalated,
}

/// Why a question was not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EscalationReason {
    /// Confidence is below the cut.
    LowConfidence,
    /// It is a greeting, thanks or a test: nobody has to answer it.
    SmallTalk,
    /// No passage was found at all, or none in a document that holds the code that is asked about.
    NothingFound,
    /// Too few sentences of the answer have something behind them.
    Unsupported,
    /// The model that words answers found none in the passages.
    NoAnswer,
}

/// Why an answer is to be checked against its sources before it is relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Warning {
    /// Its confidence is near the cut, where more answers are wrong than of all together.
    LowConfidence,
}

/// An answer, in the shape of the HTTP contract.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    /// Whether it was answered.
    pub status: Status,
    /// The sentences laid out under their headings, as Markdown; empty when escalated.
    pub answer: String,
    /// Each sentence with what is behind it; empty when escalated.
    pub sentences: Vec<Sentence>,
    /// The passages that the sentences cite; empty when escalated.
    pub sources: Vec<Source>,
    /// The probability that the index holds the answer, 0 to 1.
    pub confidence: f32,
    /// The confidence from which on a question is answered.
    pub confidence_cut: f32,
    /// Why it is to be checked; empty for a sure answer, and when escalated.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
    /// Why it was not answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<EscalationReason>,
    /// The mode asked for.
    pub mode: &'static str,
    /// The channels that were used.
    pub mode_used: &'static str,
    /// Why the answer is less than it could be; empty where it is not.
    #[serde(skip)]
    pub degraded: Vec<Degraded>,
    /// Who worded the answer; none where it quotes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generated_by: Option<GeneratedBy>,
    /// The revision that was asked.
    pub revision: String,
    /// Time spent, in milliseconds.
    pub timings_ms: Timings,
}

impl Answer {
    /// What is said, without headings: a sentence, row or code block a line, rows under their header.
    pub fn said(&self) -> String {
        let texts: Vec<&str> = self.sentences.iter().map(|sentence| sentence.text.trim_end()).collect();
        texts.join("\n")
    }
}

/// One sentence of an answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sentence {
    /// Its text: Markdown where it is a table row (under its header) or code.
    pub text: String,
    /// What it stands under: the document's title and the headings above (`Certificate expiry › Kafka`). A heading may
    /// turn the meaning: "Never do this". Sentences of one section, and no others, have the same text here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
    /// Where a row stands in its table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<RowPlace>,
    /// Which item of a list it is a part of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<ItemPlace>,
    /// Which sentence of its paragraph it is, where that has several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paragraph: Option<ParagraphPlace>,
    /// How it stands to the sentence before.
    pub joint: Joint,
    /// How well it is supported.
    pub support: Support,
    /// What supports it, best first.
    pub citations: Vec<Citation>,
}

/// Where a row stands in its table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct RowPlace {
    /// Which table of the document it is, from 0.
    pub table: u32,
    /// 1 for the first row under the header.
    pub number: u32,
    /// How many rows the table has.
    pub of: u32,
    /// Its number in its sheet, where it stands in one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sheet_row: Option<u32>,
}

/// Where an item stands in its list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ItemPlace {
    /// Which list of the answer's passages it is.
    pub list: u32,
    /// 1 for the first; the sentences and the code of one item share it.
    pub number: u32,
    /// How many items the list has; one more than are known where its end was not looked at.
    pub of: u32,
    /// Whether it is a list of numbered steps.
    pub numbered: bool,
}

/// Where a sentence stands in its paragraph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ParagraphPlace {
    /// 1 for the first.
    pub number: u32,
    /// How many sentences the paragraph has.
    pub of: u32,
}

/// How a sentence stands to the one before it in the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Joint {
    /// It begins a paragraph, an item, a row or a block of code.
    Block,
    /// It stands right behind it in the same paragraph or item.
    Next,
    /// It stands in the same paragraph or item, or is a block of code, and something between them is left out.
    Gap,
    /// It begins a block, and whole blocks of the same section between them are left out; or it is the first one said of
    /// its section, leads to what follows, and what stands before it there is left out.
    BlockGap,
}

/// One piece of evidence behind a sentence.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Citation {
    /// The `id` of the source it stands in.
    pub source: u32,
    /// The sentence of the source, verbatim.
    pub quote: String,
    /// Similarity between sentence and quote.
    pub score: f32,
    /// The page, slide or row of a sheet that the quote itself stands on, where the format has those.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locator: Option<Locator>,
}

/// A passage that an answer cites.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Source {
    /// 1 for the first; citations name it.
    pub id: u32,
    /// The document's id in its index.
    pub document: DocumentId,
    /// The source in `spec.sources` it came from.
    pub collection: String,
    /// The file, relative to that source.
    pub path: String,
    /// The document's title.
    pub title: String,
    /// The headings above the passage.
    pub headings: Vec<String>,
    /// The passage's lines in the file, where it has lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lines: Option<LineRange>,
    /// The passage's pages, slides or rows of a sheet, where it has those.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locator: Option<Locator>,
    /// Other files of the same content.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub copies: Vec<String>,
    /// The passage, verbatim.
    pub text: String,
    /// Cosine with the question, when it was embedded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cosine: Option<f32>,
    /// BM25, when the text channel found it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text_score: Option<f32>,
    /// What the reranker gave it, on a scale of its own; none where it was not reranked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relevance: Option<f64>,
}

/// Where the time went, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Timings {
    /// Finding passages, the question's embedding included.
    pub retrieve: f32,
    /// Picking and attributing sentences.
    pub answer: f32,
    /// All of it.
    pub total: f32,
}

/// Answering failed.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// Retrieval failed.
    #[error(transparent)]
    Retrieve(#[from] RetrieveError),
    /// A sentence could not be embedded.
    #[error("the evidence cannot be embedded: {0}")]
    Embed(#[from] EmbedError),
    /// A passage could not be read.
    #[error(transparent)]
    Index(#[from] IndexError),
}

/// A question.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// Its text, not empty.
    pub text: &'a str,
    /// The way asked for.
    pub mode: Mode,
}

/// Who words an answer, and who hears of it.
pub struct Wording<'a> {
    /// In the order in which they are asked; none for an answer that quotes.
    pub models: &'a [Arc<dyn ChatModel>],
    /// Hears of each sentence that a model writes as soon as it is judged.
    pub events: &'a mut dyn FnMut(AnswerEvent<'_>),
}

/// A question that is to be answered, with what is known of it.
struct Asked<'a> {
    question: &'a str,
    found: &'a Retrieved,
    confidence: &'a Confidence,
    settings: &'a QuerySettings,
}

/// A revision with the model that belongs to it: what serving holds on to. Cheap to clone; calls run side by side.
#[derive(Clone)]
pub struct Searcher {
    revision: Arc<Revision>,
    model: Arc<dyn EmbeddingModel>,
    analyzer: Analyzer,
    reranker: Option<Arc<dyn Reranker>>,
    /// Embedded with the first question, shared by all clones.
    small_talk: Arc<OnceLock<SmallTalk>>,
}

impl Searcher {
    /// Pairs a revision with a model; refuses another model than the one it was built with.
    pub fn new(revision: Arc<Revision>, model: Arc<dyn EmbeddingModel>) -> Result<Self, RevisionError> {
        revision.check_model(model.identity())?;
        Ok(Self { revision, model, analyzer: Analyzer, reranker: None, small_talk: Arc::default() })
    }

    /// The same, with passages in the order of a reranker; in the order in which they are found without one.
    pub fn reranked_by(&self, reranker: Option<Arc<dyn Reranker>>) -> Self {
        Self { reranker, ..self.clone() }
    }

    /// The revision.
    pub fn revision(&self) -> &Arc<Revision> {
        &self.revision
    }

    /// The model.
    pub fn model(&self) -> &Arc<dyn EmbeddingModel> {
        &self.model
    }

    /// Finds passages only.
    pub fn retrieve(&self, question: Question<'_>, settings: &RetrievalSettings) -> Result<Retrieved, RetrieveError> {
        let text = self.form(question.text)?;
        let found = retrieve(&self.revision, self.model.as_ref(), &text, question.mode, settings)?;
        Ok(self.reranked(&text, found, settings)?)
    }

    fn reranked(
        &self,
        question: &str,
        found: Retrieved,
        settings: &RetrievalSettings,
    ) -> Result<Retrieved, IndexError> {
        reranked(&self.revision, question, found, self.reranker.as_deref(), settings.rerank_depth)
    }

    /// How likely it is that what was found answers the question.
    pub fn confidence(&self, question: &str, found: &Retrieved) -> Result<Confidence, IndexError> {
        let question = self.form(question)?;
        let found = self.of_codes(&question, found.clone())?;
        confidence::confidence(&self.revision, &self.analyzer, &question, &found)
    }

    /// What was found in documents that hold a code of the question (`SEV4`, `HN-5031`), where it names some that stand in the
    /// index: others are about other codes, whatever else they say.
    fn of_codes(&self, question: &str, mut found: Retrieved) -> Result<Retrieved, IndexError> {
        let codes = names::holding_codes(&self.revision, &self.analyzer, question, HOLDING_A_CODE)?;
        if codes.is_empty() || codes.iter().any(|holding| holding.len() >= HOLDING_A_CODE) {
            return Ok(found);
        }
        let mut documents = HashSet::new();
        for chunk in codes.concat() {
            documents.insert(self.revision.passages.owner(chunk)?);
        }
        found.candidates.retain(|candidate| documents.contains(&candidate.document));
        Ok(found)
    }

    /// A question as it is looked for.
    fn form<'q>(&self, question: &'q str) -> Result<Cow<'q, str>, IndexError> {
        match question_form(question) {
            Cow::Borrowed(question) => joined::as_written(&self.revision, question),
            Cow::Owned(question) => Ok(joined::as_written(&self.revision, &question)?.into_owned().into()),
        }
    }

    /// Answers a question in the passages' own words, or says that it cannot be answered.
    pub fn answer(&self, question: Question<'_>, settings: &QuerySettings) -> Result<Answer, AnswerError> {
        self.answer_by(question, settings, Wording { models: &[], events: &mut |_| () })
    }

    /// The same in the words of the first of some models that answers; in the passages' own where there is none, or none of
    /// them answers.
    pub fn answer_by(
        &self,
        question: Question<'_>,
        settings: &QuerySettings,
        wording: Wording<'_>,
    ) -> Result<Answer, AnswerError> {
        let start = Instant::now();
        let text = self.form(question.text)?;
        let question = Question { text: &text, ..question };
        let (revision, model) = (&self.revision, self.model.as_ref());
        let found = retrieve(revision, model, question.text, question.mode, &settings.retrieval)?;
        let found = self.of_codes(question.text, found)?;
        let small_talk = self.small_talk_nearness(question.text, &found)?;
        let found = match small_talk {
            Nearness::Same => found,
            _ => self.reranked(question.text, found, &settings.retrieval)?.judged(settings.retrieval.top_k),
        };
        let retrieved = start.elapsed();
        let confidence = confidence::confidence(revision, &self.analyzer, question.text, &found)?;
        let cut = confidence::cut(settings.confidence, &self.revision.manifest.background, found.channels);
        let mut answer = self.empty(question, &found, confidence.value, cut);
        if small_talk == Nearness::Same {
            answer.confidence = 0.0;
            answer.reason = Some(EscalationReason::SmallTalk);
        } else if found.candidates.is_empty() {
            answer.reason = Some(EscalationReason::NothingFound);
        } else if confidence.value < cut {
            // Whoever asks something is not told that it is no question.
            let near = small_talk == Nearness::Near && !question.text.contains(['?', '？']);
            answer.reason = Some(if near { EscalationReason::SmallTalk } else { EscalationReason::LowConfidence });
        } else {
            let asked = Asked { question: question.text, found: &found, confidence: &confidence, settings };
            self.word_or_quote(&mut answer, &asked, wording)?;
            if answer.status == Status::Answered && confidence.value < confidence::sure_from(settings.confidence, cut) {
                answer.warnings.push(Warning::LowConfidence);
            }
        }
        answer.timings_ms = timings(retrieved, start.elapsed());
        Ok(answer)
    }

    fn word_or_quote(&self, answer: &mut Answer, asked: &Asked<'_>, wording: Wording<'_>) -> Result<(), AnswerError> {
        // What a model writes is judged by vectors; without them the passages are quoted.
        if !wording.models.is_empty() && asked.found.embedder_trouble().is_none() {
            match generate::generate(self, asked, wording) {
                Ok(Outcome::Worded(worded)) => return self.take_worded(answer, worded, asked.found),
                Ok(Outcome::NoAnswer(by)) => {
                    answer.reason = Some(EscalationReason::NoAnswer);
                    answer.generated_by = Some(by);
                    return Ok(());
                }
                Ok(Outcome::Failed(errors)) => answer.degraded.push(Degraded::without_llm(&errors)),
                Err(AnswerError::Embed(error)) => answer.degraded.push(Degraded::by(error)?),
                Err(error) => return Err(error),
            }
        }
        let extraction = self.extract(asked)?;
        if let Some(degraded) = &extraction.degraded
            && !answer.degraded.iter().any(|known| known.reason == degraded.reason)
        {
            answer.degraded.push(degraded.clone());
        }
        self.fill(answer, &extraction, asked)
    }

    /// Takes over what a model worded, unless too little of it is supported.
    fn take_worded(&self, answer: &mut Answer, worded: generate::Worded, found: &Retrieved) -> Result<(), AnswerError> {
        let generate::Worded { by, text, sentences, cited } = worded;
        answer.generated_by = Some(by);
        if !generate::passes(&sentences, MIN_SUPPORTED_SHARE) {
            answer.reason = Some(EscalationReason::Unsupported);
            return Ok(());
        }
        answer.status = Status::Answered;
        answer.sources = self.sources(&cited, found)?;
        answer.answer = text;
        answer.sentences = sentences;
        Ok(())
    }

    /// Does now what the first question would have to wait for.
    pub fn warm(&self) -> Result<(), EmbedError> {
        self.small_talk().map(|_| ())
    }

    fn small_talk(&self) -> Result<&SmallTalk, EmbedError> {
        if let Some(examples) = self.small_talk.get() {
            return Ok(examples);
        }
        let embedded = SmallTalk::embed(self.model.as_ref())?;
        Ok(self.small_talk.get_or_init(|| embedded))
    }

    /// Short questions stand near small talk too ("Who is on call?"), so being near never keeps one from its answer. Where
    /// only text was searched there is no vector, and only the examples themselves are known.
    fn small_talk_nearness(&self, question: &str, found: &Retrieved) -> Result<Nearness, AnswerError> {
        if small_talk::is_phrase(question) {
            return Ok(Nearness::Same);
        }
        let Some(vector) = &found.question_vector else { return Ok(Nearness::Far) };
        let background = &self.revision.manifest.background.small_talk;
        let best_passage = found.candidates.iter().filter_map(|candidate| candidate.cosine).max_by(f32::total_cmp);
        let asked_in = language(question).unwrap_or(Language::Other);
        match self.small_talk() {
            Ok(examples) => Ok(small_talk::nearness(examples.closeness(vector), best_passage, background, asked_in)),
            // The examples themselves are known by their words.
            Err(error) => Degraded::by(error).map(|_| Nearness::Far).map_err(AnswerError::from),
        }
    }

    fn empty(&self, question: Question<'_>, found: &Retrieved, confidence: f32, cut: f32) -> Answer {
        Answer {
            status: Status::Escalated,
            answer: String::new(),
            sentences: Vec::new(),
            sources: Vec::new(),
            confidence,
            confidence_cut: cut,
            warnings: Vec::new(),
            reason: None,
            mode: question.mode.name(),
            mode_used: found.channels.name(),
            degraded: found.degraded.clone(),
            generated_by: None,
            revision: self.revision.manifest.revision.to_string(),
            timings_ms: Timings::default(),
        }
    }

    /// Picks sentences from the passages found. Where confidence rests on the question's words, and what was picked comes
    /// from passages without them, it picks again among those that have them. A question of a word or two is answered from
    /// those alone: as a vector a single rare word (`피치클락`) is near to nothing, and it stands where it stands.
    fn extract(&self, asked: &Asked<'_>) -> Result<Extraction, AnswerError> {
        let Asked { question, found, confidence: Confidence { seen, .. }, settings } = *asked;
        let settings = &settings.retrieval;
        let kept = if seen.few_words { KEPT_OF_FEW_WORDS } else { KEPT_COVERAGE };
        let enough = seen.coverage * kept;
        let words = WeighedWords::of(&self.revision, &self.analyzer, question)?;
        let covered = |chunks: &[ChunkNumber]| words.covered_by(&self.revision, &self.analyzer, chunks);
        let from_all = || extract::extract(self, question, found, settings);
        if !seen.same_language || (seen.coverage < WORDS_DECIDE && !seen.few_words) {
            return from_all();
        }
        if !seen.few_words {
            let extraction = from_all()?;
            let drawn_from: Vec<ChunkNumber> =
                extraction.picked.iter().map(|picked| extraction.pieces[*picked].chunk).collect();
            if covered(&drawn_from)? >= enough {
                return Ok(extraction);
            }
        }
        let mut holding = found.clone();
        holding.candidates.clear();
        for candidate in &found.candidates {
            if covered(&[candidate.chunk])? >= enough {
                holding.candidates.push(candidate.clone());
            }
        }
        // Where no passage has enough of them by itself they are spread over several, and all may be drawn from.
        if holding.candidates.is_empty() { from_all() } else { extract::extract(self, question, &holding, settings) }
    }

    /// Attributes the sentences picked; the second gate may still leave the answer escalated.
    fn fill(&self, answer: &mut Answer, extraction: &Extraction, asked: &Asked<'_>) -> Result<(), AnswerError> {
        let settings = asked.settings;
        let floors = Floors::of(&self.revision.manifest.background, settings.answering.min_similarity);
        let evidence = extraction.evidence();
        let sections = sections::shown(&self.revision.passages, extraction)?;
        let mut cited = Cited::default();
        let mut sentences = Vec::new();
        let mut last = None;
        for (&picked, section) in extraction.picked.iter().zip(sections) {
            let said = &extraction.pieces[picked];
            let found = attribute::attribute_quoted(picked, &evidence, floors, settings.answering.max_citations);
            let mut citations = Vec::new();
            for (at, score) in found.cited {
                let piece = &extraction.pieces[at];
                if self.is_of_same_subject(said, piece)? {
                    let (quote, locator) = (piece.quote.clone(), piece.locator.clone());
                    citations.push(Citation { source: cited.id_of(piece.chunk), quote, score, locator });
                }
            }
            sentences.push(Sentence {
                text: said.evidence.text.clone(),
                section,
                row: said.row,
                item: said.item,
                paragraph: said.paragraph,
                joint: joint(&extraction.pieces, last.replace(picked), picked),
                support: found.support,
                citations,
            });
        }
        if !passes_second_gate(&sentences) {
            answer.reason = Some(EscalationReason::Unsupported);
            return Ok(());
        }
        answer.status = Status::Answered;
        answer.answer = layout::lay_out(&sentences);
        answer.sentences = sentences;
        answer.sources = self.sources(&cited, asked.found)?;
        Ok(())
    }

    /// Whether the same words of another document say the same: "Owner is team 5." does not under `node-1409` where it was
    /// said of `node-1499`. The numbers and names above a sentence must stand with the other one, too.
    fn is_of_same_subject(&self, said: &extract::Piece, other: &extract::Piece) -> Result<bool, IndexError> {
        if said.section.document == other.section.document {
            return Ok(true);
        }
        let above = |piece: &extract::Piece| -> Result<String, IndexError> {
            let document = self.revision.passages.document(piece.section.document)?;
            let title = self.revision.passages.title_above(&document, &piece.section.headings)?;
            Ok([title, piece.section.headings.join("\n")].join("\n"))
        };
        let with_other = [above(other)?, other.evidence.text.clone()].join("\n");
        Ok(attribute::stands_in(&facts(&above(said)?), &with_other))
    }

    fn sources(&self, cited: &Cited, found: &Retrieved) -> Result<Vec<Source>, IndexError> {
        let source = |(at, number): (usize, &ChunkNumber)| {
            let chunk = self.revision.passages.chunk(*number)?;
            let document = self.revision.passages.document(chunk.document)?;
            let candidate = found.candidates.iter().find(|candidate| candidate.chunk == *number);
            Ok(Source {
                id: at as u32 + 1,
                document: document.id,
                collection: document.source,
                path: document.path,
                title: document.title,
                headings: chunk.place.headings,
                lines: chunk.place.lines,
                locator: chunk.place.locator,
                copies: document.copies,
                text: chunk.text,
                cosine: candidate.and_then(|c| c.cosine),
                text_score: candidate.and_then(|c| c.text_score),
                relevance: candidate.and_then(|c| c.relevance),
            })
        };
        cited.chunks.iter().enumerate().map(source).collect()
    }
}

/// Chunks in the order in which they are first cited.
#[derive(Default)]
struct Cited {
    chunks: Vec<ChunkNumber>,
}

impl Cited {
    fn id_of(&mut self, chunk: ChunkNumber) -> u32 {
        let at = self.chunks.iter().position(|known| *known == chunk).unwrap_or_else(|| {
            self.chunks.push(chunk);
            self.chunks.len() - 1
        });
        at as u32 + 1
    }
}

fn joint(pieces: &[extract::Piece], last: Option<usize>, at: usize) -> Joint {
    let is_first = last.is_none_or(|last| pieces[last].section != pieces[at].section);
    if is_first && begins_midway(pieces, at) {
        return Joint::BlockGap;
    }
    let Some(last) = last else { return Joint::Block };
    let (before, piece) = (&pieces[last], &pieces[at]);
    let is_next = last + 1 == at;
    match before.block == piece.block && piece.row.is_none() {
        true if is_next => Joint::Next,
        true => Joint::Gap,
        // A command under a sentence that another one belongs to would be taken for it.
        false if piece.is_code() && !is_next && before.section == piece.section => Joint::Gap,
        false if leaves_blocks_out(pieces, last, at) => Joint::BlockGap,
        false => Joint::Block,
    }
}

/// Whether a piece is a command, or announces something ("You can check this with:"), and stands behind others of its
/// section that are left out: it would be taken for where the section begins.
fn begins_midway(pieces: &[extract::Piece], at: usize) -> bool {
    let piece = &pieces[at];
    let leads = piece.is_code() || piece.evidence.text.trim_end().ends_with([':', '：']);
    let others = pieces[..at].iter().filter(|other| other.section == piece.section && other.block != piece.block);
    // Of rows and items the places tell.
    leads && piece.row.is_none() && piece.item.is_none() && others.count() > 0
}

/// Whether blocks between two pieces of one section are left out, other than rows and items of theirs: of those the places
/// tell.
fn leaves_blocks_out(pieces: &[extract::Piece], last: usize, at: usize) -> bool {
    let (before, piece) = (&pieces[last], &pieces[at]);
    let of = |end: &extract::Piece, other: &extract::Piece| {
        let same_table = end.row.zip(other.row).is_some_and(|(end, other)| end.table == other.table);
        let same_list = end.item.zip(other.item).is_some_and(|(end, other)| end.list == other.list);
        end.block == other.block || same_table || same_list
    };
    let between = pieces.get(last + 1..at).unwrap_or_default();
    before.section == piece.section && between.iter().any(|other| !of(before, other) && !of(piece, other))
}

/// Whether enough of an answer is supported. A quotation always is, so today this only turns away an answer without
/// sentences; sentences that an LLM writes will be judged here.
fn passes_second_gate(sentences: &[Sentence]) -> bool {
    let supported = sentences.iter().filter(|s| s.support == Support::Supported).count();
    let cited = sentences.iter().any(|s| !s.citations.is_empty());
    cited && supported as f32 >= MIN_SUPPORTED_SHARE * sentences.len() as f32
}

fn timings(retrieved: Duration, total: Duration) -> Timings {
    let ms = |d: Duration| (d.as_secs_f32() * 1e6).round() / 1e3;
    Timings { retrieve: ms(retrieved), answer: ms(total.saturating_sub(retrieved)), total: ms(total) }
}
