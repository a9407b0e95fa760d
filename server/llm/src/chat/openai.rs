//! The stream of OpenAI-compatible endpoints: server-sent events, each with a JSON chunk, `[DONE]` at the end. The reason
//! for the end comes before the usage, and some servers send neither `[DONE]` nor usage.

use serde_json::{Value, json};

use super::{ChatEnd, ChatEvent, ChatRequest, Finish, Said, Usage};

/// Fields that not every endpoint of the protocol takes. OpenAI's reasoning models refuse `max_tokens` in favour of
/// `max_completion_tokens`, and any `temperature` and `seed`; some older servers refuse `stream_options`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dialect {
    max_completion_tokens: bool,
    temperature: bool,
    seed: bool,
    stream_options: bool,
}

impl Default for Dialect {
    fn default() -> Self {
        Self { max_completion_tokens: false, temperature: true, seed: true, stream_options: true }
    }
}

impl Dialect {
    /// The dialect to try next where a request was refused in these words; `None` where they name no such field.
    pub(super) fn after(self, said: &str) -> Option<Self> {
        let mut next = self;
        // The message of OpenAI names both: "Unsupported parameter: 'max_tokens' … Use 'max_completion_tokens' instead."
        next.max_completion_tokens |= said.contains("max_completion_tokens");
        next.temperature &= !said.contains("temperature");
        next.seed &= !said.contains("seed");
        next.stream_options &= !said.contains("stream_options");
        (next != self).then_some(next)
    }
}

pub(super) fn body(model: &str, request: &ChatRequest, dialect: Dialect) -> Value {
    let message = |message: &super::Message| json!({"role": message.speaker.name(), "content": message.text});
    let mut body = json!({
        "model": model,
        "messages": request.messages.iter().map(message).collect::<Vec<_>>(),
        "stream": true,
    });
    let limit = if dialect.max_completion_tokens { "max_completion_tokens" } else { "max_tokens" };
    body[limit] = request.max_tokens.into();
    if dialect.temperature {
        body["temperature"] = request.temperature.into();
    }
    if dialect.stream_options {
        body["stream_options"] = json!({"include_usage": true});
    }
    if let Some(seed) = request.seed.filter(|_| dialect.seed) {
        body["seed"] = seed.into();
    }
    body
}

/// What was announced of the end.
#[derive(Debug, Default)]
pub(super) struct Reader {
    finish: Option<Finish>,
    usage: Option<Usage>,
}

impl Reader {
    pub(super) fn read(&mut self, line: &str) -> Said {
        let Some(data) = line.strip_prefix("data:").map(str::trim) else {
            return match line.trim_start().starts_with('{') {
                // An endpoint that fails at once may say so without an event around it.
                true => self.read_chunk(line.trim()),
                // Blank lines, comments (":"), and names of events.
                false => Said::Nothing,
            };
        };
        if data == "[DONE]" {
            return match self.finish() {
                Some(end) => Said::Events(vec![ChatEvent::End(end)]),
                None => Said::Failed("[DONE] without a `finish_reason`".to_owned()),
            };
        }
        self.read_chunk(data)
    }

    fn read_chunk(&mut self, data: &str) -> Said {
        let Ok(chunk) = serde_json::from_str::<Value>(data) else {
            return Said::Unreadable(format!("an event is not JSON: {data}"));
        };
        if let Some(error) = chunk.get("error").filter(|error| !error.is_null()) {
            let said = error["message"].as_str().or_else(|| error.as_str());
            return Said::Failed(said.map_or_else(|| error.to_string(), str::to_owned));
        }
        if let (Some(prompt), Some(answer)) =
            (chunk["usage"]["prompt_tokens"].as_u64(), chunk["usage"]["completion_tokens"].as_u64())
        {
            self.usage = Some(Usage { prompt_tokens: prompt, answer_tokens: answer });
        }
        let choice = &chunk["choices"][0];
        if let Some(word) = choice["finish_reason"].as_str() {
            self.finish = Some(Finish::of(word));
        }
        match choice["delta"]["content"].as_str() {
            Some(text) if !text.is_empty() => Said::Events(vec![ChatEvent::Text(text.to_owned())]),
            _ => Said::Nothing,
        }
    }

    pub(super) fn finish(&mut self) -> Option<ChatEnd> {
        self.finish.take().map(|finish| ChatEnd { finish, usage: self.usage.take() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_reason_and_usage_come_from_their_events() {
        let mut reader = Reader::default();
        let text = |text: &str| Said::Events(vec![ChatEvent::Text(text.to_owned())]);
        assert_eq!(reader.read(""), Said::Nothing);
        assert_eq!(reader.read(": ping"), Said::Nothing);
        assert_eq!(reader.read(r#"data: {"choices":[{"delta":{"role":"assistant","content":""}}]}"#), Said::Nothing);
        assert_eq!(reader.read(r#"data:{"choices":[{"delta":{"content":"안녕"}}]}"#), text("안녕"));
        assert_eq!(
            reader.read(r#"data: {"choices":[{"delta":{},"finish_reason":"length"}],"usage":null}"#),
            Said::Nothing
        );
        let usage = r#"data: {"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2}}"#;
        assert_eq!(reader.read(usage), Said::Nothing);
        let usage = Some(Usage { prompt_tokens: 9, answer_tokens: 2 });
        let end = ChatEvent::End(ChatEnd { finish: Finish::Length, usage });
        assert_eq!(reader.read("data: [DONE]"), Said::Events(vec![end]));
    }

    #[test]
    fn a_refused_field_is_said_otherwise_or_left_out_once() {
        let before = Dialect::default();
        let said = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.";
        let next = before.after(said).unwrap();
        let request =
            ChatRequest { messages: Vec::new(), max_tokens: 9, temperature: 0.0, seed: Some(7), context_tokens: None };
        let sent = body("m", &request, next);
        assert_eq!((&sent["max_completion_tokens"], sent.get("max_tokens")), (&json!(9), None));
        assert_eq!(next.after(said), None, "it was said so already");
        let next = next.after("Unsupported value: 'temperature' does not support 0").unwrap();
        let sent = body("m", &request, next);
        assert_eq!(
            (sent.get("temperature"), &sent["seed"], &sent["max_completion_tokens"]),
            (None, &json!(7), &json!(9))
        );
        assert_eq!(next.after("the model is overloaded"), None);
    }

    #[test]
    fn a_failure_in_the_middle_is_told_in_its_words() {
        let mut reader = Reader::default();
        assert_eq!(reader.read(r#"data: {"error":{"message":"out of memory"}}"#), Said::Failed("out of memory".into()));
        assert_eq!(reader.read(r#"{"error":"gone"}"#), Said::Failed("gone".into()));
        assert!(matches!(reader.read("data: {cut"), Said::Unreadable(_)));
        assert!(matches!(reader.read("data: [DONE]"), Said::Failed(_)));
    }
}
