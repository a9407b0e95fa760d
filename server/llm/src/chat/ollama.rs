//! The stream of Ollama: a JSON object a line, the last of which has `done` and the usage.

use serde_json::{Value, json};

use super::{ChatEnd, ChatEvent, ChatRequest, Finish, Said, Usage};

pub(super) fn body(model: &str, request: &ChatRequest) -> Value {
    let message = |message: &super::Message| json!({"role": message.speaker.name(), "content": message.text});
    let mut options = json!({"num_predict": request.max_tokens, "temperature": request.temperature});
    if let Some(seed) = request.seed {
        options["seed"] = seed.into();
    }
    if let Some(context) = request.context_tokens {
        options["num_ctx"] = context.into();
    }
    let messages: Vec<Value> = request.messages.iter().map(message).collect();
    // Thinking takes tokens of the answer and time, and says nothing that could be cited; models that cannot think do
    // not mind.
    json!({"model": model, "messages": messages, "stream": true, "think": false, "options": options})
}

pub(super) fn read(line: &str) -> Said {
    if line.trim().is_empty() {
        return Said::Nothing;
    }
    let Ok(chunk) = serde_json::from_str::<Value>(line) else {
        return Said::Unreadable(format!("a line is not JSON: {line}"));
    };
    if let Some(error) = chunk["error"].as_str() {
        return Said::Failed(error.to_owned());
    }
    let mut events = Vec::new();
    if let Some(text) = chunk["message"]["content"].as_str().filter(|text| !text.is_empty()) {
        events.push(ChatEvent::Text(text.to_owned()));
    }
    if chunk["done"] == true {
        let finish = Finish::of(chunk["done_reason"].as_str().unwrap_or("stop"));
        let tokens = |name: &str| chunk[name].as_u64();
        let usage = tokens("prompt_eval_count").zip(tokens("eval_count"));
        let usage = usage.map(|(prompt_tokens, answer_tokens)| Usage { prompt_tokens, answer_tokens });
        events.push(ChatEvent::End(ChatEnd { finish, usage }));
    }
    if events.is_empty() { Said::Nothing } else { Said::Events(events) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_end_come_from_their_lines() {
        let text = Said::Events(vec![ChatEvent::Text("안녕".to_owned())]);
        assert_eq!(read(r#"{"message":{"role":"assistant","content":"안녕"},"done":false}"#), text);
        let last =
            r#"{"message":{"content":""},"done":true,"done_reason":"stop","prompt_eval_count":9,"eval_count":2}"#;
        let usage = Some(Usage { prompt_tokens: 9, answer_tokens: 2 });
        assert_eq!(read(last), Said::Events(vec![ChatEvent::End(ChatEnd { finish: Finish::Stop, usage })]));
        assert_eq!(read(r#"{"error":"model runner has stopped"}"#), Said::Failed("model runner has stopped".into()));
        assert!(matches!(read("<html>"), Said::Unreadable(_)));
    }
}
