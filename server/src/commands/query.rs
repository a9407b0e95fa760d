//! `query`: asks once, and prints the answer for people or as the HTTP interface gives it.

use std::time::Instant;

use ragops_engine::answer::layout::{self, Part};
use ragops_engine::answer::{ItemPlace, Joint, ParagraphPlace, Question, RowPlace, Wording};
use ragops_engine::retrieve;

use super::open::{self, Opened};
use super::{CommandError, Exit};
use crate::chat;
use crate::cli::QueryArgs;
use crate::contract::{
    AnswerSentence, AnswerSource, AnswerWarning, Answered, Circumstances, DegradedReason, Escalated, Lines, Paragraph,
    QueryResponse, Reason, SentenceJoint, SupportLevel,
};
use crate::output;
use crate::pool::Turn;
use crate::quoted;
use crate::routes::question::check_question;
use crate::settings::Settings;

const ESCALATED: &str = "The documents do not hold enough to answer this question.\n\
                         이 질문에 답할 만한 근거를 문서에서 찾지 못했습니다.\n";

const UNSUPPORTED: &str = "Passages about it were found, but nothing in them that could be quoted as an answer.\n\
                           관련된 구절은 찾았지만 답으로 인용할 내용이 없습니다.\n";

const NOT_BORNE_OUT: &str = "A model worded an answer, but the documents do not bear it out, so it is not shown.\n\
                             모델이 답을 작성했지만 문서에 근거가 없어 표시하지 않습니다.\n";

const UNSURE: &str =
    "NOT CERTAIN: check the answer against its sources.\n확실하지 않은 답변입니다. 출처를 확인해 주세요.\n";

const SMALL_TALK: &str = "This is no question about the documents. Ask what you would look up in them.\n\
                          문서에 관한 질문이 아닙니다. 문서에서 찾고 싶은 내용을 물어보세요.\n";

