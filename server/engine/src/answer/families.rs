//! Names that are joined by hyphens (`pg-gamma`) and stand nowhere, while the index lists others of their form
//! (`pg-alpha`, `pg-beta`): what it says about those is no answer. Ordinary compounds (`read-only`, `order-handling`)
//! are written alike, so only lists are believed: words that stand beside each other or below each other.

use std::collections::{BTreeMap, BTreeSet};

use crate::index::{ChunkNumber, IndexError};
use crate::revision::Revision;
use crate::text::matching_form;

use super::joined::{form_of, is_apart, pieces, stands};

/// So many passages are read for each thing that is looked for.
const PASSAGES: usize = 12;

/// Names that begin alike are as many at most.
const MANY: usize = 64;

/// So many others make a list.
const MIN_LISTED: usize = 2;

/// Parts of compounds that are ordinary words: with one of these it is no name.
#[rustfmt::skip]
const ORDINARY: [&str; 148] = [
    "on", "off", "in", "out", "up", "down", "over", "under", "by", "to", "of", "for", "as", "at", "and", "or", "no",
    "not", "non", "pre", "post", "re", "un", "co", "de", "anti", "multi", "single", "double", "dual", "triple",
    "cross", "self", "semi", "sub", "super", "inter", "intra", "mid", "mini", "micro", "one", "two", "three", "four",
    "five", "six", "seven", "eight", "nine", "ten", "first", "second", "third", "last", "next", "all", "any", "every",
    "half", "full", "part", "whole", "high", "low", "long", "short", "hard", "soft", "hot", "cold", "warm", "deep",
    "wide", "well", "best", "better", "new", "old", "real", "end", "back", "front", "side", "top", "bottom", "left",
    "right", "read", "write", "open", "free", "only", "level", "time", "times", "term", "step", "day", "days", "week",
    "month", "year", "hour", "hours", "minute", "aware", "ready", "safe", "proof", "driven", "like", "style",
    "specific", "friendly", "native", "facing", "heavy", "bound", "scale", "size", "wise", "through", "away", "per",
    "built", "made", "known", "less", "more", "most", "much", "is", "it", "do", "be", "mail", "rest", "http", "test",
    "public", "private", "main", "default", "local", "remote", "internal", "external",
];

/// Names that end as verbs do.
const NAMES_IN_ING: [&str; 5] = ["staging", "billing", "pricing", "shipping", "marketing"];

