//! Looks whether the tree of pages leads back to itself before the PDF library walks it, which would not end. What is hidden in
//! compressed streams is left to the limit on time.

use std::collections::HashMap;

use super::nesting::stream_length;

/// Most nodes that are looked at.
const MAX_NODES: usize = 1 << 16;

/// How far a node is walked.
#[derive(Clone, Copy)]
enum Walk {
    /// What is below it is being looked at.
    Open,
    Done,
}

/// Whether a node of the tree of pages is below itself. Of an object that is written several times, the
/// last counts.
pub(super) fn leads_back(bytes: &[u8]) -> bool {
    let kids = kids(bytes);
    let mut state: HashMap<u32, Walk> = HashMap::new();
    for root in kids.keys() {
        let mut open = vec![(*root, false)];
        while let Some((node, is_left)) = open.pop() {
            if is_left {
                state.insert(node, Walk::Done);
                continue;
            }
            match state.get(&node) {
                Some(Walk::Open) => return true,
                Some(_) => continue,
                None => state.insert(node, Walk::Open),
            };
            open.push((node, true));
            // Of those in work above, one that is met again is an ancestor.
            for kid in kids.get(&node).into_iter().flatten() {
                match state.get(kid) {
                    Some(Walk::Open) => return true,
                    Some(_) => {}
                    None if kids.contains_key(kid) => open.push((*kid, false)),
                    None => {}
                }
            }
        }
    }
    false
}

/// The nodes of the tree, objects with `/Pages` and `/Kids`, and what these refer to. Fields of a form have kids, too.
fn kids(bytes: &[u8]) -> HashMap<u32, Vec<u32>> {
    let mut found = HashMap::new();
    let (mut object, mut kids, mut is_pages) = (None, None, false);
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let rest = &bytes[at..];
        let mut length = 1;
        match byte {
            b'e' if rest.starts_with(b"endobj") => {
                if let (Some(object), Some(kids), true, true) =
                    (object.take(), kids.take(), is_pages, found.len() < MAX_NODES)
                {
                    found.insert(object, kids);
                }
                (is_pages, length) = (false, 6);
            }
            b'o' if rest.starts_with(b"obj") => (object, kids, is_pages) = (number_before(&bytes[..at]), None, false),
            b's' if rest.starts_with(b"stream") => length = stream_length(rest),
            b'/' if rest.starts_with(b"/Pages") => is_pages = true,
            b'/' if rest.starts_with(b"/Kids") => {
                let end = rest.iter().position(|byte| *byte == b']').unwrap_or(0);
                let start = rest[..end].iter().position(|byte| *byte == b'[');
                kids = start.map(|start| references(&rest[start + 1..end]));
            }
            _ => {}
        }
        at += length;
    }
    found
}

/// The number of an object whose `obj` follows: `12 0 `.
fn number_before(bytes: &[u8]) -> Option<u32> {
    let tail = &bytes[bytes.len().saturating_sub(24)..];
    let text = std::str::from_utf8(tail.rsplit(|byte| !byte.is_ascii()).next()?).ok()?;
    let mut words = text.split_ascii_whitespace().rev();
    let generation = words.next()?;
    generation.bytes().all(|byte| byte.is_ascii_digit()).then(|| words.next()?.parse().ok())?
}

/// The objects of `3 0 R 4 0 R`.
fn references(bytes: &[u8]) -> Vec<u32> {
    let text = String::from_utf8_lossy(bytes);
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    words.windows(3).filter(|three| three[2] == "R").filter_map(|three| three[0].parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_that_leads_back_is_told_from_one_that_shares_a_page() {
        for (text, expect) in [
            (
                "2 0 obj\n<</Type /Pages /Kids[2 0 R 3 0 R]>>\nendobj\n3 0 obj <</Type /Pages /Kids[2 0 R]>> endobj",
                true,
            ),
            (
                "2 0 obj <</Type /Pages /Kids [3 0 R]>> endobj 3 0 obj <</Type /Pages /Kids [4 0 R]>> endobj 4 0 obj <</Type /Pages /Kids [2 0 R]>> endobj",
                true,
            ),
            (
                "2 0 obj <</Type /Pages /Kids [3 0 R 4 0 R]>> endobj 3 0 obj <</Type /Pages /Kids [5 0 R]>> endobj 4 0 obj <</Type /Pages /Kids [5 0 R]>> endobj",
                false,
            ),
            ("2 0 obj <</Type /Pages /Kids [3 0 R]>> endobj 3 0 obj <</Type /Page /Parent 2 0 R>> endobj", false),
            // Written again without the fault.
            ("2 0 obj <</Type /Pages /Kids [2 0 R]>> endobj 2 0 obj <</Type /Pages /Kids [3 0 R]>> endobj", false),
            ("2 0 obj << /Pages >> stream /Kids [2 0 R] endstream endobj", false),
            // Fields of a form.
            ("2 0 obj <</T (a) /Kids [2 0 R]>> endobj", false),
            ("/Kids [", false),
            ("", false),
        ] {
            assert_eq!(leads_back(text.as_bytes()), expect, "{text}");
        }
    }

    #[test]
    fn many_nodes_are_looked_at_once() {
        let text: String = (1..20_000)
            .map(|n| format!("{n} 0 obj <</Type /Pages /Kids [{} 0 R {} 0 R]>> endobj\n", n + 1, n + 2))
            .collect();
        assert!(!leads_back(text.as_bytes()));
    }
}
