//! The JSON of the HTTP contract: what a question looks like and what comes back. Programs depend on these shapes, so
//! they are written down here, apart from the engine's own types: fields are added, never renamed or taken away.

use ragops_engine::answer::attribute::Support;
use ragops_engine::answer::generate::{GeneratedBy, Usage};
use ragops_engine::answer::{
    Answer, Citation, EscalationReason, ItemPlace, Joint, ParagraphPlace, Sentence, Source, Status, Timings, Warning,
};
use ragops_engine::document::Locator;
use ragops_engine::retrieve::{self, Degraded};
use ragops_engine::revision::manifest::Counts;
use serde::Serialize;
use utoipa::ToSchema;

/// A question. Any other field is refused by name.
#[derive(Debug, ToSchema)]
#[schema(as = QueryRequest)]
#[allow(dead_code, reason = "this is the shape for the OpenAPI document; `routes::query` parses field by field")]
pub struct QueryShape {
    /// The question in any language the documents are in; up to 4,096 bytes of UTF-8, of which something can be seen.
    #[schema(min_length = 1, max_length = 4096, example = "How do I restart a stuck consumer?")]
    question: String,
    /// How passages are found; default `auto`. `local`, `global` and `graph` are answered as `hybrid` until the
    /// knowledge graph is built, and `mode_used` says so.
    mode: Option<ModeShape>,
    /// The index to ask; needed only where several are served and the path names none.
    index: Option<String>,
}

/// The ways to find passages.
#[derive(Debug, ToSchema)]
#[schema(as = Mode, rename_all = "lowercase")]
#[allow(dead_code, reason = "this is the shape for the OpenAPI document")]
pub enum ModeShape {
    /// The best way for the index at hand.
    Auto,
    /// Words alone (BM25).
    Text,
    /// Meaning alone (vectors).
    Vector,
    /// Both, fused.
    Hybrid,
    /// Entities near the question.
    Local,
    /// Themes of the whole index.
    Global,
    /// The graph channel.
    Graph,
}

/// What became of a question.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(tag = "status", rename_all = "lowercase")]
pub enum QueryResponse {
    /// There was enough evidence.
    Answered(Answered),
    /// There was too little evidence: no text, no sources.
    Escalated(Escalated),
}

/// An answer, each sentence with what supports it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Answered {
    /// The sentences laid out under their headings, as Markdown.
    pub answer: String,
    /// Each sentence with its citations.
    pub sentences: Vec<AnswerSentence>,
    /// The passages that the sentences cite.
    pub sources: Vec<AnswerSource>,
    /// Why the answer is to be checked against its sources before it is relied on; empty for a sure one.
    pub warnings: Vec<AnswerWarning>,
    /// How the question was handled.
    #[serde(flatten)]
    pub circumstances: Circumstances,
}

/// A question for a person.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Escalated {
    /// Empty: nothing is made up.
    pub answer: &'static str,
    /// Empty.
    pub sentences: [AnswerSentence; 0],
    /// Empty: what was found is not evidence.
    pub sources: [AnswerSource; 0],
    /// The ticket; `null` until tickets are kept.
    pub ticket_id: Option<u64>,
    /// Why there is no answer.
    pub reason: Option<Reason>,
    /// How the question was handled.
    #[serde(flatten)]
    pub circumstances: Circumstances,
}

/// How a question was handled.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Circumstances {
    /// The probability that the index holds the answer, 0 to 1.
    pub confidence: f32,
    /// The confidence from which on a question is answered.
    pub confidence_cut: f32,
    /// The mode asked for.
    pub mode: &'static str,
    /// The way passages were found.
    pub mode_used: &'static str,
    /// Whether the answer is less than it could be, because something that it needs is down. It is still right: it says
    /// nothing that no passage says.
    pub degraded: bool,
    /// What is missing; empty unless `degraded`.
    pub degraded_reasons: Vec<DegradedReason>,
    /// Who worded the answer, or looked for one; left out where the answer quotes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generated_by: Option<Generator>,
    /// The index asked.
    pub index: String,
    /// Its revision.
    pub revision: String,
    /// The request's id, as in the `x-request-id` header and in the log; `null` outside of HTTP.
    pub request_id: Option<String>,
    /// Where the time went.
    pub timings_ms: TimingsMs,
}

/// Why an answer is to be checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AnswerWarning {
    /// Its confidence is nearer to the cut than to `confidence.targetPrecision` (.9 where a fixed cut is set): all answers
    /// together keep that precision, those near the cut do not.
    LowConfidence,
}

