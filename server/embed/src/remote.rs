//! What is kept of a model that runs elsewhere: where it was asked, what is put around a text, and probes. It has no files
//! to take a digest of, so vectors of fixed texts stand for it: what makes them anew, as near as rounding allows, is the
//! same model. No network here.

use serde::{Deserialize, Serialize};

/// Two vectors of one text are of one model from this cosine on. One model on two machines, or among other texts of a batch,
/// reaches .9999; another model, or the same without its prefix, stays under .99.
pub const SAME_MODEL: f32 = 0.999;

/// Texts that probes are made of, of both languages that users write, with figures and code: models differ in all of these.
pub const PROBE_PASSAGES: [&str; 3] = [
    "The gateway answers 503 while no backend is healthy; restart it after the first one has recovered.",
    "배포 후 오류율이 2%를 넘으면 바로 직전 버전으로 롤백하고 온콜 채널에 알린다.",
    "kubectl rollout undo deployment/checkout --to-revision=41  # 09:30 KST, INC-2207",
];

/// The same for questions.
pub const PROBE_QUERIES: [&str; 2] =
    ["How long does a restore of the orders database take?", "접근 권한은 누가 승인하나요?"];

/// A model that runs elsewhere, as a revision keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RemoteDescription {
    /// The LlmBackend it was asked through.
    pub backend: String,
    /// What is spoken there.
    pub protocol: RemoteProtocol,
    /// Where it was, without credentials.
    pub url: String,
    /// Its name there.
    pub model: String,
    /// Put before a question.
    pub query_prefix: String,
    /// Put before a passage.
    pub passage_prefix: String,
    /// Tokens that it sees at once.
    pub max_tokens: usize,
    /// Which key of which Secret holds the API key; never the key itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key: Option<SecretName>,
    /// Which key of which Secret holds the certificates that sign the endpoint's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<SecretName>,
    /// What it made of the probes.
    pub probes: Vec<Probe>,
}

/// What an endpoint speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum RemoteProtocol {
    /// The OpenAI API.
    OpenAI,
    /// Ollama's own.
    Ollama,
}

/// Names one key of a Secret.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SecretName {
    /// The Secret.
    pub name: String,
    /// The key in it.
    pub key: String,
}

/// What a model made of one text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Probe {
    /// As what the text was embedded.
    pub role: ProbeRole,
    /// The text, without prefix: a later program may have other texts.
    pub text: String,
    /// Its unit vector.
    #[serde(with = "hex_values")]
    pub vector: Vec<f32>,
}

/// As what a probe's text is embedded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProbeRole {
    /// A text to be found.
    Passage,
    /// A question.
    Query,
}

/// A probe that another model made.
#[derive(Debug, Clone, PartialEq)]
pub struct OtherModel {
    /// The probe's text.
    pub text: String,
    /// Cosine of then and now; `None` where the lengths differ.
    pub cosine: Option<f32>,
}

impl std::fmt::Display for OtherModel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.cosine {
            Some(cosine) => {
                write!(f, "its vector of a probe has a cosine of {cosine:.4} with the one kept, {SAME_MODEL} is needed")
            }
            None => f.write_str("its vectors have another length than those kept"),
        }
    }
}

/// Compares what was kept with what the model makes now of the same texts, in order.
pub fn compare(kept: &[Probe], now: &[Vec<f32>]) -> Result<(), OtherModel> {
    for (at, probe) in kept.iter().enumerate() {
        let cosine = now.get(at).and_then(|vector| cosine(&probe.vector, vector));
        if cosine.is_none_or(|cosine| cosine < SAME_MODEL) {
            return Err(OtherModel { text: probe.text.clone(), cosine });
        }
    }
    Ok(())
}

/// The cosine of two vectors of one length, of which none is zero.
pub fn cosine(a: &[f32], b: &[f32]) -> Option<f32> {
    let product = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum::<f64>();
    let lengths = (product(a, a) * product(b, b)).sqrt();
    (a.len() == b.len() && lengths > 0.0).then(|| (product(a, b) / lengths) as f32)
}

/// Vectors as text: eight hex digits a value. Decimal figures, one a line, would be most of a manifest.
mod hex_values {
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serializer};

    const DIGITS: usize = 8;

    pub(super) fn serialize<S: Serializer>(values: &[f32], serializer: S) -> Result<S::Ok, S::Error> {
        let text: String = values.iter().map(|value| format!("{:08x}", value.to_bits())).collect();
        serializer.serialize_str(&text)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f32>, D::Error> {
        let text = String::deserialize(deserializer)?;
        if !text.len().is_multiple_of(DIGITS) || !text.is_ascii() {
            return Err(D::Error::custom("a vector is eight hex digits for each value"));
        }
        let value = |at: usize| u32::from_str_radix(&text[at..at + DIGITS], 16).map(f32::from_bits);
        (0..text.len()).step_by(DIGITS).map(value).collect::<Result<_, _>>().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn probe(vector: &[f32]) -> Probe {
        Probe { role: ProbeRole::Passage, text: "t".to_owned(), vector: vector.to_vec() }
    }

    #[test]
    fn a_vector_survives_its_text_to_the_last_bit() {
        let before = probe(&[0.1, -1.0 / 3.0, f32::MIN_POSITIVE, 0.0, 1.0]);
        let text = serde_json::to_string(&before).unwrap();
        assert_eq!(serde_json::from_str::<Probe>(&text).unwrap(), before);
        for wrong in ["3f80000", "3f80000g", "한글한글한글"] {
            assert!(serde_json::from_str::<Probe>(&text.replace("3f800000", wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn rounding_is_the_same_model_and_a_turned_vector_another_one() {
        let kept = [probe(&[0.6, 0.8]), probe(&[1.0, 0.0])];
        let check = |now: &[&[f32]]| compare(&kept, &now.iter().map(|v| v.to_vec()).collect::<Vec<_>>());
        assert_eq!(check(&[&[0.6001, 0.7999], &[2.0, 0.001]]), Ok(()));
        assert!(check(&[&[0.6, 0.8], &[0.998, 0.06]]).is_err_and(|other| other.cosine.is_some_and(|c| c < SAME_MODEL)));
        for short in [&[&[0.6, 0.8][..]][..], &[&[0.6, 0.8], &[1.0]], &[&[0.6, 0.8], &[0.0, 0.0]]] {
            assert_eq!(check(short).unwrap_err().cosine, None, "{short:?}");
        }
    }
}
