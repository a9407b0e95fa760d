//! An answer as one Markdown text. What is quoted from one section stands under its heading, because a heading may turn
//! the meaning ("Never do this"); sentences of one paragraph run on, items, rows and code have lines of their own, and rows
//! of one table stand under one header. What is left out of a paragraph, a list or a table, or between blocks of a section, is
//! shown by an ellipsis; only a single row is looked up, and stands without. What a section holds before the first and behind
//! the last of them is not shown.

use super::extract::{is_item, is_table};
use super::{ItemPlace, Joint, ParagraphPlace, RowPlace, Sentence};

/// A part of an answer as it is laid out.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    /// The sentence, row (under its header) or code block.
    pub text: &'a str,
    /// What it stands under: the document's title and headings.
    pub section: Option<&'a str>,
    /// Where a row stands in its table.
    pub row: Option<RowPlace>,
    /// Which item of a list it is a part of.
    pub item: Option<ItemPlace>,
    /// Which sentence of its paragraph it is.
    pub paragraph: Option<ParagraphPlace>,
    /// How it stands to the part before.
    pub joint: Joint,
    /// What follows it, such as ` [1]`; empty for plain text.
    pub mark: &'a str,
}

/// The sentences without marks.
pub fn lay_out(sentences: &[Sentence]) -> String {
    let part = |sentence| {
        let Sentence { text, section, row, item, paragraph, joint, .. }: &Sentence = sentence;
        let section = section.as_deref();
        Part { text, section, row: *row, item: *item, paragraph: *paragraph, joint: *joint, mark: "" }
    };
    parts(sentences.iter().map(part))
}

/// The parts one after the other.
pub fn parts<'a>(parts: impl IntoIterator<Item = Part<'a>>) -> String {
    let parts: Vec<Part<'a>> = parts.into_iter().collect();
    let mut text = String::new();
    let mut last: Option<Part<'a>> = None;
    for run in parts.chunk_by(|last, next| continues_table(*last, *next)) {
        let (Some(first), Some(end)) = (run.first(), run.last()) else { continue };
        let new_section = last.map_or(first.section.is_some(), |last| last.section != first.section);
        if let Some(last) = last
            && steps_follow(last, (!new_section).then_some(*first))
            && first.joint != Joint::BlockGap
        {
            text.push_str(STEPS_LEFT_OUT);
        }
        close_paragraph(&mut text, last, Some(*first));
        text.push_str(separator(&text, last.filter(|_| !new_section), *first));
        if new_section && let Some(section) = first.section {
            text.push_str(&format!("**{}**\n\n", escaped(section.trim())));
        }
        let in_section = last.filter(|_| !new_section);
        // Between two blocks of one section the separator shows it.
        let opens_with_gap = in_section.is_none() && first.joint == Joint::BlockGap;
        if opens_with_gap || (steps_precede(in_section, *first) && first.joint != Joint::BlockGap) {
            text.push_str(STEPS_LEFT_OUT.trim_start());
            text.push_str("\n\n");
        }
        if !matches!(first.joint, Joint::Next | Joint::Gap) && first.paragraph.is_some_and(|place| place.number > 1) {
            text.push_str("… ");
        }
        push(&mut text, run);
        last = Some(*end);
    }
    close_paragraph(&mut text, last, None);
    if last.is_some_and(|last| steps_follow(last, None)) {
        text.push_str(STEPS_LEFT_OUT);
    }
    text
}

/// Where items of a list are left out.
const STEPS_LEFT_OUT: &str = "\n\n…";

/// Whether items between `last` and the next part, or behind it, are left out.
fn steps_follow(last: Part<'_>, next: Option<Part<'_>>) -> bool {
    let Some(item) = last.item else { return false };
    match next.and_then(|next| next.item).filter(|next| next.list == item.list) {
        Some(next) => next.number > item.number + 1,
        None => item.number < item.of,
    }
}

