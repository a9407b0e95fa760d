//! Makes texts at the edges of pages comparable: what is the number of a page in them, and what stands beside it.

/// The number that a text is, between dashes or not.
pub(super) fn digits(text: &str) -> Option<u32> {
    let is_around = |c: char| c.is_whitespace() || matches!(c, '-' | '–' | '—' | '·' | '|');
    let text = text.trim_matches(is_around);
    if text.len() > 9 { None } else { text.parse().ok() }
}

/// Whether a text may be nothing but the number of a page: `12`, `iv`, `- 3 -`, `Page 3 of 12`, `3쪽`.
pub(super) fn counts_pages(text: &str) -> bool {
    let text = text.trim().to_lowercase();
    let mut words = text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
    let has_digit = text.contains(|c: char| c.is_ascii_digit());
    has_digit && words.all(|word| PAGE_WORDS.contains(&word)) || text.len() <= 27 && roman(&text).is_some()
}

/// The words beside the number of a page at the start or end of a text, in lower case. A single word before it names
/// something else, as in `Table 2`.
pub(super) fn words_beside(text: &str, number: u32) -> Option<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let is_number = |word: &&str| word.parse() == Ok(number);
    let is_first = words.len() >= 2 && words.first().is_some_and(is_number);
    let is_last = words.len() >= 3 && words.last().is_some_and(is_number);
    match (is_first, is_last) {
        (true, _) => Some(format!("# {}", words[1..].join(" ").to_lowercase())),
        (false, true) => Some(format!("{} #", words[..words.len() - 1].join(" ").to_lowercase())),
        (false, false) => None,
    }
}

/// A text without the `Page 3 of 12` at its start or end; `None` where it has none, or says nothing else.
pub(super) fn without_page(text: &str) -> Option<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let names_page = |words: &[&str]| {
        let bare: Vec<String> = words.iter().map(|word| bare(word)).collect();
        bare.iter().any(|word| NAMES_OF_PAGES.contains(&word.as_str())) && bare.iter().any(|word| is_number(word))
            || bare.iter().any(|word| NAMES_OF_PAGES.iter().any(|name| word.strip_suffix(name).is_some_and(is_number)))
    };
    let belongs = |word: &&&str| {
        let word = bare(word);
        let counted = NAMES_OF_PAGES.iter().any(|name| word.strip_suffix(name).is_some_and(is_number));
        word.is_empty() || is_number(&word) || counted || PAGE_WORDS.contains(&word.as_str())
    };
    let last = words.iter().rev().take_while(belongs).count();
    let first = words.iter().take_while(belongs).count();
    let (before, phrase) = words.split_at(words.len() - last);
    let (start, behind) = words.split_at(first);
    let rest = match () {
        () if names_page(phrase) => before,
        () if names_page(start) => behind,
        () => return None,
    };
    let rest = rest.join(" ");
    rest.contains(char::is_alphabetic).then_some(rest)
}

fn bare(word: &str) -> String {
    word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase()
}

fn is_number(word: &str) -> bool {
    !word.is_empty() && word.split('/').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

/// What a text has in common with those of other pages: `Page 3 of 12` is the same on all. Other numbers count: `Error 500`
/// and `Error 503`, `Article 1` and `Article 2` open pages that have nothing else in common. Where no word tells that it is
/// a page's, a number must be as far from its page's on each of them: figures at the foot of pages are not. Roman numbers
/// are numbers where they stand alone.
pub(super) fn comparable(text: &str, number: u32) -> Vec<String> {
    let text = text.trim().to_lowercase();
    let distance = |value: u32| i64::from(value) - i64::from(number);
    let roman = if text.len() <= 27 { roman(&text) } else { None };
    if let Some(value) = digits(&text).or(roman) {
        return vec![format!("#{}", distance(value)), value.to_string()];
    }
    let whole = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut words = text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()).peekable();
    let has_words = words.peek().is_some();
    if !words.all(|word| PAGE_WORDS.contains(&word)) {
        let beside = without_page(&text).map(|beside| format!("{beside} …"));
        return std::iter::once(whole).chain(beside).collect();
    }
    let made = without_numbers(&text);
    if has_words {
        return vec![made];
    }
    let mut numbers = text.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok());
    let (first, last) = (numbers.next(), numbers.next_back());
    let first = first.map(|value| format!("{made} first {}", distance(value)));
    let last = last.map(|value| format!("{made} last {}", distance(value)));
    std::iter::once(whole).chain(first).chain(last).collect()
}

