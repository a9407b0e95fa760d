//! Names that a text joins in another way than a question does: `PAY 4001`, `pay_4001`, `pay–4001`.

use crate::text::matching_form;

/// Whether the parts of a name stand one after the other in a text, joined otherwise: `pay-4001` in `PAY 4001`.
pub(super) fn stands_apart(text: &str, name: &str) -> bool {
    let name = matching_form(name);
    let parts: Vec<&str> = name
        .split(|c: char| !c.is_alphanumeric())
        .flat_map(|part| part.split_at_checked(part.find(|c: char| c.is_ascii_digit()).unwrap_or(0)))
        .flat_map(|(letters, digits)| [letters, digits])
        .filter(|part| !part.is_empty())
        .collect();
    let Some((first, rest)) = parts.split_first() else { return false };
    text.match_indices(first).any(|(at, _)| {
        let begins = !text[..at].ends_with(char::is_alphanumeric);
        let mut behind = &text[at + first.len()..];
        let goes_on = rest.iter().all(|part| {
            let is_joint =
                |c: char| matches!(c, ' ' | '-' | '_' | '.' | '/' | ':' | '#' | '\u{ad}' | '\u{2010}'..='\u{2015}');
            let trimmed = behind.strip_prefix(is_joint).unwrap_or(behind);
            let holds = trimmed.starts_with(part);
            behind = if holds { &trimmed[part.len()..] } else { behind };
            holds
        });
        begins && goes_on && !behind.starts_with(|c: char| c.is_ascii_alphanumeric())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_may_be_joined_otherwise_but_not_be_another() {
        for (text, name, expect) in [
            ("the code pay 4001 means", "PAY-4001", true),
            ("pay-4001", "PAY-4001", true),
            ("pay40012", "PAY-4001", false),
            ("hn-4001 and pay", "PAY-4001", false),
            ("sensors 19 of them", "S-19", false),
            ("pay, 4001 won", "PAY-4001", false),
            ("code e-101", "E101", true),
            ("nw 410", "NW410", true),
            ("nw 4101", "NW410", false),
            ("pg\u{2011}gamma", "pg-gamma", true),
            ("pg\u{2013}gamma", "pg-gamma", true),
            ("pg\u{ad}gamma", "pg-gamma", true),
            ("pg \u{2013} gamma", "pg-gamma", false),
        ] {
            assert_eq!(stands_apart(text, name), expect, "{text}");
        }
    }
}
