//! The pieces of the passages found, and which of them are worth embedding.

use std::collections::{HashMap, HashSet};

use crate::document::Locator;
use crate::index::{ChunkNumber, IndexError};
use crate::retrieve::Retrieved;
use crate::settings::RetrievalSettings;
use crate::text::facts::{Day, days};
use crate::text::{Fact, FactKind, facts, matching_form, missing_facts};

use super::super::words::{question_words, rarity};
use super::super::{ItemPlace, ParagraphPlace, RowPlace, Searcher};
use super::passage::{Cut, is_prose};
use super::place::place;
use super::{PieceKind, Section, context_of};

/// Pieces embedded for one question, in number and in bytes together: about 120 ms on two cores. Twice as many find
/// one answer more in a hundred.
const MAX_PIECES: usize = 32;
const MAX_PIECES_BYTES: usize = 6_000;
/// The longest code weighed or said, in bytes: longer ones bury the answer. A sentence or a row may be as long as its passage:
/// half of one may say the opposite, and what another passage, or the next row, says instead is no answer.
pub(super) const MAX_CODE_BYTES: usize = 1_200;
/// The longest heading or title that is embedded with each piece, in characters.
const MAX_HEADING_CHARS: usize = 80;

/// A piece before it is embedded.
pub(super) struct Draft {
    pub(super) chunk: ChunkNumber,
    pub(super) text: String,
    /// Title and nearest heading.
    pub(super) context: String,
    /// What it stands under.
    pub(super) section: Section,
    /// Where a row stands in its table.
    pub(super) row: Option<RowPlace>,
    /// Its page, slide or row of a sheet, where the format has those.
    pub(super) locator: Option<Locator>,
    pub(super) kind: PieceKind,
    /// The paragraph, list item, table or block of code that it is a part of.
    pub(super) block: usize,
    /// The list item that it is a part of.
    pub(super) item: Option<ItemPlace>,
    /// Which sentence of its paragraph it is, where that has several.
    pub(super) paragraph: Option<ParagraphPlace>,
    /// The position of the piece that announces it.
    pub(super) lead: Option<usize>,
    /// Whether its section is at hand from its beginning on.
    pub(super) from_start: bool,
    /// What it is weighed by, where its passage was found and there is time to embed it.
    pub(super) weighed: Option<Weighed>,
}

/// What is known of a piece before it is embedded.
#[derive(Debug, Clone, Copy)]
pub(super) struct Weighed {
    /// Share of the question's words, by rarity, in the piece and its headings.
    pub(super) words: f32,
    /// Share of the question's identifiers (`HN-5031`) that stand in the piece or in a heading above it.
    pub(super) identifiers: f32,
    /// Whether it is a row whose first cell stands in the question, or that has the day in it: the row that was asked for.
    pub(super) is_asked_row: bool,
    /// The passage's fused score beside the best one's.
    pub(super) passage: f32,
    /// What the model takes off for the passage's language.
    pub(super) bias: f32,
    /// The passage's rank.
    rank: usize,
}

/// All pieces of the passages found and of those that their lists go on in, in reading order. The likeliest are weighed;
/// the others are said where they belong to what is said.
pub(super) fn drafts(
    searcher: &Searcher,
    question: &str,
    found: &Retrieved,
    settings: &RetrievalSettings,
) -> Result<Vec<Draft>, IndexError> {
    let words = QuestionWords::of(searcher, question)?;
    let asked = matching_form(question);
    let mut identifiers = facts(question);
    identifiers.retain(|fact| fact.kind == FactKind::Identifier);
    let asked_days = days(question);
    let best = found.candidates.first().map_or(1.0, |c| c.fused).max(f32::EPSILON);
    let mut weights = HashMap::new();
    for (rank, candidate) in found.candidates.iter().take(settings.top_k).enumerate() {
        let passage = (candidate.fused / best).clamp(0.0, 1.0);
        let bias = candidate.closeness.zip(candidate.cosine).map_or(0.0, |(closeness, cosine)| closeness - cosine);
        weights.insert(
            candidate.chunk,
            Weighed { words: 0.0, identifiers: 0.0, is_asked_row: false, passage, bias, rank },
        );
    }
    let passages = &searcher.revision().passages;
    let chunks: Vec<ChunkNumber> =
        found.candidates.iter().take(settings.top_k).map(|candidate| candidate.chunk).collect();
    let mut drafts = Vec::new();
    for placed in place(passages, &chunks)? {
        let title = passages.document(placed.document)?.title;
        let heading = placed.cut.headings.last().map_or("", String::as_str);
        let context = context_of(shortened(&title), shortened(heading));
        let says_enough = placed.cut.kind != PieceKind::Sentence || is_prose(&placed.cut.text);
        let weighed = weights.get(&placed.weighed_as).filter(|_| says_enough).map(|weights| Weighed {
            words: words.share_in(searcher, &context, &placed.cut.text),
            identifiers: share_of_identifiers(&identifiers, &title, &placed.cut),
            is_asked_row: placed.cut.kind == PieceKind::Row
                && (is_asked_row(&asked, &placed.cut.text) || holds_day(&asked_days, &placed.cut.text)),
            ..*weights
        });
        drafts.push(Draft {
            chunk: placed.chunk,
            context,
            section: Section { document: placed.document, number: placed.cut.section, headings: placed.cut.headings },
            row: placed.cut.row,
            locator: placed.cut.locator,
            kind: placed.cut.kind,
            block: placed.block,
            item: placed.item,
            paragraph: placed.paragraph,
            lead: placed.lead,
            from_start: placed.from_start,
            weighed,
            text: placed.cut.text,
        });
    }
    weigh_likeliest(&mut drafts);
    Ok(drafts)
}

