//! What a revision says of itself, in `manifest.json`. It is written last and ends with the digest of its own bytes, so
//! a folder without it is not a revision, and no part of it can be edited. The files are checked against it by `open`.

use std::collections::BTreeMap;

use ragops_embed::{ModelIdentity, RemoteDescription};
use ragops_storage::{Sha256Digest, digest_bytes};
use serde::{Deserialize, Serialize};

use super::{FORMAT_VERSION, RevisionName};
use crate::answer::background::Background;
use crate::document::Finding;
use crate::evaluate::Evaluation;
use crate::index::vectors::CodesDescription;
use crate::settings::BuildSettings;

/// The manifest's file name.
pub const FILE: &str = "manifest.json";

/// The last member of the file, up to its value: the sha256 of every byte before this text.
const SEAL: &str = ",\n  \"manifestDigest\": \"";

/// What follows that digest.
const END: &str = "\"\n}\n";

/// Hex digits of that digest.
const DIGEST_DIGITS: usize = 64;

/// Findings kept one by one; beyond it only their counts by code are.
pub const MAX_FINDINGS: usize = 1_000;

/// Findings of one code kept one by one: a folder with 100,000 pictures must not hide the one page that is broken.
pub const MAX_FINDINGS_OF_CODE: usize = 200;

/// Everything a reader must know before it opens the other files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// The layout of the folder; see `FORMAT_VERSION`.
    pub format_version: u32,
    /// The revision's own name: the first digits of its identity.
    pub revision: RevisionName,
    /// Digest of all that it is built from: layout, index, settings, model, content, and what was left out. A build of
    /// the same identity is not made again.
    pub identity: Sha256Digest,
    /// The RagIndex it belongs to.
    pub index: String,
    /// When its build was asked for, RFC 3339 in UTC.
    pub created_time: String,
    /// The version of the program that built it.
    pub built_by: String,
    /// Settings it was built with.
    pub settings: BuildSettings,
    /// Digest of those settings.
    pub settings_digest: Sha256Digest,
    /// Digest of every source file's name and content: two revisions with the same one, the same settings digest, the same
    /// model and the same gold set answer alike.
    pub content_digest: Sha256Digest,
    /// The embedding model.
    pub model: ModelIdentity,
    /// Of a model that runs elsewhere: where it was asked, and probes by which it is known again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote: Option<RemoteDescription>,
    /// How much there is.
    pub counts: Counts,
    /// What could not be read, or only in part.
    pub findings: Findings,
    /// The compressed vectors, where there are any; without them every vector is compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codes: Option<CodesDescription>,
    /// The model's background on this index: what unrelated things score.
    pub background: Background,
    /// What it reached on its gold set; none without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evaluation: Option<Evaluation>,
    /// Every other file of the folder, by path, sorted.
    pub files: Vec<FileEntry>,
}

/// Bytes that are not a manifest as this version writes it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAManifest {
    /// Another version wrote it.
    #[error("format version {0}, {FORMAT_VERSION} is read")]
    Format(u64),
    /// It does not end with its own digest.
    #[error("it does not end with its own digest: it was cut short or edited")]
    Unsealed,
    /// It was changed after it was sealed.
    #[error("its sha256 is {actual}, {sealed} was sealed: it was edited or damaged")]
    Changed {
        /// The digest of its bytes.
        actual: Sha256Digest,
        /// The digest that it ends with.
        sealed: Sha256Digest,
    },
    /// It is not JSON, or not with these fields.
    #[error("{0}")]
    Json(String),
}

impl Manifest {
    /// The bytes of the file: the fields as JSON, then the digest of all that stands before it.
    pub fn to_file(&self) -> Result<Vec<u8>, NotAManifest> {
        let mut text = serde_json::to_string_pretty(self).map_err(|e| NotAManifest::Json(e.to_string()))?;
        let fields = text.strip_suffix("\n}").expect("a pretty object ends with its brace on a line of its own").len();
        text.truncate(fields);
        let digest = digest_bytes(text.as_bytes());
        Ok(format!("{text}{SEAL}{digest}{END}").into_bytes())
    }

