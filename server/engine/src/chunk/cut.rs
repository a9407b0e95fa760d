//! Cutting what is larger than a passage: at spaces where there are any, else between characters.

use super::TokenCounter;

/// `text` in pieces of at most `budget` tokens, in order, nothing lost. A single character that counts more than the
/// budget is a piece of its own. Words are counted once each; only a word that does not fit is counted again in halves.
pub(super) fn cut<'t>(text: &'t str, budget: usize, counter: &dyn TokenCounter) -> Vec<(&'t str, usize)> {
    let mut pieces = Vec::new();
    let (mut start, mut end, mut tokens) = (0, 0, 0);
    for word in text.split_inclusive(char::is_whitespace) {
        let count = counter.count(word);
        if tokens + count > budget && end > start {
            pieces.push((&text[start..end], tokens));
            (start, tokens) = (end, 0);
        }
        if count > budget {
            halve(word, count, budget, counter, &mut pieces);
            start = end + word.len();
        } else {
            tokens += count;
        }
        end += word.len();
    }
    if end > start {
        pieces.push((&text[start..end], tokens));
    }
    pieces
}

/// The longest piece at the start of `text` that [`cut`] would give.
pub(super) fn cut_to<'t>(text: &'t str, budget: usize, counter: &dyn TokenCounter) -> &'t str {
    // Titles and headings are short, so cutting all of it costs nothing.
    cut(text, budget, counter).first().map_or("", |(piece, _)| piece)
}

/// Halves a word until its parts fit. The depth is the logarithm of its length.
fn halve<'t>(
    word: &'t str,
    tokens: usize,
    budget: usize,
    counter: &dyn TokenCounter,
    pieces: &mut Vec<(&'t str, usize)>,
) {
    let mut middle = word.len() / 2;
    while !word.is_char_boundary(middle) {
        middle -= 1;
    }
    if middle == 0 {
        middle = word.chars().next().map_or(0, char::len_utf8);
    }
    if tokens <= budget || middle >= word.len() {
        pieces.push((word, tokens));
        return;
    }
    for half in [&word[..middle], &word[middle..]] {
        halve(half, counter.count(half), budget, counter, pieces);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn pieces_fit_and_end_at_spaces() {
        let bytes = |text: &str| text.len();
        let check = |text: &str, expect: &[&str]| {
            let pieces: Vec<&str> = cut(text, 6, &bytes).into_iter().map(|(piece, _)| piece).collect();
            assert_eq!(pieces, expect);
        };
        check("ab cd ef gh", &["ab cd ", "ef gh"]);
        check("abcdefghij k", &["abcde", "fghij ", "k"]);
        check("가나다라", &["가나", "다라"]);
        check("", &[]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost(text in "\\PC{0,80}", budget in 4_usize..20) {
            let bytes = |text: &str| text.len();
            let pieces = cut(&text, budget, &bytes);
            prop_assert_eq!(pieces.iter().map(|(piece, _)| *piece).collect::<String>(), text.as_str());
            for (piece, tokens) in pieces {
                prop_assert!(tokens == piece.len() && tokens <= budget);
            }
        }
    }
}
