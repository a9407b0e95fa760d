//! Files in files: the attachments of a mail, what is embedded in a PDF. Each is read like a file, behind a heading with its
//! name, to a depth and in a number that are capped.

use super::blocks::Blocks;
use super::charset::{Decoded, decode, decode_told, weak_guess};
use super::extract::read;
use super::html;
use super::limits::{MAX_ATTACHMENTS, MAX_BLOCKS, MAX_DEPTH};
use super::model::{Block, BlockKind};
use super::sheet::{Parted, separated};
use super::{Extract, Format, Problem, ProblemKind, sniff};

/// Reads a file and the files inside of it.
pub(crate) fn extract_with_embedded(format: Format, bytes: &[u8]) -> Extract {
    extract_nested(format, bytes, &mut Budget { depth: 0, attachments: MAX_ATTACHMENTS })
}

/// How many more files in files are read.
struct Budget {
    /// How deep the file that is read stands in others.
    depth: usize,
    /// How many embedded files may still be read, of all depths together.
    attachments: usize,
}

fn extract_nested(format: Format, bytes: &[u8], budget: &mut Budget) -> Extract {
    let document = read(format, bytes);
    let mut extract = document.extract;
    append_attachments(&mut extract, document.attachments, budget);
    extract
}

/// Appends what embedded files say, each behind a heading with its name.
fn append_attachments(extract: &mut Extract, attachments: Vec<(String, Vec<u8>)>, budget: &mut Budget) {
    for (name, bytes) in attachments {
        if budget.attachments == 0 || budget.depth >= MAX_DEPTH || extract.blocks.len() >= MAX_BLOCKS {
            let detail = format!("embedded file {name} and those after it: too many, or too deep in other files");
            extract.problems.push(Problem::new(ProblemKind::TooLarge, detail));
            return;
        }
        budget.attachments -= 1;
        let kind = kind(&name, &bytes);
        let mut nested = match kind {
            Some(Kind::Html) => page(&bytes),
            Some(Kind::Values(parted)) => values(&bytes, parted),
            Some(Kind::Text) => paragraphs(&bytes),
            Some(Kind::Format(format)) => {
                budget.depth += 1;
                let nested = extract_nested(format, &bytes, budget);
                budget.depth -= 1;
                nested
            }
            None => {
                let detail = format!("embedded file {name}: its format is not read");
                Extract::refused(Problem::new(ProblemKind::UnreadPart, detail))
            }
        };
        let prefixed = |problem: Problem| match problem.detail.starts_with("embedded file") {
            true => problem,
            false => Problem::new(problem.kind, format!("embedded file {name}: {}", problem.detail)),
        };
        extract.problems.extend(nested.problems.into_iter().map(prefixed));
        if !nested.blocks.is_empty() {
            // Other formats have their title in their text, or none that a person wrote.
            let says_title = matches!(kind, Some(Kind::Html | Kind::Format(Format::Eml)));
            let text = heading(&name, nested.title.as_deref().filter(|_| says_title));
            extract.blocks.push(Block { kind: BlockKind::Heading { level: 1, text }, at: None });
            lower_headings(&mut nested.blocks);
            // The pages, slides and rows of an embedded file are not those of the file around it.
            extract.blocks.extend(nested.blocks.into_iter().map(|block| Block { at: None, ..block }));
        }
    }
    extract.blocks.truncate(MAX_BLOCKS);
}

/// The heading over an embedded file: its name, and what it calls itself, such as the subject of a mail.
fn heading(name: &str, title: Option<&str>) -> String {
    let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    match title {
        Some(title) if letters(title) == letters(stem) => title.to_owned(),
        Some(title) => format!("{title} ({name})"),
        None => name.to_owned(),
    }
}

/// Puts the headings of an embedded file below the one with its name.
fn lower_headings(blocks: &mut [Block]) {
    let is_outermost = |block: &Block| matches!(block.kind, BlockKind::Heading { level: 1, .. });
    if !blocks.iter().any(is_outermost) {
        return;
    }
    for block in blocks {
        if let BlockKind::Heading { level, .. } = &mut block.kind {
            *level = level.saturating_add(1).min(6);
        }
    }
}

