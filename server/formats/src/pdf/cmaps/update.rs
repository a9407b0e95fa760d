//! An incremental update: objects behind a file that stand for those in it (ISO 32000-1, 7.5.6).

use pdf_oxide::PdfDocument;
use pdf_oxide::object::{Object, ObjectRef};
use pdf_oxide::writer::ObjectSerializer;

use super::Dict;

/// What stands behind a file.
pub(super) struct Update<'a> {
    bytes: &'a [u8],
    /// Where the table of the file's objects begins.
    previous: i64,
    trailer: Dict,
    objects: Vec<(ObjectRef, Object)>,
}

/// The number of the first object that is added: files say of themselves how many they have, not always truly. The largest
/// that readers need know is 8,388,607 (annex C.2).
const FIRST: u32 = 8_000_000;

impl<'a> Update<'a> {
    /// Of a file; `None` where it does not say where its objects are.
    pub(super) fn of(document: &PdfDocument, bytes: &'a [u8]) -> Option<Self> {
        const MARK: &[u8] = b"startxref";
        let at = bytes.windows(MARK.len()).rposition(|window| window == MARK)?;
        let rest = bytes[at + MARK.len()..].trim_ascii_start();
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let previous = std::str::from_utf8(&rest[..digits]).ok()?.parse().ok()?;
        let trailer = document.trailer().as_dict()?;
        let kept =
            ["Root", "Info", "ID"].into_iter().filter_map(|key| Some((key.to_owned(), trailer.get(key)?.clone())));
        Some(Self { bytes, previous, trailer: kept.collect(), objects: Vec::new() })
    }

    /// Adds an object.
    pub(super) fn add(&mut self, object: Object) -> ObjectRef {
        let added = self.objects.iter().filter(|(at, _)| at.id >= FIRST).count();
        let at = ObjectRef::new(FIRST + added as u32, 0);
        self.objects.push((at, object));
        at
    }

    /// Puts an object in the place of one of the file.
    pub(super) fn replace(&mut self, at: ObjectRef, object: Object) {
        self.objects.push((at, object));
    }

    /// The file with what stands behind it.
    pub(super) fn written(mut self) -> Vec<u8> {
        self.objects.sort_by_key(|(at, _)| at.id);
        let mut written = self.bytes.to_vec();
        written.push(b'\n');
        let serializer = ObjectSerializer::compact();
        let mut table = "xref\n".to_owned();
        for (at, object) in &self.objects {
            table.push_str(&format!("{} 1\n{:010} {:05} n \n", at.id, written.len(), at.r#gen));
            written.extend(serializer.serialize_indirect(at.id, at.r#gen, object));
        }
        let start = written.len();
        self.trailer.insert("Size".to_owned(), Object::Integer(i64::from(FIRST) + self.objects.len() as i64));
        self.trailer.insert("Prev".to_owned(), Object::Integer(self.previous));
        written.extend(table.into_bytes());
        written.extend(b"trailer\n");
        written.extend(serializer.serialize(&Object::Dictionary(self.trailer)));
        written.extend(format!("\nstartxref\n{start}\n%%EOF\n").into_bytes());
        written
    }
}
