//! What stands behind a sentence that a model wrote: the statements of the passages it was shown. Markers tell where to
//! look first; what is cited is what holds the sentence. Text that speaks to a model supports nothing.

use crate::document::Language;
use crate::index::ChunkNumber;
use crate::text::{language, missing_facts};

use super::super::attribute::{Evidence, Floors, Support, WITHIN_OF_BEST, similarity};
use super::super::extract::{Statement, statements};
use super::super::{AnswerError, Citation, Searcher};
use super::injection;
use super::stream::WrittenKind;

/// Statements that a sentence is compared with; the passages of one prompt have some 100.
const MAX_STATEMENTS: usize = 256;
/// The longest statement compared, in bytes.
const MAX_STATEMENT_BYTES: usize = 1_200;

/// A statement of a passage shown.
struct Ground {
    /// The passage's place among those shown, from 1.
    passage: usize,
    statement: Statement,
    evidence: Evidence,
    language: Option<Language>,
}

/// All statements of the passages shown.
pub(super) struct Grounds<'a> {
    searcher: &'a Searcher,
    grounds: Vec<Ground>,
    floors: Floors,
    max_citations: usize,
}

/// What was found behind a sentence.
pub(super) struct Judged {
    pub(super) support: Support,
    /// `source` is the place among the passages shown, from 1.
    pub(super) citations: Vec<Citation>,
}

impl<'a> Grounds<'a> {
    /// Embeds what these passages state.
    pub(super) fn of(
        searcher: &'a Searcher,
        chunks: &[ChunkNumber],
        floors: Floors,
        max_citations: usize,
    ) -> Result<Self, AnswerError> {
        let passages = &searcher.revision().passages;
        let mut stated = Vec::new();
        for (passage, number) in (1..).zip(chunks) {
            let chunk = passages.chunk(*number)?;
            let title = passages.document(chunk.document)?.title;
            let shown = injection::withheld(&chunk.text);
            let fits = |said: &Statement| said.text.len() <= MAX_STATEMENT_BYTES && shown.contains(said.quote.trim());
            let fits = statements(&chunk.text, &chunk.place, &title).into_iter().filter(fits);
            stated.extend(fits.map(|statement| (passage, statement)));
        }
        stated.truncate(MAX_STATEMENTS);
        let texts: Vec<&str> = stated.iter().map(|(_, said)| said.text.as_str()).collect();
        let vectors = searcher.model().embed_passages(&texts, &())?;
        let ground = |((passage, statement), vector): ((usize, Statement), &[f32])| {
            let evidence = Evidence::new(statement.text.clone(), vector.to_vec());
            let language = language(&statement.text);
            Ground { passage, statement, evidence, language }
        };
        let grounds = stated.into_iter().zip(vectors.rows()).map(ground).collect();
        Ok(Self { searcher, grounds, floors, max_citations })
    }

    /// Judges a sentence. `marked` are the numbers that its markers held; those that point nowhere are passed over.
    pub(super) fn judge(&self, text: &str, kind: WrittenKind, marked: &[usize]) -> Result<Judged, AnswerError> {
        if kind != WrittenKind::Table {
            return self.judge_one(text, marked);
        }
        // A table says as much as its rows; it is as good as the worst of them.
        let rows: Vec<String> = rows(text);
        let mut all = Judged { support: Support::Supported, citations: Vec::new() };
        for row in &rows {
            let judged = self.judge_one(row, marked)?;
            all.support = worse(all.support, judged.support);
            for citation in judged.citations {
                if !all.citations.iter().any(|known| known.quote == citation.quote && known.source == citation.source) {
                    all.citations.push(citation);
                }
            }
        }
        if rows.is_empty() {
            all.support = Support::Unsupported;
        }
        Ok(all)
    }

