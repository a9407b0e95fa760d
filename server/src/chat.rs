//! The engine's port for chat models by the backends of an index. While a backend writes, the place of the question among
//! those that compute is somebody else's.

use std::ops::ControlFlow;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use ragops_engine::answer::generate::{ChatError, ChatModel, Completion, Finish, Prompt, Usage};
use ragops_llm::LlmError;
use ragops_llm::chat::{self, ChatBackend, ChatEnd, ChatEvent, ChatRequest, Message, Speaker};

use crate::pool::Turn;

/// The same words are likely for the same question.
const SEED: u32 = 0;

/// One question's way to a backend.
struct Asked {
    backend: Arc<ChatBackend>,
    turn: Turn,
    /// When the first of the question's backends was asked.
    begun: Arc<OnceLock<Instant>>,
    latest: Instant,
}

/// The backends for one question, in their order. Their time runs from when the first is asked, and from `latest` if that is
/// later: whoever asks does not wait for ever.
pub fn models(backends: &[Arc<ChatBackend>], turn: &Turn, latest: Instant) -> Vec<Arc<dyn ChatModel>> {
    let begun = Arc::<OnceLock<Instant>>::default();
    let model = |backend: &Arc<ChatBackend>| {
        let (backend, turn, begun) = (Arc::clone(backend), turn.clone(), Arc::clone(&begun));
        Arc::new(Asked { backend, turn, begun, latest }) as Arc<dyn ChatModel>
    };
    backends.iter().map(model).collect()
}

impl Asked {
    fn failed(&self, error: &LlmError) -> ChatError {
        let is_too_long = matches!(error, LlmError::TooLong { .. });
        ChatError { backend: self.backend().to_owned(), reason: error.to_string(), is_too_long }
    }
}

impl ChatModel for Asked {
    fn backend(&self) -> &str {
        &self.backend.config().backend
    }

    fn model(&self) -> &str {
        &self.backend.config().model
    }

    fn context_tokens(&self) -> usize {
        self.backend.config().context_tokens as usize
    }

    fn complete(
        &self,
        prompt: &Prompt,
        on_text: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> Result<Completion, ChatError> {
        let message = |speaker, text: &str| Message { speaker, text: text.to_owned() };
        let request = ChatRequest {
            messages: vec![message(Speaker::System, &prompt.system), message(Speaker::User, &prompt.user)],
            max_tokens: prompt.max_tokens,
            temperature: 0.0,
            seed: Some(SEED),
            context_tokens: Some(self.backend.config().context_tokens),
        };
        let begun = *self.begun.get_or_init(|| Instant::now().min(self.latest));
        let deadline = begun + self.backend.options().in_all;
        let mut answering = self.backend.answering(request, deadline.into());
        loop {
            let next = self.turn.while_waiting(|| answering.next(self.turn.abandoned()));
            match next.map_err(|error| self.failed(&error))? {
                Some(ChatEvent::Text(text)) => {
                    if on_text(&text).is_break() {
                        return Ok(Completion { finish: Finish::Broken, usage: None });
                    }
                }
                Some(ChatEvent::End(end)) => return self.completion(end),
                // Nobody waits for the answer any more.
                None => return Ok(Completion { finish: Finish::Broken, usage: None }),
            }
        }
    }
}

impl Asked {
    fn completion(&self, ChatEnd { finish, usage }: ChatEnd) -> Result<Completion, ChatError> {
        let finish = match finish {
            chat::Finish::Stop => Finish::Stop,
            chat::Finish::Length => Finish::Length,
            chat::Finish::Other(word) => {
                let reason = format!("it broke off its answer: `{word}`");
                return Err(ChatError { backend: self.backend().to_owned(), reason, is_too_long: false });
            }
        };
        let count = |tokens: u64| u32::try_from(tokens).unwrap_or(u32::MAX);
        let usage = usage.map(|usage| Usage {
            prompt_tokens: count(usage.prompt_tokens),
            completion_tokens: count(usage.answer_tokens),
        });
        Ok(Completion { finish, usage })
    }
}