/// Whether a piece is short enough to be said.
pub(super) fn is_sayable(kind: PieceKind, text: &str) -> bool {
    kind != PieceKind::Code || text.len() <= MAX_CODE_BYTES
}

fn share_of_identifiers(identifiers: &[Fact], title: &str, cut: &Cut) -> f32 {
    if identifiers.is_empty() {
        return 0.0;
    }
    let place = format!("{title}\n{}\n{}", cut.headings.join("\n"), cut.text);
    let held = identifiers.iter().filter(|fact| missing_facts(&fact.value, &place).is_empty()).count();
    held as f32 / identifiers.len() as f32
}

/// Whether the first cell of a row stands in a question, both in the form in which words are compared. Behind a word in
/// Hangul stands its particle.
fn is_asked_row(question: &str, text: &str) -> bool {
    let row = text.lines().last().unwrap_or_default().trim_start_matches('|');
    let cell = matching_form(row.split('|').next().unwrap_or_default());
    let cell = cell.trim_matches(|c: char| !c.is_alphanumeric());
    let is_word = |at: usize| {
        let (before, after) = (&question[..at], &question[at + cell.len()..]);
        let ends = cell.ends_with(|c: char| ('가'..='힣').contains(&c));
        let goes_on = |c: char| if ends { c.is_ascii_alphanumeric() } else { c.is_alphanumeric() && c.is_ascii() };
        !before.ends_with(char::is_alphanumeric) && !after.starts_with(goes_on)
    };
    cell.chars().count() > 1 && question.match_indices(cell).any(|(at, _)| is_word(at))
}

/// Whether the last line of a text, which is a row, names one of some days.
fn holds_day(asked: &[Day], text: &str) -> bool {
    let row = text.lines().last().unwrap_or_default();
    !asked.is_empty() && days(row).iter().any(|day| asked.iter().any(|asked| asked.is_same(day)))
}

/// Leaves those to be weighed that can be embedded in time: by words and the passage's rank, then by the order of reading.
fn weigh_likeliest(drafts: &mut [Draft]) {
    let mut order: Vec<(usize, Weighed)> =
        drafts.iter().enumerate().filter_map(|(at, draft)| Some((at, draft.weighed?))).collect();
    let likelihood = |weighed: &Weighed| {
        weighed.words + weighed.identifiers + f32::from(u8::from(weighed.is_asked_row)) + weighed.passage
    };
    order.sort_by(|(a, x), (b, y)| likelihood(y).total_cmp(&likelihood(x)).then(x.rank.cmp(&y.rank)).then(a.cmp(b)));
    let (mut number, mut bytes) = (0, 0);
    for (at, _) in order {
        let length = drafts[at].text.len();
        if !is_sayable(drafts[at].kind, &drafts[at].text) {
            drafts[at].weighed = None;
            continue;
        }
        number += 1;
        if number > MAX_PIECES || bytes + length > MAX_PIECES_BYTES {
            drafts[at].weighed = None;
        } else {
            bytes += length;
        }
    }
}

fn shortened(heading: &str) -> &str {
    heading.char_indices().nth(MAX_HEADING_CHARS).map_or(heading, |(end, _)| &heading[..end])
}

