//! `inspect`: what is in a data folder. Every file of every revision is read and compared with its manifest.

use std::collections::BTreeMap;

use ragops_engine::answer::background::Background;
use ragops_engine::answer::calibration::{Calibration, ConfidenceMap};
use ragops_engine::answer::confidence::cut;
use ragops_engine::document::Finding;
use ragops_engine::evaluate::Evaluation;
use ragops_engine::index::IndexError;
use ragops_engine::index::vectors::CodesDescription;
use ragops_engine::retrieve::Channels;
use ragops_engine::revision::{Manifest, RevisionError, RevisionName, RevisionStore, open};
use ragops_engine::settings::ConfidenceSettings;
use serde::Serialize;

use super::index::counted;
use super::open::{NotOpen, quoted};
use super::{CommandError, Exit};
use crate::cli::InspectArgs;
use crate::contract::RevisionCounts;
use crate::output;
use crate::settings::Settings;

/// Findings shown one by one for people; `--json` shows all that are kept.
const SHOWN_FINDINGS: usize = 20;

/// Precisions of which the cut is shown.
const SHOWN_PRECISIONS: [f32; 3] = [0.8, 0.9, 0.95];

/// What `--json` prints for each index.
#[derive(Debug, Serialize)]
struct IndexInspection {
    index: String,
    active: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    revisions: Vec<RevisionInspection>,
    /// Told where there is nothing else to tell.
    #[serde(skip)]
    is_building: bool,
}

#[derive(Debug, Serialize)]
struct RevisionInspection {
    revision: String,
    active: bool,
    verified: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip)]
    verdict: &'static str,
    #[serde(flatten)]
    content: Option<Content>,
}

#[derive(Debug, Serialize)]
struct Content {
    created_time: String,
    built_by: String,
    model: String,
    model_digest: String,
    dimension: usize,
    /// Where a model elsewhere was asked; none for one of this machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    backend: Option<BackendInspection>,
    counts: RevisionCounts,
    /// The compressed vectors; none where every vector is compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    codes: Option<CodesDescription>,
    /// What it reached on its gold set, and how its confidence is calibrated.
    #[serde(skip_serializing_if = "Option::is_none")]
    evaluation: Option<Evaluation>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    calibration: BTreeMap<Channels, Calibration>,
    /// The cuts of hybrid search for some precisions.
    #[serde(skip)]
    cuts: Vec<(f32, f32)>,
    bytes: u64,
    findings: BTreeMap<String, u64>,
    first_findings: Vec<Finding>,
}

pub(super) fn run(args: &InspectArgs, settings: &Settings) -> Result<Exit, CommandError> {
    let mut exit = Exit::Done;
    for name in names(args, settings)? {
        let inspection = inspect(&RevisionStore::of_index(&settings.data, &name), name);
        exit = exit.max(inspection.exit());
        if args.json { output::json(&inspection)? } else { output::line(&inspection.render())? }
    }
    Ok(exit)
}

fn names(args: &InspectArgs, settings: &Settings) -> Result<Vec<String>, CommandError> {
    let data = settings.data.clone();
    let names = RevisionStore::list_indexes(&data)?;
    match &args.index {
        _ if names.is_empty() => Err(NotOpen::NoIndexes(data).into()),
        None => Ok(names),
        Some(name) if names.contains(name) => Ok(vec![name.clone()]),
        Some(name) => Err(NotOpen::Unknown { data, name: name.clone(), known: quoted(&names) }.into()),
    }
}

fn inspect(store: &RevisionStore, index: String) -> IndexInspection {
    let (active, error) = match store.active() {
        Ok(active) => (active, None),
        Err(error) => (None, Some(error.to_string())),
    };
    let listed = match store.list() {
        Ok(listed) => listed,
        Err(error) => {
            let error = Some(error.to_string());
            return IndexInspection {
                index,
                active: active.map(String::from),
                error,
                revisions: Vec::new(),
                is_building: false,
            };
        }
    };
    let missing = active.as_ref().filter(|active| !listed.iter().any(|(name, _)| name == *active));
    let missing = missing.map(|name| format!("the active revision {name} is gone; build the index again"));
    let revisions = listed.into_iter().map(|(name, manifest)| verify(store, name, manifest, active.as_ref()));
    let revisions: Vec<_> = revisions.collect();
    let is_building = revisions.is_empty() && store.is_locked();
    IndexInspection { index, active: active.map(String::from), error: error.or(missing), revisions, is_building }
}

