//! Answers that a model words, over a real index with the real embedding model; what the chat model writes is scripted,
//! so that each way in which one can fail is met. Real model servers are asked in `server/tests`.

mod injected;

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Arc, Mutex};

use ragops_e2e::settings::models_dir;
use ragops_embed::ModelStore;
use ragops_engine::answer::attribute::Support;
use ragops_engine::answer::generate::{AnswerEvent, ChatError, ChatModel, Completion, Finish, Prompt};
use ragops_engine::answer::{Answer, EscalationReason, Question, Searcher, Status, Wording};
use ragops_engine::retrieve::Mode;
use ragops_engine::revision::RevisionStore;
use ragops_engine::settings::QuerySettings;
use tempfile::TempDir;

use super::honesty::indexed;

/// Writes what its script says of the prompt, a few bytes at a time.
struct Scripted<F> {
    name: &'static str,
    script: F,
    prompts: Mutex<Vec<Prompt>>,
}

/// What a script does: the text, and how it ends.
type Line = Result<(String, Finish), &'static str>;

impl<F: Fn(&Prompt) -> Line + Send + Sync> Scripted<F> {
    fn new(name: &'static str, script: F) -> Arc<Self> {
        Arc::new(Self { name, script, prompts: Mutex::default() })
    }
}

impl<F: Fn(&Prompt) -> Line + Send + Sync> ChatModel for Scripted<F> {
    fn backend(&self) -> &str {
        self.name
    }

    fn model(&self) -> &str {
        "scripted"
    }

    fn context_tokens(&self) -> usize {
        4096
    }

    fn complete(
        &self,
        prompt: &Prompt,
        on_text: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> Result<Completion, ChatError> {
        self.prompts.lock().expect("no test panics with it").push(prompt.clone());
        let failed =
            |reason: &str| ChatError { backend: self.name.to_owned(), reason: reason.to_owned(), is_too_long: false };
        let (text, finish) = match (self.script)(prompt) {
            Ok(line) => line,
            // What came before the connection broke.
            Err(reason) => {
                let _ = on_text("The order gateway is restarted with the console. It takes forty");
                return Err(failed(reason));
            }
        };
        let chars: Vec<char> = text.chars().collect();
        for part in chars.chunks(7) {
            if on_text(&part.iter().collect::<String>()).is_break() {
                return Ok(Completion { finish: Finish::Broken, usage: None });
            }
        }
        Ok(Completion { finish, usage: None })
    }
}

const GATEWAY: &str = "# Order gateway\n\n## Restart\n\nRestart the order gateway with `kubectl rollout restart deploy/order-gw`. \
    It takes 4 minutes. The owner is team Harbor.\n\n## Limits\n\nThe order gateway accepts 1,200 requests a second. \
    Above that it answers with status 429.\n";
const WIFI: &str = "# 손님용 와이파이\n\n손님용 와이파이는 매주 월요일 오전 9시에 초기화됩니다. 비밀번호는 안내 데스크에서 받습니다.\n";

/// A folder with an index over some pages, asked with the real embedding model.
struct Asked {
    searcher: Searcher,
    _site: TempDir,
}

impl Asked {
    fn over(pages: &[(&str, &str)]) -> Self {
        let site = indexed(pages).expect("the pages are indexed");
        Self { searcher: searcher(site.path()), _site: site }
    }

    fn ask(&self, question: &str, models: &[Arc<dyn ChatModel>]) -> Told {
        let mut sentences = Vec::new();
        let mut hear = |event: AnswerEvent<'_>| match event {
            AnswerEvent::Sentence(sentence) => sentences.push(sentence.text.clone()),
            AnswerEvent::Restarted => sentences.clear(),
        };
        let wording = Wording { models, events: &mut hear };
        let asked = Question { text: question, mode: Mode::Auto };
        let answer = self.searcher.answer_by(asked, &QuerySettings::default(), wording).expect("an answer");
        Told { answer, streamed: sentences }
    }
}