/// A page of HTML, as a file of its own would be read.
fn page(bytes: &[u8]) -> Extract {
    let declared = html::declared_charset(bytes);
    let (text, guessed) = text_of(bytes, declared.as_deref());
    let page = html::read(&text, html::Scope::Page);
    let mut blocks = Blocks::default();
    guessed.into_iter().for_each(|problem| blocks.note(problem));
    for piece in page.pieces {
        blocks.block(piece.kind);
    }
    blocks.set_title(page.title.as_deref().unwrap_or_default());
    blocks.finish()
}

/// What an embedded file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Format(Format),
    Html,
    Text,
    /// A sheet of values, parted by tabs or by what it tells itself.
    Values(Parted),
}

/// What an embedded file is, by its first bytes where they tell, else by its name.
fn kind(name: &str, bytes: &[u8]) -> Option<Kind> {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension).to_lowercase();
    if let Some(format) = sniff(bytes) {
        return Some(Kind::Format(format));
    }
    Some(match extension.as_str() {
        "eml" => Kind::Format(Format::Eml),
        // One that has lost its end has lost its marks too, and its reader says so.
        "docx" => Kind::Format(Format::Docx),
        "pptx" => Kind::Format(Format::Pptx),
        "xlsx" | "xlsm" => Kind::Format(Format::Xlsx),
        "hwp" => Kind::Format(Format::Hwp),
        "hwpx" => Kind::Format(Format::Hwpx),
        "odt" => Kind::Format(Format::Odt),
        "tsv" if decode(bytes, None).is_some() => Kind::Values(Parted::ByTabs),
        "csv" if decode(bytes, None).is_some() => Kind::Values(Parted::AsTold),
        "txt" | "text" | "md" | "markdown" | "log" if decode(bytes, None).is_some() => Kind::Text,
        "html" | "htm" if decode(bytes, None).is_some() => Kind::Html,
        _ => return None,
    })
}

/// A sheet of values, as a file of its own would be read.
fn values(bytes: &[u8], parted: Parted) -> Extract {
    let (text, guessed) = text_of(bytes, None);
    let separated = separated(&text.replace("\r\n", "\n"), parted, QUESTION_LEVEL);
    let problems = separated.left_out.into_iter().map(|detail| Problem::new(ProblemKind::TooLarge, detail));
    let broken = separated.broken.map(|detail| Problem::new(ProblemKind::PartlyMalformed, detail));
    let problems = problems.chain(broken).chain(guessed).collect();
    Extract { blocks: separated.blocks, problems, ..Extract::default() }
}

/// Level of the headings made of an FAQ's questions: below the name of the file.
const QUESTION_LEVEL: u8 = 2;

/// The paragraphs of plain text.
fn paragraphs(bytes: &[u8]) -> Extract {
    let (text, guessed) = text_of(bytes, None);
    let text = text.replace("\r\n", "\n");
    let parts = text.split("\n\n").map(str::trim).filter(|part| !part.is_empty());
    let blocks = parts.take(MAX_BLOCKS).map(|part| Block { kind: BlockKind::Paragraph(part.to_owned()), at: None });
    Extract { blocks: blocks.collect(), problems: guessed.into_iter().collect(), ..Extract::default() }
}