fn verify(
    store: &RevisionStore,
    name: RevisionName,
    manifest: Result<Manifest, RevisionError>,
    active: Option<&RevisionName>,
) -> RevisionInspection {
    let is_active = active == Some(&name);
    let (content, error) = match manifest {
        Ok(manifest) => (Some(Content::of(manifest)), open::verify(&store.path_of(&name)).err()),
        Err(error) => (None, Some(error)),
    };
    let verdict = match &error {
        None => "checksums verified",
        Some(RevisionError::Format { .. }) => "OF ANOTHER VERSION",
        Some(RevisionError::Storage(_) | RevisionError::Index(IndexError::Storage(_))) => "CANNOT BE READ",
        Some(_) => "DAMAGED",
    };
    let error = error.map(|error| error.to_string());
    let (revision, verified) = (name.into(), error.is_none());
    RevisionInspection { revision, active: is_active, verified, error, verdict, content }
}

/// Where the model of a revision was asked.
#[derive(Debug, Serialize)]
struct BackendInspection {
    name: String,
    url: String,
    /// Vectors kept to know it by.
    probes: usize,
}

impl Content {
    fn of(manifest: Manifest) -> Self {
        Self {
            bytes: manifest.files.iter().map(|file| file.size).sum(),
            created_time: manifest.created_time,
            built_by: manifest.built_by,
            model: manifest.model.name,
            model_digest: manifest.model.digest.to_string(),
            dimension: manifest.model.dimension,
            backend: manifest.remote.map(|remote| BackendInspection {
                name: remote.backend,
                url: remote.url,
                probes: remote.probes.len(),
            }),
            counts: manifest.counts.into(),
            codes: manifest.codes,
            cuts: cuts(&manifest.background),
            evaluation: manifest.evaluation,
            calibration: manifest.background.calibration,
            findings: manifest.findings.counts,
            first_findings: manifest.findings.first,
        }
    }

    fn render(&self) -> String {
        let Self { created_time, model, dimension, backend, counts, codes, bytes, findings, first_findings, .. } = self;
        let Self { evaluation, calibration, cuts, .. } = self;
        let RevisionCounts { files, documents, chunks, .. } = counts;
        let megabytes = *bytes as f64 / 1e6;
        let elsewhere = backend
            .as_ref()
            .map_or_else(String::new, |BackendInspection { name, url, .. }| format!(", by LlmBackend {name} at {url}"));
        let mut text = format!(
            "    {created_time}  {files} files, {documents} documents, {chunks} chunks, {megabytes:.1} MB, {model} \
             ({dimension} dimensions{elsewhere})\n"
        );
        if let Some(codes) = codes {
            text.push_str(&format!("    vectors: {}\n", told(codes)));
        }
        if let Some(evaluation) = evaluation {
            text.push_str(&evaluated(evaluation, calibration.get(&Channels::Hybrid), cuts));
        }
        if !findings.is_empty() {
            text.push_str(&format!("    findings: {}\n", counted(findings)));
            let total: u64 = findings.values().sum();
            let lines = by_file(first_findings);
            let mut shown = 0;
            for (finding, count) in lines.iter().take(SHOWN_FINDINGS) {
                shown += count;
                let others = match count - 1 {
                    0 => String::new(),
                    others => format!(", and {others} more {} in this file", finding.code),
                };
                text.push_str(&format!("      {finding}{others}\n"));
            }
            if total > shown {
                let kept = first_findings.len();
                let more = total - shown;
                text.push_str(&format!("      and {more} more; --json lists {kept} of all {total} one by one\n"));
            }
        }
        text
    }
}

/// Compressed vectors, how they are searched and what that finds.
fn told(codes: &CodesDescription) -> String {
    let CodesDescription { factory, setting, candidates, recall } = codes;
    let looked_into = setting.map_or_else(String::new, |value| format!("searched at {value}, "));
    let found = recall * 100.0;
    format!(
        "{factory}, {looked_into}{candidates} candidates compared for each hit: {found:.1} % of the exact nearest found"
    )
}

