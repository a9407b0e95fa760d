//! A Llama of two layers with random weights: nonsense, but real tensors, a real tokenizer, a real chat template. What it
//! says is never an answer; how it comes is what is tested.
#![allow(dead_code, reason = "each test binary uses its own part")]

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

const HIDDEN: usize = 128;
const INNER: usize = 256;
const LAYERS: usize = 2;
const MERGES: [(&str, &str); 6] = [("t", "h"), ("th", "e"), ("i", "n"), ("a", "n"), ("e", "r"), ("o", "n")];

/// Writes the model's folder.
pub(crate) fn write(folder: &Path) {
    let vocabulary = vocabulary();
    let size = vocabulary.len();
    fs::write(folder.join("model.safetensors"), safetensors(&tensors(size))).unwrap();
    fs::write(folder.join("tokenizer.json"), tokenizer(&vocabulary).to_string()).unwrap();
    let config = json!({"architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": size,
        "hidden_size": HIDDEN, "intermediate_size": INNER, "num_hidden_layers": LAYERS, "num_attention_heads": 2,
        "num_key_value_heads": 2, "head_dim": 64, "max_position_embeddings": 8192, "rms_norm_eps": 1e-5,
        "rope_theta": 10000.0, "bos_token_id": size - 2, "eos_token_id": size - 1, "torch_dtype": "float32",
        "tie_word_embeddings": false, "hidden_act": "silu"});
    fs::write(folder.join("config.json"), config.to_string()).unwrap();
    let tokens = json!({"bos_token": "<s>", "eos_token": "</s>", "tokenizer_class": "PreTrainedTokenizerFast",
        "add_bos_token": false, "chat_template": "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}"});
    fs::write(folder.join("tokenizer_config.json"), tokens.to_string()).unwrap();
}

/// The bytes as GPT-2 writes them, what the merges make of them, and two marks.
fn vocabulary() -> Vec<String> {
    let is_plain = |byte: u8| matches!(byte, 33..=126 | 161..=172 | 174..=255);
    let mut others = 256_u32;
    let mut tokens: Vec<String> = (0..=255_u8)
        .map(|byte| match is_plain(byte) {
            true => char::from(byte).to_string(),
            false => {
                others += 1;
                char::from_u32(others - 1).unwrap().to_string()
            }
        })
        .collect();
    tokens.extend(MERGES.map(|(a, b)| format!("{a}{b}")));
    tokens.extend(["<s>".to_owned(), "</s>".to_owned()]);
    tokens
}

fn tokenizer(vocabulary: &[String]) -> Value {
    let ids: Map<String, Value> = vocabulary.iter().enumerate().map(|(id, token)| (token.clone(), id.into())).collect();
    let added = |token: &str, id: usize| {
        json!({"id": id, "content": token, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false,
            "special": true})
    };
    let merges: Vec<String> = MERGES.iter().map(|(a, b)| format!("{a} {b}")).collect();
    let size = vocabulary.len();
    json!({"version": "1.0", "truncation": null, "padding": null, "normalizer": null, "post_processor": null,
        "added_tokens": [added("<s>", size - 2), added("</s>", size - 1)],
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
        "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
        "model": {"type": "BPE", "dropout": null, "unk_token": null, "fuse_unk": false, "byte_fallback": false,
            "vocab": ids, "merges": merges}})
}

fn tensors(size: usize) -> Vec<(String, Vec<usize>)> {
    let mut tensors = vec![
        ("model.embed_tokens.weight".to_owned(), vec![size, HIDDEN]),
        ("lm_head.weight".to_owned(), vec![size, HIDDEN]),
        ("model.norm.weight".to_owned(), vec![HIDDEN]),
    ];
    for layer in 0..LAYERS {
        for (name, shape) in [
            ("input_layernorm", vec![HIDDEN]),
            ("post_attention_layernorm", vec![HIDDEN]),
            ("self_attn.q_proj", vec![HIDDEN, HIDDEN]),
            ("self_attn.k_proj", vec![HIDDEN, HIDDEN]),
            ("self_attn.v_proj", vec![HIDDEN, HIDDEN]),
            ("self_attn.o_proj", vec![HIDDEN, HIDDEN]),
            ("mlp.gate_proj", vec![INNER, HIDDEN]),
            ("mlp.up_proj", vec![INNER, HIDDEN]),
            ("mlp.down_proj", vec![HIDDEN, INNER]),
        ] {
            tensors.push((format!("model.layers.{layer}.{name}.weight"), shape));
        }
    }
    tensors
}

/// The tensors with small random numbers (xorshift, of a fixed seed), norms with ones.
fn safetensors(tensors: &[(String, Vec<usize>)]) -> Vec<u8> {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        ((state >> 40) as f32 / (1_u32 << 24) as f32 - 0.5) * 0.2
    };
    let (mut header, mut data) = (Map::new(), Vec::new());
    for (name, shape) in tensors {
        let begin = data.len();
        for _ in 0..shape.iter().product() {
            let value = if name.contains("norm") { 1.0 } else { random() };
            data.extend_from_slice(&value.to_le_bytes());
        }
        header.insert(name.clone(), json!({"dtype": "F32", "shape": shape, "data_offsets": [begin, data.len()]}));
    }
    let header = Value::Object(header).to_string();
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &data].concat()
}
