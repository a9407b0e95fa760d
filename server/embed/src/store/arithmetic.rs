//! Whether a model keeps its vectors in 8-bit integers: measured on probe texts, once, when it is installed.

use crate::encoder::Encoder;
use crate::local::{MARKERS, Prefixes, sequence};
use crate::tokenizer::Tokenizer;

/// Integers are taken if no probe's vector falls below this cosine to its vector in single precision. For e5 the loss at
/// .9995 was not measurable in nDCG@10, and that of another engine at .995 was .009 (docs/adr/0005).
pub(super) const INT8_BAR: f32 = 0.999;

/// Sentences, questions, code, tables and single words in several languages.
const PROBES: &str = include_str!("probes.txt");

/// The lowest cosine of the two encoders' vectors over the probes, one by one and all in one text.
pub(super) fn lowest_cosine(tokenizer: &Tokenizer, prefixes: &Prefixes, exact: &Encoder, int8: &Encoder) -> f32 {
    let together = PROBES.replace('\n', " ");
    let texts = PROBES.lines().chain([together.as_str()]);
    let cosine = |text: &str| {
        let mut ids = tokenizer.encode(&[prefixes.passage.as_str(), text].concat());
        ids.truncate(exact.shape().positions - MARKERS);
        let ids = sequence(tokenizer, &ids);
        let vector = |encoder: &Encoder| {
            let mut vector = vec![0.0; encoder.shape().hidden];
            encoder.encode(&ids, &mut vector);
            vector
        };
        cosine(&vector(exact), &vector(int8))
    };
    // A cosine that is no number is below any bar.
    texts.map(cosine).fold(1.0, |lowest, cosine| if cosine < lowest || cosine.is_nan() { cosine } else { lowest })
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |x: &[f32], y: &[f32]| x.iter().zip(y).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum::<f64>();
    (dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()) as f32
}
