//! Picks the sentences that answer a question out of the passages found. Nothing is written anew: every sentence,
//! table row and code block stands in a passage word for word. Why and how well: docs/adr/0011-extractive-answers.md.

mod connectives;
mod draft;
mod passage;
mod pick;
mod place;
mod procedure;

use ragops_embed::Embeddings;

use crate::document::{Locator, Place};
use crate::index::ChunkNumber;
use crate::index::vectors::dot;
use crate::retrieve::{Degraded, Retrieved};
use crate::settings::RetrievalSettings;

use super::attribute::Evidence;
use super::{AnswerError, ItemPlace, ParagraphPlace, RowPlace, Searcher};

use draft::{Draft, drafts};
use procedure::Asked;

/// What a deviation of the off-topic background adds to a piece's score, and the share of the question's words in
/// piece and headings, the passage's own rank, and being a table row. Fitted as a listwise softmax on the halves `tune`
/// of the sample gold set and of clapnq_dev (ADR 0011); a difference of 1 makes a piece e times as likely the answer.
const CLOSENESS_WEIGHT: f32 = 0.75;
const WORDS_WEIGHT: f32 = 0.5;
const PASSAGE_WEIGHT: f32 = 2.2;
const ROW_WEIGHT: f32 = 0.6;
/// What the identifiers of the question give: `HN-5031` is not answered by what is said of `HN-5033`. Chosen by hand.
const IDENTIFIER_WEIGHT: f32 = 1.5;
/// What a row gets whose first cell stands in the question, unless that asks how something is done. Chosen by hand.
const ASKED_ROW_WEIGHT: f32 = 1.5;
/// What a step or a command gets where the question asks how something is done, from the samples' half `tune` alone: .60 of
/// the facts are said without it, .64 with it (ADR 0011). A rule gets the same where it asks whether something may be done:
/// taken over, not measured.
const PROCEDURE_WEIGHT: f32 = 1.0;
/// What the share of the question's words gives where pieces have no vectors, in place of `WORDS_WEIGHT`: it then stands for
/// the closeness too. Chosen by hand.
const WORDS_ALONE_WEIGHT: f32 = 2.5;
/// The deviation where no background was measured: what e5-small shows.
const DEFAULT_DEVIATION: f32 = 0.019;

/// A sentence, table row or code block of a passage.
#[derive(Debug, Clone)]
pub struct Piece {
    /// The passage it stands in.
    pub chunk: ChunkNumber,
    /// Its text, and its vector under its headings.
    pub evidence: Evidence,
    /// What of it stands in the passage word for word: of a table row, the row without the header repeated above it.
    pub quote: String,
    /// What it stands under.
    pub section: Section,
    /// Where a row stands in its table.
    pub row: Option<RowPlace>,
    /// Its page, slide or row of a sheet, where the format has those.
    pub locator: Option<Locator>,
    /// Which item of a list it is a part of.
    pub item: Option<ItemPlace>,
    /// Which sentence of its paragraph it is, where that has several.
    pub paragraph: Option<ParagraphPlace>,
    kind: PieceKind,
    /// The paragraph, list item, table or block of code that it is a part of.
    pub(super) block: usize,
    /// The position of the piece that announces it: "Never do this:".
    lead: Option<usize>,
    /// Whether its section is at hand from its beginning on.
    from_start: bool,
    /// How likely it answers; least of all where it was not weighed.
    score: f32,
}

/// The section of a document that a piece stands in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Section {
    /// The document's number in its revision.
    pub document: u32,
    /// Which section of the document it is: sections of one document may have the same headings.
    pub number: (u32, u32),
    /// The headings above, outermost first.
    pub headings: Vec<String>,
}