struct Told {
    answer: Answer,
    streamed: Vec<String>,
}

fn searcher(site: &Path) -> Searcher {
    let store = RevisionStore::of_index(&site.join("data"), "pages");
    let revision = store.open_serving(&mut |_, _| ()).expect("the store opens").expect("it has a revision");
    let models = ModelStore::new(models_dir().expect("a folder of models"));
    let model = models.open(&revision.manifest.model.name, NonZeroUsize::MIN).expect("the model of the index");
    Searcher::new(Arc::new(revision), Arc::new(model)).expect("the index fits its model")
}

/// A model that writes `text`, whatever the passages.
fn writes(text: &'static str) -> Arc<dyn ChatModel> {
    Scripted::new("llama", move |_: &Prompt| Ok((text.to_owned(), Finish::Stop)))
}

fn skipped(test: &str) -> bool {
    super::site(test).is_none()
}

/// What the answer says, with how each sentence is supported and the pages it cites.
fn supports(answer: &Answer) -> Vec<(&str, Support, Vec<&str>)> {
    let pages = |citations: &[ragops_engine::answer::Citation]| {
        let source = |id: u32| {
            answer.sources.iter().find(|source| source.id == id).expect("citations name sources").path.as_str()
        };
        citations.iter().map(|citation| source(citation.source)).collect::<Vec<_>>()
    };
    answer.sentences.iter().map(|said| (said.text.as_str(), said.support, pages(&said.citations))).collect()
}

const RESTART: &str = "How do I restart the order gateway?";

#[test]
fn each_sentence_is_judged_by_what_the_passages_hold() {
    if skipped("each_sentence_is_judged_by_what_the_passages_hold") {
        return;
    }
    let asked = Asked::over(&[("gateway.md", GATEWAY), ("wifi.md", WIFI)]);
    let text = "Restart it with `kubectl rollout restart deploy/order-gw` [1]. The restart of the order gateway takes 4 minutes [1][9]. \
                The restart takes 40 minutes [1]. The moon is made of cheese [2].";
    let told = asked.ask(RESTART, &[writes(text)]);
    assert_eq!(told.answer.status, Status::Answered, "{:#?}", told.answer);
    let supports = supports(&told.answer);
    let verdicts: Vec<bool> = supports.iter().map(|(_, support, _)| *support == Support::Unsupported).collect();
    assert_eq!(verdicts, [false, false, true, true], "{supports:#?}");
    assert_eq!((&supports[0].2[..1], &supports[2].2[..]), (&["gateway.md"][..], &[][..]));
    // Markers that point nowhere are gone, the others name sources of the answer.
    assert!(supports.iter().all(|(text, ..)| !text.contains('[')), "{supports:#?}");
    assert!(
        told.answer.answer.contains("takes 4 minutes. [1]") && !told.answer.answer.contains("[9]"),
        "{}",
        told.answer.answer
    );
    let by = told.answer.generated_by.clone().unwrap();
    assert_eq!((by.backend.as_str(), by.model.as_str(), by.prompt_digest.len()), ("llama", "scripted", 64));
    assert_eq!(told.streamed.len(), 4);
}

