//! The files that are embedded in a file, under their names.

use pdf_oxide::PdfDocument;
use pdf_oxide::object::Object;

use super::guard::guarded;
use super::title::decode;

/// An embedded file: its name and its content.
pub(crate) type Attachment = (String, Vec<u8>);

/// Deepest tree of names.
const MAX_DEPTH: usize = 16;

/// At most so many embedded files of a document, and whether there are more.
pub(super) fn attachments(document: &PdfDocument, most: usize) -> (Vec<Attachment>, usize) {
    let specifications = guarded(|| specifications(document)).unwrap_or_default();
    let left_out = specifications.len().saturating_sub(most);
    if document.is_encrypted() {
        // The content of a locked file is only opened by the library's own walk.
        let found = guarded(|| document.extract_embedded_files()).and_then(Result::ok).unwrap_or_default();
        let names = specifications.iter().map(|specification| name(document, specification));
        let named = found.into_iter().zip(names).map(|((_, bytes), name)| (name, bytes)).take(most).collect();
        return (named, left_out);
    }
    let content = |specification: &Object| {
        let bytes = guarded(|| content(document, specification)).flatten()?;
        Some((name(document, specification), bytes))
    };
    (specifications.iter().take(most).filter_map(content).collect(), left_out)
}

/// The specifications of all embedded files (ISO 32000-1, 7.11.4), found in the tree of their names.
fn specifications(document: &PdfDocument) -> Vec<Object> {
    let root = document.catalog().ok().and_then(|catalog| entry(document, &catalog, "Names"));
    let Some(root) = root.and_then(|names| entry(document, &names, "EmbeddedFiles")) else { return Vec::new() };
    let mut found = Vec::new();
    let mut level = vec![root];
    for _ in 0..MAX_DEPTH {
        let mut below = Vec::new();
        for node in &level {
            let names = entry(document, node, "Names");
            let names = names.as_ref().and_then(Object::as_array).map_or(&[][..], Vec::as_slice);
            found.extend(names.chunks_exact(2).filter_map(|pair| document.resolve_object(&pair[1]).ok()));
            let kids = entry(document, node, "Kids");
            let kids = kids.as_ref().and_then(Object::as_array).map_or(&[][..], Vec::as_slice);
            below.extend(kids.iter().filter_map(|kid| document.resolve_object(kid).ok()));
            if found.len() + below.len() > MAX_NODES {
                return found;
            }
        }
        level = below;
    }
    found
}

/// Most nodes of the tree of names.
const MAX_NODES: usize = 10_000;

pub(super) fn entry(document: &PdfDocument, object: &Object, key: &str) -> Option<Object> {
    document.resolve_object(object.as_dict()?.get(key)?).ok()
}

fn name(document: &PdfDocument, specification: &Object) -> String {
    let name = ["UF", "F"].iter().find_map(|key| decode(&entry(document, specification, key)?));
    name.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| "attachment".to_owned())
}

fn content(document: &PdfDocument, specification: &Object) -> Option<Vec<u8>> {
    let streams = entry(document, specification, "EF")?;
    let stream = ["F", "UF"].iter().find_map(|key| entry(document, &streams, key))?;
    stream.decode_stream_data().ok()
}