/// What is missing from an answer that is less than it could be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DegradedReason {
    /// The embedding model does not answer: words alone were searched, in place of whatever `mode` asked for, and sentences
    /// were picked by their words. Where `mode_used` is not `text`, it stopped answering between the two.
    EmbedderUnavailable,
    /// The same, because another embedding model answers than the one that the index was built with.
    EmbedderChanged,
    /// None of the models that word answers did: the passages are quoted.
    LlmUnavailable,
    /// Passages stand in the order in which they were found: the reranking model did not answer, or too many questions wait for
    /// models.
    RerankerUnavailable,
}

/// Who worded an answer, and how it was told to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Generator {
    /// The LlmBackend.
    pub backend: String,
    /// The model as the backend names it.
    pub model: String,
    /// The version of the prompt.
    pub prompt_version: u32,
    /// The SHA-256 of the prompt's file.
    pub prompt_digest: String,
    /// Tokens of prompt and answer, where the backend counts them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Tokens>,
}

/// Tokens, as a backend counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Tokens {
    /// Of the prompt.
    pub prompt_tokens: u32,
    /// Of the answer.
    pub completion_tokens: u32,
}

/// One sentence of an answer.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AnswerSentence {
    /// Its text; Markdown where it is a table row (under its header) or code.
    pub text: String,
    /// What it stands under: the document's title and the headings above (`Certificate expiry › Kafka`). A heading may
    /// turn the meaning: "Never do this". Sentences of one section, and no others, have the same text here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
    /// Where a row stands in its table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<Row>,
    /// Which item of a list it is a part of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<Item>,
    /// Which sentence of its paragraph it is, where that has several: what is left out before and behind it is to be
    /// shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paragraph: Option<Paragraph>,
    /// How it stands to the sentence before: what is left out between them is to be shown.
    pub joint: SentenceJoint,
    /// How well it is supported.
    pub support: SupportLevel,
    /// What supports it, best first.
    pub citations: Vec<AnswerCitation>,
}

/// Where an item stands in its list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Item {
    /// Which list it is, counted within the answer's passages.
    pub list: u32,
    /// 1 for the first; the sentences and the code of one item share it.
    pub number: u32,
    /// How many items the list has; one more than are known where its end was not looked at.
    pub of: u32,
    /// Whether it is a list of numbered steps.
    pub numbered: bool,
}

/// Where a sentence stands in its paragraph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Paragraph {
    /// 1 for the first.
    pub number: u32,
    /// How many sentences the paragraph has.
    pub of: u32,
}

/// How a sentence stands to the one before it in the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SentenceJoint {
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

/// Where a row stands in its table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Row {
    /// Which table of the document it is, from 0: rows of one section and one table belong together.
    pub table: u32,
    /// 1 for the first row under the header.
    pub number: u32,
    /// How many rows the table has.
    pub of: u32,
    /// Its number in its sheet, where it stands in one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sheet_row: Option<u32>,
}

/// One piece of evidence behind a sentence.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AnswerCitation {
    /// The `id` of the source it stands in.
    pub source: u32,
    /// The sentence of the source, verbatim.
    pub quote: String,
    /// Similarity between sentence and quote, at most 1.
    pub score: f32,
    /// Where the quote itself stands, in a file that has pages, slides or sheets: the source gives what its whole passage
    /// spans.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locator: Option<QuoteLocator>,
}

/// Where a quote stands: on pages, on slides or in rows of a sheet, as in a source.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct QuoteLocator {
    /// Its pages, as counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pages: Option<Lines>,
    /// Its slides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slides: Option<Lines>,
    /// Its rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<SheetRows>,
}

/// A passage that an answer cites.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AnswerSource {
    /// 1 for the first; citations name it.
    pub id: u32,
    /// The document's id in its index.
    pub document: String,
    /// The source in `spec.sources` it came from.
    pub collection: String,
    /// The file, relative to that source.
    pub path: String,
    /// The document's title.
    pub title: String,
    /// The headings above the passage, outermost first.
    pub headings: Vec<String>,
    /// The passage's lines in the file, where it has lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lines: Option<Lines>,
    /// The passage's pages, as counted from 1, in a file that has pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pages: Option<Lines>,
    /// The passage's slides, in a presentation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slides: Option<Lines>,
    /// The passage's rows, in a sheet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<SheetRows>,
    /// Other files of the same content, which is indexed once: paths in the same source, or `source: path`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub copies: Vec<String>,
    /// The passage, verbatim.
    pub text: String,
    /// Cosine with the question, when the question was embedded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cosine: Option<f32>,
    /// BM25, when the passage was found by its words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text_score: Option<f32>,
    /// What the reranking model gave it, on a scale of its own, when there is one and it was shown the passage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relevance: Option<f64>,
}