#[test]
fn a_question_in_korean_is_asked_and_answered_in_korean_from_any_page() {
    if skipped("a_question_in_korean_is_asked_and_answered_in_korean_from_any_page") {
        return;
    }
    let asked = Asked::over(&[("gateway.md", GATEWAY), ("wifi.md", WIFI)]);
    let model = Scripted::new("llama", |prompt: &Prompt| {
        let number = 1 + prompt.user[..prompt.user.find("월요일").unwrap()].matches("</passage>").count();
        Ok((format!("손님용 와이파이는 매주 월요일 오전 9시에 초기화됩니다 [{number}]."), Finish::Stop))
    });
    let models: [Arc<dyn ChatModel>; 1] = [model.clone()];
    let told = asked.ask("손님용 와이파이는 언제 초기화되나요?", &models);
    assert_eq!(told.answer.status, Status::Answered, "{:#?}", told.answer);
    assert_eq!(supports(&told.answer)[0].1, Support::Supported);
    let prompt = model.prompts.lock().unwrap()[0].clone();
    assert!(prompt.system.contains("한국어로") && prompt.user.ends_with("손님용 와이파이는 언제 초기화되나요?"));
    // From a page in another language.
    let told = asked.ask(
        "주문 게이트웨이(order gateway)는 어떻게 재시작하나요?",
        &[writes("`kubectl rollout restart deploy/order-gw`로 order gateway를 재시작합니다.")],
    );
    assert_eq!(told.answer.status, Status::Answered, "{:#?}", told.answer);
    assert!(supports(&told.answer).iter().all(|(_, _, pages)| pages.contains(&"gateway.md")), "{:#?}", told.answer);
}

#[test]
fn what_the_passages_do_not_hold_is_not_given() {
    if skipped("what_the_passages_do_not_hold_is_not_given") {
        return;
    }
    let asked = Asked::over(&[("gateway.md", GATEWAY), ("wifi.md", WIFI)]);
    for (text, reason) in [
        ("NO_ANSWER", EscalationReason::NoAnswer),
        ("NO_ANSWER.", EscalationReason::NoAnswer),
        (
            "Bananas are yellow. Cats sleep all day. The gateway was built in 1887 by 14 monks.",
            EscalationReason::Unsupported,
        ),
    ] {
        let told = asked.ask(RESTART, &[writes(text)]);
        assert_eq!((told.answer.status, told.answer.reason), (Status::Escalated, Some(reason)), "{text}");
        assert!(told.answer.answer.is_empty() && told.answer.sources.is_empty());
    }
    // Below the cut no model is asked at all.
    let never = Scripted::new("llama", |_: &Prompt| Ok((String::new(), Finish::Stop)));
    let models: [Arc<dyn ChatModel>; 1] = [never.clone()];
    let told = asked.ask("Which wine goes with sea bass?", &models);
    assert_eq!((told.answer.status, never.prompts.lock().unwrap().len()), (Status::Escalated, 0));
}

#[test]
fn a_backend_that_breaks_off_is_passed_over_and_where_none_answers_the_passages_are_quoted() {
    if skipped("a_backend_that_breaks_off_is_passed_over_and_where_none_answers_the_passages_are_quoted") {
        return;
    }
    let asked = Asked::over(&[("gateway.md", GATEWAY), ("wifi.md", WIFI)]);
    let broken = || Scripted::new("broken", |_: &Prompt| Err("the connection was closed"));
    let told = asked.ask(RESTART, &[broken(), writes("The restart of the order gateway takes 4 minutes [1].")]);
    assert_eq!(told.answer.generated_by.as_ref().unwrap().backend, "llama");
    assert_eq!(told.streamed, ["The restart of the order gateway takes 4 minutes."]);
    let silent = Scripted::new("silent", |_: &Prompt| Ok((" \n".to_owned(), Finish::Stop)));
    let told = asked.ask(RESTART, &[broken(), silent]);
    assert_eq!((told.answer.status, &told.answer.generated_by), (Status::Answered, &None));
    assert!(told.answer.answer.contains("kubectl rollout restart") && told.streamed.is_empty());
}

#[test]
fn a_last_sentence_that_was_cut_is_left_out() {
    if skipped("a_last_sentence_that_was_cut_is_left_out") {
        return;
    }
    let asked = Asked::over(&[("gateway.md", GATEWAY)]);
    let cut = Scripted::new("llama", |_: &Prompt| {
        Ok(("The restart of the order gateway takes 4 minutes. The owner is te".to_owned(), Finish::Length))
    });
    let told = asked.ask(RESTART, &[cut]);
    assert_eq!(supports(&told.answer).len(), 1, "{:#?}", told.answer.sentences);
}