/// A text with `#` for each of its numbers.
fn without_numbers(text: &str) -> String {
    let mut made = String::with_capacity(text.len());
    for c in text.chars() {
        let c = if c.is_numeric() { '#' } else { c };
        let is_repeat = c == '#' && made.ends_with('#') || c.is_whitespace() && made.ends_with(' ');
        if !is_repeat {
            made.push(if c.is_whitespace() { ' ' } else { c });
        }
    }
    made
}

/// The value of a Roman number in lower case.
fn roman(text: &str) -> Option<u32> {
    let value = |c: char| match c {
        'i' => Some(1),
        'v' => Some(5),
        'x' => Some(10),
        'l' => Some(50),
        'c' => Some(100),
        'ⅰ'..='ⅻ' => Some(u32::from(c) - u32::from('ⅰ') + 1),
        _ => None,
    };
    let values: Vec<u32> = text.chars().map(value).collect::<Option<_>>()?;
    let signed = |(at, value): (usize, &u32)| {
        let value = i64::from(*value);
        if values.get(at + 1).is_some_and(|next| i64::from(*next) > value) { -value } else { value }
    };
    let sum: i64 = values.iter().enumerate().map(signed).sum();
    u32::try_from(sum).ok().filter(|sum| *sum > 0)
}

/// What stands beside the number of a page.
const PAGE_WORDS: [&str; 12] = ["page", "pages", "p", "pp", "pg", "of", "seite", "von", "쪽", "페이지", "면", "제"];

/// Words that name a page, and nothing else in a header or footer.
const NAMES_OF_PAGES: [&str; 7] = ["page", "pages", "pg", "pp", "seite", "쪽", "페이지"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_a_page_is_taken_from_the_words_beside_it() {
        let check = |text: &str, expect: Option<&str>| assert_eq!(without_page(text).as_deref(), expect, "{text}");
        check("Acme Corp - internal  Page 1 of 4", Some("Acme Corp - internal"));
        check("Page 3/12 Handbook", Some("Handbook"));
        check("운영 지침 3쪽", Some("운영 지침"));
        check("Seite 3 von 9 | Handbuch", Some("Handbuch"));
        for text in ["Page 3 of 12", "Part 1 of 4", "Table 2", "Total 12", "page"] {
            check(text, None);
        }
    }

    #[test]
    fn what_counts_pages_has_no_words_of_its_own() {
        let check = |text: &str, expect: bool| assert_eq!(counts_pages(text), expect, "{text}");
        for text in ["12", "iv", "- 3 -", "Page 3 of 12", "3쪽", "3 / 10"] {
            check(text, true);
        }
        for text in ["", "Page", "Table 2", "제1조", "Source: 2021", "PX-501"] {
            check(text, false);
        }
    }

    #[test]
    fn numbers_are_made_alike() {
        assert_eq!(comparable(" Page 12  of 345 ", 1), ["page # of #"]);
        assert_eq!(comparable("- 3 쪽 -", 1), ["- # 쪽 -"]);
        assert_eq!(comparable("Article  2.", 2), ["article 2."]);
        assert_eq!(comparable("Ⅳ", 4), ["#0", "4"]);
        assert_eq!(comparable("- 12 -", 2), ["#10", "12"]);
        assert_eq!(comparable("xiv", 4), ["#10", "14"]);
        assert_eq!(comparable("3 / 10", 3), ["3 / 10", "# / # first 0", "# / # last 7"]);
        assert_eq!(comparable("", 1), [""]);
    }
}
