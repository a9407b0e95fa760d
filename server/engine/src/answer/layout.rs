//! An answer as one Markdown text. What is quoted from one section stands under its heading, because a heading may turn
//! the meaning ("Never do this"); prose runs on, items, rows and code have lines of their own, and rows of one table stand
//! under one header, with a row of ellipses where rows are left out.

use super::extract::{is_item, is_table};
use super::{RowPlace, Sentence};

/// A part of an answer as it is laid out.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    /// The sentence, row (under its header) or code block.
    pub text: &'a str,
    /// What it stands under: the document's title and headings.
    pub section: Option<&'a str>,
    /// Where a row stands in its table.
    pub row: Option<RowPlace>,
    /// What follows it, such as ` [1]`; empty for plain text.
    pub mark: &'a str,
}

/// The sentences without marks.
pub fn lay_out(sentences: &[Sentence]) -> String {
    let part = |sentence| {
        let Sentence { text, section, row, .. }: &Sentence = sentence;
        Part { text, section: section.as_deref(), row: *row, mark: "" }
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
        text.push_str(separator(&text, last.filter(|_| !new_section), *first));
        if new_section && let Some(section) = first.section {
            text.push_str(&format!("**{}**\n\n", escaped(section.trim())));
        }
        push(&mut text, run);
        last = Some(*end);
    }
    text
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
    match last {
        _ if text.is_empty() => "",
        None => "\n\n",
        Some(last) if block(last.text) || block(part.text) => "\n\n",
        Some(last) => match (is_item(last.text), is_item(part.text)) {
            (true, true) => "\n",
            (false, false) => " ",
            _ => "\n\n",
        },
    }
}

fn header_and_row(text: &str) -> (&str, &str) {
    text.trim_end().rsplit_once('\n').unwrap_or(("", text.trim_end()))
}

fn is_code(text: &str) -> bool {
    text.starts_with("```")
}

fn continues_table(last: Part<'_>, part: Part<'_>) -> bool {
    let header = header_and_row(part.text).0;
    let order = last.row.zip(part.row).is_some_and(|(last, row)| last.table == row.table && last.number < row.number);
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
        Part { text, section: None, row: None, mark: "" }
    }

    fn joined(texts: &[&str]) -> String {
        parts(texts.iter().map(|text| part(text)))
    }

    #[test]
    fn prose_runs_on_and_items_and_code_stand_on_their_own_lines() {
        assert_eq!(joined(&["One.", "Two."]), "One. Two.");
        assert_eq!(
            joined(&["Do this.", "1. First.", "2. Second.", "Done."]),
            "Do this.\n\n1. First.\n2. Second.\n\nDone."
        );
        assert_eq!(joined(&["Run it:", "```\nls\n```", "Done."]), "Run it:\n\n```\nls\n```\n\nDone.");
        assert_eq!(joined(&["| a |\n| --- |\n| 1 |", "Done."]), "| a |\n| --- |\n| 1 |\n\nDone.");
        assert_eq!(joined(&[]), "");
    }

    #[test]
    fn what_stands_in_one_section_stands_under_its_heading() {
        let under = |section, text| Part { section: Some(section), ..part(text) };
        let never = [under("Never do this", "- Restart all."), under("Never do this", "- Flush it.")];
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
                row: Some(RowPlace { table: 0, number: *number, of }),
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
            row: Some(RowPlace { table, number, of: 2 }),
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
