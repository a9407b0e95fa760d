//! A plain BERT in f32 straight from the artefact, written for reading, as the oracle for the int8 encoder.

use std::collections::HashMap;
use std::path::Path;

pub(crate) struct Bert {
    tensors: HashMap<String, Vec<f32>>,
}

const HIDDEN: usize = 384;
const HEADS: usize = 12;
const WIDE: usize = 1536;
const LAYERS: usize = 12;

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> &'a [u8] {
        let (front, rest) = self.0.split_at(count);
        self.0 = rest;
        front
    }
    fn u32(&mut self) -> usize {
        u32::from_le_bytes(self.take(4).try_into().unwrap()) as usize
    }
    fn u64(&mut self) -> usize {
        u64::from_le_bytes(self.take(8).try_into().unwrap()) as usize
    }
}

fn half(bits: u16) -> f32 {
    let fraction = f32::from(bits & 0x3ff);
    let sign = if bits >> 15 == 0 { 1.0 } else { -1.0 };
    match bits >> 10 & 31 {
        0 => sign * fraction * 2_f32.powi(-24),
        exponent => sign * (1.0 + fraction / 1024.0) * 2_f32.powi(i32::from(exponent) - 15),
    }
}

fn weights(kind: u8, bytes: &[u8]) -> Vec<f32> {
    if kind == 0 {
        return bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
    }
    let block = |block: &[u8; 18]| {
        let scale = half(u16::from_le_bytes([block[0], block[1]]));
        let nibbles = block[2..].iter().map(|b| b & 15).chain(block[2..].iter().map(|b| b >> 4));
        nibbles.map(|n| (f32::from(n) - 8.0) * scale).collect::<Vec<_>>()
    };
    bytes.as_chunks::<18>().0.iter().flat_map(block).collect()
}

impl Bert {
    pub(crate) fn read(path: &Path) -> Self {
        let file = std::fs::read(path).unwrap();
        let mut reader = Reader(&file);
        reader.take(8 + 9 * 4);
        let pieces = reader.u32();
        reader.take(16);
        let text = reader.u64();
        reader.take((pieces + 1) * 4 + pieces * 4 + text + 4);
        let map = reader.u32();
        reader.take(map);
        let mut tensors = HashMap::new();
        for _ in 0..reader.u32() {
            let length = u16::from_le_bytes(reader.take(2).try_into().unwrap());
            let name = String::from_utf8(reader.take(usize::from(length)).to_vec()).unwrap();
            let kind = reader.take(1)[0];
            reader.u32();
            let (offset, length) = (reader.u64(), reader.u64());
            tensors.insert(name, weights(kind, &file[offset..offset + length]));
        }
        Self { tensors }
    }

    /// The mean of the last layer's rows for a sequence of ids, markers included.
    pub(crate) fn mean(&self, ids: &[u32]) -> Vec<f32> {
        let mut rows: Vec<Vec<f32>> = ids.iter().enumerate().map(|(at, id)| self.embed(*id as usize, at)).collect();
        for layer in 0..LAYERS {
            self.layer(&format!("l{layer}"), &mut rows);
        }
        (0..HIDDEN).map(|i| rows.iter().map(|row| row[i]).sum::<f32>() / rows.len() as f32).collect()
    }

    fn embed(&self, id: usize, at: usize) -> Vec<f32> {
        let of = |name: &str, row: usize, i: usize| self.tensors[name][row * HIDDEN + i];
        let mut row: Vec<f32> =
            (0..HIDDEN).map(|i| of("emb.word", id, i) + of("emb.pos", at, i) + of("emb.type", 0, i)).collect();
        self.norm("emb.ln", &mut row);
        row
    }