pub(super) fn run(args: &QueryArgs, settings: &Settings) -> Result<Exit, CommandError> {
    let question = check_question(&args.question).map_err(|error| CommandError::Question(error.message))?;
    let Opened { name, searcher, query, chat, answers } = open::open(&args.target, settings)?;
    if let Err(error) = answers {
        eprintln!("warning: {error}; the question is answered by its words alone");
    }
    // Whatever time the reranker took is not theirs.
    let models = chat::models(&chat, &Turn::alone(), Instant::now() + settings.rerank.in_all);
    let wording = Wording { models: &models, events: &mut |_| () };
    let answer = searcher.answer_by(Question { text: question, mode: args.mode }, &query, wording)?;
    let told_here = [retrieve::DegradedReason::LlmUnavailable, retrieve::DegradedReason::RerankerUnavailable];
    for degraded in answer.degraded.iter().filter(|degraded| told_here.contains(&degraded.reason)) {
        eprintln!("warning: {}", degraded.detail);
    }
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
        QueryResponse::Escalated(Escalated { reason: Some(Reason::Unsupported), .. }) => {
            let by_model = response.circumstances().generated_by.is_some();
            if by_model { NOT_BORNE_OUT } else { UNSUPPORTED }.to_owned()
        }
        QueryResponse::Escalated(_) => ESCALATED.to_owned(),
    };
    let Circumstances { confidence, confidence_cut, mode_used, degraded_reasons, index, revision, timings_ms, .. } =
        response.circumstances();
    let ms = timings_ms.total;
    let worded = response.circumstances().generated_by.as_ref();
    let worded = worded.filter(|_| matches!(response, QueryResponse::Answered(_)));
    let worded = worded.map_or_else(String::new, |by| format!("worded by {} ({}), ", by.model, by.backend));
    let unsure = match response {
        QueryResponse::Answered(Answered { warnings, .. }) if warnings.contains(&AnswerWarning::LowConfidence) => {
            UNSURE
        }
        _ => "",
    };
    let degraded: String = degraded_reasons.iter().map(|reason| degradation(*reason)).collect();
    format!(
        "{text}\n{unsure}{degraded}{worded}confidence {confidence:.2} (answers from {confidence_cut:.2}), {mode_used} search, index {index}, \
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
        DegradedReason::RerankerUnavailable => {
            "DEGRADED: the reranking model does not answer, so passages keep the order in which they were found.\n"
        }
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
    text.extend(answered.sources.iter().map(|source| render_source(source, &answered.sentences)));
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

/// A source with the pages, slides or rows that the sentences quote of it.
fn render_source(source: &AnswerSource, sentences: &[AnswerSentence]) -> String {
    let shown = |name: &str, ranges: Vec<Lines>| match ranges.as_slice() {
        [] => String::new(),
        [Lines { first, last }] if first == last => format!(", {name} {first}"),
        ranges => {
            let ranges = ranges.iter().map(|Lines { first, last }| match first == last {
                true => first.to_string(),
                false => format!("{first}-{last}"),
            });
            format!(", {name}s {}", ranges.collect::<Vec<_>>().join(", "))
        }
    };
    let lines = match source.lines {
        Some(lines) if lines.first == lines.last => format!(":{}", lines.first),
        Some(lines) => format!(":{}-{}", lines.first, lines.last),
        None => String::new(),
    };
    let pages = shown("page", quoted::ranges(source, sentences, |locator| locator.pages));
    let slides = shown("slide", quoted::ranges(source, sentences, |locator| locator.slides));
    let rows = shown("row", quoted::ranges(source, sentences, quoted::rows));
    let sheet = source.rows.as_ref().map(|rows| rows.sheet.as_str()).filter(|sheet| !sheet.is_empty());
    let sheet = sheet.map_or_else(String::new, |sheet| format!(", sheet {sheet}"));
    let lines = format!("{lines}{pages}{slides}{sheet}{rows}");
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
    use crate::contract::{AnswerCitation, QuoteLocator, SheetRows};

    fn sentence(citations: Vec<AnswerCitation>) -> AnswerSentence {
        AnswerSentence {
            text: "Restart it.\n".to_owned(),
            section: None,
            row: None,
            item: None,
            paragraph: None,
            joint: SentenceJoint::Block,
            support: SupportLevel::Weak,
            citations,
        }
    }

    fn citation(source: u32, locator: Option<QuoteLocator>) -> AnswerCitation {
        AnswerCitation { source, quote: "q".to_owned(), score: 1.0, locator }
    }

    #[test]
    fn a_sentence_lists_each_source_once_and_says_when_it_is_weak() {
        let sentence = sentence(vec![citation(2, None), citation(1, None), citation(2, None)]);
        assert_eq!(marks(&sentence), " [1] [2] (weakly supported)");
    }

    fn source() -> AnswerSource {
        AnswerSource {
            id: 3,
            document: "ko/kafka.md".to_owned(),
            collection: "docs".to_owned(),
            path: "ko/kafka.md".to_owned(),
            title: "카프카".to_owned(),
            headings: vec!["카프카".to_owned(), "재시작".to_owned()],
            lines: None,
            pages: None,
            slides: None,
            rows: None,
            copies: Vec::new(),
            text: String::new(),
            cosine: None,
            text_score: None,
            relevance: None,
        }
    }

    #[test]
    fn a_source_is_told_by_title_headings_file_and_lines() {
        let mut source = AnswerSource { lines: Some(Lines { first: 7, last: 9 }), ..source() };
        assert_eq!(render_source(&source, &[]), "[3] 카프카 › 재시작 (docs: ko/kafka.md:7-9)\n");
        source.copies = vec!["old/kafka.md".to_owned(), "wiki: kafka.md".to_owned()];
        let expect = "[3] 카프카 › 재시작 (docs: ko/kafka.md:7-9; the same in old/kafka.md, wiki: kafka.md)\n";
        assert_eq!(render_source(&source, &[]), expect);
    }

    /// A fact on slide 13 was cited as "slides 1-20", a row as "rows 2-6".
    #[test]
    fn a_source_is_told_by_the_pages_slides_and_rows_that_are_quoted() {
        let at = |first, last| Some(Lines { first, last });
        let slides = |first, last| Some(QuoteLocator { slides: at(first, last), ..QuoteLocator::default() });
        let deck = AnswerSource { slides: at(1, 20), ..source() };
        let check = |source: &AnswerSource, citations: Vec<AnswerCitation>, expect: &str| {
            let shown = render_source(source, &[sentence(citations)]);
            assert_eq!(shown, format!("[3] 카프카 › 재시작 (docs: ko/kafka.md, {expect})\n"));
        };
        check(&deck, vec![citation(3, slides(13, 13))], "slide 13");
        check(&deck, vec![citation(3, slides(13, 13)), citation(3, slides(2, 3))], "slides 2-3, 13");
        // Another source's places are not this one's.
        check(&deck, vec![citation(3, slides(13, 13)), citation(1, slides(2, 3))], "slide 13");
        check(&deck, vec![citation(3, slides(13, 13)), citation(3, None)], "slides 1-20");
        let rows = |first, last| Some(SheetRows { sheet: "문의".to_owned(), first, last });
        let sheet = AnswerSource { rows: rows(2, 6), ..source() };
        let row = Some(QuoteLocator { rows: rows(2, 2), ..QuoteLocator::default() });
        check(&sheet, vec![citation(3, row)], "sheet 문의, row 2");
    }
}
