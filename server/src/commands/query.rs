//! `query`: asks once, and prints the answer for people or as the HTTP interface gives it.

use ragops_engine::answer::layout::{self, Part};
use ragops_engine::answer::{ItemPlace, Joint, ParagraphPlace, Question, RowPlace};

use super::open::{self, Opened};
use super::{CommandError, Exit};
use crate::cli::QueryArgs;
use crate::contract::{
    AnswerSentence, AnswerSource, Answered, Circumstances, DegradedReason, Escalated, Lines, Paragraph, QueryResponse,
    Reason, SentenceJoint, SupportLevel,
};
use crate::output;
use crate::routes::question::check_question;
use crate::settings::Settings;

const ESCALATED: &str = "The documents do not hold enough to answer this question.\n\
                         이 질문에 답할 만한 근거를 문서에서 찾지 못했습니다.\n";

const SMALL_TALK: &str = "This is no question about the documents. Ask what you would look up in them.\n\
                          문서에 관한 질문이 아닙니다. 문서에서 찾고 싶은 내용을 물어보세요.\n";

pub(super) fn run(args: &QueryArgs, settings: &Settings) -> Result<Exit, CommandError> {
    let question = check_question(&args.question).map_err(|error| CommandError::Question(error.message))?;
    let Opened { name, searcher, query, answers } = open::open(&args.target, settings)?;
    if let Err(error) = answers {
        eprintln!("warning: {error}; the question is answered by its words alone");
    }
    let answer = searcher.answer(Question { text: question, mode: args.mode }, &query)?;
    let response = QueryResponse::of(answer, &name, None);
    if args.json {
        output::json(&response)?
    } else {
        output::line(&render(&response))?
    }
    Ok(Exit::Done)
}

/// The answer with numbered citations, then the sources, then how it came about.
fn render(response: &QueryResponse) -> String {
    let text = match response {
        QueryResponse::Answered(answered) => render_answered(answered),
        QueryResponse::Escalated(Escalated { reason: Some(Reason::SmallTalk), .. }) => SMALL_TALK.to_owned(),
        QueryResponse::Escalated(_) => ESCALATED.to_owned(),
    };
    let Circumstances { confidence, confidence_cut, mode_used, degraded_reasons, index, revision, timings_ms, .. } =
        response.circumstances();
    let ms = timings_ms.total;
    let degraded: String = degraded_reasons.iter().map(|reason| degradation(*reason)).collect();
    format!(
        "{text}\n{degraded}confidence {confidence:.2} (answers from {confidence_cut:.2}), {mode_used} search, index {index}, \
         revision {revision}, {ms:.0} ms"
    )
}

/// What an answer lacks, as a line.
fn degradation(reason: DegradedReason) -> &'static str {
    match reason {
        DegradedReason::EmbedderUnavailable => {
            "DEGRADED: the embedding model does not answer, so words alone were searched.\n"
        }
        DegradedReason::EmbedderChanged => {
            "DEGRADED: another embedding model answers than the index was built with, so words alone were searched.\n"
        }
        DegradedReason::LlmUnavailable => "DEGRADED: no LLM backend answers, so the passages are quoted.\n",
    }
}

fn render_answered(answered: &Answered) -> String {
    let marks: Vec<String> = answered.sentences.iter().map(marks).collect();
    let mut text = layout::parts(answered.sentences.iter().zip(&marks).map(|(sentence, mark)| Part {
        text: &sentence.text,
        section: sentence.section.as_deref(),
        row: sentence.row.map(|row| RowPlace {
            table: row.table,
            number: row.number,
            of: row.of,
            sheet_row: row.sheet_row,
        }),
        item: sentence.item.map(|item| ItemPlace {
            list: item.list,
            number: item.number,
            of: item.of,
            numbered: item.numbered,
        }),
        paragraph: sentence.paragraph.map(|Paragraph { number, of }| ParagraphPlace { number, of }),
        joint: match sentence.joint {
            SentenceJoint::Block => Joint::Block,
            SentenceJoint::Next => Joint::Next,
            SentenceJoint::Gap => Joint::Gap,
            SentenceJoint::BlockGap => Joint::BlockGap,
        },
        mark,
    }));
    text.push_str("\n\n");
    text.extend(answered.sources.iter().map(render_source));
    text
}