/// Rows of a sheet, as a spreadsheet program numbers them, both ends included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SheetRows {
    /// The sheet's name; left out for a file without sheets (`.csv`).
    #[serde(skip_serializing_if = "String::is_empty")]
    pub sheet: String,
    /// The first.
    pub first: u32,
    /// The last.
    pub last: u32,
}

/// Lines of a file (or its pages or slides), from 1, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Lines {
    /// The first.
    pub first: u32,
    /// The last.
    pub last: u32,
}

/// How much a revision holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct RevisionCounts {
    /// Source files looked at.
    pub files: u64,
    /// Documents; a line of a `.jsonl` file is one.
    pub documents: u64,
    /// Chunks.
    pub chunks: u64,
    /// Tokens embedded, as the model counts them.
    pub tokens: u64,
    /// Bytes of source files.
    pub source_bytes: u64,
}

impl From<Counts> for RevisionCounts {
    fn from(Counts { files, documents, chunks, tokens, source_bytes }: Counts) -> Self {
        Self { files, documents, chunks, tokens, source_bytes }
    }
}

/// Where the time went, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct TimingsMs {
    /// Finding passages, the question's embedding included.
    pub retrieve: f32,
    /// Picking and attributing sentences.
    pub answer: f32,
    /// All of it.
    pub total: f32,
}

/// How well a sentence is supported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SupportLevel {
    /// Evidence well above what unrelated sentences score, and every figure stands in it.
    Supported,
    /// Evidence above that, but not clearly.
    Weak,
    /// Nothing stands behind it.
    Unsupported,
}

/// Why a question was not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Confidence is below the cut.
    LowConfidence,
    /// It is a greeting, thanks or a test: nobody has to answer it.
    SmallTalk,
    /// No passage was found at all.
    NothingFound,
    /// Too few sentences of the answer have something behind them.
    Unsupported,
    /// The model that words answers found none in the passages.
    NoAnswer,
}

impl QueryResponse {
    /// The contract's shape of an engine's answer.
    pub fn of(answer: Answer, index: &str, request_id: Option<&str>) -> Self {
        // Destructured without `..`: a new field of the engine is a decision here.
        let Answer {
            status,
            answer,
            sentences,
            sources,
            confidence,
            confidence_cut,
            warnings,
            reason,
            mode,
            mode_used,
            degraded,
            generated_by,
            revision,
            timings_ms: Timings { retrieve, answer: answer_ms, total },
        } = answer;
        let degraded_reasons: Vec<DegradedReason> = degraded.into_iter().map(DegradedReason::from).collect();
        let circumstances = Circumstances {
            confidence,
            confidence_cut,
            mode,
            mode_used,
            degraded: !degraded_reasons.is_empty(),
            degraded_reasons,
            generated_by: generated_by.map(Generator::from),
            index: index.to_owned(),
            revision,
            request_id: request_id.map(str::to_owned),
            timings_ms: TimingsMs { retrieve, answer: answer_ms, total },
        };
        match status {
            Status::Answered => Self::Answered(Answered {
                answer,
                sentences: sentences.into_iter().map(AnswerSentence::from).collect(),
                sources: sources.into_iter().map(AnswerSource::from).collect(),
                warnings: warnings.into_iter().map(AnswerWarning::from).collect(),
                circumstances,
            }),
            Status::Escalated => {
                let (answer, sentences, sources) = ("", [], []);
                let reason = reason.map(Reason::from);
                Self::Escalated(Escalated { answer, sentences, sources, ticket_id: None, reason, circumstances })
            }
        }
    }

    /// `answered` or `escalated`.
    pub fn status(&self) -> &'static str {
        match self {
            Self::Answered(_) => "answered",
            Self::Escalated(_) => "escalated",
        }
    }

    /// How the question was handled.
    pub fn circumstances(&self) -> &Circumstances {
        match self {
            Self::Answered(Answered { circumstances, .. }) | Self::Escalated(Escalated { circumstances, .. }) => {
                circumstances
            }
        }
    }
}

impl From<Warning> for AnswerWarning {
    fn from(warning: Warning) -> Self {
        match warning {
            Warning::LowConfidence => Self::LowConfidence,
        }
    }
}

