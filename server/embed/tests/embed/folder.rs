//! Tiny models of each family with random weights, written here as folders in the layout of Hugging Face.

use std::collections::BTreeMap;
use std::path::Path;

use safetensors::Dtype;
use safetensors::tensor::TensorView;
use serde_json::{Value, json};

/// What a folder is to hold.
#[derive(Clone)]
pub(crate) struct Folder {
    pub(crate) family: &'static str,
    pub(crate) hidden: usize,
    pub(crate) layers: usize,
    pub(crate) heads: usize,
    pub(crate) feed_forward: usize,
    pub(crate) activation: &'static str,
    /// How the weights are written.
    pub(crate) dtype: Dtype,
    /// Before the tensors' names.
    pub(crate) prefix: &'static str,
}

/// Tokens that a sequence may have.
pub(crate) const POSITIONS: usize = 48;

impl Folder {
    pub(crate) fn bert() -> Self {
        Self {
            family: "bert",
            hidden: 64,
            layers: 2,
            heads: 2,
            feed_forward: 128,
            activation: "gelu",
            dtype: Dtype::F32,
            prefix: "",
        }
    }

    pub(crate) fn roberta() -> Self {
        Self { family: "roberta", hidden: 96, heads: 3, feed_forward: 192, prefix: "roberta.", ..Self::bert() }
    }

    pub(crate) fn xlm_roberta() -> Self {
        Self { family: "xlm-roberta", hidden: 128, heads: 2, feed_forward: 160, ..Self::bert() }
    }

    /// Start and end marker.
    pub(crate) fn markers(&self) -> (u32, u32) {
        if self.family == "bert" { (2, 3) } else { (0, 2) }
    }

    pub(crate) fn config(&self) -> Value {
        let first = if self.family == "bert" { 0 } else { 2 };
        json!({
            "model_type": self.family, "hidden_act": self.activation, "hidden_size": self.hidden,
            "num_hidden_layers": self.layers, "num_attention_heads": self.heads,
            "intermediate_size": self.feed_forward, "vocab_size": self.vocabulary(),
            "max_position_embeddings": POSITIONS + first, "type_vocab_size": if first == 0 { 2 } else { 1 },
            "pad_token_id": first / 2, "layer_norm_eps": 1e-5,
        })
    }

    fn vocabulary(&self) -> usize {
        let tokenizer = self.tokenizer();
        let model = &tokenizer["model"]["vocab"];
        model.as_object().map_or_else(|| model.as_array().unwrap().len(), serde_json::Map::len)
    }

    pub(crate) fn tokenizer(&self) -> Value {
        match self.family {
            "bert" => word_piece(),
            "roberta" => byte_level(),
            _ => unigram(),
        }
    }

    /// Names and shapes of all tensors.
    fn shapes(&self) -> Vec<(String, Vec<usize>)> {
        let (hidden, wide) = (self.hidden, self.feed_forward);
        let config = self.config();
        let rows = |name: &str| config[name].as_u64().unwrap() as usize;
        let mut shapes = vec![
            ("embeddings.word_embeddings.weight".to_owned(), vec![rows("vocab_size"), hidden]),
            ("embeddings.position_embeddings.weight".to_owned(), vec![rows("max_position_embeddings"), hidden]),
            ("embeddings.token_type_embeddings.weight".to_owned(), vec![rows("type_vocab_size"), hidden]),
        ];
        let mut pair = |name: String, weight: Vec<usize>, bias: usize| {
            shapes.push((format!("{name}.weight"), weight));
            shapes.push((format!("{name}.bias"), vec![bias]));
        };
        pair("embeddings.LayerNorm".to_owned(), vec![hidden], hidden);
        for layer in 0..self.layers {
            let name = |part: &str| format!("encoder.layer.{layer}.{part}");
            for part in ["attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"]
            {
                pair(name(part), vec![hidden, hidden], hidden);
            }
            pair(name("attention.output.LayerNorm"), vec![hidden], hidden);
            pair(name("intermediate.dense"), vec![wide, hidden], wide);
            pair(name("output.dense"), vec![hidden, wide], hidden);
            pair(name("output.LayerNorm"), vec![hidden], hidden);
        }
        shapes
    }

