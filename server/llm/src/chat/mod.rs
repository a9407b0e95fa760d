//! Words from a model, as they are made: `POST chat/completions` of OpenAI-compatible endpoints as server-sent events,
//! `POST api/chat` of Ollama as lines of JSON. One request; what is asked and what becomes of the text is the caller's.

mod backend;
mod ollama;
mod openai;
mod thinking;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use ragops_embed::remote::RemoteProtocol;

use crate::endpoint::Endpoint;
use crate::error::LlmError;
use crate::http::{Deadlines, Http, Reply};
use crate::lines::Lines;

pub use backend::{Answering, ChatBackend, ChatConfig, ChatOptions};
use openai::Dialect;
use thinking::Thinking;

/// The longest line of a stream: a line holds a few characters of text, or at worst an error.
const MAX_LINE_BYTES: usize = 1 << 20;

/// Who says something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaker {
    /// Whoever set the rules.
    System,
    /// Whoever asks.
    User,
    /// The model, earlier.
    Assistant,
}

impl Speaker {
    /// The word of both protocols.
    fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Who says it.
    pub speaker: Speaker,
    /// What.
    pub text: String,
}

/// What a model is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct ChatRequest {
    /// The conversation; the last message is to be answered.
    pub messages: Vec<Message>,
    /// Most tokens of the answer.
    pub max_tokens: u32,
    /// 0 for the likeliest words.
    pub temperature: f32,
    /// With the same one the same words are likely, and not promised.
    pub seed: Option<u32>,
    /// The context that Ollama is to give the model, which is 4,096 tokens by itself, and loses what is beyond in silence.
    /// Other endpoints have one of their own.
    pub context_tokens: Option<u32>,
}

/// What bounds an answer beside its tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChatLimits {
    /// How long each step may take.
    pub deadlines: Deadlines,
    /// Most bytes of text.
    pub text_bytes: usize,
}

/// What comes of a conversation, piece by piece.
#[derive(Debug, Clone, PartialEq)]
pub enum ChatEvent {
    /// The next piece of the text.
    Text(String),
    /// The end; nothing comes behind it.
    End(ChatEnd),
}

/// How an answer ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatEnd {
    /// Why there.
    pub finish: Finish,
    /// What it took, where the endpoint says so.
    pub usage: Option<Usage>,
}

/// Why an answer ended where it did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finish {
    /// The model had said all.
    Stop,
    /// `max_tokens`, or the model's context, was reached.
    Length,
    /// Something else, in the endpoint's word: `content_filter`.
    Other(String),
}

impl Finish {
    fn of(word: &str) -> Self {
        match word {
            "stop" => Self::Stop,
            "length" => Self::Length,
            other => Self::Other(other.chars().take(64).collect()),
        }
    }
}

/// Tokens, as the model counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Of the conversation.
    pub prompt_tokens: u64,
    /// Of the answer.
    pub answer_tokens: u64,
}

/// A model that words answers.
#[derive(Debug, Clone)]
pub struct ChatClient {
    http: Http,
    /// What the endpoint was found to take.
    dialect: Arc<Mutex<Dialect>>,
}

impl ChatClient {
    /// `ca` are certificates in PEM, in place of the system's.
    pub fn new(endpoint: Endpoint, ca: Option<&str>) -> Result<Self, LlmError> {
        Ok(Self { http: Http::new(endpoint, ca)?, dialect: Arc::default() })
    }

    /// Where it asks.
    pub fn endpoint(&self) -> &Endpoint {
        &self.http.endpoint
    }

    /// Asks. What comes back has begun; dropping it ends it there too.
    pub async fn ask(&self, request: &ChatRequest, limits: ChatLimits) -> Result<ChatStream, LlmError> {
        let (reply, reader) = match self.endpoint().protocol {
            RemoteProtocol::OpenAI => {
                (self.post_openai(request, limits).await?, Reader::OpenAi(openai::Reader::default()))
            }
            RemoteProtocol::Ollama => {
                let body = ollama::body(&self.endpoint().model, request);
                (self.http.post("api/chat", &body, limits.deadlines).await?, Reader::Ollama)
            }
        };
        let url = self.endpoint().shown().to_owned();
        let content_type = reply.content_type();
        if content_type.contains("html") {
            return Err(LlmError::NotJson { url, what: content_type, begins: String::new() });
        }
        Ok(ChatStream {
            reply,
            url,
            endpoint: self.endpoint().clone(),
            lines: Lines::default(),
            reader,
            thinking: Thinking::default(),
            ready: VecDeque::new(),
            left: limits.text_bytes,
            limit: limits.text_bytes,
            is_done: false,
        })
    }
}

