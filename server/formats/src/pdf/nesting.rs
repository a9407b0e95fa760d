//! Looks how deep a file nests its objects before the PDF library does, whose parser recurses without a limit. What is
//! hidden in compressed streams is left to the stack, which is large for that.

/// Deepest nesting that is read; real files reach 20.
pub(super) const MAX_NESTING: usize = 1_000;

/// How deep arrays and dictionaries are nested, outside of streams.
pub(super) fn nesting(bytes: &[u8]) -> usize {
    let mut deepest = 0;
    let mut depth = 0usize;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let rest = &bytes[at..];
        let pair = rest.get(1) == Some(&byte);
        let mut length = 1;
        match byte {
            b'[' => depth += 1,
            b']' => depth = depth.saturating_sub(1),
            b'<' if pair => (depth, length) = (depth + 1, 2),
            b'>' if pair => (depth, length) = (depth.saturating_sub(1), 2),
            // An object ends, whatever it left open; a stream holds anything.
            b'e' if rest.starts_with(b"endobj") => depth = 0,
            b's' if rest.starts_with(b"stream") => length = stream_length(rest),
            _ => {}
        }
        deepest = deepest.max(depth);
        at += length;
    }
    deepest
}

/// How long the stream is that starts here, with its keywords; that of the keyword if it has no end.
pub(super) fn stream_length(rest: &[u8]) -> usize {
    const END: &[u8] = b"endstream";
    let mut at = 6;
    while let Some(found) = rest[at..].iter().position(|byte| *byte == b'e') {
        if rest[at + found..].starts_with(END) {
            return at + found + END.len();
        }
        at += found + 1;
    }
    6
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: usize) {
        assert_eq!(nesting(text.as_bytes()), expect, "{text}");
    }

    #[test]
    fn arrays_and_dictionaries_are_counted() {
        check("", 0);
        check("1 0 obj [1 [2] <</A [3]>>] endobj", 3);
        check("]]>> [", 1);
        check("<AB> [<CD>]", 1);
    }

    #[test]
    fn every_object_and_stream_counts_by_itself() {
        check("[ [ endobj [ [ [ endobj", 3);
        check("<< >> stream [[[[[ endstream endobj [", 1);
        check("<< >> stream [[[[[", 5);
    }
}