    /// Reads what `to_file` wrote, and nothing else: one byte more, less or other is refused.
    pub fn from_file(bytes: &[u8]) -> Result<Self, NotAManifest> {
        let json = |e: serde_json::Error| NotAManifest::Json(e.to_string());
        // The version comes first: another version's manifest need be neither sealed nor shaped as ours.
        let version: Version = serde_json::from_slice(bytes).map_err(json)?;
        if version.format_version != u64::from(FORMAT_VERSION) {
            return Err(NotAManifest::Format(version.format_version));
        }
        let (body, sealed) = unseal(bytes).ok_or(NotAManifest::Unsealed)?;
        let actual = digest_bytes(body);
        if actual != sealed {
            return Err(NotAManifest::Changed { actual, sealed });
        }
        serde_json::from_slice(bytes).map_err(json)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    format_version: u64,
}

/// What was digested, and the digest that stands behind it.
fn unseal(bytes: &[u8]) -> Option<(&[u8], Sha256Digest)> {
    let rest = bytes.strip_suffix(END.as_bytes())?;
    let (rest, digest) = rest.split_at_checked(rest.len().checked_sub(DIGEST_DIGITS)?)?;
    let body = rest.strip_suffix(SEAL.as_bytes())?;
    Some((body, std::str::from_utf8(digest).ok()?.parse().ok()?))
}

/// How much a revision holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Source files looked at.
    pub files: u64,
    /// Documents indexed (a `.jsonl` line is one).
    pub documents: u64,
    /// Chunks indexed.
    pub chunks: u64,
    /// Tokens embedded, as the model counts them.
    pub tokens: u64,
    /// Bytes of source files.
    pub source_bytes: u64,
}

/// Findings: all counted, the first `MAX_FINDINGS` kept, of each code the first `MAX_FINDINGS_OF_CODE`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Findings {
    /// How many there are of each code.
    pub counts: BTreeMap<String, u64>,
    /// The first of them, in the order of the files.
    pub first: Vec<Finding>,
}

impl Findings {
    /// Counts a finding and keeps it while there is room.
    pub fn push(&mut self, finding: Finding) {
        let count = self.counts.entry(finding.code.to_string()).or_default();
        *count += 1 + finding.more;
        if self.first.len() < MAX_FINDINGS && *count <= MAX_FINDINGS_OF_CODE as u64 {
            self.first.push(finding);
        }
    }

    /// All findings, kept or not.
    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }
}