/// The sources of a sentence, and a warning where they are weak.
fn marks(sentence: &AnswerSentence) -> String {
    let mut sources: Vec<u32> = sentence.citations.iter().map(|citation| citation.source).collect();
    sources.sort_unstable();
    sources.dedup();
    let marks: String = sources.iter().map(|source| format!(" [{source}]")).collect();
    let support = match sentence.support {
        SupportLevel::Supported => "",
        SupportLevel::Weak => " (weakly supported)",
        SupportLevel::Unsupported => " (no source)",
    };
    format!("{marks}{support}")
}

fn render_source(source: &AnswerSource) -> String {
    let range = |name: &str, range: Option<Lines>| match range {
        Some(range) if range.first == range.last => format!(", {name} {}", range.first),
        Some(range) => format!(", {name}s {}-{}", range.first, range.last),
        None => String::new(),
    };
    let lines = match source.lines {
        Some(lines) if lines.first == lines.last => format!(":{}", lines.first),
        Some(lines) => format!(":{}-{}", lines.first, lines.last),
        None => String::new(),
    };
    let rows = source.rows.as_ref().map_or_else(String::new, |rows| {
        let sheet = if rows.sheet.is_empty() { String::new() } else { format!(", sheet {}", rows.sheet) };
        format!("{sheet}{}", range("row", Some(Lines { first: rows.first, last: rows.last })))
    });
    let lines = format!("{lines}{}{}{rows}", range("page", source.pages), range("slide", source.slides));
    let above = source.headings.iter().filter(|heading| **heading != source.title);
    let headings: String = above.map(|heading| format!(" › {heading}")).collect();
    let also = match source.copies.as_slice() {
        [] => String::new(),
        copies => format!("; the same in {}", copies.join(", ")),
    };
    format!("[{}] {}{headings} ({}: {}{lines}{also})\n", source.id, source.title, source.collection, source.path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::AnswerCitation;

    #[test]
    fn a_sentence_lists_each_source_once_and_says_when_it_is_weak() {
        let citation = |source| AnswerCitation { source, quote: "q".to_owned(), score: 1.0 };
        let sentence = AnswerSentence {
            text: "Restart it.\n".to_owned(),
            section: None,
            row: None,
            item: None,
            paragraph: None,
            joint: SentenceJoint::Block,
            support: SupportLevel::Weak,
            citations: vec![citation(2), citation(1), citation(2)],
        };
        assert_eq!(marks(&sentence), " [1] [2] (weakly supported)");
    }

    #[test]
    fn a_source_is_told_by_title_headings_file_and_lines() {
        let mut source = AnswerSource {
            id: 3,
            document: "ko/kafka.md".to_owned(),
            collection: "docs".to_owned(),
            path: "ko/kafka.md".to_owned(),
            title: "카프카".to_owned(),
            headings: vec!["카프카".to_owned(), "재시작".to_owned()],
            lines: Some(Lines { first: 7, last: 9 }),
            pages: None,
            slides: None,
            rows: None,
            copies: Vec::new(),
            text: String::new(),
            cosine: None,
            text_score: None,
        };
        assert_eq!(render_source(&source), "[3] 카프카 › 재시작 (docs: ko/kafka.md:7-9)\n");
        source.copies = vec!["old/kafka.md".to_owned(), "wiki: kafka.md".to_owned()];
        let expect = "[3] 카프카 › 재시작 (docs: ko/kafka.md:7-9; the same in old/kafka.md, wiki: kafka.md)\n";
        assert_eq!(render_source(&source), expect);
    }
}
