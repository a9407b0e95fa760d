//! `.csv` and `.tsv`: a sheet without a name, read as one that is attached to a mail is.

use ragops_formats::sheet::{Parted, separated};

use super::binary;
use super::blocks::{stem, whole_file};
use super::decode::decode_file;
use super::{FileContent, MediaType, Reader, Reading, media};
use crate::document::{Finding, FindingCode};

/// Level of the headings made of an FAQ's questions.
const QUESTION_LEVEL: u8 = 2;

/// Reads `.csv` and `.tsv`.
pub struct SeparatedValuesReader;

impl Reader for SeparatedValuesReader {
    fn media_types(&self) -> &'static [MediaType] {
        &[MediaType::Csv, MediaType::Tsv]
    }

    fn read(&self, content: &FileContent) -> Reading {
        let (text, finding) = match decode_file(&content.file.path, &content.bytes, None) {
            Ok(decoded) => decoded,
            Err(finding) => return Reading::refused(finding),
        };
        let mut reading = Reading { findings: finding.into_iter().collect(), ..Reading::default() };
        let parted = match media::media_type(&content.file.path, &content.bytes) {
            MediaType::Tsv => Parted::ByTabs,
            _ => Parted::AsTold,
        };
        let read = separated(&text, parted, QUESTION_LEVEL);
        for detail in read.left_out {
            reading.findings.push(Finding::new(
                FindingCode::ContentLeftOut,
                &content.file.path,
                detail,
                "split it into several files",
            ));
        }
        if let Some(detail) = read.broken {
            let advice = "close the quote, or save it again with a spreadsheet program";
            reading.findings.push(Finding::new(FindingCode::PartlyMalformed, &content.file.path, detail, advice));
        }
        // The first heading of an FAQ is one question of many.
        let title = Some(stem(&content.file.path));
        whole_file(content, title, binary::blocks(read.blocks), &mut reading);
        reading
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Locator, SourceName};

    fn read(path: &str, text: &str) -> Vec<(String, Option<Locator>)> {
        let content = FileContent::from_bytes(SourceName::new("docs"), path, text.as_bytes().to_vec());
        let mut documents = SeparatedValuesReader.read(&content).documents;
        let blocks = documents.pop().map(|document| document.blocks).unwrap_or_default();
        blocks.into_iter().map(|block| (block.text, block.place.locator)).collect()
    }

    fn rows(first: u32, last: u32) -> Option<Locator> {
        Some(Locator::Rows { sheet: String::new(), first, last })
    }

    #[test]
    fn rows_keep_their_header_whatever_parts_them() {
        let table = "| 이름 | 값 |\n| --- | --- |\n| a, b | 1 |".to_owned();
        for (path, text) in [
            ("a.csv", "이름,값\n\"a, b\",1\n"),
            ("a.csv", "이름;값\r\na, b;1\r\n"),
            ("a.tsv", "이름\t값\na, b\t1"),
            ("a.csv", "이름\t값\na, b\t1"),
        ] {
            assert_eq!(read(path, text), [(table.clone(), rows(2, 2))], "{path} {text:?}");
        }
    }

    #[test]
    fn a_comma_in_numbers_and_sentences_is_no_separator() {
        for text in [
            "이름;연봉;비고\n김;5,000,000;상, 하\n이;6,100,000;중, 하\n",
            "name;salary;note\na;\"5,000,000\";x, y\nb;\"6,000,000\";\"z, ü\"\n",
        ] {
            let blocks = read("a.csv", text);
            assert!(blocks[0].0.lines().all(|row| row.matches('|').count() == 4), "{blocks:?}");
        }
    }

    #[test]
    fn an_faq_is_an_entry_a_row() {
        let blocks = read("faq.csv", "question,answer\nWhy?,\"So.\nAnd so.\"\n");
        assert_eq!(blocks, [("Why?".to_owned(), rows(2, 2)), ("So.\nAnd so.".to_owned(), rows(2, 2))]);
    }

    #[test]
    fn rows_are_numbered_as_a_spreadsheet_does() {
        let text = "\nquestion,answer\n\n\nWhy?,\"So.\n\nAnd so.\"\nHow?,Thus.\n\nWhen?,Now.";
        let questions: Vec<_> = read("faq.csv", text).into_iter().filter(|(text, _)| text.ends_with('?')).collect();
        let at = |text: &str, row| (text.to_owned(), rows(row, row));
        assert_eq!(questions, [at("Why?", 5), at("How?", 6), at("When?", 8)]);
    }

    #[test]
    fn cells_that_are_left_out_are_told() {
        let text = format!("name\n{}\n", "x,".repeat(300));
        let content = FileContent::from_bytes(SourceName::new("docs"), "wide.csv", text.into_bytes());
        let findings = SeparatedValuesReader.read(&content).findings;
        assert_eq!((findings.len(), findings[0].code), (1, FindingCode::ContentLeftOut));
        assert!(findings[0].detail.starts_with("44 cells"), "{}", findings[0]);
    }

    #[test]
    fn an_open_quote_is_told() {
        assert_eq!(read("a.csv", "a,b\n\"1,2").len(), 1);
        let text = b"a,b\nx,\"1\ny,2\nz,3\n".to_vec();
        let findings =
            SeparatedValuesReader.read(&FileContent::from_bytes(SourceName::new("docs"), "a.csv", text)).findings;
        assert_eq!((findings.len(), findings[0].code), (1, FindingCode::PartlyMalformed));
        assert!(findings[0].detail.starts_with("row 2 opens a quote"), "{}", findings[0]);
    }
}
