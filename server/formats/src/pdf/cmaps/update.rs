//! An incremental update: objects behind a file that stand for those in it (ISO 32000-1, 7.5.6).

use pdf_oxide::PdfDocument;
use pdf_oxide::object::{Object, ObjectRef};

use super::Dict;

/// What stands behind a file.
pub(super) struct Update {
    trailer: Dict,
    is_encrypted: bool,
    objects: Vec<(ObjectRef, Object)>,
}

/// The number of the first object that is added: files say of themselves how many they have, not always truly. The largest
/// that readers need know is 8,388,607 (annex C.2).
const FIRST: u32 = 8_000_000;

impl Update {
    /// Of a file.
    pub(super) fn of(document: &PdfDocument) -> Self {
        let trailer = document.trailer().as_dict().cloned().unwrap_or_default();
        let kept = ["Root", "Info", "ID", "Encrypt"];
        let kept: Dict = kept.into_iter().filter_map(|key| Some((key.to_owned(), trailer.get(key)?.clone()))).collect();
        Self { is_encrypted: kept.contains_key("Encrypt"), trailer: kept, objects: Vec::new() }
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

    /// What is to stand behind the file.
    pub(super) fn written(mut self, bytes: &[u8]) -> Vec<u8> {
        self.objects.sort_by_key(|(at, _)| at.id);
        let mut written = b"\n".to_vec();
        let mut table = "xref\n".to_owned();
        for (at, object) in &mut self.objects {
            if let Object::Stream { dict, .. } = object
                && self.is_encrypted
            {
                // Streams of cross references are the ones that are never encrypted (7.5.8.2): the library asks just for the type.
                dict.insert("Type".to_owned(), Object::Name("XRef".to_owned()));
            }
            let place = bytes.len() + written.len();
            table.push_str(&format!("{} 1\n{place:010} {:05} n \n", at.id, at.r#gen));
            written.extend(format!("{} {} obj\n", at.id, at.r#gen).into_bytes());
            write(object, &mut written);
            written.extend(b"\nendobj\n");
        }
        let start = bytes.len() + written.len();
        self.trailer.insert("Size".to_owned(), Object::Integer(i64::from(FIRST) + self.objects.len() as i64));
        let previous = previous(bytes);
        self.trailer.extend(previous.map(|previous| ("Prev".to_owned(), Object::Integer(previous))));
        written.extend(table.into_bytes());
        written.extend(b"trailer\n");
        write(&Object::Dictionary(self.trailer), &mut written);
        // A file that does not say where its objects are is searched for them, and the last of each counts.
        let end = previous.map_or_else(|| "\n".to_owned(), |_| format!("\nstartxref\n{start}\n%%EOF\n"));
        written.extend(end.into_bytes());
        written
    }
}

/// Where the table of a file's objects begins; `None` where the file does not say that, or something else stands there.
fn previous(bytes: &[u8]) -> Option<i64> {
    const MARK: &[u8] = b"startxref";
    let mut end = bytes.len();
    loop {
        let at = bytes[..end].windows(MARK.len()).rposition(|window| window == MARK)?;
        let rest = bytes[at + MARK.len()..].trim_ascii_start();
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if let Some(place) = str::from_utf8(&rest[..digits]).ok().and_then(|place| place.parse().ok()) {
            return Some(place);
        }
        end = at;
    }
}

/// Writes an object (7.3).
fn write(object: &Object, written: &mut Vec<u8>) {
    match object {
        Object::Null => written.extend(b"null"),
        Object::Boolean(value) => written.extend(value.to_string().into_bytes()),
        Object::Integer(number) => written.extend(number.to_string().into_bytes()),
        Object::Real(number) => written.extend(number.to_string().into_bytes()),
        Object::String(text) => {
            written.push(b'<');
            text.iter().for_each(|byte| written.extend(format!("{byte:02X}").into_bytes()));
            written.push(b'>');
        }
        Object::Name(name) => write_name(name, written),
        Object::Array(items) => {
            written.push(b'[');
            for item in items {
                write(item, written);
                written.push(b' ');
            }
            written.push(b']');
        }
        Object::Dictionary(dict) => write_dict(dict, written),
        Object::Stream { dict, data } => {
            write_dict(dict, written);
            written.extend(b"\nstream\n");
            written.extend_from_slice(data);
            written.extend(b"\nendstream");
        }
        Object::Reference(at) => written.extend(format!("{} {} R", at.id, at.r#gen).into_bytes()),
    }
}

fn write_dict(dict: &Dict, written: &mut Vec<u8>) {
    written.extend(b"<<");
    let mut entries: Vec<_> = dict.iter().collect();
    entries.sort_by_key(|(key, _)| *key);
    for (key, value) in entries {
        write_name(key, written);
        written.push(b' ');
        write(value, written);
        written.push(b' ');
    }
    written.extend(b">>");
}

/// Anything that is not a regular character is escaped (7.3.5).
fn write_name(name: &str, written: &mut Vec<u8>) {
    written.push(b'/');
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"+-_.,:;*'@&=!?$".contains(&byte) {
            written.push(byte);
        } else {
            written.extend(format!("#{byte:02X}").into_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_with_escapes() {
        let mut written = Vec::new();
        write_name("Gulim(K)%#/ 굴", &mut written);
        assert_eq!(written, b"/Gulim#28K#29#25#23#2F#20#EA#B5#B4");
    }

    #[test]
    fn where_the_table_is_stands_before_the_end() {
        for (text, expect) in [
            ("startxref\n12\n%%EOF", Some(12)),
            ("startxref\r\n 7 startxref 9 % startxref", Some(9)),
            ("startxref", None),
            ("", None),
        ] {
            assert_eq!(previous(text.as_bytes()), expect, "{text}");
        }
    }
}
