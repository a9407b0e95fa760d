//! Measures the analyser on a shared retrieval set with a plain in-memory BM25 (k1 1.2, b 0.75, as tantivy's): whole
//! documents, the best chunk of each document, and the sum of both. The figures of ADR 0007 come from here.
//!
//! `cargo run --release -p ragops-engine --example analyser -- ../shared/data/k8s_docs ko`

use std::collections::HashMap;
use std::path::Path;

use ragops_engine::chunk::{ChunkSettings, chunk};
use ragops_engine::document::SourceName;
use ragops_engine::read::{FileContent, JsonLinesReader, Reader};
use ragops_engine::text::Analyzer;
use serde_json::Value;

const K1: f64 = 1.2;
const B: f64 = 0.75;

/// Texts to be searched, each of one document.
struct Index {
    documents: Vec<String>,
    lengths: Vec<f64>,
    postings: HashMap<String, Vec<(usize, f64)>>,
}

impl Index {
    fn new(texts: &[(String, String)]) -> Self {
        let mut index = Self { documents: Vec::new(), lengths: Vec::new(), postings: HashMap::new() };
        for (at, (document, text)) in texts.iter().enumerate() {
            let terms = Analyzer.terms(text);
            index.documents.push(document.clone());
            index.lengths.push(terms.len() as f64);
            let mut counts: HashMap<String, f64> = HashMap::new();
            terms.into_iter().for_each(|term| *counts.entry(term).or_default() += 1.0);
            counts.into_iter().for_each(|(term, count)| index.postings.entry(term).or_default().push((at, count)));
        }
        index
    }

    /// The score of each document: that of its best text.
    fn scores(&self, query: &str) -> HashMap<&str, f64> {
        let average = self.lengths.iter().sum::<f64>() / self.lengths.len() as f64;
        let mut scores: HashMap<usize, f64> = HashMap::new();
        for term in Analyzer.terms(query) {
            let Some(postings) = self.postings.get(&term) else { continue };
            let (n, df) = (self.lengths.len() as f64, postings.len() as f64);
            let idf = (1.0 + (n - df + 0.5) / (df + 0.5)).ln();
            for (at, count) in postings {
                let norm = K1 * (1.0 - B + B * self.lengths[*at] / average);
                *scores.entry(*at).or_default() += idf * count * (K1 + 1.0) / (count + norm);
            }
        }
        let mut best: HashMap<&str, f64> = HashMap::new();
        for (at, score) in scores {
            let entry = best.entry(&self.documents[at]).or_insert(score);
            *entry = entry.max(score);
        }
        best
    }
}

/// Questions with the grades of their documents.
struct Gold {
    questions: Vec<(String, HashMap<String, f64>)>,
}

impl Gold {
    fn read(set: &Path, prefix: &str) -> Self {
        let mut grades: HashMap<String, HashMap<String, f64>> = HashMap::new();
        for line in read(&set.join("qrels.tsv")).lines().skip(1) {
            let fields: Vec<&str> = line.split('\t').collect();
            if fields[1].starts_with(prefix) {
                let grade = fields[2].trim().parse().expect("the third field is a grade");
                grades.entry(fields[0].to_owned()).or_default().insert(fields[1].to_owned(), grade);
            }
        }
        let lines = read(&set.join("queries.jsonl"));
        let questions = lines.lines().filter_map(|line| {
            let query: Value = serde_json::from_str(line).expect("each line is JSON");
            let id = query["id"].as_str().filter(|id| prefix.is_empty() || id.starts_with(prefix))?;
            Some((query["text"].as_str()?.to_owned(), grades.remove(id)?))
        });
        Self { questions: questions.collect() }
    }

    fn report(&self, name: &str, search: impl Fn(&str) -> Vec<(String, f64)>) {
        let (mut recall, mut ndcg, mut mrr) = (0.0, 0.0, 0.0);
        for (question, grades) in &self.questions {
            let mut found = search(question);
            found.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
            let gains: Vec<f64> = found.iter().take(10).map(|(id, _)| grades.get(id).copied().unwrap_or(0.0)).collect();
            let mut ideal: Vec<f64> = grades.values().copied().collect();
            ideal.sort_by(|a, b| b.total_cmp(a));
            ideal.truncate(10);
            recall += gains.iter().take(5).filter(|gain| **gain > 0.0).count() as f64 / grades.len() as f64;
            ndcg += discounted(&gains) / discounted(&ideal);
            mrr += gains.iter().position(|gain| *gain > 0.0).map_or(0.0, |at| 1.0 / (at as f64 + 1.0));
        }
        let n = self.questions.len() as f64;
        eprintln!("{name:10} Recall@5 {:.3}  nDCG@10 {:.3}  MRR@10 {:.3}", recall / n, ndcg / n, mrr / n);
    }
}

fn discounted(gains: &[f64]) -> f64 {
    gains.iter().enumerate().map(|(at, gain)| gain / (at as f64 + 2.0).log2()).sum()
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn main() {
    let mut args = std::env::args().skip(1);
    let set = args.next().expect("the first argument is the folder of a retrieval set");
    let (set, prefix) = (Path::new(&set), args.next().unwrap_or_default());
    let corpus = read(&set.join("corpus.jsonl")).into_bytes();
    let reading = JsonLinesReader.read(&FileContent::from_bytes(SourceName::new("set"), "corpus.jsonl", corpus));
    let settings = ChunkSettings { max_tokens: 384, overlap_tokens: 48 };
    let counter = |text: &str| text.len().div_ceil(4);
    let (mut whole, mut passages) = (Vec::new(), Vec::new());
    for document in reading.documents.iter().filter(|document| document.id.as_str().starts_with(&prefix)) {
        let blocks: Vec<&str> = document.blocks.iter().map(|block| block.text.as_str()).collect();
        whole.push((document.id.to_string(), format!("{}\n{}", document.title, blocks.join("\n"))));
        let chunks = chunk(document, &settings, &counter);
        passages.extend(chunks.iter().map(|chunk| (document.id.to_string(), chunk.embedding_text())));
    }
    let gold = Gold::read(set, &prefix);
    eprintln!("{} documents, {} chunks, {} questions", whole.len(), passages.len(), gold.questions.len());
    let (whole, passages) = (Index::new(&whole), Index::new(&passages));
    let owned = |scores: HashMap<&str, f64>| scores.into_iter().map(|(id, score)| (id.to_owned(), score)).collect();
    gold.report("documents", |question| owned(whole.scores(question)));
    gold.report("chunks", |question| owned(passages.scores(question)));
    gold.report("sum", |question| {
        let mut scores = whole.scores(question);
        passages.scores(question).into_iter().for_each(|(id, score)| *scores.entry(id).or_default() += score);
        owned(scores)
    });
}
