//! How many tokens a text is, where the model's tokenizer is not at hand: an estimate by script, the same everywhere. It
//! counts rather too many than too few, so that chunks fit: 1.1 times the tokens of multilingual-e5-small for English
//! pages, 1.2 times for Korean ones (ADR 0017).

/// Letters of a Latin word that make a token.
const LATIN_LETTERS: usize = 4;
/// Letters of a word in another alphabet (Greek, Cyrillic, Arabic) that make a token.
const OTHER_LETTERS: usize = 2;
/// Digits that make a token.
const DIGITS: usize = 2;

/// What a character belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Space,
    Latin,
    OtherAlphabet,
    Digit,
    /// A token of its own: syllables, ideographs, punctuation.
    Single,
    /// Rare: two tokens of its own, as byte fallback makes several.
    Rare,
}

impl Kind {
    fn of(c: char) -> Self {
        match c {
            _ if c.is_whitespace() => Self::Space,
            'a'..='z' | 'A'..='Z' | '\u{c0}'..='\u{24f}' => Self::Latin,
            '0'..='9' => Self::Digit,
            // Hangul, Kana and ideographs.
            '\u{1100}'..='\u{11ff}' | '\u{3040}'..='\u{30ff}' | '\u{3130}'..='\u{318f}' => Self::Single,
            '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}' => Self::Single,
            _ if u32::from(c) >= 0x1_0000 => Self::Rare,
            _ if c.is_alphabetic() => Self::OtherAlphabet,
            _ => Self::Single,
        }
    }

    /// Characters of one kind in a row that share a token.
    fn run(self) -> usize {
        match self {
            Self::Latin => LATIN_LETTERS,
            Self::OtherAlphabet => OTHER_LETTERS,
            Self::Digit => DIGITS,
            Self::Space | Self::Single | Self::Rare => 1,
        }
    }
}

/// Where each token is taken to start, as byte offsets on character boundaries, ascending.
pub fn token_starts(text: &str) -> Vec<usize> {
    let mut starts = Vec::with_capacity(text.len() / 3);
    let (mut last, mut run) = (Kind::Space, 0);
    for (at, c) in text.char_indices() {
        let kind = Kind::of(c);
        run = if kind == last && run < kind.run() { run + 1 } else { 1 };
        last = kind;
        if kind != Kind::Space && run == 1 {
            starts.push(at);
            if kind == Kind::Rare {
                starts.push(at);
            }
        }
    }
    starts
}

/// Cuts a text into windows of at most `limit` tokens, each with its share of them; there is always one.
pub(crate) fn windows(text: &str, limit: usize) -> Vec<(&str, usize)> {
    let starts = token_starts(text);
    let limit = limit.max(1);
    if starts.len() <= limit {
        return vec![(text, starts.len().max(1))];
    }
    let mut cuts: Vec<usize> = starts.iter().copied().step_by(limit).collect();
    cuts[0] = 0;
    cuts.push(text.len());
    cuts.dedup();
    let until = |end: usize| starts.partition_point(|start| *start < end);
    cuts.windows(2).map(|cut| (&text[cut[0]..cut[1]], (until(cut[1]) - until(cut[0])).max(1))).collect()
}

/// A text in two, near its middle, at a space where there is one; `None` where it is too short to be worth it.
pub(crate) fn halves(text: &str) -> Option<(&str, &str)> {
    const SHORTEST: usize = 32;
    if text.len() < SHORTEST {
        return None;
    }
    let (from, to) = (text.len() * 2 / 5, text.len() * 3 / 5);
    let boundary = |at: &usize| text.is_char_boundary(*at);
    let middle = (text.len() / 2..text.len()).find(boundary)?;
    let space = (from..to).filter(boundary).filter(|at| text[*at..].starts_with(char::is_whitespace));
    let at = space.min_by_key(|at| at.abs_diff(middle)).unwrap_or(middle);
    (at > 0).then(|| text.split_at(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_start_where_scripts_say() {
        let check = |text: &str, pieces: &[&str]| {
            let mut starts = token_starts(text);
            starts.push(text.len());
            let found: Vec<&str> = starts.windows(2).map(|pair| text[pair[0]..pair[1]].trim_end()).collect();
            assert_eq!(found, pieces, "{text}");
        };
        check("Restart it.", &["Rest", "art", "it", "."]);
        check("배포 롤백", &["배", "포", "롤", "백"]);
        check("HN-5031 2%", &["HN", "-", "50", "31", "2", "%"]);
        check("привет", &["пр", "ив", "ет"]);
        check("설정의dns값", &["설", "정", "의", "dns", "값"]);
        check("", &[]);
        check("🚀", &["", "🚀"]);
    }

    #[test]
    fn windows_hold_all_of_a_text_and_no_more_tokens_than_asked() {
        let text = "  Restart the gateway 🚀 and wait. 배포 후 오류율이 2%를 넘으면 바로 롤백한다.\n\n".repeat(9);
        for limit in [1, 2, 7, 50, 10_000] {
            let windows = windows(&text, limit);
            assert_eq!(windows.iter().map(|(window, _)| *window).collect::<String>(), text);
            // Two tokens of one character cannot be parted.
            assert!(windows.iter().all(|(window, _)| token_starts(window).len() <= limit + 1), "{limit}");
            assert_eq!(windows.iter().map(|(_, weight)| weight).sum::<usize>(), token_starts(&text).len());
        }
        assert_eq!(windows("", 5), [("", 1)]);
    }

    #[test]
    fn halves_part_at_a_space_near_the_middle() {
        assert_eq!(halves("one two three four five six seven"), Some(("one two three four", " five six seven")));
        let korean = "가".repeat(40);
        let (first, second) = halves(&korean).unwrap();
        assert_eq!((first.len(), second.len()), (60, 60));
        assert_eq!(halves("short"), None);
    }
}
