//! Packs the units of a bundle into passages of even size, with whole sentences repeated from one to the next.

use std::borrow::Cow;

use super::ChunkSettings;
use super::sections::{Bundle, Heading};
use super::units::{Join, Rows, Unit, UnitKind};
use crate::document::{Chunk, Document, LineRange, LocatorStart, Place, TablePart};

/// Appends the passages of `bundle`.
pub(super) fn pack(document: &Document, bundle: &Bundle<'_>, settings: &ChunkSettings, chunks: &mut Vec<Chunk>) {
    let units = flatten(bundle);
    let budget = settings.max().saturating_sub(bundle.context.tokens).max(1);
    let overlap = settings.overlap().min(budget / 2);
    let target = even_size(units.iter().map(|unit| unit.tokens).sum(), budget, overlap);
    // The next passage begins with the unit `from`; the units before `new` stand in the passage before it, too.
    let (mut from, mut new) = (0, 0);
    let mut filled = 0;
    for (at, unit) in units.iter().enumerate() {
        let is_full = filled + unit.tokens > budget || (filled >= target && unit.join == Join::Paragraph);
        if is_full && at > from {
            push(document, bundle, &units[from..at], new - from, chunks);
            from = overlap_start(&units, from, at, overlap, budget);
            new = at;
            filled = units[from..at].iter().map(|unit| unit.tokens).sum();
        }
        filled += unit.tokens;
    }
    if from < units.len() {
        push(document, bundle, &units[from..], new - from, chunks);
    }
}

/// The units of all sections, with the headings that the context does not hold.
fn flatten<'b>(bundle: &'b Bundle<'_>) -> Vec<Unit<'b>> {
    let mut units = Vec::new();
    for section in &bundle.sections {
        // A section without text stands for its heading, so that the heading is in some passage.
        let shared = if section.units.is_empty() {
            bundle.shared.min(section.path.len().saturating_sub(1))
        } else {
            bundle.shared
        };
        for Heading { line, tokens, lines, .. } in section.headings.iter().filter(|heading| heading.depth > shared) {
            let (text, kind) = (Cow::Borrowed(line.as_str()), UnitKind::Whole);
            units.push(Unit {
                text,
                tokens: *tokens,
                join: Join::Paragraph,
                kind,
                lines: *lines,
                // A heading stands where the first text under it does.
                at: section.units.first().and_then(|unit| unit.at.clone()),
                rows: None,
            });
        }
        units.extend(section.units.iter().cloned());
    }
    units
}

/// The size at which `total` tokens fill the fewest passages evenly.
fn even_size(total: usize, budget: usize, overlap: usize) -> usize {
    if total <= budget {
        return budget;
    }
    let passages = (total - overlap).div_ceil(budget - overlap).max(1);
    (total + (passages - 1) * overlap).div_ceil(passages)
}

/// Where the passage that goes on with unit `at` starts: the last sentences of the one that began at `from`, as many as
/// `overlap` holds and the next unit leaves room for, never all of them.
fn overlap_start(units: &[Unit<'_>], from: usize, at: usize, overlap: usize, budget: usize) -> usize {
    let room = overlap.min(budget.saturating_sub(units[at].tokens));
    let (mut start, mut tokens) = (at, 0);
    while start > from + 1 && units[start - 1].kind == UnitKind::Sentence && tokens + units[start - 1].tokens <= room {
        start -= 1;
        tokens += units[start].tokens;
    }
    start
}

/// Appends the passage of these units, of which the first `repeated` stand in the one before it, too.
fn push(document: &Document, bundle: &Bundle<'_>, units: &[Unit<'_>], repeated: usize, chunks: &mut Vec<Chunk>) {
    let mut repeats = 0;
    let mut text = String::with_capacity(units.iter().map(|unit| unit.text.len() + 2).sum());
    let (mut tables, mut locators) = (Vec::new(), Vec::<LocatorStart>::new());
    for (at, unit) in units.iter().enumerate() {
        if at > 0 {
            text.push_str(unit.join.text());
        }
        if at == repeated {
            repeats = u32::try_from(text.len()).unwrap_or(u32::MAX);
        }
        let begins_at = u32::try_from(text.len()).unwrap_or(u32::MAX);
        if let Some(Rows { table, first, of, sheet_row, is_record }) = unit.rows {
            tables.push(TablePart { at: begins_at, table, first, of, sheet_row, is_record });
        }
        if locators.last().is_none_or(|last| last.locator.as_ref() != unit.at.as_deref()) {
            locators.push(LocatorStart { at: begins_at, locator: unit.at.as_deref().cloned() });
        }
        text.push_str(&unit.text);
    }
    let lines = units.iter().filter_map(|unit| unit.lines).reduce(LineRange::cover);
    let places = units.iter().filter_map(|unit| unit.at.as_deref()).cloned();
    let locator = places.reduce(|all, next| all.cover(&next).unwrap_or(all));
    // What holds for all of a passage is told once.
    if locators.len() == 1 {
        locators.clear();
    }
    let path = bundle.sections.first().map_or(&[][..], |section| &section.path);
    let headings = path.iter().take(bundle.shared).map(|heading| (*heading).to_owned()).collect();
    let tokens = bundle.context.tokens + units.iter().map(|unit| unit.tokens).sum::<usize>();
    chunks.push(Chunk {
        document: document.id.clone(),
        ordinal: u32::try_from(chunks.len()).unwrap_or(u32::MAX),
        context: bundle.context.text.clone(),
        text,
        place: Place { tables, repeats, locator, locators, ..Place::new(headings, lines) },
        tokens: u32::try_from(tokens).unwrap_or(u32::MAX),
    });
}