/// One file of the folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Path inside the revision, with `/`.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// Digest of the bytes.
    pub sha256: Sha256Digest,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::background::Distribution;
    use crate::document::FindingCode;
    use crate::evaluate::{Interval, Metric, Score};
    use ragops_embed::remote::{Probe, ProbeRole, RemoteProtocol, SecretName};
    use serde_json::Value;

    #[test]
    fn a_finding_that_stands_for_others_counts_as_many() {
        let mut findings = Findings::default();
        let rest = Finding { more: 1, ..Finding::new(FindingCode::BadRecord, "a.jsonl", "2 more problems", "") };
        findings.push(Finding::new(FindingCode::BadRecord, "a.jsonl", "no `id`", ""));
        findings.push(rest);
        assert_eq!(findings.total(), 3);
    }

    fn remote() -> RemoteDescription {
        RemoteDescription {
            backend: "embedder".to_owned(),
            protocol: RemoteProtocol::Ollama,
            url: "http://10.0.0.7:11434".to_owned(),
            model: "m".to_owned(),
            query_prefix: "query: ".to_owned(),
            passage_prefix: "passage: ".to_owned(),
            max_tokens: 512,
            api_key: Some(SecretName { name: "ollama".to_owned(), key: "token".to_owned() }),
            ca: None,
            probes: vec![Probe { role: ProbeRole::Query, text: "q".to_owned(), vector: vec![0.6, 0.0, -0.8] }],
        }
    }

    fn manifest() -> Manifest {
        let digest = |text: &str| digest_bytes(text.as_bytes());
        let mut findings = Findings::default();
        findings.push(Finding::new(FindingCode::EmptyFile, "빈.md", "0 bytes", "write it").at_line(3));
        Manifest {
            format_version: FORMAT_VERSION,
            revision: RevisionName::of(digest("name")),
            identity: digest("identity"),
            index: "docs".to_owned(),
            created_time: "2026-01-02T03:04:05Z".to_owned(),
            built_by: "ragops".to_owned(),
            settings: BuildSettings::default(),
            settings_digest: digest("settings"),
            content_digest: digest("content"),
            model: ModelIdentity { name: "m".to_owned(), digest: digest("model"), dimension: 3, max_tokens: 9 },
            remote: Some(remote()),
            counts: Counts { files: 1, documents: 2, chunks: 3, tokens: 4, source_bytes: 5 },
            findings,
            codes: Some(CodesDescription { factory: "SQ8".to_owned(), setting: Some(7), candidates: 2, recall: 0.5 }),
            background: Background { sentence_pairs: Distribution::of(vec![0.1, 0.7]), ..Background::default() },
            evaluation: Some(Evaluation {
                gold_set: "gold".to_owned(),
                digest: digest("gold"),
                queries: 2,
                unanswerable: 1,
                left_out: 0,
                scores: [(Metric::RecallAt5, Score { mean: 0.5, interval: Interval { low: 0.25, high: 0.75 } })].into(),
                not_calibrated: Some("too few".to_owned()),
            }),
            files: vec![FileEntry { path: "chunks.jsonl".to_owned(), size: 7, sha256: digest("file") }],
        }
    }

    /// Every way to change one value somewhere inside `value`, with the path to it.
    fn edits(value: &Value, path: &str, whole: &mut dyn FnMut(&str, Value)) {
        match value {
            Value::Object(fields) => {
                for (name, inner) in fields {
                    edits(inner, &format!("{path}/{name}"), &mut |at, changed| {
                        let mut fields = fields.clone();
                        fields.insert(name.clone(), changed);
                        whole(at, Value::Object(fields));
                    });
                }
            }
            Value::Array(items) => {
                whole(path, Value::Array(Vec::new()));
                for (number, inner) in items.iter().enumerate() {
                    edits(inner, &format!("{path}/{number}"), &mut |at, changed| {
                        let mut items = items.clone();
                        items[number] = changed;
                        whole(at, Value::Array(items));
                    });
                }
            }
            Value::Number(number) => whole(path, (number.as_f64().unwrap_or_default() + 1.0).into()),
            Value::String(text) => whole(path, format!("{text}0").into()),
            Value::Bool(value) => whole(path, (!value).into()),
            Value::Null => whole(path, 1.into()),
        }
    }

    #[test]
    fn findings_of_one_code_are_counted_past_the_cap_and_leave_room_for_others() {
        let mut findings = Findings::default();
        for number in 0..5_000 {
            findings.push(Finding::new(
                FindingCode::UnsupportedFormat,
                format!("{number}.png"),
                "a picture",
                "convert it",
            ));
        }
        findings.push(Finding::new(FindingCode::BadRecord, "faq.jsonl", "no `text`", "add it"));
        assert_eq!((findings.counts["UnsupportedFormat"], findings.total()), (5_000, 5_001));
        assert_eq!(findings.first.len(), MAX_FINDINGS_OF_CODE + 1);
        assert_eq!(findings.first.last().map(|finding| finding.path.as_str()), Some("faq.jsonl"));
    }

    #[test]
    fn a_manifest_survives_its_file() {
        let manifest = manifest();
        assert_eq!(Manifest::from_file(&manifest.to_file().unwrap()).unwrap(), manifest);
    }

    /// Counts, findings and the background were once protected by nothing: an edited one was believed.
    #[test]
    fn every_edited_field_is_refused() {
        let file = manifest().to_file().unwrap();
        let value: Value = serde_json::from_slice(&file).unwrap();
        let mut seen = Vec::new();
        edits(&value, "", &mut |path, edited| {
            seen.push(path.to_owned());
            // Laid out as we do, so that nothing but the value differs.
            let mut text = serde_json::to_string_pretty(&edited).unwrap();
            text.push('\n');
            assert!(Manifest::from_file(text.as_bytes()).is_err(), "{path}: {text}");
        });
        for path in [
            "/counts/chunks",
            "/findings/first/0/path",
            "/background/sentencePairs/values/0",
            "/evaluation/scores/recall_at_5/mean",
            "/files",
            "/model/digest",
            "/remote/probes/0/vector",
        ] {
            assert!(seen.iter().any(|at| at == path), "{path} was not edited: {seen:?}");
        }
    }

    #[test]
    fn every_changed_missing_or_added_byte_is_refused() {
        let file = manifest().to_file().unwrap();
        for at in 0..file.len() {
            let mut changed = file.clone();
            changed[at] ^= 1;
            assert!(Manifest::from_file(&changed).is_err(), "byte {at}");
            assert!(Manifest::from_file(&file[..at]).is_err(), "cut at {at}");
        }
        assert_eq!(Manifest::from_file(&[&file[..], b"\n"].concat()), Err(NotAManifest::Unsealed));
    }

    #[test]
    fn another_version_is_named_whatever_its_shape() {
        let check = |text: &str, expected: NotAManifest| {
            assert_eq!(Manifest::from_file(text.as_bytes()), Err(expected), "{text}");
        };
        check(r#"{"formatVersion": 1, "revision": "00c0ffee"}"#, NotAManifest::Format(1));
        check(r#"{"formatVersion": 99999999999}"#, NotAManifest::Format(99_999_999_999));
        check(&format!(r#"{{"formatVersion": {FORMAT_VERSION}}}"#), NotAManifest::Unsealed);
    }
}
