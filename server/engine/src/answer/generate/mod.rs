//! Answers that a chat model words from the passages found (ADR 0019). The model gets numbered passages and the question;
//! each sentence that it writes is judged by what stands in them, whatever markers it sets, and given away as soon as it is
//! judged. Nothing here knows where a model runs.

mod evidence;
mod injection;
mod markers;
mod port;
mod prompt;
mod stream;

use std::ops::ControlFlow;

use serde::Serialize;

use crate::index::ChunkNumber;
use crate::retrieve::Retrieved;
use crate::settings::QuerySettings;
use crate::text::{facts, language};

use super::attribute::{Floors, Support};
use super::extract::is_item;
use super::sections;
use super::{AnswerError, Asked, Citation, Cited, Joint, Searcher, Sentence, Wording};

use evidence::Grounds;
use prompt::{Filled, NO_ANSWER, Shown, Template};
use stream::{Cutter, Written, WrittenKind};

pub use port::{ChatError, ChatModel, Completion, Finish, Prompt, Usage};

/// With less than that a prompt has no room for a passage beside its answer.
const MIN_CONTEXT_TOKENS: usize = 2_048;

/// Who worded an answer, and how it was told to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GeneratedBy {
    /// The LlmBackend.
    pub backend: String,
    /// The model as the backend names it.
    pub model: String,
    /// The version of the prompt's file.
    pub prompt_version: u32,
    /// The SHA-256 of the prompt's file.
    pub prompt_digest: String,
    /// Tokens, where the backend counts them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
}

/// What becomes of an answer while it is made.
#[derive(Debug)]
pub enum AnswerEvent<'a> {
    /// The next sentence, judged; its citations name passages by their place among those found, from 1.
    Sentence(&'a Sentence),
    /// The backend broke off: what was given away so far is void, and another one begins.
    Restarted,
}

/// What the models made of a question.
pub(super) enum Outcome {
    /// An answer, to be judged as a whole.
    Worded(Worded),
    /// The model found none in the passages.
    NoAnswer(GeneratedBy),
    /// No model answered; why, each.
    Failed(Vec<ChatError>),
}

/// A worded answer.
pub(super) struct Worded {
    pub(super) by: GeneratedBy,
    /// The text with the numbers of sources in brackets.
    pub(super) text: String,
    pub(super) sentences: Vec<Sentence>,
    pub(super) cited: Cited,
}

/// Asks the models, one after the other until one answers.
pub(super) fn generate(
    searcher: &Searcher,
    asked: &Asked<'_>,
    Wording { models, events }: Wording<'_>,
) -> Result<Outcome, AnswerError> {
    let Asked { question, found, settings, .. } = *asked;
    let shown = Passages::of(searcher, found, settings.retrieval.top_k)?;
    let template = prompt::template(language(question));
    let mut failed = Vec::new();
    for model in models {
        let passages: Vec<Shown<'_>> =
            shown.0.iter().map(|passage| Shown { heading: &passage.heading, text: &passage.text }).collect();
        let count = |text: &str| searcher.model().count_tokens(text);
        let mut context = model.context_tokens();
        loop {
            let filled = prompt::fill(template, question, &passages, context, &count);
            let attempt = Attempt { searcher, shown: &shown.0[..filled.passages], settings };
            match attempt.run(model.as_ref(), &filled, template, events)? {
                Ok(outcome) => return Ok(outcome),
                // Tokens are estimated here, and a backend may have a shorter context than its resource says.
                Err(error) if error.is_too_long && context / 2 >= MIN_CONTEXT_TOKENS => context /= 2,
                Err(error) => {
                    failed.push(error);
                    events(AnswerEvent::Restarted);
                    break;
                }
            }
        }
    }
    Ok(Outcome::Failed(failed))
}

/// The passages that a prompt may show.
struct Passages(Vec<Passage>);

struct Passage {
    chunk: ChunkNumber,
    heading: String,
    text: String,
}

