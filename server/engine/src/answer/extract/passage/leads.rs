//! What announces a piece, and what forbids it: a list, table or command says little without the sentence above it, and the
//! opposite under "Never do this:".

use super::super::connectives::contrasts;
use super::super::{PieceKind, is_group_row};
use super::{Cut, Start};

/// What announces a passage that begins in the middle of a list or table, found in the passage before: the last piece
/// that announces, if nothing but what it announces follows.
pub(in super::super) fn announced_at_end(pieces: &[Cut]) -> Announced {
    match pieces.last() {
        Some(last) if announces(&last.text) && last.kind == PieceKind::Sentence => Announced::By(pieces.len() - 1),
        Some(last) if last.kind == PieceKind::Row && is_group(last) => Announced::By(pieces.len() - 1),
        Some(last) => match last.lead {
            Some(lead) => Announced::By(lead),
            None if last.goes_on => Announced::Before,
            None => Announced::No,
        },
        None => Announced::No,
    }
}

/// The prohibition above a piece that holds for it: "Never do this:" stands for the paragraphs behind it in its section, or
/// for the list behind it, also where a note interrupts that, up to the next announcement. What stands behind such a list
/// is not forbidden. Other conditions are not looked for so far up: they would be made up.
pub(super) fn prohibition(pieces: &[Cut], at: usize) -> Announced {
    let section = pieces.get(at).or(pieces.last()).map(|piece| piece.section);
    let is_item = pieces.get(at).is_some_and(|_| is_in_item(pieces, at));
    // "But this holds." and "Allowed:" begin something else.
    let begins_anew = |piece: &Cut| piece.start == Start::Line && (contrasts(&piece.text) || ends_open(&piece.text));
    if pieces.get(at).is_some_and(|piece| begins_anew(piece) && !is_item) {
        return Announced::No;
    }
    let mut passed_list = false;
    for above in (0..at).rev() {
        let piece = &pieces[above];
        if Some(piece.section) != section {
            return Announced::No;
        }
        if piece.kind != PieceKind::Sentence || is_in_item(pieces, above) {
            passed_list = true;
            continue;
        }
        let next = pieces.get(above + 1);
        let is_label = is_label(&piece.text) && next.is_some_and(|next| next.start != Start::SameLine);
        let text = piece.text.to_lowercase();
        if forbids(&text) && (ends_open(&text) || is_label || begins_by_pointing(&text)) {
            return if passed_list && !is_item { Announced::No } else { Announced::By(above) };
        }
        let names_list = next.is_some_and(|next| next.kind != PieceKind::Sentence || next.begins_item());
        if ends_open(&text) || (is_label && (names_list || permits(&text))) {
            return Announced::No;
        }
    }
    let is_open = section.is_some_and(|(_, entered)| entered == 0) && (is_item || !passed_list);
    if is_open { Announced::Before } else { Announced::No }
}

/// Whether a sentence in lower case speaks of what stands behind it: "The following must never be done."
fn begins_by_pointing(text: &str) -> bool {
    let text = text.trim_start();
    text.len() < MAX_ANNOUNCING_BYTES
        && ["the following", "following", "these are", "다음", "아래"].iter().any(|word| text.starts_with(word))
}

/// Whether a label in lower case names what may be done.
fn permits(label: &str) -> bool {
    const WORDS: [&str; 12] =
        ["allow", "permit", "recommended", "fine", "correct", "허용", "가능", "권장", "해도", "올바", "바른", "예외"];
    let begins_word = |at: usize| !label[..at].ends_with(|c: char| c.is_ascii_alphanumeric());
    WORDS.iter().any(|word| label.match_indices(word).any(|(at, _)| !word.is_ascii() || begins_word(at)))
}

fn is_in_item(pieces: &[Cut], at: usize) -> bool {
    let first = (0..=at).rev().find(|at| pieces[*at].start != Start::SameLine);
    first.is_some_and(|first| pieces[first].begins_item())
}

/// The prohibition that holds for whatever goes on behind a passage in the same section.
pub(in super::super) fn prohibition_at_end(pieces: &[Cut]) -> Announced {
    prohibition(pieces, pieces.len())
}

/// What a passage says of the list or table that goes on behind it.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) enum Announced {
    /// This piece announces it.
    By(usize),
    /// It began in a passage further up.
    Before,
    No,
}

pub(super) enum Lead {
    Piece(usize),
    /// Its list or table begins before the passage does.
    Before,
    None,
}