impl From<Degraded> for DegradedReason {
    /// Why in detail is for the log.
    fn from(degraded: Degraded) -> Self {
        match degraded.reason {
            retrieve::DegradedReason::EmbedderUnavailable => Self::EmbedderUnavailable,
            retrieve::DegradedReason::EmbedderChanged => Self::EmbedderChanged,
            retrieve::DegradedReason::LlmUnavailable => Self::LlmUnavailable,
            retrieve::DegradedReason::RerankerUnavailable => Self::RerankerUnavailable,
        }
    }
}

impl From<Sentence> for AnswerSentence {
    fn from(Sentence { text, section, row, item, paragraph, joint, support, citations }: Sentence) -> Self {
        let support = match support {
            Support::Supported => SupportLevel::Supported,
            Support::Weak => SupportLevel::Weak,
            Support::Unsupported => SupportLevel::Unsupported,
        };
        // A sentence and its own copy score 1 but for rounding.
        let citation = |Citation { source, quote, score, locator }| {
            let locator = locator.map(QuoteLocator::from);
            AnswerCitation { source, quote, score: score.min(1.0), locator }
        };
        let row = row.map(|row| Row { table: row.table, number: row.number, of: row.of, sheet_row: row.sheet_row });
        let item = item.map(|item| {
            let ItemPlace { list, number, of, numbered } = item;
            Item { list, number, of, numbered }
        });
        let paragraph = paragraph.map(|ParagraphPlace { number, of }| Paragraph { number, of });
        let joint = match joint {
            Joint::Block => SentenceJoint::Block,
            Joint::Next => SentenceJoint::Next,
            Joint::Gap => SentenceJoint::Gap,
            Joint::BlockGap => SentenceJoint::BlockGap,
        };
        let citations = citations.into_iter().map(citation).collect();
        Self { text, section, row, item, paragraph, joint, support, citations }
    }
}

impl From<Locator> for QuoteLocator {
    fn from(locator: Locator) -> Self {
        match locator {
            Locator::Pages { first, last } => Self { pages: Some(Lines { first, last }), ..Self::default() },
            Locator::Slides { first, last } => Self { slides: Some(Lines { first, last }), ..Self::default() },
            Locator::Rows { sheet, first, last } => {
                Self { rows: Some(SheetRows { sheet, first, last }), ..Self::default() }
            }
        }
    }
}

impl From<Source> for AnswerSource {
    fn from(source: Source) -> Self {
        let Source {
            id,
            document,
            collection,
            path,
            title,
            headings,
            lines,
            locator,
            copies,
            text,
            cosine,
            text_score,
            relevance,
        } = source;
        let QuoteLocator { pages, slides, rows } = locator.map(QuoteLocator::from).unwrap_or_default();
        Self {
            id,
            document: document.as_str().to_owned(),
            collection,
            path,
            title,
            headings,
            lines: lines.map(|lines| Lines { first: lines.first, last: lines.last }),
            pages,
            slides,
            rows,
            copies,
            text,
            cosine,
            text_score,
            relevance,
        }
    }
}

impl From<GeneratedBy> for Generator {
    fn from(by: GeneratedBy) -> Self {
        let GeneratedBy { backend, model, prompt_version, prompt_digest, usage } = by;
        let tokens = |Usage { prompt_tokens, completion_tokens }| Tokens { prompt_tokens, completion_tokens };
        Self { backend, model, prompt_version, prompt_digest, usage: usage.map(tokens) }
    }
}

