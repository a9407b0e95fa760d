//! What people filled into the fields of a form (ISO 32000-1, 12.7): their widgets draw it, which is no content of the page.

use std::collections::HashSet;

use pdf_oxide::PdfDocument;
use pdf_oxide::object::{Object, ObjectRef};

use super::attachments::entry;
use super::guard::guarded;
use super::title::decode;
use crate::{Block, BlockKind};

/// Most fields, and deepest tree of them.
const MAX_FIELDS: usize = 5_000;
const MAX_DEPTH: usize = 16;

/// A paragraph `name: value` for each field that is filled.
pub(super) fn filled_fields(document: &PdfDocument) -> Vec<Block> {
    let filled = guarded(|| filled(document)).unwrap_or_default();
    filled.into_iter().map(|text| Block { kind: BlockKind::Paragraph(text), at: None }).collect()
}

fn filled(document: &PdfDocument) -> Vec<String> {
    let form = document.catalog().ok().and_then(|catalog| entry(document, &catalog, "AcroForm"));
    let Some(form) = form else { return Vec::new() };
    let mut visited = HashSet::new();
    let mut open: Vec<(usize, String, Object)> = children(document, &form, "Fields", 0, "", &mut visited);
    let (mut found, mut seen) = (Vec::new(), 0);
    while let Some((depth, above, field)) = open.pop() {
        seen += 1;
        if seen > MAX_FIELDS {
            break;
        }
        if depth > MAX_DEPTH {
            continue;
        }
        let own = entry(document, &field, "T").and_then(|name| decode(&name)).unwrap_or_default();
        let name =
            [above.as_str(), own.trim()].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(".");
        let value = entry(document, &field, "V").and_then(|value| decode(&value)).unwrap_or_default();
        if !value.trim().is_empty() {
            found.push(if name.is_empty() { value.trim().to_owned() } else { format!("{name}: {}", value.trim()) });
        }
        open.extend(children(document, &field, "Kids", depth + 1, &name, &mut visited));
    }
    found
}

/// The fields below one that were not met before, the first of them last.
fn children(
    document: &PdfDocument,
    of: &Object,
    key: &str,
    depth: usize,
    name: &str,
    visited: &mut HashSet<ObjectRef>,
) -> Vec<(usize, String, Object)> {
    let list = entry(document, of, key);
    let list = list.as_ref().and_then(Object::as_array).map_or(&[][..], Vec::as_slice);
    let mut child = |object: &Object| {
        let is_new = object.as_reference().is_none_or(|reference| visited.insert(reference));
        is_new.then(|| Some((depth, name.to_owned(), document.resolve_object(object).ok()?))).flatten()
    };
    let mut found: Vec<_> = list.iter().take(MAX_FIELDS).filter_map(&mut child).collect();
    found.reverse();
    found
}