    /// All tensors, random and the same on every run.
    pub(crate) fn tensors(&self) -> Tensors {
        let mut seed = 7_u32;
        let mut random = move || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) as f32 / (1 << 24) as f32 - 0.5
        };
        let mut tensors = BTreeMap::new();
        for (name, shape) in self.shapes() {
            let scale = match name.as_str() {
                name if name.ends_with("LayerNorm.weight") => 0.2,
                name if name.ends_with("bias") => 0.3,
                name if name.starts_with("embeddings.") => 2.0,
                _ => 4.0 / (shape[1] as f32).sqrt(),
            };
            let middle = if name.ends_with("LayerNorm.weight") { 1.0 } else { 0.0 };
            let values = (0..shape.iter().product()).map(|_| middle + scale * random()).collect();
            tensors.insert(format!("{}{name}", self.prefix), Given { shape, dtype: self.dtype, values });
        }
        tensors
    }

    /// Writes the folder.
    pub(crate) fn write(&self, dir: &Path) {
        std::fs::create_dir_all(dir).unwrap();
        std::fs::write(dir.join("config.json"), self.config().to_string()).unwrap();
        std::fs::write(dir.join("tokenizer.json"), self.tokenizer().to_string()).unwrap();
        std::fs::write(dir.join("model.safetensors"), safetensors(&self.tensors())).unwrap();
    }
}

/// A zip archive of the files in `folder`, under each of `roots` ("" or ending in `/`).
pub(crate) fn archive(folder: &Path, roots: &[&str]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for root in roots {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let name = format!("{root}{}", entry.file_name().to_str().unwrap());
            archive.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
            std::io::Write::write_all(&mut archive, &std::fs::read(entry.path()).unwrap()).unwrap();
        }
    }
    archive.finish().unwrap().into_inner()
}

/// A tensor before it is written.
#[derive(Clone)]
pub(crate) struct Given {
    pub(crate) shape: Vec<usize>,
    pub(crate) dtype: Dtype,
    pub(crate) values: Vec<f32>,
}

pub(crate) type Tensors = BTreeMap<String, Given>;

impl Given {
    fn bytes(&self) -> Vec<u8> {
        let bytes = |value: &f32| match self.dtype {
            Dtype::F16 => half(*value).to_le_bytes().to_vec(),
            Dtype::BF16 => ((value.to_bits() >> 16) as u16).to_le_bytes().to_vec(),
            Dtype::I64 => (*value as i64).to_le_bytes().to_vec(),
            _ => value.to_le_bytes().to_vec(),
        };
        self.values.iter().flat_map(bytes).collect()
    }
}

/// Half precision, cut off instead of rounded; exact enough for weights between 2⁻¹⁴ and 2¹⁵, others become zero.
fn half(value: f32) -> u16 {
    let bits = value.to_bits();
    let exponent = (bits >> 23 & 255) as i32 - 112;
    if exponent <= 0 { 0 } else { (bits >> 16 & 0x8000 | (exponent as u32) << 10 | bits >> 13 & 0x3ff) as u16 }
}

/// The bytes of a file with these tensors.
pub(crate) fn safetensors(tensors: &Tensors) -> Vec<u8> {
    let bytes: BTreeMap<&String, Vec<u8>> = tensors.iter().map(|(name, given)| (name, given.bytes())).collect();
    let views = tensors
        .iter()
        .map(|(name, given)| (name.as_str(), TensorView::new(given.dtype, given.shape.clone(), &bytes[name]).unwrap()));
    safetensors::serialize(views, None).unwrap()
}

fn special(tokens: &[(&str, usize)]) -> Value {
    let token = |(content, id): &(&str, usize)| {
        json!({"id": id, "content": content, "special": true, "single_word": false, "lstrip": false, "rstrip": false,
            "normalized": false})
    };
    tokens.iter().map(token).collect()
}