impl ChatClient {
    /// A field that the endpoint refuses by name is said otherwise, or left out, from then on.
    async fn post_openai(&self, request: &ChatRequest, limits: ChatLimits) -> Result<Reply, LlmError> {
        loop {
            let dialect = *self.dialect.lock().unwrap_or_else(PoisonError::into_inner);
            let body = openai::body(&self.endpoint().model, request, dialect);
            let error = match self.http.post("chat/completions", &body, limits.deadlines).await {
                Ok(reply) => return Ok(reply),
                Err(error) => error,
            };
            let next = match &error {
                LlmError::Refused { said, .. } => dialect.after(said),
                _ => None,
            };
            // Each dialect leaves out more than the one before, so this ends.
            match next {
                Some(next) => *self.dialect.lock().unwrap_or_else(PoisonError::into_inner) = next,
                None => return Err(error),
            }
        }
    }
}

/// What one line of a stream says.
#[derive(Debug, PartialEq)]
enum Said {
    /// Nothing that matters here.
    Nothing,
    Events(Vec<ChatEvent>),
    /// The endpoint failed in the middle, in its words.
    Failed(String),
    /// The line is not of the protocol.
    Unreadable(String),
}

#[derive(Debug)]
enum Reader {
    OpenAi(openai::Reader),
    Ollama,
}

impl Reader {
    fn read(&mut self, line: &str) -> Said {
        match self {
            Self::OpenAi(reader) => reader.read(line),
            Self::Ollama => ollama::read(line),
        }
    }

    /// What the end of the bytes means: an end that was announced, where the protocol announces it before it comes.
    fn finish(&mut self) -> Option<ChatEnd> {
        match self {
            Self::OpenAi(reader) => reader.finish(),
            Self::Ollama => None,
        }
    }
}

/// An answer under way.
#[derive(Debug)]
pub struct ChatStream {
    reply: Reply,
    url: String,
    endpoint: Endpoint,
    lines: Lines,
    reader: Reader,
    thinking: Thinking,
    ready: VecDeque<ChatEvent>,
    /// Bytes of text that may still come.
    left: usize,
    limit: usize,
    is_done: bool,
}

impl ChatStream {
    /// The next event; `None` behind the end. A stream that stops before its end is an error, and so is what comes after one.
    pub async fn next(&mut self) -> Result<Option<ChatEvent>, LlmError> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                match self.pass(event)? {
                    Some(event) => return Ok(Some(event)),
                    None => continue,
                }
            }
            if self.is_done {
                return Ok(None);
            }
            let line = match self.lines.next() {
                Some(line) => line,
                None => match self.more().await? {
                    Some(line) => line,
                    None => continue,
                },
            };
            self.take(&line)?;
        }
    }

    /// Bytes for another line, or the last line of all.
    async fn more(&mut self) -> Result<Option<String>, LlmError> {
        if self.lines.pending() > MAX_LINE_BYTES {
            return Err(LlmError::TooLarge { url: self.url.clone(), limit: MAX_LINE_BYTES });
        }
        if let Some(bytes) = self.reply.chunk().await? {
            self.lines.push(&bytes);
            return Ok(None);
        }
        if let Some(rest) = self.lines.rest() {
            return Ok(Some(rest));
        }
        match self.reader.finish() {
            Some(end) => self.ready.push_back(ChatEvent::End(end)),
            None => return Err(self.cut("the stream ends before the answer does")),
        }
        Ok(None)
    }

    fn take(&mut self, line: &str) -> Result<(), LlmError> {
        match self.reader.read(line) {
            Said::Nothing => {}
            Said::Events(events) => self.ready.extend(events),
            Said::Failed(said) => return Err(self.cut(&self.endpoint.quote(&said))),
            Said::Unreadable(reason) => {
                return Err(LlmError::Reply { url: self.url.clone(), reason: self.endpoint.quote(&reason) });
            }
        }
        Ok(())
    }

    /// What of an event is for the caller.
    fn pass(&mut self, event: ChatEvent) -> Result<Option<ChatEvent>, LlmError> {
        match event {
            ChatEvent::Text(text) => {
                match self.left.checked_sub(text.len()) {
                    Some(left) => self.left = left,
                    None => return Err(LlmError::TooLarge { url: self.url.clone(), limit: self.limit }),
                }
                let text = self.thinking.push(text);
                Ok((!text.is_empty()).then_some(ChatEvent::Text(text)))
            }
            ChatEvent::End(end) => {
                self.ready.clear();
                let rest = self.thinking.rest();
                if !rest.trim().is_empty() {
                    self.ready.push_back(ChatEvent::End(end));
                    return Ok(Some(ChatEvent::Text(rest)));
                }
                self.is_done = true;
                Ok(Some(ChatEvent::End(end)))
            }
        }
    }

    fn cut(&self, reason: &str) -> LlmError {
        LlmError::Cut { url: self.url.clone(), reason: reason.to_owned() }
    }
}