/// Whether items before the first one said are left out.
fn steps_precede(last: Option<Part<'_>>, part: Part<'_>) -> bool {
    let is_first = |item: ItemPlace| last.and_then(|last| last.item).is_none_or(|last| last.list != item.list);
    part.item.is_some_and(|item| item.number > 1 && is_first(item))
}

/// Shows that sentences behind the last one said of a paragraph are left out, where another block comes next.
fn close_paragraph(text: &mut String, last: Option<Part<'_>>, next: Option<Part<'_>>) {
    let is_over = next.is_none_or(|next| !matches!(next.joint, Joint::Next | Joint::Gap) || next.paragraph.is_none());
    if is_over && last.and_then(|last| last.paragraph).is_some_and(|place| place.number < place.of) {
        text.push_str(" …");
    }
}

/// One part, or the rows of one table.
fn push(text: &mut String, run: &[Part<'_>]) {
    match run {
        [part] if is_table(part.text) => {
            let (header, row) = header_and_row(part.text);
            text.extend((!header.is_empty()).then(|| format!("{header}\n")));
            text.push_str(&marked_row(row, part.mark));
        }
        [part] if is_code(part.text) && !part.mark.is_empty() => {
            text.push_str(&format!("{}\n\n{}", part.text.trim_end(), part.mark.trim_start()));
        }
        [part] => text.extend([part.text.trim_end(), part.mark]),
        rows => push_table(text, rows),
    }
}

/// Rows under one header, with a row of ellipses wherever some are left out. A single row is looked up, and needs none.
fn push_table(text: &mut String, rows: &[Part<'_>]) {
    let mut next = 1;
    let mut of = 0;
    for part in rows {
        let (header, row) = header_and_row(part.text);
        if next == 1 {
            text.push_str(header);
        }
        let Some(place) = part.row else { continue };
        if place.number > next {
            text.push_str(&ellipsis(row));
        }
        text.push_str(&format!("\n{}", marked_row(row, part.mark)));
        (next, of) = (place.number.saturating_add(1), place.of);
    }
    if next <= of
        && let Some(last) = rows.last()
    {
        text.push_str(&ellipsis(header_and_row(last.text).1));
    }
}

/// A row with its mark in the last cell.
fn marked_row(row: &str, mark: &str) -> String {
    match row.strip_suffix('|') {
        Some(cells) if !mark.is_empty() && !cells.ends_with('\\') => format!("{}{mark} |", cells.trim_end()),
        _ => format!("{row}{mark}"),
    }
}

/// What stands between two parts: nothing before the first, a space in running prose, a line between items.
fn separator(text: &str, last: Option<Part<'_>>, part: Part<'_>) -> &'static str {
    let block = |text: &str| text.contains('\n') || is_table(text);
    match (last, part.joint) {
        _ if text.is_empty() => "",
        (Some(_), Joint::BlockGap) => "\n\n…\n\n",
        (Some(_), Joint::Gap) if is_code(part.text) => "\n\n…\n\n",
        (Some(last), _) if block(last.text) || block(part.text) => "\n\n",
        (Some(_), Joint::Next) => " ",
        (Some(_), Joint::Gap) => " … ",
        (Some(last), Joint::Block) if is_next_item(last, part) => "\n",
        _ => "\n\n",
    }
}

fn is_next_item(last: Part<'_>, part: Part<'_>) -> bool {
    let same_list = match (last.item, part.item) {
        (Some(last), Some(part)) => last.list == part.list && part.number <= last.number + 1,
        _ => false,
    };
    same_list && is_item(part.text)
}

fn header_and_row(text: &str) -> (&str, &str) {
    text.trim_end().rsplit_once('\n').unwrap_or(("", text.trim_end()))
}

fn is_code(text: &str) -> bool {
    text.starts_with("```")
}

fn continues_table(last: Part<'_>, part: Part<'_>) -> bool {
    let header = header_and_row(part.text).0;
    let order = last.row.zip(part.row).is_some_and(|(last, row)| last.table == row.table && last.number <= row.number);
    is_table(part.text)
        && !header.is_empty()
        && order
        && last.section == part.section
        && header == header_and_row(last.text).0
}

/// A row of ellipses as wide as the table.
fn ellipsis(row: &str) -> String {
    let columns = row.replace("\\|", "").matches('|').count().saturating_sub(1).max(1);
    format!("\n|{}", " … |".repeat(columns))
}

/// A heading within Markdown's asterisks. Its own marks are shown as they are; within words `_` marks nothing.
fn escaped(heading: &str) -> String {
    let mut escaped = String::with_capacity(heading.len());
    for c in heading.chars() {
        if matches!(c, '\\' | '*' | '`' | '[' | ']' | '<') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(text: &str) -> Part<'_> {
        Part { text, section: None, row: None, item: None, paragraph: None, joint: Joint::Block, mark: "" }
    }

    fn step(text: &str, number: u32, of: u32) -> Part<'_> {
        Part { item: Some(ItemPlace { list: 0, number, of, numbered: true }), ..part(text) }
    }

    fn joined(texts: &[&str]) -> String {
        parts(texts.iter().map(|text| part(text)))
    }

    #[test]
    fn paragraphs_and_what_is_left_out_of_them_are_seen() {
        let next = |text, joint| Part { joint, ..part(text) };
        assert_eq!(parts([part("One."), next("Two.", Joint::Next), next("Four.", Joint::Gap)]), "One. Two. … Four.");
        assert_eq!(joined(&["One.", "Another paragraph."]), "One.\n\nAnother paragraph.");
        assert_eq!(joined(&["Run it:", "```\nls\n```", "Done."]), "Run it:\n\n```\nls\n```\n\nDone.");
        assert_eq!(joined(&["| a |\n| --- |\n| 1 |", "Done."]), "| a |\n| --- |\n| 1 |\n\nDone.");
        assert_eq!(joined(&[]), "");
        let code = Part { joint: Joint::Gap, ..part("```\nreboot\n```") };
        assert_eq!(parts([part("Run it:"), code]), "Run it:\n\n…\n\n```\nreboot\n```");
    }

    #[test]
    fn the_ends_of_a_paragraph_that_are_left_out_are_seen() {
        let of = |text, number, joint| Part { paragraph: Some(ParagraphPlace { number, of: 4 }), joint, ..part(text) };
        assert_eq!(parts([of("B.", 2, Joint::Block)]), "… B. …");
        assert_eq!(parts([of("A.", 1, Joint::Block), of("D.", 4, Joint::Gap)]), "A. … D.");
        assert_eq!(
            parts([of("C.", 3, Joint::Block), of("B.", 2, Joint::Block), part("Next.")]),
            "… C. …\n\n… B. …\n\nNext."
        );
    }

    #[test]
    fn blocks_left_out_of_a_section_are_seen() {
        let gap = |text| Part { joint: Joint::BlockGap, ..part(text) };
        assert_eq!(
            parts([part("Refunds take 7 days."), gap("Ask the desk.")]),
            "Refunds take 7 days.\n\n…\n\nAsk the desk."
        );
        assert_eq!(parts([step("1. a", 1, 3), gap("Done.")]), "1. a\n\n…\n\nDone.", "one mark is enough");
    }

    #[test]
    fn steps_left_out_are_seen_wherever_they_are() {
        assert_eq!(parts([step("1. a", 1, 2), step("2. b", 2, 2), part("Done.")]), "1. a\n2. b\n\nDone.");
        assert_eq!(parts([step("1. a", 1, 4), step("3. c", 3, 4)]), "1. a\n\n…\n\n3. c\n\n…");
        assert_eq!(parts([step("2. b", 2, 2), part("Done.")]), "…\n\n2. b\n\nDone.");
        let code = Part { text: "```\nls\n```", ..step("", 1, 2) };
        assert_eq!(parts([step("1. a", 1, 2), code, step("2. b", 2, 2)]), "1. a\n\n```\nls\n```\n\n2. b");
        let bullet =
            |text, number| Part { item: Some(ItemPlace { list: 1, number, of: 9, numbered: false }), ..part(text) };
        assert_eq!(parts([bullet("- a", 1), bullet("- b", 2), bullet("- d", 4)]), "- a\n- b\n\n…\n\n- d\n\n…");
        assert_eq!(parts([bullet("- c", 3)]), "…\n\n- c\n\n…");
    }

    #[test]
    fn what_stands_in_one_section_stands_under_its_heading() {
        let under = |section, text| Part { section: Some(section), ..part(text) };
        let item = |text, number| Part {
            item: Some(ItemPlace { list: 0, number, of: 2, numbered: false }),
            ..under("Never do this", text)
        };
        let never = [item("- Restart all.", 1), item("- Flush it.", 2)];
        let text = parts(never.into_iter().chain([under("Restart", "One by one."), part("It is quick.")]));
        assert_eq!(
            text,
            "**Never do this**\n\n- Restart all.\n- Flush it.\n\n**Restart**\n\nOne by one.\n\nIt is quick."
        );
    }

    #[test]
    fn rows_of_one_table_stand_under_one_header_and_gaps_are_shown() {
        let table = |rows: &[(&'static str, u32)], of| {
            let row = |(text, number): &(&'static str, u32)| Part {
                row: Some(RowPlace { table: 0, number: *number, of, sheet_row: None }),
                ..part(text)
            };
            parts(rows.iter().map(row))
        };
        let (one, two, three) =
            ("| a | b |\n|---|---|\n| 1 | x |", "| a | b |\n|---|---|\n| 2 | y |", "| a | b |\n|---|---|\n| 3 | z |");
        assert_eq!(table(&[(one, 1), (two, 2)], 2), "| a | b |\n|---|---|\n| 1 | x |\n| 2 | y |");
        assert_eq!(
            table(&[(one, 1), (three, 3)], 4),
            "| a | b |\n|---|---|\n| 1 | x |\n| … | … |\n| 3 | z |\n| … | … |"
        );
        assert_eq!(table(&[(two, 2), (three, 3)], 3), "| a | b |\n|---|---|\n| … | … |\n| 2 | y |\n| 3 | z |");
        assert_eq!(table(&[(two, 2)], 4), two, "a single row is looked up");
    }

    #[test]
    fn rows_of_two_tables_stay_apart_however_alike_these_are() {
        let row = |section, table, number, text| Part {
            section: Some(section),
            row: Some(RowPlace { table, number, of: 2, sheet_row: None }),
            ..part(text)
        };
        let (one, two) = ("| a |\n|---|\n| 1 |", "| a |\n|---|\n| 2 |");
        assert_eq!(parts([row("S", 0, 1, one), row("S", 1, 2, two)]), format!("**S**\n\n{one}\n\n{two}"));
        assert_eq!(parts([row("S", 0, 1, one), row("T", 0, 2, two)]), format!("**S**\n\n{one}\n\n**T**\n\n{two}"));
    }

    #[test]
    fn a_heading_is_shown_as_it_is_written() {
        let text = parts([Part { section: Some("max_conn **now** <b> `x` [1]"), ..part("Yes.") }]);
        assert_eq!(text, "**max_conn \\*\\*now\\*\\* \\<b> \\`x\\` \\[1\\]**\n\nYes.");
    }

    #[test]
    fn marks_follow_what_they_mark() {
        let marked = |text| Part { mark: " [1]", ..part(text) };
        assert_eq!(parts([marked("One."), marked("- Two.")]), "One. [1]\n\n- Two. [1]");
        assert_eq!(parts([marked("```\nls\n```"), marked("Two.")]), "```\nls\n```\n\n[1]\n\nTwo. [1]");
        assert_eq!(parts([marked("| a |\n|---|\n| 1 |")]), "| a |\n|---|\n| 1 [1] |");
    }
}