/// What announces the piece at `at`. Pieces before it have theirs already where they need one.
pub(super) fn lead(pieces: &[Cut], at: usize) -> Lead {
    let same_section = |other: &usize| pieces[*other].section == pieces[at].section;
    let before = at.checked_sub(1).filter(same_section);
    match (pieces[at].kind, pieces[at].start) {
        (PieceKind::Row, _) if goes_on_with_row(pieces, at) => lead_of_row(pieces, at),
        (PieceKind::Sentence, Start::SameLine) => before.map_or(Lead::None, |before| as_before(pieces, before)),
        (PieceKind::Sentence, Start::Item(indent)) => match before {
            Some(before) => lead_of_item(pieces, before, indent),
            None if at == 0 => Lead::Before,
            None => Lead::None,
        },
        _ => match before {
            Some(before) if ends_open(&pieces[before].text) => Lead::Piece(before),
            // A command is nothing without the sentence before it.
            Some(before)
                if pieces[at].kind != PieceKind::Sentence
                    && pieces[before].kind == PieceKind::Sentence
                    && pieces[before].list.is_none()
                    && !matches!(pieces[before].start, Start::Item(_))
                    && (pieces[at].kind == PieceKind::Code || announces(&pieces[before].text)) =>
            {
                Lead::Piece(before)
            }
            // Code and tables among the items of a list belong to them; so does a paragraph behind them, maybe.
            Some(before) if pieces[at].kind != PieceKind::Sentence => as_before(pieces, before),
            Some(_) => Lead::None,
            // A passage may begin with the second sentence of an item.
            None if at == 0 && (pieces[0].kind != PieceKind::Sentence || is_before_item(pieces)) => Lead::Before,
            None => Lead::None,
        },
    }
}

/// Whether the first line of a passage is followed by a list item.
fn is_before_item(pieces: &[Cut]) -> bool {
    let next = pieces.iter().skip(1).find(|piece| piece.start != Start::SameLine);
    let goes_on = |next: &Cut| next.begins_item() && !next.after_blank && next.section == pieces[0].section;
    next.is_some_and(goes_on)
}

pub(super) fn goes_on_with_row(pieces: &[Cut], at: usize) -> bool {
    let is_row = at > 0 && pieces[at - 1].kind == PieceKind::Row;
    is_row && pieces[at - 1].row.map(|row| row.table) == pieces[at].row.map(|row| row.table)
}

/// Whether a row is a heading within its table: alone in its row.
fn is_group(row: &Cut) -> bool {
    is_group_row(row.text.lines().last().unwrap_or_default())
}

/// The heading among the rows that a row stands under. A row that is alone may be one, or lack its values: where bold ones
/// are told apart, those are the headings.
fn lead_of_row(pieces: &[Cut], at: usize) -> Lead {
    let above = at - 1;
    let bold = match pieces[above].lead {
        _ if is_bold_group(&pieces[above]) => Some(above),
        Some(lead) if is_bold_group(&pieces[lead]) => Some(lead),
        _ => None,
    };
    match bold {
        _ if is_bold_group(&pieces[at]) => above_group(pieces, at),
        Some(bold) => Lead::Piece(bold),
        None if is_group(&pieces[at]) => above_group(pieces, at),
        None if is_group(&pieces[above]) => Lead::Piece(above),
        None => inherited(pieces, Some(above)),
    }
}

fn is_bold_group(row: &Cut) -> bool {
    let cell =
        row.text.lines().last().unwrap_or_default().trim().trim_matches('|').split('|').next().unwrap_or_default();
    row.kind == PieceKind::Row && is_group(row) && cell.trim().starts_with("**") && cell.trim().ends_with("**")
}

/// What announces a table stands above all groups of its rows.
fn above_group(pieces: &[Cut], at: usize) -> Lead {
    let first = (0..at).rev().take_while(|row| goes_on_with_row(pieces, row + 1)).last();
    inherited(pieces, first)
}

fn inherited(pieces: &[Cut], before: Option<usize>) -> Lead {
    match before.map(|before| (pieces[before].lead, pieces[before].goes_on)) {
        Some((Some(lead), _)) => Lead::Piece(lead),
        Some((None, true)) => Lead::Before,
        _ => Lead::None,
    }
}

/// Whatever announces the list item that `before` belongs to, if it does.
fn as_before(pieces: &[Cut], before: usize) -> Lead {
    match pieces[before].start {
        Start::Item(_) => inherited(pieces, Some(before)),
        _ if pieces[before].kind == PieceKind::Sentence => inherited(pieces, Some(before)),
        _ => Lead::None,
    }
}

/// What kind of mark a list item has: bullets by their sign, numbers by how they are written.
fn mark_style(text: &str) -> char {
    match text.trim_start().chars().next() {
        Some('0'..='9') => '1',
        Some('①'..='⑳') => '①',
        Some('a'..='z' | 'A'..='Z') => 'a',
        Some('가'..='힣') => '가',
        Some(bullet) => bullet,
        None => ' ',
    }
}