    fn layer(&self, layer: &str, rows: &mut [Vec<f32>]) {
        let name = |part: &str| format!("{layer}.{part}");
        let project = |part: &str, rows: &[Vec<f32>]| -> Vec<Vec<f32>> {
            rows.iter().map(|row| self.linear(&name(part), row)).collect()
        };
        let (query, key, value) = (project("q", rows), project("k", rows), project("v", rows));
        let context: Vec<Vec<f32>> = query.iter().map(|query| attend(query, &key, &value)).collect();
        for (row, attended) in rows.iter_mut().zip(project("ao", &context)) {
            row.iter_mut().zip(attended).for_each(|(x, y)| *x += y);
            self.norm(&name("aln"), row);
        }
        for row in rows {
            let mut wide = self.linear(&name("fi"), row);
            assert_eq!(wide.len(), WIDE);
            wide.iter_mut().for_each(|x| *x = gelu(*x));
            row.iter_mut().zip(self.linear(&name("fo"), &wide)).for_each(|(x, y)| *x += y);
            self.norm(&name("oln"), row);
        }
    }

    fn linear(&self, name: &str, input: &[f32]) -> Vec<f32> {
        let weights = self.tensors[&format!("{name}.w")].chunks_exact(input.len());
        let bias = &self.tensors[&format!("{name}.b")];
        weights.zip(bias).map(|(row, bias)| dot(row, input) + bias).collect()
    }

    fn norm(&self, name: &str, row: &mut [f32]) {
        let mean = row.iter().sum::<f32>() / row.len() as f32;
        let variance = row.iter().map(|x| (x - mean).powi(2)).sum::<f32>() / row.len() as f32;
        let (weight, bias) = (&self.tensors[&format!("{name}.w")], &self.tensors[&format!("{name}.b")]);
        for (i, x) in row.iter_mut().enumerate() {
            *x = (*x - mean) / (variance + 1e-12).sqrt() * weight[i] + bias[i];
        }
    }
}

fn attend(query: &[f32], keys: &[Vec<f32>], values: &[Vec<f32>]) -> Vec<f32> {
    let width = HIDDEN / HEADS;
    let mut context = vec![0.0; HIDDEN];
    for head in (0..HIDDEN).step_by(width).map(|start| start..start + width) {
        let score = |key: &Vec<f32>| dot(&query[head.clone()], &key[head.clone()]) / (width as f32).sqrt();
        let scores: Vec<f32> = keys.iter().map(score).collect();
        let highest = scores.iter().copied().fold(f32::MIN, f32::max);
        let shares: Vec<f32> = scores.iter().map(|score| (score - highest).exp()).collect();
        let total: f32 = shares.iter().sum();
        for (share, value) in shares.iter().zip(values) {
            head.clone().for_each(|i| context[i] += share / total * value[i]);
        }
    }
    context
}

/// Dot product in eight sums, which the compiler turns into vectors.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 8];
    for (a, b) in a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0) {
        (0..8).for_each(|i| sums[i] += a[i] * b[i]);
    }
    sums.iter().sum()
}

/// GELU by erf, the latter as a series and a continued fraction in f64 (Abramowitz & Stegun 7.1.5 and 7.1.14).
fn gelu(x: f32) -> f32 {
    let z = f64::from(x) / std::f64::consts::SQRT_2;
    (0.5 * f64::from(x) * (1.0 + erf(z))) as f32
}

fn erf(z: f64) -> f64 {
    if z.abs() > 3.0 {
        let fraction = (1..60).rev().fold(0.0, |tail, n| f64::from(n) / 2.0 / (z.abs() + tail));
        let complement = (-z * z).exp() / (z.abs() + fraction) / std::f64::consts::PI.sqrt();
        return z.signum() * (1.0 - complement);
    }
    let (mut term, mut sum) = (z, z);
    for n in 1..80 {
        term *= -z * z / f64::from(n);
        sum += term / f64::from(2 * n + 1);
    }
    sum * 2.0 / std::f64::consts::PI.sqrt()
}

#[test]
fn the_oracles_gelu_is_right() {
    for (x, expected) in [(0.0, 0.0), (1.0, 0.841_344_7), (-1.0, -0.158_655_3), (5.0, 4.999_998_6), (-4.5, -1.5e-5)] {
        assert!((gelu(x) - expected).abs() < 1e-6, "{x}: {}", gelu(x));
    }
}