impl From<EscalationReason> for Reason {
    fn from(reason: EscalationReason) -> Self {
        match reason {
            EscalationReason::LowConfidence => Self::LowConfidence,
            EscalationReason::SmallTalk => Self::SmallTalk,
            EscalationReason::NothingFound => Self::NothingFound,
            EscalationReason::Unsupported => Self::Unsupported,
            EscalationReason::NoAnswer => Self::NoAnswer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ragops_engine::document::{DocumentId, LineRange, Locator};

    fn answer(status: Status) -> Answer {
        let source = Source {
            id: 1,
            document: DocumentId::new("en/kafka.md"),
            collection: "docs".to_owned(),
            path: "en/kafka.md".to_owned(),
            title: "Kafka".to_owned(),
            headings: vec!["Restart".to_owned()],
            lines: Some(LineRange { first: 3, last: 9 }),
            locator: Some(Locator::Pages { first: 2, last: 4 }),
            copies: vec!["old/kafka.md".to_owned()],
            text: "Restart the broker.".to_owned(),
            cosine: Some(0.9),
            text_score: None,
            relevance: None,
        };
        let locator = Some(Locator::Pages { first: 3, last: 3 });
        let citation = Citation { source: 1, quote: "Restart the broker.".to_owned(), score: 0.95, locator };
        Answer {
            status,
            answer: "Restart it.".to_owned(),
            sentences: vec![Sentence {
                text: "Restart it.".to_owned(),
                section: Some("Kafka › Restart".to_owned()),
                row: None,
                item: None,
                paragraph: Some(ParagraphPlace { number: 2, of: 3 }),
                joint: Joint::Block,
                support: Support::Supported,
                citations: vec![citation],
            }],
            sources: vec![source],
            confidence: 0.75,
            confidence_cut: 0.5,
            warnings: vec![Warning::LowConfidence],
            reason: (status == Status::Escalated).then_some(EscalationReason::LowConfidence),
            mode: "auto",
            mode_used: "hybrid",
            degraded: Vec::new(),
            generated_by: None,
            revision: "0123abcd".to_owned(),
            timings_ms: Timings { retrieve: 1.0, answer: 2.0, total: 3.0 },
        }
    }

    #[test]
    fn an_answer_has_the_fields_of_the_contract() {
        let response = QueryResponse::of(answer(Status::Answered), "runbooks", Some("r1"));
        let json = serde_json::to_value(&response).unwrap();
        let expected = serde_json::json!({
            "status": "answered",
            "answer": "Restart it.",
            "sentences": [{"text": "Restart it.", "section": "Kafka › Restart",
                           "paragraph": {"number": 2, "of": 3}, "joint": "block", "support": "supported",
                "citations": [{"source": 1, "quote": "Restart the broker.", "score": 0.95_f32,
                               "locator": {"pages": {"first": 3, "last": 3}}}]}],
            "sources": [{"id": 1, "document": "en/kafka.md", "collection": "docs", "path": "en/kafka.md",
                "title": "Kafka", "headings": ["Restart"], "lines": {"first": 3, "last": 9},
                "pages": {"first": 2, "last": 4}, "copies": ["old/kafka.md"],
                "text": "Restart the broker.", "cosine": 0.9_f32}],
            "warnings": ["low_confidence"], "confidence": 0.75, "confidence_cut": 0.5, "mode": "auto", "mode_used": "hybrid", "degraded": false,
            "degraded_reasons": [], "index": "runbooks", "revision": "0123abcd", "request_id": "r1",
            "timings_ms": {"retrieve": 1.0, "answer": 2.0, "total": 3.0}
        });
        assert_eq!(json, expected);
    }

    #[test]
    fn a_degraded_answer_says_what_is_missing_and_not_where() {
        for (reason, expect) in [
            (retrieve::DegradedReason::EmbedderUnavailable, "embedder_unavailable"),
            (retrieve::DegradedReason::EmbedderChanged, "embedder_changed"),
            (retrieve::DegradedReason::LlmUnavailable, "llm_unavailable"),
            (retrieve::DegradedReason::RerankerUnavailable, "reranker_unavailable"),
        ] {
            let degraded = vec![Degraded { reason, detail: "http://10.0.0.7 cannot be reached".to_owned() }];
            let answer = Answer { degraded, ..answer(Status::Answered) };
            let json = serde_json::to_value(QueryResponse::of(answer, "runbooks", None)).unwrap();
            assert_eq!((&json["degraded"], &json["degraded_reasons"][0]), (&true.into(), &expect.into()));
            assert!(!json.to_string().contains("10.0.0.7"), "{json}");
        }
    }

    #[test]
    fn the_rows_of_a_file_without_sheets_name_none() {
        let rows = |sheet: &str| {
            let locator = Locator::Rows { sheet: sheet.to_owned(), first: 2, last: 2 };
            serde_json::to_value(QuoteLocator::from(locator)).unwrap()
        };
        assert_eq!(rows(""), serde_json::json!({"rows": {"first": 2, "last": 2}}));
        assert_eq!(rows("문의"), serde_json::json!({"rows": {"sheet": "문의", "first": 2, "last": 2}}));
    }

    #[test]
    fn an_escalated_question_shows_no_answer_and_no_sources_whatever_the_engine_says() {
        let json = serde_json::to_value(QueryResponse::of(answer(Status::Escalated), "runbooks", None)).unwrap();
        assert_eq!((&json["status"], &json["reason"]), (&"escalated".into(), &"low_confidence".into()));
        assert!(json["ticket_id"].is_null() && json.as_object().unwrap().contains_key("ticket_id"));
        assert_eq!(json["answer"], "");
        assert_eq!((&json["sentences"], &json["sources"]), (&serde_json::json!([]), &serde_json::json!([])));
    }
}
