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
    /// What it stands under: the document's title and the nearest heading.
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
    let mut text = String::new();
    let mut last: Option<Part<'a>> = None;
    for part in parts {
        push(&mut text, last, part);
        last = Some(part);
    }
    close_table(&mut text, last);
    text
}

fn push<'a>(text: &mut String, last: Option<Part<'a>>, part: Part<'a>) {
    let in_table = last.filter(|last| continues_table(*last, part));
    if let Some(last) = in_table {
        let next = last.row.map(|row| row.number + 1);
        if part.row.map(|row| row.number) != next {
            text.push_str(&ellipsis(part.text));
        }
        text.push_str(&format!("\n{}{}", row_of(part.text), part.mark));
        return;
    }
    close_table(text, last);
    let new_section = last.map_or(part.section.is_some(), |last| last.section != part.section);
    text.push_str(separator(text, last.filter(|_| !new_section), part));
    if new_section && let Some(section) = part.section {
        text.push_str(&format!("**{}**\n\n", section.trim()));
    }
    text.push_str(part.text.trim_end());
    text.push_str(part.mark);
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

fn row_of(text: &str) -> &str {
    header_and_row(text).1
}

fn continues_table(last: Part<'_>, part: Part<'_>) -> bool {
    let header = header_and_row(part.text).0;
    let order = last.row.zip(part.row).is_some_and(|(last, row)| last.of == row.of && last.number < row.number);
    is_table(part.text)
        && !header.is_empty()
        && order
        && last.section == part.section
        && header == header_and_row(last.text).0
}

/// Ends a table of which the last rows are left out. A single row is looked up, and needs no such mark.
fn close_table(text: &mut String, last: Option<Part<'_>>) {
    let Some(last) = last else { return };
    let left_out = last.row.is_some_and(|row| row.number < row.of);
    let rows = text.rsplit("\n\n").next().unwrap_or("").lines().count();
    let header = header_and_row(last.text).0.lines().count();
    if left_out && header > 0 && rows > header + 1 {
        text.push_str(&ellipsis(last.text));
    }
}

/// A row of ellipses as wide as the table.
fn ellipsis(table: &str) -> String {
    let columns = row_of(table).replace("\\|", "").matches('|').count().saturating_sub(1).max(1);
    format!("\n|{}", " … |".repeat(columns))
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
                row: Some(RowPlace { number: *number, of }),
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
        assert_eq!(table(&[(two, 2)], 4), two, "a single row is looked up");
    }

    #[test]
    fn marks_follow_what_they_mark() {
        let marked = |text| Part { mark: " [1]", ..part(text) };
        assert_eq!(parts([marked("One."), marked("- Two.")]), "One. [1]\n\n- Two. [1]");
    }
}
