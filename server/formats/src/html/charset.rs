//! The charset an HTML page declares for itself.

use encoding_rs::{UTF_16BE, UTF_16LE};

use crate::charset::labelled;

/// How far into a page a declaration may stand (WHATWG: the first 1024 bytes; some generators need more).
const HEAD_BYTES: usize = 4096;

/// The label in `<meta charset=...>`, `<meta ... content="text/html; charset=...">` or `<?xml encoding="...">`. What says in
/// ASCII that it is UTF-16 is not: UTF-8 is meant (WHATWG).
pub fn declared(bytes: &[u8]) -> Option<String> {
    let label = written(bytes)?;
    let is_wide = labelled(&label).is_some_and(|encoding| encoding == UTF_16LE || encoding == UTF_16BE);
    Some(if is_wide { "utf-8".to_owned() } else { label })
}

fn written(bytes: &[u8]) -> Option<String> {
    let head = bytes[..bytes.len().min(HEAD_BYTES)].to_ascii_lowercase();
    let find =
        |needle: &[u8], from: usize| head[from..].windows(needle.len()).position(|w| w == needle).map(|at| from + at);
    if head.starts_with(b"<?xml") {
        let end = find(b"?>", 0)?;
        if let Some(at) = find(b"encoding=", 0).filter(|at| *at < end) {
            return label(&head[at + b"encoding=".len()..]);
        }
    }
    let mut from = 0;
    while let Some(meta) = find(b"<meta", from) {
        let end = find(b">", meta).unwrap_or(head.len());
        if let Some(at) = find(b"charset", meta).filter(|at| *at < end) {
            let rest = head[at + b"charset".len()..end].trim_ascii_start();
            if let Some(value) = rest.strip_prefix(b"=") {
                return label(value);
            }
        }
        from = end;
    }
    None
}

fn label(value: &[u8]) -> Option<String> {
    let value = value.trim_ascii_start();
    let value = value.strip_prefix(b"\"").or(value.strip_prefix(b"'")).unwrap_or(value);
    let is_label = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b':' | b'.');
    let label: String = value.iter().take(40).take_while(|byte| is_label(byte)).map(|byte| char::from(*byte)).collect();
    (!label.is_empty()).then_some(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declared_charset_is_found() {
        let check =
            |page: &str, expect: Option<&str>| assert_eq!(declared(page.as_bytes()).as_deref(), expect, "{page}");
        check("<meta charset=\"EUC-KR\">", Some("euc-kr"));
        check("<META Charset = cp949 >", Some("cp949"));
        check("<meta http-equiv='content-type' content='text/html; charset=ks_c_5601-1987'>", Some("ks_c_5601-1987"));
        check("<?xml version=\"1.0\" encoding=\"euc-kr\"?><html>", Some("euc-kr"));
        check("<meta name=x><p>charset=none", None);
        check("<meta charset=UTF-16LE>", Some("utf-8"));
        check("<meta charset=unicode>", Some("utf-8"));
        check("", None);
    }
}
