//! Measures what unrelated things score on the new index, once, before it is sealed: see `answer::background`.

use std::collections::BTreeMap;

use ragops_embed::EmbeddingModel;
use ragops_storage::{Sha256Digest, Sha256Hasher};
use rayon::prelude::*;

use super::{BuildError, BuildObserver, gold};
use crate::answer::attribute::{Evidence, similarity};
use crate::answer::background::{Background, Distribution};
use crate::answer::confidence::confidence;
use crate::answer::extract::{context_of, in_context};
use crate::answer::small_talk::{self, SmallTalk};
use crate::document::Language;
use crate::evaluate::GoldSet;
use crate::index::{ChunkNumber, IndexError};
use crate::retrieve::{Channels, Retrieved, retrieve_embedded};
use crate::revision::Revision;
use crate::settings::RetrievalSettings;
use crate::text::{Analyzer, language, sentences};

/// Questions that no operations index answers; see the head of the file.
const OFF_TOPIC: &str = include_str!("../answer/off_topic.txt");

/// Sentences sampled: their pairs are about 20,000, enough for the 99.9th percentile.
const MAX_SENTENCES: usize = 200;
/// Shorter pieces (list markers, single words) are alike for want of content.
const MIN_SENTENCE_CHARS: usize = 20;
/// Longer ones are not what sentences are compared with.
const MAX_SENTENCE_CHARS: usize = 400;

/// Sentences of which the bigrams agree this far are copies of each other.
const SAME_SENTENCE: f32 = 0.8;

/// Chunks whose cosines with off-topic questions are compared by language.
const MAX_BIAS_CHUNKS: usize = 2_000;
/// With fewer chunks of a language its cosines say more of their topics than of the language.
const MIN_BIAS_CHUNKS: usize = 10;
/// Where in the cosines languages are compared.
const BIAS_QUANTILE: f32 = 0.95;

/// What a background depends on beside the index and the model: it is part of a revision's identity, so that a program
/// that calibrates otherwise builds anew. Raise the number when rules or constants of calibration, confidence or
/// attribution change; the questions speak for themselves.
pub(super) fn meaning() -> Sha256Digest {
    let mut hasher = Sha256Hasher::default();
    hasher.update_field(b"calibration 10");
    hasher.update_field(OFF_TOPIC.as_bytes());
    hasher.update_field(small_talk::EXAMPLES.as_bytes());
    hasher.finish()
}

/// The off-topic questions, with their language.
fn off_topic() -> impl Iterator<Item = (&'static str, Language)> {
    let lines = OFF_TOPIC.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    lines.map(|line| (line, language(line).unwrap_or(Language::Other)))
}

/// The off-topic questions alone, for other measurements at build.
pub(super) fn off_topic_texts() -> Vec<&'static str> {
    off_topic().map(|(text, _)| text).collect()
}

