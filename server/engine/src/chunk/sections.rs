//! Sections: the blocks under one heading; and bundles: the neighbouring sections that share a passage.

use super::TokenCounter;
use super::context::{Context, Contexts};
use super::units::{Unit, push_units};
use crate::document::{BlockKind, Document, LineRange, Locator};

/// The blocks under one heading, up to the next heading of any level.
pub(super) struct Section<'d> {
    /// The headings above, its own included, outermost first.
    pub(super) path: Vec<&'d str>,
    /// Its own heading, behind those parents that have no text of their own.
    pub(super) headings: Vec<Heading>,
    pub(super) units: Vec<Unit<'d>>,
}

/// A heading as it stands in a passage that does not have it in its context.
pub(super) struct Heading {
    /// How many headings its path has: 1 for an outermost one.
    pub(super) depth: usize,
    /// `## Impact`.
    pub(super) line: String,
    pub(super) tokens: usize,
    pub(super) lines: Option<LineRange>,
}

impl Section<'_> {
    fn tokens(&self) -> usize {
        let headings: usize = self.headings.iter().map(|heading| heading.tokens).sum();
        headings + self.units.iter().map(|unit| unit.tokens).sum::<usize>()
    }
}

/// Sections that share a passage, or one section alone, which may take several.
pub(super) struct Bundle<'d> {
    pub(super) sections: Vec<Section<'d>>,
    /// How many headings all its sections share.
    pub(super) shared: usize,
    /// The context under the shared headings.
    pub(super) context: Context,
}

/// Cuts a document into sections.
pub(super) fn sections<'d>(
    document: &'d Document,
    max: usize,
    contexts: &Contexts<'_>,
    counter: &dyn TokenCounter,
) -> Vec<Section<'d>> {
    let mut sections: Vec<Section<'d>> = Vec::new();
    let mut previous = None;
    let mut tables = 0;
    let mut budget = max.saturating_sub(contexts.of(&[]).tokens);
    for block in &document.blocks {
        if let BlockKind::Heading { level } = block.kind {
            let mut path: Vec<&str> = block.place.headings.iter().map(String::as_str).collect();
            path.push(&block.text);
            let line = format!("{} {}", "#".repeat(usize::from(level.clamp(1, 6))), block.text);
            let tokens = counter.count(&line);
            let heading = Heading { depth: path.len(), line, tokens, lines: block.place.lines };
            budget = max.saturating_sub(contexts.of(&path).tokens);
            sections.push(Section { path, headings: vec![heading], units: Vec::new() });
            previous = None;
            continue;
        }
        if sections.is_empty() {
            sections.push(Section { path: Vec::new(), headings: Vec::new(), units: Vec::new() });
        }
        if let Some(section) = sections.last_mut() {
            push_units(block, previous, tables, budget.max(1), counter, &mut section.units);
        }
        tables += u32::from(block.kind == BlockKind::Table);
        previous = Some(block);
    }
    without_bare_parents(sections)
}

/// Hands a heading that has nothing but sub-headings under it to the first of them.
fn without_bare_parents(sections: Vec<Section<'_>>) -> Vec<Section<'_>> {
    let mut kept: Vec<Section<'_>> = Vec::with_capacity(sections.len());
    for mut section in sections {
        if kept.last().is_some_and(|last| last.units.is_empty() && section.path.starts_with(&last.path))
            && let Some(parent) = kept.pop()
        {
            section.headings.splice(0..0, parent.headings);
        }
        kept.push(section);
    }
    kept
}

/// Joins neighbours under the same parent while a passage is far from full and the next section fits.
pub(super) fn bundles<'d>(sections: Vec<Section<'d>>, max: usize, contexts: &Contexts<'_>) -> Vec<Bundle<'d>> {
    let mut bundles: Vec<Bundle<'d>> = Vec::new();
    // The tokens of the open bundle, context left aside.
    let mut filled = 0;
    for section in sections {
        let tokens = section.tokens();
        if let Some(bundle) = bundles.last_mut()
            && is_far_from_full(filled, tokens, max)
            && !are_entries(bundle, &section)
            && let Some(shared) = shared_headings(bundle, &section)
        {
            let context =
                if shared < bundle.shared { contexts.of(&section.path[..shared]) } else { bundle.context.clone() };
            if context.tokens + filled + tokens <= max {
                filled += tokens;
                (bundle.shared, bundle.context) = (shared, context);
                bundle.sections.push(section);
                continue;
            }
        }
        filled = tokens;
        bundles.push(Bundle {
            shared: section.path.len(),
            context: contexts.of(&section.path),
            sections: vec![section],
        });
    }
    bundles
}

/// Whether both are entries of a sheet, or of two sheets: each is found, and cited, by its own row.
fn are_entries(bundle: &Bundle<'_>, section: &Section<'_>) -> bool {
    let is_entry = |section: &Section<'_>| {
        section.units.iter().filter_map(|unit| unit.at.as_deref()).any(|at| matches!(at, Locator::Rows { .. }))
    };
    is_entry(section) && bundle.sections.iter().any(is_entry)
}

/// A passage under a third of its size says too little to be found by; a section under a sixth is no topic of its own.
fn is_far_from_full(filled: usize, next: usize, max: usize) -> bool {
    filled < max / 3 || next < max / 6
}

/// How many headings the bundle and a section share, if they have the same parent or the one is the other's.
fn shared_headings(bundle: &Bundle<'_>, section: &Section<'_>) -> Option<usize> {
    let first = &bundle.sections.first()?.path;
    let common = first.iter().zip(&section.path).take_while(|(a, b)| a == b).count();
    (common + 1 >= first.len()).then_some(common.min(bundle.shared))
}
