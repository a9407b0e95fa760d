//! Tells whether a file ends in the middle: whether objects are missing, not whether bytes stand behind its end.

/// Whether a file was cut. Behind its last object a whole one says where its table of objects is (ISO 32000-1, 7.5.5), and
/// whatever stands behind that is not of the file. Without it objects are missing, unless the table itself starts there.
pub(super) fn is_cut(bytes: &[u8]) -> bool {
    let Some(start) = last_object(bytes) else { return false };
    let rest = &bytes[start..];
    if find(rest, b"startxref").is_some() || find(rest, b"%%EOF").is_some() {
        return false;
    }
    let Some(end) = find(rest, b"endobj") else { return true };
    let behind = rest[end..].trim_ascii_start();
    let is_table = find(behind, b"xref").is_some() || find(behind, b"trailer").is_some();
    !is_table && find(&rest[..end], b"/XRef").is_none()
}

/// Where the last object starts that has a number: behind its `obj`.
fn last_object(bytes: &[u8]) -> Option<usize> {
    let mut until = bytes.len();
    while let Some(at) = bytes[..until].windows(3).rposition(|window| window == b"obj") {
        if is_numbered(&bytes[..at]) {
            return Some(at + 3);
        }
        until = at + 2;
    }
    None
}

/// Whether two numbers stand at the end of what is before an `obj`.
fn is_numbered(before: &[u8]) -> bool {
    let before = before.trim_ascii_end();
    let digits = |bytes: &[u8]| bytes.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let generation = digits(before);
    let rest = &before[..before.len() - generation];
    let number = rest.trim_ascii_end();
    generation > 0 && number.len() < rest.len() && digits(number) > 0
}

fn find(bytes: &[u8], mark: &[u8]) -> Option<usize> {
    bytes.windows(mark.len()).position(|window| window == mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "xref\n0 2\n0000000000 65535 f \n0000000009 00000 n \ntrailer\n<< /Size 2 >>\n";

    fn check(text: &str, expect: bool) {
        assert_eq!(is_cut(text.as_bytes()), expect, "{text:?}");
    }

    #[test]
    fn a_file_that_ends_in_or_before_an_object_is_cut() {
        check("%PDF-1.7\n1 0 obj\n<< /A 1", true);
        check("%PDF-1.7\n1 0 obj\n<< >>\nendobj\n2 0 obj\n<< >>\nstream\nabc", true);
        check("%PDF-1.7\n1 0 obj\n<< >>\nendobj\n", true);
    }

    /// The first part of a file made for the web has a table and an end of its own; so has a file that was changed.
    #[test]
    fn objects_behind_an_end_are_cut() {
        check(&format!("1 0 obj\n<< >>\nendobj\n{TABLE}startxref\n0\n%%EOF\n2 0 obj\n<< /A"), true);
        check(&format!("1 0 obj\n<< >>\nendobj\n{TABLE}startxref\n0\n%%EOF\n2 0 obj\n<< >>\nendobj"), true);
    }

    #[test]
    fn what_stands_behind_the_end_says_nothing() {
        let whole = format!("1 0 obj\n<< >>\nendobj\n{TABLE}startxref\n9\n%%EOF\n");
        for junk in ["", "\0\0\0", "\r\n\0\r\n\0", "<html>an object or objective 12 obj</html>"] {
            check(&format!("{whole}{}", junk.repeat(500)), false);
        }
    }

    #[test]
    fn a_cut_table_misses_no_object() {
        for end in [4, 20, TABLE.len()] {
            check(&format!("1 0 obj\n<< >>\nendobj\n{}", &TABLE[..end]), false);
        }
        check("1 0 obj\n<< >>\nendobj\n2 0 obj\n<< /Type /XRef >>\nstream\nabc\nendstream\nendobj\nstart", false);
    }

    #[test]
    fn what_is_no_pdf_is_not_cut() {
        check("", false);
        check("obj", false);
        check("endobj 1 obj", false);
    }
}
