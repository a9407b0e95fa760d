//! The reference for models from folders: candle's BERT and XLM-RoBERTa in f32 over the same files.

use std::path::Path;

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::{bert, xlm_roberta};

pub(crate) enum Candle {
    Bert(bert::BertModel),
    /// RoBERTa too: the same network.
    XlmRoberta(xlm_roberta::XLMRobertaModel),
}

impl Candle {
    /// Loads the model in `folder`, whose tensors have `prefix` before their names.
    pub(crate) fn load(folder: &Path, prefix: &str) -> Self {
        let mut config: serde_json::Value =
            serde_json::from_slice(&std::fs::read(folder.join("config.json")).unwrap()).unwrap();
        for name in ["hidden_dropout_prob", "attention_probs_dropout_prob", "initializer_range"] {
            config[name] = 0.1.into();
        }
        config["position_embedding_type"] = "absolute".into();
        let weights = std::fs::read(folder.join("model.safetensors")).unwrap();
        let variables = VarBuilder::from_buffered_safetensors(weights, DType::F32, &Device::Cpu).unwrap();
        let variables = if prefix.is_empty() { variables } else { variables.pp(prefix.trim_end_matches('.')) };
        if config["model_type"] == "bert" {
            if config["hidden_act"] == "gelu_new" {
                config["hidden_act"] = "gelu_approximate".into();
            }
            // Its names for activations have no underscore.
            let act = config["hidden_act"].as_str().unwrap().replace('_', "");
            config["hidden_act"] = act.into();
            let config: bert::Config = serde_json::from_value(config).unwrap();
            return Self::Bert(bert::BertModel::load(variables, &config).unwrap());
        }
        let config: xlm_roberta::Config = serde_json::from_value(config).unwrap();
        Self::XlmRoberta(xlm_roberta::XLMRobertaModel::new(&config, variables).unwrap())
    }

    /// The rows of the last layer for a sequence of ids, markers included.
    pub(crate) fn rows(&self, ids: &[u32]) -> Vec<Vec<f32>> {
        let ids = Tensor::new(ids, &Device::Cpu).unwrap().unsqueeze(0).unwrap();
        let types = ids.zeros_like().unwrap();
        let rows = match self {
            Self::Bert(model) => model.forward(&ids, &types, None).unwrap(),
            Self::XlmRoberta(model) => {
                let mask = ids.ones_like().unwrap().to_dtype(DType::F32).unwrap();
                model.forward(&ids, &mask, &types, None, None, None).unwrap()
            }
        };
        rows.squeeze(0).unwrap().to_vec2().unwrap()
    }

    pub(crate) fn mean(&self, ids: &[u32]) -> Vec<f32> {
        let rows = self.rows(ids);
        let count = rows.len() as f32;
        (0..rows[0].len()).map(|column| rows.iter().map(|row| row[column]).sum::<f32>() / count).collect()
    }
}