/// The question's words with their rarity.
struct QuestionWords {
    words: Vec<(Vec<String>, f32)>,
    total: f32,
}

impl QuestionWords {
    fn of(searcher: &Searcher, question: &str) -> Result<Self, IndexError> {
        let revision = searcher.revision();
        let mut words = Vec::new();
        for word in question_words(&searcher.analyzer, question) {
            let rarity = rarity(revision, &word.forms)?;
            words.push((word.forms, rarity));
        }
        let total = words.iter().map(|(_, rarity)| rarity).sum();
        Ok(Self { words, total })
    }

    fn share_in(&self, searcher: &Searcher, context: &str, text: &str) -> f32 {
        if self.total <= 0.0 {
            return 0.0;
        }
        let mut present: HashSet<String> = searcher.analyzer.terms(text).into_iter().collect();
        present.extend(searcher.analyzer.terms(context));
        let found = |forms: &[String]| forms.iter().any(|form| present.contains(form));
        self.words.iter().filter(|(forms, _)| found(forms)).map(|(_, rarity)| rarity).sum::<f32>() / self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_asked_for_by_its_day_however_that_is_written() {
        let header = "| date | name |\n| --- | --- |\n";
        let holds = |question: &str, row: &str| holds_day(&days(question), &format!("{header}{row}"));
        assert!(holds("Who is on call on December 21?", "| 2026-12-21 | Kim |"));
        assert!(holds("2026년 12월 21일 당직", "| 12월 21일 | 김 |"));
        assert!(!holds("2025년 12월 21일 당직", "| 2026-12-21 | Kim |"));
        assert!(!holds("on call on December 20", "| 2026-12-21 | Kim |"));
        assert!(!holds("on call", "| 2026-12-21 | Kim |"));
    }

    #[test]
    fn long_headings_are_shortened_between_characters() {
        let long = "가".repeat(200);
        assert_eq!(shortened(&long).chars().count(), MAX_HEADING_CHARS);
        assert_eq!(shortened("짧은 제목"), "짧은 제목");
    }

    #[test]
    fn a_row_is_asked_for_by_its_first_cell() {
        for (question, cell, expect) in [
            ("장바구니 데이터는 얼마나 보관하나요?", "장바구니", true),
            ("장바구니는 며칠 보관하나요?", "장바구니", true),
            ("카트는 며칠 보관하나요?", "장바구니", false),
            ("What does Xid 48 mean?", "48", true),
            ("What does Xid 480 mean?", "48", false),
            ("오류 48은 무엇인가요?", "48", true),
            ("How long are `app-logs` kept?", "`app-logs`", true),
            ("What is it?", "a", false),
            ("What is it?", "", false),
        ] {
            let row = format!("| what | else |\n| --- | --- |\n| {cell} | x |");
            assert_eq!(is_asked_row(&matching_form(question), &row), expect, "{question} {cell}");
        }
    }

    fn draft(text: &str, words: f32) -> Draft {
        Draft {
            chunk: ChunkNumber(0),
            text: text.to_owned(),
            context: String::new(),
            section: Section::default(),
            row: None,
            locator: None,
            kind: PieceKind::Sentence,
            block: 0,
            item: None,
            paragraph: None,
            lead: None,
            from_start: true,
            weighed: Some(Weighed { words, identifiers: 0.0, is_asked_row: false, passage: 0.0, bias: 0.0, rank: 0 }),
        }
    }

    #[test]
    fn the_likeliest_are_weighed_and_long_code_never() {
        let weighed = |mut drafts: Vec<Draft>| -> Vec<usize> {
            weigh_likeliest(&mut drafts);
            (0..drafts.len()).filter(|at| drafts[*at].weighed.is_some()).collect()
        };
        let mut drafts: Vec<Draft> = (0..50).map(|_| draft("Other text.", 0.5)).collect();
        drafts.push(draft("- Lift people.", 1.0));
        assert_eq!(weighed(drafts), (0..MAX_PIECES - 1).chain([50]).collect::<Vec<_>>());
        let long = || draft(&"x".repeat(MAX_CODE_BYTES + 1), 1.0);
        assert_eq!(weighed(vec![long(), draft("Short.", 0.1)]), [0, 1], "a sentence");
        assert_eq!(weighed(vec![Draft { kind: PieceKind::Row, ..long() }, draft("Short.", 0.1)]), [0, 1], "a row");
        assert_eq!(weighed(vec![Draft { kind: PieceKind::Code, ..long() }, draft("Short.", 0.1)]), [1]);
    }
}