/// Measures the background of an index whose parts are all written, and what it reaches on `gold`, and puts both into
/// `revision.manifest`. Stops soon after `observer` is cancelled.
pub(super) fn calibrate(
    revision: &mut Revision,
    model: &dyn EmbeddingModel,
    gold: Option<&GoldSet>,
    observer: &dyn BuildObserver,
) -> Result<(), BuildError> {
    let questions: Vec<(&str, Language)> = off_topic().collect();
    let texts: Vec<&str> = questions.iter().map(|(text, _)| *text).collect();
    let vectors = model.embed_queries(&texts)?;
    let asked: Vec<Asked<'_>> = questions
        .iter()
        .zip(vectors.rows())
        .map(|((text, language), vector)| Asked { text, language: *language, vector })
        .collect();
    let embedded: Vec<(&str, &[f32])> = asked.iter().map(|question| (question.text, question.vector)).collect();
    let sample = sample_sentences(revision)?;
    revision.manifest.background = Background {
        sentence_pairs: unrelated_pairs(&sample, model, |said| in_context(&said.context, &said.text))?,
        bare_sentence_pairs: unrelated_pairs(&with_off_topic(&sample), model, |said| said.text.clone())?,
        passages: passages_by_language(revision),
        ..Background::default()
    };
    revision.manifest.background.language_bias = language_bias(revision, &asked)?;
    // From here on each step needs what the one before put into the manifest.
    let hybrid = retrieve_all(revision, &embedded, Channels::Hybrid, observer)?;
    let best = |(question, hits): (&Asked<'_>, &Retrieved)| Some((question.language, hits.best_closeness()?));
    revision.manifest.background.off_topic_cosine = by_language(asked.iter().zip(&hybrid).filter_map(best));
    let talk = SmallTalk::embed(model)?;
    let near_talk = |question: &Asked<'_>| (question.language, talk.closeness(question.vector));
    revision.manifest.background.small_talk = by_language(asked.iter().map(near_talk));
    if let Some(gold) = gold {
        let finding = gold::ask(revision, gold, model, observer)?;
        finding.into_iter().for_each(|finding| revision.manifest.findings.push(finding));
    }
    let mut confidences = BTreeMap::new();
    for channels in [Channels::Text, Channels::Vector, Channels::Hybrid] {
        // What is found by both depends on nothing that was measured since.
        let found = match channels {
            Channels::Hybrid => &hybrid,
            Channels::Text | Channels::Vector => &retrieve_all(revision, &embedded, channels, observer)?,
        };
        let judged =
            asked.par_iter().zip(found).map(|(question, hits)| confidence(revision, &Analyzer, question.text, hits));
        let values: Result<Vec<f32>, IndexError> = judged.map(|judged| Ok(judged?.value)).collect();
        confidences.insert(channels, Distribution::of(values?));
    }
    revision.manifest.background.off_topic_confidence = confidences;
    Ok(())
}

fn by_language(values: impl Iterator<Item = (Language, f32)>) -> BTreeMap<Language, Distribution> {
    let mut of = BTreeMap::<Language, Vec<f32>>::new();
    values.for_each(|(language, value)| of.entry(language).or_default().push(value));
    of.into_iter().map(|(language, values)| (language, Distribution::of(values))).collect()
}

/// An off-topic question, embedded.
struct Asked<'a> {
    text: &'a str,
    language: Language,
    vector: &'a [f32],
}

/// What is found for questions that are embedded, in their order.
pub(super) fn retrieve_all(
    revision: &Revision,
    asked: &[(&str, &[f32])],
    channels: Channels,
    observer: &dyn BuildObserver,
) -> Result<Vec<Retrieved>, BuildError> {
    let settings = RetrievalSettings::default();
    let one = |(text, vector): &(&str, &[f32])| {
        if observer.is_cancelled() {
            return Err(BuildError::Cancelled);
        }
        Ok(retrieve_embedded(revision, text, vector, channels, &settings)?)
    };
    asked.par_iter().map(one).collect()
}

fn passages_by_language(revision: &Revision) -> BTreeMap<Language, u32> {
    let mut count = BTreeMap::new();
    for number in 0..revision.passages.chunk_count() {
        if let Some(language) = revision.passages.language(ChunkNumber(number as u32)) {
            *count.entry(language).or_default() += 1;
        }
    }
    count
}

