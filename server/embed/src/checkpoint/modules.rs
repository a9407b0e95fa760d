//! What sentence-transformers keeps beside a model: its modules, how rows are pooled, how long a sequence may be, and
//! the words it wants before a text. A folder without them is a plain model: its rows are averaged.

use serde::Deserialize;

use super::CheckpointError;
use crate::encoder::Pooling;

/// The list of modules.
pub(crate) const MODULES: &str = "modules.json";
/// How long a sequence may be.
pub(crate) const SENTENCE: &str = "sentence_bert_config.json";
/// Words before a text.
pub(crate) const PROMPTS: &str = "config_sentence_transformers.json";
/// Where pooling is described unless the list of modules says otherwise.
pub(crate) const POOLING_DIR: &str = "1_Pooling";
/// What it is called in messages and in the staging folder.
pub(crate) const POOLING: &str = "pooling.json";

/// Where the parts of a model lie within its folder, "" being the folder itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Modules {
    pub(crate) transformer: String,
    /// The folder that describes pooling; none where the model lists modules and none of them pools.
    pub(crate) pooling: Option<String>,
}

impl Default for Modules {
    fn default() -> Self {
        Self { transformer: String::new(), pooling: Some(POOLING_DIR.to_owned()) }
    }
}

#[derive(Deserialize)]
struct Module {
    #[serde(default)]
    path: String,
    #[serde(rename = "type")]
    kind: String,
}

fn json<'a, T: Deserialize<'a>>(file: &'static str, bytes: &'a [u8]) -> Result<T, CheckpointError> {
    serde_json::from_slice(bytes).map_err(|e| CheckpointError::Unreadable { file, reason: e.to_string() })
}

impl Modules {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, CheckpointError> {
        let mut found = Self { transformer: String::new(), pooling: None };
        for Module { path, kind } in json::<Vec<Module>>(MODULES, bytes)? {
            if path.split('/').any(|part| part == "..") || path.starts_with('/') || path.contains('\\') {
                let reason = format!("its path `{path}` leads out of the folder");
                return Err(CheckpointError::Unreadable { file: MODULES, reason });
            }
            match kind.rsplit('.').next() {
                Some("Transformer") => found.transformer = path,
                Some("Pooling") => found.pooling = Some(path),
                // Every vector is normalised here, whether the model asks for it or not.
                Some("Normalize") => {}
                _ => {
                    return Err(CheckpointError::Unsupported {
                        what: "module (in `modules.json`)",
                        found: format!("`{kind}`"),
                        supported: "Transformer, Pooling and Normalize",
                    });
                }
            }
        }
        Ok(found)
    }
}

/// How the model's own file says that rows are pooled.
pub(crate) fn pooling(bytes: &[u8], hidden: usize) -> Result<Pooling, CheckpointError> {
    let fields: serde_json::Map<String, serde_json::Value> = json(POOLING, bytes)?;
    let width = fields.get("word_embedding_dimension").or(fields.get("embedding_dimension"));
    if let Some(width) = width.and_then(serde_json::Value::as_u64)
        && width != hidden as u64
    {
        let reason = format!("it pools rows of {width}, and the model's have {hidden}");
        return Err(CheckpointError::Unreadable { file: POOLING, reason });
    }
    // Newer files name the mode; older ones have a flag for each.
    let named = fields.get("pooling_mode").and_then(serde_json::Value::as_str);
    let flags =
        fields.iter().filter(|(name, value)| name.starts_with("pooling_mode_") && value.as_bool() == Some(true));
    let modes: Vec<&str> = match named {
        Some(mode) => vec![mode],
        None => flags.map(|(name, _)| name.trim_start_matches("pooling_mode_")).collect(),
    };
    match modes.as_slice() {
        // The two differ in length only, and every vector is normalised.
        ["mean_tokens" | "mean" | "mean_sqrt_len_tokens" | "mean_sqrt_len"] => Ok(Pooling::Mean),
        ["cls_token" | "cls"] => Ok(Pooling::First),
        ["max_tokens" | "max"] => Ok(Pooling::Max),
        other => Err(CheckpointError::Unsupported {
            what: "pooling",
            found: format!("`{}`", other.join("` with `")),
            supported: "one of mean, cls and max",
        }),
    }
}

