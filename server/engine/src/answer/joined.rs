//! Names that a text joins in another way than a question does: `PAY 4001`, `pay_4001`, `pay–4001`, `error budget`.

use std::borrow::Cow;

use crate::index::{ChunkNumber, IndexError};
use crate::revision::Revision;
use crate::text::{Analyzer, TokenBuffer, matching_form};

/// So many of those that hold all parts of a name are read for the name itself, joined otherwise.
const MAX_APART: usize = 256;

/// From so many letters on one may be a slip; shorter parts tell names apart (`prod-d`).
const MIN_MISTYPED: usize = 5;

/// A part that is shorter is no word (`prod-d`), and without its ending no word in the singular (`es`, `is`).
const MIN_PART: usize = 2;

/// Of so many names in one question it is looked up how the index joins them.
const MAX_NAMES: usize = 8;

/// A question with blanks for the hyphens of the words (`error-budget`) that the index writes apart, and nowhere joined. Neither
/// the words nor the model's vector would meet them otherwise.
pub(super) fn as_written<'q>(revision: &Revision, question: &'q str) -> Result<Cow<'q, str>, IndexError> {
    let is_word = |part: &str| part.len() >= MIN_PART && part.bytes().all(|byte| byte.is_ascii_alphabetic());
    let is_joined = |piece: &&str| piece.contains('-') && piece.split('-').all(is_word);
    let mut written = Cow::Borrowed(question);
    for piece in pieces(question).filter(is_joined).take(MAX_NAMES) {
        let name = matching_form(piece);
        // Not within a longer name, and not without a joint: `error-budget-burn` and `RestartPolicy` meet other words.
        let is_term = |joint: &str| revision.text.holds(&name.replace('-', joint));
        let is_joined = is_term("-")? || is_term("_")? || is_term(".")?;
        if !is_joined && is_apart(revision, &name)? {
            let start = piece.as_ptr() as usize - question.as_ptr() as usize;
            written.to_mut().replace_range(start..start + piece.len(), &piece.replace('-', " "));
        }
    }
    Ok(written)
}

/// The runs of what names are made of. An option (`--dry-run`) begins with a hyphen, a piece of a path or an address
/// has its marks.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '@' | '$' | '=');
    text.split(move |c: char| !is_part(c)).map(|piece| piece.trim_end_matches('.'))
}

/// Whether a name stands in the index, joined otherwise or by itself, at the beginning of a longer one, in the plural
/// or in the singular, or with a slip.
pub(super) fn stands(revision: &Revision, name: &str) -> Result<bool, IndexError> {
    for joint in ["-", "_", ".", ""] {
        let joined = name.replace('-', joint);
        if revision.text.holds(&joined)? {
            return Ok(true);
        }
        for longer in ["-", "_", "."] {
            if !joint.is_empty() && !revision.text.terms_with_prefix(&[&joined, longer].concat(), 1)?.is_empty() {
                return Ok(true);
            }
        }
    }
    for other in other_numbers(name) {
        if revision.text.holds(&other)? {
            return Ok(true);
        }
    }
    let may_be_mistyped = name.split('-').all(|part| part.len() >= MIN_MISTYPED);
    Ok(may_be_mistyped && revision.text.holds_nearly(name)?)
}

/// A name with each of its parts in the plural, or in the singular where it is that.
fn other_numbers(name: &str) -> Vec<String> {
    const ENDINGS: [(&str, &str); 3] = [("ies", "y"), ("es", ""), ("s", "")];
    let parts: Vec<&str> = name.split('-').collect();
    let mut names = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        for (plural, singular) in ENDINGS.into_iter().flat_map(|(a, b)| [(a, b), (b, a)]) {
            if let Some(stem) = part.strip_suffix(plural).filter(|stem| stem.len() >= MIN_PART) {
                let other = [stem, singular].concat();
                let with = parts.iter().enumerate().map(|(n, part)| if n == at { other.as_str() } else { part });
                names.push(with.collect::<Vec<_>>().join("-"));
            }
        }
    }
    names
}

/// Whether a name's words stand one after the other somewhere, in either number, joined otherwise (`pg gamma`).
pub(super) fn is_apart(revision: &Revision, name: &str) -> Result<bool, IndexError> {
    let mut buffer = TokenBuffer::default();
    for name in std::iter::once(name.to_owned()).chain(other_numbers(name)) {
        // As words, not as a name: what is looked for has none.
        Analyzer.analyze(&name.replace('-', " "), &mut buffer);
        let terms: Vec<&str> = buffer.iter().map(|token| token.text).collect();
        for chunk in revision.text.holding_all(&terms, MAX_APART)? {
            if stands_apart(&form_of(revision, chunk)?, &name) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// A passage with its title and headings, in the form in which words are compared.
pub(super) fn form_of(revision: &Revision, chunk: ChunkNumber) -> Result<String, IndexError> {
    Ok(matching_form(&revision.passages.whole_text(chunk)?).into_owned())
}

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
                |c: char| matches!(c, ' ' | '-' | '_' | '.' | '/' | ':' | '#' | '\u{2010}'..='\u{2015}' | '\u{2212}');
            // Where a line may be broken, web pages and word processors say so with characters that nobody sees.
            let is_unseen = |c: char| matches!(c, '\u{ad}' | '\u{200b}' | '\u{2060}');
            let trimmed = behind.trim_start_matches(is_unseen);
            let trimmed = trimmed.strip_prefix(is_joint).unwrap_or(trimmed).trim_start_matches(is_unseen);
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
            ("pg-\u{200b}gamma", "pg-gamma", true),
            ("pg\u{ad}-gamma", "pg-gamma", true),
            ("pg\u{2212}gamma", "pg-gamma", true),
            ("pg \u{2013} gamma", "pg-gamma", false),
        ] {
            assert_eq!(stands_apart(text, name), expect, "{text}");
        }
    }

    #[test]
    fn a_name_is_known_in_the_other_number() {
        let holds = |name: &str, other: &str| {
            assert!(other_numbers(name).iter().any(|known| known == other), "{name}: {other}")
        };
        holds("orders-db", "order-db");
        holds("orders-db", "orders-dbs");
        holds("db-primaries", "db-primary");
        holds("db-primary", "db-primaries");
        holds("log-boxes", "log-box");
        for name in ["shop-es", "prod-s", "shop-ies"] {
            let others = other_numbers(name);
            assert!(
                !others.iter().any(|other| other.ends_with('-')),
                "{name}: no singular without letters: {others:?}"
            );
        }
    }
}