/// Walks up the list to what announces the item: an item that it is nested in, or the sentence above the list.
fn lead_of_item(pieces: &[Cut], before: usize, indent: usize) -> Lead {
    let section = pieces[before].section;
    let style = mark_style(&pieces[before + 1].text);
    // Whether items of another mark were passed: those that belong to the item before.
    let mut nested = false;
    let mut at = before;
    loop {
        let piece = &pieces[at];
        match piece.start {
            Start::Item(other) if other > indent => {}
            // `① 다음 각 호의 경우` / `1. …` / `②`: items of another mark are nested without being indented.
            Start::Item(other) if other == indent && mark_style(&piece.text) != style => {
                if ends_open(&piece.text) || points_on(&piece.text.to_lowercase()) {
                    return if nested { inherited(pieces, Some(at)) } else { Lead::Piece(at) };
                }
                nested = true;
            }
            Start::Item(other) if other == indent => return inherited(pieces, Some(at)),
            Start::Item(_) if announces(&piece.text) => return Lead::Piece(at),
            Start::Item(_) => return inherited(pieces, Some(at)),
            _ if announces(&piece.text) => return Lead::Piece(at),
            // Code, rows and further sentences of the item above.
            Start::SameLine | Start::Line if piece.kind != PieceKind::Sentence || piece.start == Start::SameLine => {}
            // The second sentence of an item that began in the passage before.
            _ if at == 0 && piece.goes_on => return Lead::Before,
            _ => return Lead::None,
        }
        match at.checked_sub(1).filter(|next| pieces[*next].section == section) {
            Some(next) => at = next,
            None => return if at == 0 { Lead::Before } else { Lead::None },
        }
    }
}

/// Whether a sentence right above a list, a table or code says what these are: it ends open, it is a label (`금지 사항`), or it
/// uses the words for it: `다음 작업은 절대 하지 않습니다.`
pub(in super::super) fn announces(text: &str) -> bool {
    let lower = text.to_lowercase();
    let says = points_on(&lower) || forbids(&lower);
    ends_open(text) || is_label(text) || (text.len() < MAX_ANNOUNCING_BYTES && says)
}

/// A longer sentence says more than what follows.
const MAX_ANNOUNCING_BYTES: usize = 240;

fn is_label(text: &str) -> bool {
    let text = text.trim_end();
    text.chars().count() <= 40 && text.ends_with(|c: char| c.is_alphanumeric() || matches!(c, ')' | '*'))
}

/// Whether a text in lower case names what stands behind it.
fn points_on(text: &str) -> bool {
    text.len() < MAX_ANNOUNCING_BYTES
        && ["following", "these", "below", "다음", "아래"].iter().any(|word| text.contains(word))
}

/// Whether a text in lower case says that something is not to be done, or does not hold.
pub(in super::super) fn forbids(text: &str) -> bool {
    const WORDS: [&str; 31] = [
        "never",
        "refrain from",
        "no circumstances",
        "not covered",
        "must not",
        "mustn't",
        "do not",
        "don't",
        "not allowed",
        "not permitted",
        "forbidden",
        "prohibited",
        "wrong",
        "avoid",
        "deprecated",
        "금지",
        "금물",
        "하지 않",
        "하지 마",
        "마세요",
        "마십시오",
        "말 것",
        "안 됩니다",
        "안됩니다",
        "안 되는",
        "안되는",
        "하면 안",
        "아니 된",
        "아니된",
        "폐기",
        "쓰지",
    ];
    WORDS.iter().any(|word| text.contains(word))
}

/// Whether a sentence forbids what stands behind it, or may: how far it reaches, only a reader can tell.
pub(in super::super) fn forbids_what_follows(text: &str) -> bool {
    const EXCLUDES: [&str; 9] =
        ["cannot", "can't", "may not", "there is no", "exclud", "except", "수 없", "불가", "제외"];
    let lower = text.to_lowercase();
    let excludes = forbids(&lower) || EXCLUDES.iter().any(|word| lower.contains(word));
    excludes && (ends_open(text) || is_label(text) || points_on(&lower))
}

/// Whether a sentence speaks of all but what stands before it: nobody can tell of what without that.
pub(in super::super) fn speaks_of_the_rest(text: &str) -> bool {
    const WORDS: [&str; 17] = [
        "all other",
        "any other",
        "no other",
        "every other",
        "everything else",
        "anything else",
        "nothing else",
        "everyone else",
        "everybody else",
        "anyone else",
        "anybody else",
        "그 밖",
        "그밖",
        "그 외",
        "그외",
        "나머지",
        "이외",
    ];
    let lower = text.to_lowercase();
    WORDS.iter().any(|word| lower.contains(word))
}

/// Whether a sentence is nothing without what follows: `Never do this:`, or the question of an FAQ entry.
pub(in super::super) fn ends_open(text: &str) -> bool {
    text.trim_end().ends_with([':', '：', '?', '？'])
}