/// The longest sequence the model was made for, if its file says so.
pub(crate) fn longest_sequence(bytes: &[u8]) -> Result<Option<usize>, CheckpointError> {
    #[derive(Deserialize)]
    struct Fields {
        max_seq_length: Option<usize>,
    }
    json::<Fields>(SENTENCE, bytes).map(|fields| fields.max_seq_length)
}

/// The words that the model wants before a question and before a passage, if its file says so.
pub(crate) fn prompts(bytes: &[u8]) -> Result<(Option<String>, Option<String>), CheckpointError> {
    #[derive(Deserialize)]
    struct Fields {
        #[serde(default)]
        prompts: std::collections::BTreeMap<String, Option<String>>,
    }
    let prompts = json::<Fields>(PROMPTS, bytes)?.prompts;
    let of = |names: &[&str]| names.iter().find_map(|name| prompts.get(*name).cloned().flatten());
    Ok((of(&["query"]), of(&["document", "passage"])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_found_and_others_refused() {
        let transformer = r#"{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"}"#;
        let pooling = r#"{"path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}"#;
        let normalize = r#"{"path": "2_Normalize", "type": "sentence_transformers.models.Normalize"}"#;
        let check = |modules: &[&str]| Modules::parse(format!("[{}]", modules.join(",")).as_bytes());
        assert_eq!(check(&[transformer, pooling, normalize]).unwrap(), Modules::default());
        assert_eq!(check(&[transformer]).unwrap(), Modules { pooling: None, ..Modules::default() });
        let old = check(&[&transformer.replace(r#""path": """#, r#""path": "0_Transformer""#), pooling]).unwrap();
        assert_eq!(old.transformer, "0_Transformer");
        let refused = |modules: &[&str]| check(modules).unwrap_err().to_string();
        assert!(
            refused(&[transformer, &pooling.replace("Pooling", "Dense")]).contains("Dense`, and this version reads")
        );
        assert!(refused(&[&pooling.replace("1_Pooling", "../../etc")]).contains("leads out of the folder"));
    }

    #[test]
    fn pooling_is_one_mode() {
        let check = |text: &str| pooling(text.as_bytes(), 384);
        assert_eq!(
            check(r#"{"pooling_mode_mean_tokens": true, "pooling_mode_cls_token": false}"#).unwrap(),
            Pooling::Mean
        );
        assert_eq!(
            check(r#"{"word_embedding_dimension": 384, "pooling_mode_cls_token": true}"#).unwrap(),
            Pooling::First
        );
        assert_eq!(check(r#"{"embedding_dimension": 384, "pooling_mode": "max"}"#).unwrap(), Pooling::Max);
        let refused = |text: &str| check(text).unwrap_err().to_string();
        assert!(
            refused(r#"{"pooling_mode": "lasttoken"}"#).contains("`lasttoken`, and this version reads one of mean")
        );
        let both = r#"{"pooling_mode_mean_tokens": true, "pooling_mode_cls_token": true}"#;
        assert!(refused(both).contains("`cls_token` with `mean_tokens`"), "{}", refused(both));
        assert!(refused("{}").contains("pooling is ``"), "{}", refused("{}"));
        assert!(refused(r#"{"word_embedding_dimension": 768, "pooling_mode": "mean"}"#).contains("rows of 768"));
    }

    #[test]
    fn prompts_are_those_for_questions_and_passages() {
        let text = r#"{"prompts": {"query": "query: ", "document": "passage: ", "other": "x"}, "x": 1}"#;
        assert_eq!(prompts(text.as_bytes()).unwrap(), (Some("query: ".to_owned()), Some("passage: ".to_owned())));
        assert_eq!(prompts(b"{}").unwrap(), (None, None));
    }
}
