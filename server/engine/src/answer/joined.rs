//! Names that a text joins in another way than a question does: `PAY 4001`, `pay_4001`, `pay–4001`, `error budget`.

use std::borrow::Cow;
use std::ops::Range;

use crate::index::{ChunkNumber, IndexError};
use crate::revision::Revision;
use crate::text::{Analyzer, TokenBuffer, korean, matching_form};

use super::designations::is_counted;
use super::names::{Code, JOINTS};

/// So many of those that hold all parts of a name are read for the name itself, joined otherwise.
const MAX_APART: usize = 256;

/// From so many letters on one may be a slip; shorter parts tell names apart (`prod-d`).
const MIN_MISTYPED: usize = 5;

/// A part that is shorter is no word (`prod-d`), and without its ending no word in the singular (`es`, `is`).
const MIN_PART: usize = 2;

/// Of so many names in one question it is looked up how the index joins them.
const MAX_NAMES: usize = 8;

/// A question with its names written as the index writes them, where it writes them nowhere as the question does: blanks for the
/// hyphens of words (`error-budget`) and between words joined by capitals (`PersistentVolume`), none in a code (`SEV 4`) of which
/// the index lists others without, and a code's own joint. Neither the words nor the model's vector would meet them otherwise.
pub(super) fn as_written<'q>(revision: &Revision, question: &'q str) -> Result<Cow<'q, str>, IndexError> {
    let place = |piece: &str| {
        let start = piece.as_ptr() as usize - question.as_ptr() as usize;
        start..start + piece.len()
    };
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    let joined = pieces(question).filter_map(|piece| words_of(piece).map(|words| (piece, words)));
    for (piece, words) in joined.take(MAX_NAMES) {
        // Not within a longer name, and a hyphen not for nothing: `error-budget-burn` and `RestartPolicy` meet other words. The parts of
        // a name that is joined otherwise (`status-page` for `StatusPage`) are met apart.
        let joints = if piece.contains('-') { &["-", "_", "."][..] } else { &[""] };
        let name = matching_form(&words.join("-")).into_owned();
        let mut is_joined = false;
        for joint in joints {
            is_joined |= revision.text.holds(&name.replace('-', joint))?;
        }
        if !is_joined && is_apart(revision, &name)? {
            edits.push((place(piece), words.join(" ")));
        }
    }
    let codes = pieces(question).filter_map(|piece| Code::of(piece).map(|code| (piece, code)));
    for (piece, code) in codes.take(MAX_NAMES) {
        if let Some(joint) = joint_in(revision, piece, &code)? {
            let (letters, digits) = piece.split_at(piece.len() - code.digits().len());
            let letters = letters.trim_end_matches(['-', '_', '.']);
            edits.push((place(piece), [letters, joint, digits].concat()));
        }
    }
    for (letters, digits) in spaced_codes(question).take(MAX_NAMES) {
        if is_counted(&question[place(digits).end..]) {
            continue;
        }
        let Some(code) = Code::of(&[letters, digits].concat()) else { continue };
        // With a hyphen others are hosts: `gpu-03` is not `GPU 3`.
        if revision.text.holds(&code.with(""))? || code.is_listed(revision, "")? {
            edits.push((place(letters).start..place(digits).end, [letters, digits].concat()));
        }
    }
    if edits.is_empty() {
        return Ok(Cow::Borrowed(question));
    }
    edits.sort_by_key(|(place, _)| place.start);
    let mut written = String::with_capacity(question.len() + 16);
    let mut from = 0;
    for (place, by) in edits.into_iter() {
        // `error-GW 2299` is joined in two ways: the first counts.
        if place.start >= from {
            written.extend([&question[from..place.start], &by]);
            from = place.end;
        }
    }
    written.push_str(&question[from..]);
    Ok(Cow::Owned(written))
}

/// The words that a name is joined from by hyphens (`error-budget`) or by capitals (`PersistentVolume`, `HTTPServer`).
fn words_of(piece: &str) -> Option<Vec<&str>> {
    let is_word = |part: &&str| part.len() >= MIN_PART && part.bytes().all(|byte| byte.is_ascii_alphabetic());
    let words: Vec<&str> = if piece.contains('-') {
        piece.split('-').collect()
    } else {
        let bytes = piece.as_bytes();
        let begins = |at: &usize| {
            let (before, here) = (bytes[at - 1], bytes[*at]);
            let leads = bytes.get(at + 1).is_some_and(u8::is_ascii_lowercase);
            here.is_ascii_uppercase() && (before.is_ascii_lowercase() || (before.is_ascii_uppercase() && leads))
        };
        let mut bounds: Vec<usize> = (1..piece.len()).filter(begins).collect();
        bounds.insert(0, 0);
        bounds.push(piece.len());
        bounds.windows(2).map(|ends| &piece[ends[0]..ends[1]]).collect()
    };
    (words.len() > 1 && words.iter().all(is_word)).then_some(words)
}