/// The first finding of each file and code, with how many there are, in the order of the first.
fn by_file(findings: &[Finding]) -> Vec<(&Finding, u64)> {
    let mut lines: Vec<(&Finding, u64)> = Vec::new();
    let mut known = BTreeMap::new();
    for finding in findings {
        let at = *known.entry((&finding.path, finding.code)).or_insert(lines.len());
        match lines.get_mut(at) {
            Some((_, count)) => *count += 1 + finding.more,
            None => lines.push((finding, 1 + finding.more)),
        }
    }
    lines
}

/// From which confidence on hybrid search answers, for some precisions.
fn cuts(background: &Background) -> Vec<(f32, f32)> {
    let of = |target_precision| cut(ConfidenceSettings::Calibrated { target_precision }, background, Channels::Hybrid);
    SHOWN_PRECISIONS.iter().map(|precision| (*precision, of(*precision))).collect()
}

/// What a revision reached on its gold set, and what that says of its confidence.
fn evaluated(evaluation: &Evaluation, calibration: Option<&Calibration>, cuts: &[(f32, f32)]) -> String {
    let Evaluation { gold_set, queries, unanswerable, left_out, scores, not_calibrated, .. } = evaluation;
    let left_out = match left_out {
        0 => String::new(),
        left_out => format!(", {left_out} of them without a document in the index"),
    };
    let scores: Vec<String> =
        scores.iter().map(|(metric, score)| format!("{} {:.3}", metric.label(), score.mean)).collect();
    let mut text = format!(
        "    gold set {gold_set}: {queries} questions{left_out}, and {unanswerable} without an answer; {}\n",
        scores.join(", ")
    );
    if let Some(Calibration { map, .. }) = calibration {
        let map = match map {
            ConfidenceMap::Logistic { offset, slope } => format!("offset {offset:+.2}, slope {slope:.2}"),
            ConfidenceMap::Isotonic { points } => format!("isotonic, {} points", points.len()),
        };
        let cuts: Vec<String> = cuts.iter().map(|(precision, cut)| format!("{precision} from {cut:.2}")).collect();
        text.push_str(&format!("    confidence calibrated by it ({map}); precision {}\n", cuts.join(", ")));
    } else if let Some(reason) = not_calibrated {
        text.push_str(&format!("    confidence not calibrated by it: {reason}\n"));
    }
    text
}

impl IndexInspection {
    /// Damage anywhere is worth a failing exit, also where another revision serves instead.
    fn exit(&self) -> Exit {
        let is_whole = self.error.is_none() && self.revisions.iter().all(|revision| revision.verified);
        if is_whole { Exit::Done } else { Exit::BadInput }
    }

    fn render(&self) -> String {
        let mut text = format!("{}\n", self.index);
        if let Some(error) = &self.error {
            text.push_str(&format!("  {error}\n"));
        }
        if self.revisions.is_empty() {
            let building = if self.is_building { "; a build is running" } else { "" };
            text.push_str(&format!("  no revision yet{building}\n"));
        }
        for revision in &self.revisions {
            let active = if revision.active { ", active" } else { "" };
            let verdict = match &revision.error {
                None => revision.verdict.to_owned(),
                Some(error) => format!("{}: {error}", revision.verdict),
            };
            text.push_str(&format!("  {}{active}: {verdict}\n", revision.revision));
            text.extend(revision.content.as_ref().map(Content::render));
        }
        text.truncate(text.trim_end().len());
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ragops_engine::document::FindingCode;

    /// Fifty bad lines of one file kept every other finding off the list.
    #[test]
    fn findings_of_one_file_and_code_are_one_line_with_their_number() {
        let bad = |line| Finding::new(FindingCode::BadRecord, "a.jsonl", "no `id`", "give one").at_line(line);
        let empty = Finding::new(FindingCode::EmptyFile, "b.md", "0 bytes", "write it");
        let rest = Finding { more: 1, ..Finding::new(FindingCode::BadRecord, "a.jsonl", "2 more problems", "") };
        let findings = [bad(1), bad(2), empty.clone(), rest];
        assert_eq!(by_file(&findings), [(&bad(1), 4), (&empty, 1)]);
    }
}