/// For each language of questions: what passages in another language lack beside those in the same one. The upper end
/// of the cosines is compared, since that is where ranking happens.
fn language_bias(
    revision: &Revision,
    asked: &[Asked<'_>],
) -> Result<BTreeMap<Language, BTreeMap<Language, f32>>, BuildError> {
    let mut cosines = BTreeMap::<(Language, Language), Vec<f32>>::new();
    let chunks = revision.passages.chunk_count();
    for number in evenly(chunks, MAX_BIAS_CHUNKS) {
        let (Some(written_in), Some(row)) = (revision.passages.language(number), revision.vectors.vector(number))
        else {
            continue;
        };
        for question in asked {
            cosines.entry((question.language, written_in)).or_default().push(row.dot(question.vector));
        }
    }
    let upper = |pair: (Language, Language)| -> Option<f32> {
        let values = cosines.get(&pair)?;
        let enough =
            values.len() >= MIN_BIAS_CHUNKS * asked.iter().filter(|question| question.language == pair.0).count();
        enough.then(|| Distribution::of(values.clone()).quantile(BIAS_QUANTILE)).flatten()
    };
    let mut bias = BTreeMap::<Language, BTreeMap<Language, f32>>::new();
    for (asked_in, written_in) in cosines.keys() {
        if let (Some(own), Some(other)) = (upper((*asked_in, *asked_in)), upper((*asked_in, *written_in))) {
            bias.entry(*asked_in).or_default().insert(*written_in, own - other);
        }
    }
    Ok(bias)
}

/// At most `wanted` chunk numbers, spread evenly, the same on every run.
fn evenly(chunks: usize, wanted: usize) -> impl Iterator<Item = ChunkNumber> {
    let wanted = chunks.min(wanted);
    (0..wanted).map(move |i| ChunkNumber((i * chunks / wanted) as u32))
}

/// The sentences, and the off-topic questions as if each were a document of its own: a small index has no pairs.
fn with_off_topic(sample: &[Sampled]) -> Vec<Sampled> {
    let apart = |(number, text): (u32, &str)| Sampled {
        document: u32::MAX - number,
        context: String::new(),
        text: text.to_owned(),
    };
    sample.iter().cloned().chain((0..).zip(off_topic_texts()).map(apart)).collect()
}

/// Similarities between sampled sentences of different documents, as `answer::attribute` sees them; `embedded` is the form in
/// which each is embedded.
fn unrelated_pairs(
    sample: &[Sampled],
    model: &dyn EmbeddingModel,
    embedded: impl Fn(&Sampled) -> String,
) -> Result<Distribution, BuildError> {
    let texts: Vec<String> = sample.iter().map(embedded).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let vectors = model.embed_passages(&texts, &())?;
    let evidence = |(sampled, vector): (&Sampled, &[f32])| Evidence::new(sampled.text.clone(), vector.to_vec());
    let evidence: Vec<Evidence> = sample.iter().zip(vectors.rows()).map(evidence).collect();
    let unrelated = |i: usize, j: usize| sample[i].document != sample[j].document;
    let row = |i: usize| {
        let others = (i + 1..evidence.len()).filter(|j| unrelated(i, *j));
        // Boilerplate is the same sentence on another page, not an unrelated one.
        let unrelated = others.filter(|j| evidence[i].overlap(&evidence[*j]) < SAME_SENTENCE);
        unrelated.map(|j| similarity(&evidence[i], &evidence[j])).collect::<Vec<f32>>()
    };
    Ok(Distribution::of((0..evidence.len()).into_par_iter().flat_map_iter(row).collect()))
}

/// A sentence of the index.
#[derive(Clone)]
struct Sampled {
    document: u32,
    context: String,
    text: String,
}

/// Sentences from chunks spread evenly over the index, one a chunk, the same on every run.
fn sample_sentences(revision: &Revision) -> Result<Vec<Sampled>, BuildError> {
    let mut sample = Vec::new();
    for number in evenly(revision.passages.chunk_count(), MAX_SENTENCES) {
        let chunk = revision.passages.chunk(number)?;
        let fits = |text: &&str| (MIN_SENTENCE_CHARS..=MAX_SENTENCE_CHARS).contains(&text.chars().count());
        let pieces: Vec<&str> =
            sentences(&chunk.text).into_iter().map(|range| &chunk.text[range]).filter(fits).collect();
        // The middle one: first sentences of sections are more alike than others.
        if let Some(sentence) = pieces.get(pieces.len() / 2) {
            let title = revision.passages.document(chunk.document)?.title;
            let heading = chunk.place.headings.last().map_or("", String::as_str);
            sample.push(Sampled {
                document: chunk.document,
                context: context_of(&title, heading),
                text: (*sentence).to_owned(),
            });
        }
    }
    Ok(sample)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn off_topic_questions_are_half_english_half_korean_and_distinct() {
        let questions: Vec<_> = off_topic().collect();
        let of = |language| questions.iter().filter(|(_, l)| *l == language).count();
        assert_eq!((of(Language::English), of(Language::Korean)), (48, 48));
        let distinct: std::collections::HashSet<_> = questions.iter().map(|(text, _)| text).collect();
        assert_eq!(distinct.len(), questions.len());
    }
}