fn markers(start: (&str, usize), end: (&str, usize)) -> Value {
    let part = |kind: &str, id: &str| json!({kind: {"id": id, "type_id": 0}});
    let around = json!([part("SpecialToken", start.0), part("Sequence", "A"), part("SpecialToken", end.0)]);
    let entry = |(name, id): (&str, usize)| json!({"id": name, "ids": [id], "tokens": [name]});
    json!({"type": "TemplateProcessing", "single": around, "pair": around,
        "special_tokens": {start.0: entry(start), end.0: entry(end)}})
}

const LETTERS: &str = "abcdefghijklmnopqrstuvwxyz0123456789.,:?가나다라";

fn word_piece() -> Value {
    let markers_first = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"].map(str::to_owned);
    let letters = LETTERS.chars().flat_map(|letter| [letter.to_string(), format!("##{letter}")]);
    let vocabulary: Value =
        markers_first.into_iter().chain(letters).enumerate().map(|(id, word)| (word, json!(id))).collect();
    json!({
        "version": "1.0", "truncation": null, "padding": null, "decoder": null,
        "added_tokens": special(&[("[PAD]", 0), ("[UNK]", 1), ("[CLS]", 2), ("[SEP]", 3), ("[MASK]", 4)]),
        "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
            "strip_accents": false, "lowercase": true},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": markers(("[CLS]", 2), ("[SEP]", 3)),
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": vocabulary},
    })
}

/// GPT-2's spelling of bytes by characters that can be seen.
fn byte_characters() -> Vec<char> {
    let mut next = 256;
    let spelled = |byte: u8| {
        if matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff) {
            return char::from(byte);
        }
        next += 1;
        char::from_u32(next - 1).unwrap()
    };
    (0..=255).map(spelled).collect()
}

fn byte_level() -> Value {
    let first = ["<s>", "<pad>", "</s>", "<unk>"].map(str::to_owned);
    let bytes = byte_characters().into_iter().map(String::from);
    let pieces = first.into_iter().chain(bytes).chain(["Ġa".to_owned(), "<mask>".to_owned()]);
    let vocabulary: Value = pieces.enumerate().map(|(id, piece)| (piece, json!(id))).collect();
    json!({
        "version": "1.0", "truncation": null, "padding": null, "decoder": null, "normalizer": null,
        "added_tokens": special(&[("<s>", 0), ("<pad>", 1), ("</s>", 2), ("<unk>", 3), ("<mask>", 261)]),
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
        "post_processor": {"type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 0], "trim_offsets": true,
            "add_prefix_space": false},
        "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": "",
            "end_of_word_suffix": "", "fuse_unk": false, "byte_fallback": false, "vocab": vocabulary,
            "merges": [["Ġ", "a"]]},
    })
}

fn unigram() -> Value {
    let first = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0)];
    let first = first.map(|(piece, score)| json!([piece, score])).into_iter();
    let letters = LETTERS.chars().enumerate();
    let letters = letters.flat_map(|(at, letter)| {
        [json!([letter.to_string(), -3.0 - 0.01 * at as f64]), json!([format!("▁{letter}"), -4.0])]
    });
    let vocabulary: Vec<Value> = first.chain(letters).chain([json!(["<mask>", 0.0])]).collect();
    let mask = vocabulary.len() - 1;
    json!({
        "version": "1.0", "truncation": null, "padding": null, "decoder": null,
        "normalizer": {"type": "Sequence", "normalizers": [{"type": "NFKC"},
            {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}]},
        "added_tokens": special(&[("<s>", 0), ("<pad>", 1), ("</s>", 2), ("<unk>", 3), ("<mask>", mask)]),
        "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true},
        "post_processor": markers(("<s>", 0), ("</s>", 2)),
        "model": {"type": "Unigram", "unk_id": 3, "vocab": vocabulary, "byte_fallback": false},
    })
}