/// Codes that are written with a blank (`SEV 4`): capitals and a number, with nothing behind it but a particle. `CPU 80%` and `GPU
/// 4장` are counted.
fn spaced_codes(question: &str) -> impl Iterator<Item = (&str, &str)> {
    let words: Vec<&str> = question.split(' ').collect();
    let code = |pair: &[&'_ str]| {
        let digits = pair[1].bytes().take_while(u8::is_ascii_digit).count();
        let rest = &pair[1][digits..];
        let goes_on = rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '%')
            || (rest.starts_with(['.', ':', ',', '-']) && rest.len() > 1);
        let is_name = (2..=6).contains(&pair[0].len()) && pair[0].bytes().all(|byte| byte.is_ascii_uppercase());
        let behind = &rest[..rest.find(|c| !('\u{ac00}'..='\u{d7a3}').contains(&c)).unwrap_or(rest.len())];
        let is_counted = !behind.is_empty() && (behind.starts_with('일') || !korean::is_particle(behind));
        is_name && (1..=6).contains(&digits) && !goes_on && !is_counted
    };
    let pairs: Vec<(&str, &str)> = words
        .windows(2)
        .filter(|pair| code(pair))
        .map(|pair| (pair[0], &pair[1][..pair[1].bytes().take_while(u8::is_ascii_digit).count()]))
        .collect();
    pairs.into_iter()
}

/// How the index joins a code that it does not write as the question does: `SEV-1` where it says `SEV1`, `HTTP503` where it says `HTTP
/// 503`.
fn joint_in(revision: &Revision, piece: &str, code: &Code) -> Result<Option<&'static str>, IndexError> {
    if revision.text.holds(&piece.to_ascii_lowercase())? {
        return Ok(None);
    }
    for joint in JOINTS {
        if revision.text.holds(&code.with(joint))? {
            return Ok(Some(joint));
        }
    }
    Ok((!apart(revision, &code.with("-"))?.is_empty()).then_some(" "))
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
    for name in std::iter::once(name.to_owned()).chain(other_numbers(name)) {
        if !apart(revision, &name)?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The passages in which a name's parts stand one after the other, of so many that hold them all.
pub(super) fn apart(revision: &Revision, name: &str) -> Result<Vec<ChunkNumber>, IndexError> {
    let mut buffer = TokenBuffer::default();
    // As words, not as a name: what is looked for has none.
    Analyzer.analyze(&name.replace('-', " "), &mut buffer);
    let terms: Vec<&str> = buffer.iter().map(|token| token.text).collect();
    let mut holding = revision.text.holding_all(&terms, MAX_APART)?;
    let mut failed = None;
    holding.retain(|chunk| match form_of(revision, *chunk) {
        Ok(text) => stands_apart(&text, name),
        Err(error) => {
            failed.get_or_insert(error);
            false
        }
    });
    failed.map_or(Ok(holding), Err)
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
    fn a_name_is_taken_apart_at_its_hyphens_or_capitals() {
        for (name, words) in [
            ("error-budget", Some(&["error", "budget"][..])),
            ("PersistentVolumeClaim", Some(&["Persistent", "Volume", "Claim"])),
            ("HTTPServer", Some(&["HTTP", "Server"])),
            ("MySQL", Some(&["My", "SQL"])),
            ("prod-d", None),
            ("pay-4001", None),
            ("OAuth", None),
            ("Kafka", None),
            ("SLO", None),
            ("max_Connections", None),
        ] {
            assert_eq!(words_of(name).as_deref(), words, "{name}");
        }
    }

    #[test]
    fn a_code_may_be_written_with_a_blank() {
        let codes = |question: &'static str| spaced_codes(question).collect::<Vec<_>>();
        assert_eq!(codes("SEV 4는 HN 5034? and PAY 12."), [("SEV", "4"), ("HN", "5034"), ("PAY", "12")]);
        assert_eq!(codes("CPU 80%, RAM 12.5, UTC 10:30, Sev 4, E 101, AB 12c, GPU 4장, VM 5대를, DB 3일"), []);
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
