//! all-MiniLM-L6-v2, a model from a folder, beside candle over the same files, in turns.

use std::path::Path;
use std::time::Instant;

use ragops_embed::{AddOptions, Arithmetic, EmbeddingModel, LocalModel, ModelSource, ModelStore};

use super::candle::Candle;
use super::fixture::{cosine, minilm_folder};
use super::{ROUNDS, THREADS, english, median, pieces};

/// How many chunks of English runbooks are embedded, and how many tokens each has without markers: the model takes 254.
const CHUNKS: usize = 150;
const CHUNK_TOKENS: usize = 240;
/// candle gets every fifth of them.
const CANDLE_EVERY: usize = 5;
const QUESTION: &str = "What should I check first when a node of the cluster runs out of disk space?";
/// `[CLS]` and `[SEP]`.
const MARKERS: [u32; 2] = [101, 102];

pub(crate) fn report(data: &Path) {
    let Some(folder) = minilm_folder() else {
        println!("\nall-MiniLM-L6-v2 is not here, so that it was not measured.");
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let store = ModelStore::new(dir.path());
    let install = |name: &str, arithmetic: Option<Arithmetic>| {
        let options = AddOptions { arithmetic, ..AddOptions::default() };
        store.add_with(name, &ModelSource::Path(folder.clone()), &options, &()).unwrap();
        store.open(name, THREADS.try_into().unwrap()).unwrap()
    };
    let ours = [("measured", None), ("integers", Some(Arithmetic::Int8))].map(|(name, it)| install(name, it));
    let candle = Candle::load(&folder, "");
    let Some(documents) = english(data) else { return };
    let chunks: Vec<String> = documents.iter().flat_map(|text| pieces(&ours[0], text, CHUNK_TOKENS)).collect();
    let chunks: Vec<String> = chunks.iter().step_by((chunks.len() / CHUNKS).max(1)).take(CHUNKS).cloned().collect();
    let ids: Vec<Vec<u32>> = chunks.iter().step_by(CANDLE_EVERY).map(|text| ids(&ours[0], text)).collect();
    let (mut seconds, mut theirs) = ([Vec::new(), Vec::new()], Vec::new());
    for _ in 0..ROUNDS {
        for (model, seconds) in ours.iter().zip(&mut seconds) {
            let texts: Vec<&str> = chunks.iter().map(String::as_str).collect();
            seconds.push(time(|| drop(model.embed_passages(&texts, &()).unwrap())));
        }
        theirs.push(time(|| ids.iter().for_each(|ids| drop(candle.mean(ids)))));
    }
    let tokens: usize = chunks.iter().map(|text| ours[0].count_tokens(text) + MARKERS.len()).sum();
    let speeds = seconds.map(|seconds| tokens as f64 / median(seconds));
    let their_speed = ids.iter().map(Vec::len).sum::<usize>() as f64 / median(theirs);
    let questions =
        ours.each_ref().map(|model| median((0..100).map(|_| time(|| drop(model.embed_query(QUESTION)))).collect()));
    let asked = self::ids(&ours[0], QUESTION);
    let their_question = median((0..100).map(|_| time(|| drop(candle.mean(&asked)))).collect());
    let lowest = ours.each_ref().map(|model| {
        let one = |(text, ids): (&String, &Vec<u32>)| {
            cosine(model.embed_passages(&[text], &()).unwrap().row(0).unwrap(), &candle.mean(ids))
        };
        chunks.iter().step_by(CANDLE_EVERY).zip(&ids).map(one).fold(1.0, f32::min)
    });
    println!("\n## Embedding: all-MiniLM-L6-v2, a model folder, on {THREADS} threads\n");
    println!(
        "{} chunks of {} tokens of English runbooks; candle, in single precision over the same files and on all cores, takes every \
         {CANDLE_EVERY}th of them, in turns with ours. Installed as measured it stays in single precision, since its vectors in \
         integers fall below a cosine of .999.\n",
        chunks.len(),
        tokens / chunks.len().max(1),
    );
    println!("| | RagOps, single precision | RagOps, `--arithmetic int8` | candle |\n|---|---|---|---|");
    println!("| tokens/s | {:.0} | {:.0} | {their_speed:.0} |", speeds[0], speeds[1]);
    println!("| times as fast | {:.1} | {:.1} | 1 |", speeds[0] / their_speed, speeds[1] / their_speed);
    let ms = |seconds: f64| seconds * 1e3;
    println!(
        "| question of {} tokens, p50 | {:.1} ms | {:.1} ms | {:.1} ms |",
        asked.len(),
        ms(questions[0]),
        ms(questions[1]),
        ms(their_question)
    );
    println!("| cosine to candle, lowest of {} chunks | {:.5} | {:.5} | |", ids.len(), lowest[0], lowest[1]);
}

/// A text's ids between the markers.
fn ids(model: &LocalModel, text: &str) -> Vec<u32> {
    let [start, end] = MARKERS;
    [&[start], model.tokenizer().encode(text).as_slice(), &[end]].concat()
}

/// Seconds.
fn time(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64()
}