impl Passages {
    fn of(searcher: &Searcher, found: &Retrieved, top_k: usize) -> Result<Self, AnswerError> {
        let passages = &searcher.revision().passages;
        let passage = |number: ChunkNumber| {
            let chunk = passages.chunk(number)?;
            let title = passages.document(chunk.document)?.title;
            let heading = sections::path_of(&title, &chunk.place.headings);
            Ok(Passage { chunk: number, heading, text: chunk.text })
        };
        found
            .candidates
            .iter()
            .take(top_k)
            .map(|candidate| passage(candidate.chunk))
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

/// One model asked.
struct Attempt<'a> {
    searcher: &'a Searcher,
    shown: &'a [Passage],
    settings: &'a QuerySettings,
}

impl Attempt<'_> {
    /// `Err` within `Ok` where the model gave no answer.
    fn run(
        &self,
        model: &dyn ChatModel,
        filled: &Filled,
        template: &Template,
        events: &mut dyn FnMut(AnswerEvent<'_>),
    ) -> Result<Result<Outcome, ChatError>, AnswerError> {
        let chunks: Vec<ChunkNumber> = self.shown.iter().map(|passage| passage.chunk).collect();
        let floors =
            Floors::of_bare(&self.searcher.revision().manifest.background, self.settings.answering.min_similarity);
        let grounds = Grounds::of(self.searcher, &chunks, floors, self.settings.answering.max_citations)?;
        let mut answer = Draft::default();
        let mut cutter = Cutter::default();
        let mut failure = None;
        let completed = model.complete(&filled.prompt, &mut |text| {
            for written in cutter.push(text) {
                if let Err(error) = answer.take(written, &grounds, events) {
                    failure = Some(error);
                    return ControlFlow::Break(());
                }
            }
            ControlFlow::Continue(())
        });
        if let Some(error) = failure {
            return Err(error);
        }
        let completion = match completed {
            Ok(completion) => completion,
            Err(error) => return Ok(Err(error)),
        };
        let mut rest = cutter.finish();
        if completion.finish == Finish::Length && rest.last().is_some_and(|last| !ends(&last.text)) {
            rest.pop();
        }
        for written in rest {
            answer.take(written, &grounds, events)?;
        }
        let by = GeneratedBy {
            backend: model.backend().to_owned(),
            model: model.model().to_owned(),
            prompt_version: template.version,
            prompt_digest: template.digest.to_string(),
            usage: completion.usage,
        };
        Ok(match answer.sentences.is_empty() {
            true if answer.says_none => Ok(Outcome::NoAnswer(by)),
            true => {
                let reason = "it wrote nothing; see whether the model is one for chat".to_owned();
                Err(ChatError { backend: model.backend().to_owned(), reason, is_too_long: false })
            }
            false => Ok(Outcome::Worded(answer.worded(by, &chunks))),
        })
    }
}

/// The answer so far.
#[derive(Default)]
struct Draft {
    /// With the place of each among the passages shown, from 1, as `source`.
    sentences: Vec<Sentence>,
    says_none: bool,
}

impl Draft {
    fn take(
        &mut self,
        written: Written,
        grounds: &Grounds<'_>,
        events: &mut dyn FnMut(AnswerEvent<'_>),
    ) -> Result<(), AnswerError> {
        // Its own headings say nothing that can be judged; what stands under them can.
        if written.kind == WrittenKind::Heading {
            return Ok(());
        }
        if written.text.contains(NO_ANSWER) {
            self.says_none = true;
            return Ok(());
        }
        let unmarked = match written.kind {
            WrittenKind::Code => markers::Unmarked { text: written.text, numbers: Vec::new() },
            _ => markers::unmarked(&written.text),
        };
        if !unmarked.text.contains(char::is_alphanumeric) {
            return Ok(());
        }
        let judged = grounds.judge(&unmarked.text, written.kind, &unmarked.numbers)?;
        let begins_block = written.begins_line || self.sentences.is_empty();
        let sentence = Sentence {
            text: unmarked.text,
            section: None,
            row: None,
            item: None,
            paragraph: None,
            joint: if begins_block { Joint::Block } else { Joint::Next },
            support: judged.support,
            citations: judged.citations,
        };
        events(AnswerEvent::Sentence(&sentence));
        self.sentences.push(sentence);
        Ok(())
    }

    /// Sources are numbered in the order in which they are cited.
    fn worded(self, by: GeneratedBy, chunks: &[ChunkNumber]) -> Worded {
        let mut cited = Cited::default();
        let mut sentences = self.sentences;
        for citation in sentences.iter_mut().flat_map(|sentence| &mut sentence.citations) {
            if let Some(chunk) = chunks.get(citation.source as usize - 1) {
                citation.source = cited.id_of(*chunk);
            }
        }
        Worded { by, text: laid_out(&sentences), sentences, cited }
    }
}

/// Whether a sentence has its end.
fn ends(text: &str) -> bool {
    let unmarked = markers::unmarked(text).text;
    unmarked.trim_end().ends_with(['.', '!', '?', '。', '！', '？', '"', '”', ')', '`', '|', '…'])
}

/// Whether a sentence only leads to what follows: "Do this:". It states nothing.
pub(super) fn only_leads(sentence: &Sentence) -> bool {
    sentence.citations.is_empty() && sentence.text.trim_end().ends_with([':', '：']) && facts(&sentence.text).is_empty()
}

/// The sentences as Markdown, each with the numbers of its sources.
fn laid_out(sentences: &[Sentence]) -> String {
    let mut text = String::new();
    let mut last: Option<&Sentence> = None;
    for sentence in sentences {
        let separator = match last {
            None => "",
            Some(_) if sentence.joint == Joint::Next => " ",
            Some(last) if is_item(last.text.trim_start()) && is_item(sentence.text.trim_start()) => "\n",
            Some(_) => "\n\n",
        };
        text.push_str(separator);
        text.push_str(&sentence.text);
        let text_of_block = sentence.text.trim_start();
        if !["|", "```", "~~~"].iter().any(|mark| text_of_block.starts_with(mark)) {
            text.push_str(&marks(&sentence.citations));
        }
        last = Some(sentence);
    }
    text
}

/// ` [1][3]`.
fn marks(citations: &[Citation]) -> String {
    let mut numbers: Vec<u32> = citations.iter().map(|citation| citation.source).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let marks: String = numbers.iter().map(|number| format!("[{number}]")).collect();
    if marks.is_empty() { marks } else { format!(" {marks}") }
}

/// Whether the sentences of a worded answer may be given: half of what is stated must be supported, and something cited.
pub(super) fn passes(sentences: &[Sentence], min_supported_share: f32) -> bool {
    let stated: Vec<&Sentence> = sentences.iter().filter(|sentence| !only_leads(sentence)).collect();
    let supported = stated.iter().filter(|sentence| sentence.support == Support::Supported).count();
    stated.iter().any(|sentence| !sentence.citations.is_empty())
        && supported as f32 >= min_supported_share * stated.len() as f32
}
