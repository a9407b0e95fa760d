//! The port: what the engine may ask of a chat model, whichever one stands behind it.

use std::ops::ControlFlow;

use serde::Serialize;

/// A chat model. Calls may come from several threads at once, and block until the model is done.
pub trait ChatModel: Send + Sync {
    /// The backend's name, such as that of the LlmBackend resource.
    fn backend(&self) -> &str;

    /// The model as the backend names it.
    fn model(&self) -> &str;

    /// How many tokens prompt and answer may have together.
    fn context_tokens(&self) -> usize;

    /// Has the model go on from a prompt. `on_text` is given its words as they come, never empty; `Break` ends the call
    /// soon, with what came so far. What came before an error stands in no answer.
    fn complete(
        &self,
        prompt: &Prompt,
        on_text: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> Result<Completion, ChatError>;
}

/// What a model is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// The rules.
    pub system: String,
    /// Passages and question.
    pub user: String,
    /// The most tokens of the answer.
    pub max_tokens: u32,
}

/// How a completion ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Completion {
    /// Why there is no more.
    pub finish: Finish,
    /// What it cost, where the backend says so.
    pub usage: Option<Usage>,
}

/// Why a completion has no more text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finish {
    /// The model was done.
    Stop,
    /// `max_tokens` were reached: the last sentence may be cut.
    Length,
    /// The caller broke off.
    Broken,
}

/// Tokens, as the backend counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// Of the prompt.
    pub prompt_tokens: u32,
    /// Of the answer.
    pub completion_tokens: u32,
}

/// A backend gave no answer, or not the whole of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the LLM backend `{backend}` gave no answer: {reason}")]
pub struct ChatError {
    /// Its name.
    pub backend: String,
    /// What went wrong and what to do; holds no secret.
    pub reason: String,
    /// Whether a shorter prompt may succeed.
    pub is_too_long: bool,
}