/// Whether the question names something that stands nowhere, of which others are listed. `best` are the best passages,
/// in the form in which words are compared.
pub(super) fn lacks_member(revision: &Revision, question: &str, best: &[String]) -> Result<bool, IndexError> {
    let question = matching_form(question);
    for name in names(&question) {
        if stands(revision, name)? {
            continue;
        }
        let is_listed = |texts: &[String]| texts.iter().any(|text| lists_others(text, name));
        if (is_listed(best) || is_listed(&passages_about(revision, name)?)) && !is_apart(revision, name)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The passages that hold most of a name's parts, most names that begin alike, and its last part, in the form in which
/// words are compared.
fn passages_about(revision: &Revision, name: &str) -> Result<Vec<String>, IndexError> {
    let first = name.split('-').next().unwrap_or_default();
    let last = name.rsplit('-').next().unwrap_or_default();
    let mut alike = revision.text.terms_with_prefix(&[first, "-"].concat(), MANY)?;
    alike.retain(|term| is_name(term));
    let mut chunks = BTreeSet::<ChunkNumber>::new();
    for asked in [name, &alike.join(" "), last] {
        chunks.extend(revision.text.search(asked, PASSAGES)?.into_iter().map(|hit| hit.chunk));
    }
    chunks.into_iter().map(|chunk| form_of(revision, chunk)).collect()
}

/// The names of a text that are joined by hyphens, from letters alone. What has digits is an instance or a code.
fn names(text: &str) -> impl Iterator<Item = &str> {
    pieces(text).filter(|piece| is_name(piece))
}

fn is_name(piece: &str) -> bool {
    let parts = || piece.split('-');
    let is_word = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
    let is_ordinary = |part: &str| ORDINARY.contains(&part) || (part.len() > 4 && part.ends_with("ed"));
    let last = parts().next_back().unwrap_or_default();
    let is_verb = last.len() > 5 && last.ends_with("ing") && !NAMES_IN_ING.contains(&last);
    parts().nth(1).is_some() && parts().all(|part| is_word(part) && !is_ordinary(part)) && !is_verb
}

/// Whether a text lists others of a name's form: one behind the other (`pg-alpha and pg-beta`), or at the beginning of
/// lines or of the cells of one column. All of a list share the same part.
fn lists_others(text: &str, name: &str) -> bool {
    let mut below = BTreeMap::<(usize, bool), BTreeSet<&str>>::new();
    for line in text.lines() {
        let is_row = line.trim_start().starts_with('|');
        for (column, cell) in line.split('|').enumerate().filter(|(column, _)| is_row || *column == 0) {
            let begins = cell.trim_start_matches(|c: char| !c.is_alphabetic());
            let column = if is_row { column } else { usize::MAX };
            if let Some(other) = pieces(begins).next().filter(|piece| is_name(piece)) {
                for by_first in [true, false].into_iter().filter(|by_first| shares(name, other, *by_first)) {
                    below.entry((column, by_first)).or_default().insert(other);
                }
            }
        }
        if lists_beside(line, name) {
            return true;
        }
    }
    below.values().any(|others| others.len() >= MIN_LISTED)
}

/// Whether another name shares the first part of one, or its last.
fn shares(name: &str, other: &str, by_first: bool) -> bool {
    let part = |name: &str| {
        let mut parts = name.split('-');
        if by_first { parts.next().map(str::to_owned) } else { parts.next_back().map(str::to_owned) }
    };
    name != other && part(name) == part(other)
}

/// Whether two others of a name's form follow each other with no more than `and` between them.
fn lists_beside(line: &str, name: &str) -> bool {
    const BETWEEN: [&str; 12] = ["", "and", "or", "vs", "와", "과", "및", "또는", "이나", "나", "랑", "하고"];
    let others: Vec<&str> = names(line).collect();
    others.windows(2).any(|pair| {
        let end = pair[0].as_ptr() as usize - line.as_ptr() as usize + pair[0].len();
        let start = pair[1].as_ptr() as usize - line.as_ptr() as usize;
        let between = line[end..start].trim_matches(|c: char| !c.is_alphanumeric());
        let share = |by_first| shares(name, pair[0], by_first) && shares(name, pair[1], by_first);
        pair[0] != pair[1] && BETWEEN.contains(&between) && (share(true) || share(false))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_compounds_instances_and_options_are_no_names() {
        for (question, expect) in [
            ("how do i restore reviews-db?", &["reviews-db"][..]),
            ("prod-d로 트래픽을 옮기는 방법", &["prod-d"]),
            ("who owns `team-customer-success`?", &["team-customer-success"]),
            ("is it read-only, on-call, two-factor or multi-region?", &[]),
            ("the post-mortem of a roll-back, step-by-step", &[]),
            ("order-handling, node-based, a shared-cache", &[]),
            ("worker-3, prod-a-w-17, kr-901, api-7d9f8b6c5-x2x7k", &[]),
            ("--dry-run of orders-db.haneul.io, ops@pg-gamma.kr, mode=pg-gamma", &[]),
        ] {
            assert_eq!(names(question).collect::<Vec<_>>(), expect, "{question}");
        }
    }

    #[test]
    fn others_are_listed_beside_or_below_each_other() {
        for (text, name, expect) in [
            ("the providers are pg-alpha and pg-beta.", "pg-gamma", true),
            ("결제사는 pg-alpha와 pg-beta입니다", "pg-gamma", true),
            ("| db | size |\n| --- | --- |\n| orders-db | 2 tb |\n| carts-db (new) | 1 tb |", "reviews-db", true),
            ("- prod-a: 서울\n- prod-b: 부산", "prod-c", true),
            ("| a | pg-alpha, pg-beta |", "pg-gamma", true),
            // One of them, and two that share nothing with each other.
            ("pg-alpha must answer, and pg-alpha waits", "pg-gamma", false),
            ("pg-alpha and orders-gamma", "pg-gamma", false),
            // Beside each other in no list.
            ("pg-alpha allows more than pg-beta", "pg-gamma", false),
            ("pg-alpha and then the slower pg-beta", "pg-gamma", false),
            // Ordinary words, and instances.
            ("read-only and read-write", "read-ahead", false),
            ("orders-db-0 and orders-db-1", "orders-db", false),
            ("| pg-alpha | orders-db |", "pg-gamma", false),
        ] {
            assert_eq!(lists_others(text, name), expect, "{name}: {text}");
        }
    }
}