impl Piece {
    /// Whether it is a block of code.
    pub fn is_code(&self) -> bool {
        self.kind == PieceKind::Code
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PieceKind {
    Sentence,
    Row,
    Code,
}

/// The pieces looked at, and those that make the answer.
pub struct Extraction {
    /// All pieces of the passages found, in reading order. Those that were not weighed have no vector.
    pub pieces: Vec<Piece>,
    /// Positions in `pieces`, in the order of the answer.
    pub picked: Vec<usize>,
    /// Why the pieces were weighed by their words alone.
    pub degraded: Option<Degraded>,
}

/// The question and the pieces that are weighed, embedded.
struct Vectors {
    question: Vec<f32>,
    pieces: Embeddings,
}

impl Vectors {
    /// `Err` within `Ok` where the model fails: pieces are then weighed by their words.
    fn of(
        searcher: &Searcher,
        question: &str,
        texts: &[&str],
        found: &Retrieved,
    ) -> Result<Result<Self, Degraded>, AnswerError> {
        // Once it has failed for this question it is not asked again: whoever waits has waited for it already.
        if let Some(degraded) = found.embedder_trouble() {
            return Ok(Err(degraded.clone()));
        }
        let question = match &found.question_vector {
            Some(vector) => Ok(vector.clone()),
            None => searcher.model().embed_query(question),
        };
        let both =
            question.and_then(|question| Ok(Self { question, pieces: searcher.model().embed_passages(texts, &())? }));
        Ok(match both {
            Ok(vectors) => Ok(vectors),
            Err(error) => Err(Degraded::by(error)?),
        })
    }
}

impl Extraction {
    /// What sentences are attributed to.
    pub fn evidence(&self) -> Vec<Evidence> {
        self.pieces.iter().map(|piece| piece.evidence.clone()).collect()
    }
}

/// Picks the answer's sentences.
pub fn extract(
    searcher: &Searcher,
    question: &str,
    found: &Retrieved,
    settings: &RetrievalSettings,
) -> Result<Extraction, AnswerError> {
    let drafts = drafts(searcher, question, found, settings)?;
    let weighed: Vec<&Draft> = drafts.iter().filter(|draft| draft.weighed.is_some()).collect();
    let texts: Vec<String> = weighed.iter().map(|draft| in_context(&draft.context, &draft.text)).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let (vectors, degraded) = match Vectors::of(searcher, question, &texts, found)? {
        Ok(vectors) => (Some(vectors), None),
        Err(degraded) => (None, Some(degraded)),
    };
    let background = &searcher.revision().manifest.background;
    let language = crate::text::language(question).unwrap_or(crate::document::Language::Other);
    let deviation =
        background.off_topic(language).and_then(|cosines| cosines.deviation(super::background::MIN_DEVIATION));
    let deviation = deviation.unwrap_or(DEFAULT_DEVIATION);
    let asks = Asked::by(question);
    let mut rows = vectors.iter().flat_map(|vectors| vectors.pieces.rows());
    let piece = |draft: Draft| {
        let vector = draft.weighed.and_then(|_| rows.next()).map(<[f32]>::to_vec).unwrap_or_default();
        let score = draft.weighed.map_or(f32::NEG_INFINITY, |weighed| {
            let near = match &vectors {
                Some(Vectors { question, .. }) => {
                    let closeness = (dot(question, &vector) + weighed.bias) / deviation;
                    CLOSENESS_WEIGHT * closeness + WORDS_WEIGHT * weighed.words
                }
                None => WORDS_ALONE_WEIGHT * weighed.words,
            };
            near + PASSAGE_WEIGHT * weighed.passage
                + IDENTIFIER_WEIGHT * weighed.identifiers
                + if weighed.is_asked_row && asks != Asked::HowTo { ASKED_ROW_WEIGHT } else { 0.0 }
                + if draft.kind == PieceKind::Row { ROW_WEIGHT } else { 0.0 }
                + if asks.is_told_by(draft.kind, &draft.text) { PROCEDURE_WEIGHT } else { 0.0 }
        });
        Piece {
            chunk: draft.chunk,
            quote: quote(draft.kind, &draft.text),
            section: draft.section,
            row: draft.row,
            locator: draft.locator,
            item: draft.item,
            paragraph: draft.paragraph,
            evidence: Evidence::new(draft.text, vector),
            kind: draft.kind,
            block: draft.block,
            lead: draft.lead,
            from_start: draft.from_start,
            score,
        }
    };
    let pieces: Vec<Piece> = drafts.into_iter().map(piece).collect();
    let picked = pick::pick(&pieces, asks);
    Ok(Extraction { pieces, picked, degraded })
}

/// A sentence, row or block of code of a passage, to be compared with what a model wrote.
pub(super) struct Statement {
    /// Its text: of a row, under its header.
    pub(super) text: String,
    /// What of it stands in the passage word for word.
    pub(super) quote: String,
    /// The title and all headings above it.
    pub(super) above: String,
    /// Its page, slide or row, where the format has those.
    pub(super) locator: Option<Locator>,
}

/// What a passage states.
pub(super) fn statements(text: &str, place: &Place, title: &str) -> Vec<Statement> {
    let statement = |cut: passage::Cut| Statement {
        quote: quote(cut.kind, &cut.text),
        above: [title, &cut.headings.join("\n")].join("\n"),
        locator: cut.locator,
        text: cut.text,
    };
    passage::cut(text, place).into_iter().map(statement).collect()
}

/// A piece as it is embedded: a sentence such as "It takes 70 minutes." says what it is about only under its headings.
pub(crate) fn in_context(context: &str, text: &str) -> String {
    if context.is_empty() { text.to_owned() } else { format!("{context}: {text}") }
}

/// A piece's headings as one line: the document's title, then the nearest heading, where they differ.
pub(crate) fn context_of(title: &str, heading: &str) -> String {
    match (title.trim(), heading.trim()) {
        (title, heading) if heading.is_empty() || heading == title => title.to_owned(),
        ("", heading) => heading.to_owned(),
        (title, heading) => format!("{title} > {heading}"),
    }
}

/// Whether a sentence begins an item of a list.
pub(super) fn is_item(text: &str) -> bool {
    passage::is_item(text)
}

/// Whether a piece is a row of a table under its header.
pub(super) fn is_table(text: &str) -> bool {
    text.starts_with('|')
}

fn quote(kind: PieceKind, text: &str) -> String {
    match kind {
        PieceKind::Row => text.lines().last().unwrap_or(text).to_owned(),
        PieceKind::Sentence | PieceKind::Code => text.to_owned(),
    }
}

/// Whether a row of a table is alone in it: a heading of the rows behind it.
fn is_group_row(row: &str) -> bool {
    let mut cells = row.trim().trim_matches('|').split('|').map(str::trim);
    let is_named = cells.next().is_some_and(|first| !first.is_empty());
    let others: Vec<&str> = cells.collect();
    is_named && !others.is_empty() && others.iter().all(|cell| cell.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_heading_stands_behind_the_title_once() {
        let cases = [
            (("Backups", "Restore"), "Backups > Restore"),
            (("Backups", "Backups"), "Backups"),
            (("Backups", ""), "Backups"),
            (("", "Restore"), "Restore"),
            (("", ""), ""),
        ];
        for ((title, heading), expect) in cases {
            assert_eq!(context_of(title, heading), expect);
        }
        assert_eq!(in_context("", "It takes 70 minutes."), "It takes 70 minutes.");
        assert_eq!(in_context("Restore", "It takes 70 minutes."), "Restore: It takes 70 minutes.");
    }
}