    fn judge_one(&self, text: &str, marked: &[usize]) -> Result<Judged, AnswerError> {
        let told: Vec<usize> = marked
            .iter()
            .copied()
            .filter(|number| self.grounds.iter().any(|ground| ground.passage == *number))
            .collect();
        let scored = self.scored(text)?;
        // What is marked is looked at first; where nothing there holds the sentence, everything is.
        let (marked, others): (Vec<_>, Vec<_>) =
            scored.into_iter().partition(|(at, _)| told.contains(&self.grounds[*at].passage));
        let found = self.cited(text, &marked);
        if found.support != Support::Unsupported {
            return Ok(found);
        }
        Ok(self.cited(text, &[marked, others].concat()))
    }

    /// Each statement with its similarity to the sentence, where that is above the weaker floor. Both are compared without
    /// headings: the same ones over both would make anything alike.
    fn scored(&self, text: &str) -> Result<Vec<(usize, f32)>, AnswerError> {
        let vectors = self.searcher.model().embed_passages(&[text], &())?;
        let Some(vector) = vectors.row(0) else { return Ok(Vec::new()) };
        let said = Evidence::new(text.to_owned(), vector.to_vec());
        let background = &self.searcher.revision().manifest.background;
        let said_in = language(text);
        let score = |(at, ground): (usize, &Ground)| {
            (at, similarity(&said, &ground.evidence) + background.language_bias(said_in, ground.language))
        };
        Ok(self.grounds.iter().enumerate().map(score).filter(|(_, score)| *score >= self.floors.weak).collect())
    }

    /// The best statements, and further ones that hold a number or name which these lack.
    fn cited(&self, text: &str, scored: &[(usize, f32)]) -> Judged {
        let mut order = scored.to_vec();
        order.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let Some(&(_, best)) = order.first() else {
            return Judged { support: Support::Unsupported, citations: Vec::new() };
        };
        let mut chosen: Vec<(usize, f32)> = Vec::new();
        let mut missing = missing_facts(text, "");
        for (at, score) in order {
            let held = self.held_by(at);
            let still = missing.iter().filter(|fact| !missing_facts(&fact.value, &held).is_empty()).cloned();
            let still: Vec<_> = still.collect();
            if chosen.len() < self.max_citations
                && (still.len() < missing.len() || missing.is_empty() && score >= best * (1.0 - WITHIN_OF_BEST))
            {
                missing = still;
                chosen.push((at, score));
            }
        }
        if !missing.is_empty() {
            return Judged { support: Support::Unsupported, citations: Vec::new() };
        }
        let support = if best >= self.floors.supported { Support::Supported } else { Support::Weak };
        chosen.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let citation = |(at, score): (usize, f32)| {
            let ground = &self.grounds[at];
            let Statement { quote, locator, .. } = &ground.statement;
            Citation {
                source: ground.passage as u32,
                quote: quote.clone(),
                score: score.min(1.0),
                locator: locator.clone(),
            }
        };
        Judged { support, citations: chosen.into_iter().map(citation).collect() }
    }

    /// A statement with its headings: what a sentence may name.
    fn held_by(&self, at: usize) -> String {
        let Statement { text, above, .. } = &self.grounds[at].statement;
        format!("{above}\n{text}")
    }
}

fn worse(a: Support, b: Support) -> Support {
    let rank = |support| match support {
        Support::Supported => 0,
        Support::Weak => 1,
        Support::Unsupported => 2,
    };
    if rank(a) >= rank(b) { a } else { b }
}

/// The rows of a table under its header, each under the header as passages state them.
fn rows(table: &str) -> Vec<String> {
    let lines: Vec<&str> = table.lines().map(str::trim).filter(|line| line.starts_with('|')).collect();
    match lines.as_slice() {
        [header, rule, rows @ ..] if crate::text::is_table_rule(rule) => {
            rows.iter().map(|row| format!("{header}\n{rule}\n{row}")).collect()
        }
        rows => rows.iter().map(|row| (*row).to_owned()).collect(),
    }
}