/// The text of a file, and what to say where its encoding is no more than a guess.
fn text_of(bytes: &[u8], declared: Option<&str>) -> (String, Option<Problem>) {
    let Some(Decoded { text, guess }) = decode_told(bytes, declared) else { return (String::new(), None) };
    (text, weak_guess(guess))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(attachments: Vec<(&str, &[u8])>, blocks: &[&str], problems: &[ProblemKind]) {
        let mut extract = Extract::default();
        let attachments = attachments.into_iter().map(|(name, bytes)| (name.to_owned(), bytes.to_vec())).collect();
        append_attachments(&mut extract, attachments, &mut Budget { depth: 0, attachments: 2 });
        let texts: Vec<&str> = extract
            .blocks
            .iter()
            .map(|block| match &block.kind {
                BlockKind::Heading { text, .. } | BlockKind::Paragraph(text) => text.as_str(),
                _ => "",
            })
            .collect();
        assert_eq!(texts, blocks);
        assert_eq!(extract.problems.iter().map(|problem| problem.kind).collect::<Vec<_>>(), problems);
    }

    #[test]
    fn text_stands_behind_the_name_of_its_file() {
        check(vec![("메모.txt", "하나\r\n\r\n둘".as_bytes())], &["메모.txt", "하나", "둘"], &[]);
        check(vec![("a.log", "\u{feff}하나".as_bytes())], &["a.log", "하나"], &[]);
        check(vec![("a.txt", &encoding_rs::EUC_KR.encode("똠방각하").0)], &["a.txt", "똠방각하"], &[]);
        check(vec![("a.txt", b"\xff\xfeA\0B\0")], &["a.txt", "AB"], &[]);
        check(vec![("a.txt", b"caf\xe9")], &["a.txt", "café"], &[]);
    }

    fn read_one(name: &str, bytes: Vec<u8>) -> Extract {
        let mut extract = Extract::default();
        append_attachments(&mut extract, vec![(name.to_owned(), bytes)], &mut Budget { depth: 0, attachments: 2 });
        extract
    }

    /// `교통비,100000` stood as a line of text, where no header says what it is.
    #[test]
    fn values_are_a_table_as_in_a_file_of_their_own() {
        let extract = read_one("수당표.csv", "항목,금액\r\n교통비,100000\r\n식대,8000\r\n".as_bytes().to_vec());
        let lines = crate::testing::lines(&extract);
        assert_eq!(lines, ["# 수당표.csv", "‖ 항목 ‖ 금액 ‖", "| 교통비 | 100000 |", "| 식대 | 8000 |"]);
    }

    /// The subject of an attached mail was in no passage.
    #[test]
    fn a_mail_or_page_stands_behind_what_it_calls_itself() {
        let mail = "From: Park <p@example.com>\r\nSubject: =?utf-8?B?7ISc67KEIOq1kOyytA==?=\r\n\
            Date: Mon, 03 Mar 2025 10:00:00 +0900\r\nContent-Type: text/html\r\n\r\n<h1>Plan</h1><p>On 2 April.";
        let said = |name: &str, bytes: &str| crate::testing::lines(&read_one(name, bytes.as_bytes().to_vec()));
        let from = "From: Park <p@example.com>\nDate: 2025-03-03T10:00:00+09:00";
        assert_eq!(said("fwd.eml", mail), ["# 서버 교체 (fwd.eml)", from, "## Plan", "On 2 April."]);
        assert_eq!(said("서버-교체.eml", mail), ["# 서버 교체", from, "## Plan", "On 2 April."]);
        let page = "<title>Price list</title><h2>Pens</h2><table><tr><th>a<th>b<tr><td>1<td>2</table><s>Old</s>";
        assert_eq!(said("p.html", page), ["# Price list (p.html)", "## Pens", "‖ a ‖ b ‖", "| 1 | 2 |"]);
    }

    /// An attachment without its end was told to be of an unknown format.
    #[test]
    fn an_attachment_that_was_cut_is_told_as_that() {
        let whole = crate::testing::zip_of(&[("word/document.xml", &"<w:document/>".repeat(50))]);
        let extract = read_one("a.docx", whole[..whole.len() / 2].to_vec());
        assert_eq!(extract.problems[0].kind, ProblemKind::Malformed);
        assert!(
            extract.problems[0].detail.contains("a.docx: the archive ends in the middle"),
            "{:?}",
            extract.problems
        );
    }

    #[test]
    fn what_is_not_read_is_named() {
        check(vec![("a.bin", b"\x00\x01"), ("b.txt", b"\x00")], &[], &[ProblemKind::UnreadPart; 2]);
        check(vec![("a.pdf", b"%PDF-1.7 broken")], &[], &[ProblemKind::Malformed]);
    }

    #[test]
    fn an_encoding_that_is_a_guess_is_told() {
        let extract = read_one("prices.csv", b"Item,Price\r\nMug,\xA35\r\nPen,\xA32\r\n".to_vec());
        assert_eq!(crate::testing::lines(&extract)[2], "| Mug | £5 |");
        assert_eq!(crate::testing::kinds(&extract), [ProblemKind::GuessedEncoding]);
        assert!(extract.problems[0].detail.contains("prices.csv: it does not say"), "{:?}", extract.problems);
    }

    #[test]
    fn too_many_are_left_out() {
        let all: Vec<(&str, &[u8])> = vec![("a.md", b"a"), ("b.md", b"b"), ("c.md", b"c"), ("d.md", b"d")];
        check(all, &["a.md", "a", "b.md", "b"], &[ProblemKind::TooLarge]);
    }
}
