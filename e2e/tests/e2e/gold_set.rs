//! A RagIndex with a gold set, through the real program and model: each revision is measured and calibrated by it, and says so.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};
use ragops_e2e::server_process::server_binary;
use serde_json::Value;

use super::quality::run;

const INDEX: &str = "runbooks";

/// The samples' pages and gold set, as somebody would write them down.
struct World {
    dir: tempfile::TempDir,
    server: PathBuf,
}

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/samples")
}

/// A file as a block of YAML under its name.
fn block(name: &str, text: &str) -> String {
    let lines: String = text.lines().map(|line| format!("    {line}\n")).collect();
    format!("  {name}: |\n{lines}")
}

impl World {
    fn new() -> Result<Self> {
        Ok(Self { dir: tempfile::tempdir()?, server: server_binary()? })
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// Writes the resources; `files` is the gold set, without which the index names none.
    fn write(&self, files: Option<&[(&str, String)]>) -> Result<PathBuf> {
        let docs = samples().join("docs");
        let mut yaml = format!(
            "apiVersion: ragops.dev/v1alpha1\nkind: RagIndex\nmetadata: {{name: {INDEX}}}\nspec:\n  sources:\n  - name: docs\n    \
             type: Folder\n    folder: {{path: {}}}\n",
            docs.canonicalize()?.display()
        );
        if let Some(files) = files {
            yaml.push_str("  evaluation: {goldSetRef: {name: runbooks-gold}}\n---\napiVersion: v1\nkind: ConfigMap\n");
            yaml.push_str("metadata: {name: runbooks-gold}\ndata:\n");
            yaml.extend(files.iter().map(|(name, text)| block(name, text)));
        }
        let path = self.dir.path().join("rag.yaml");
        fs::write(&path, yaml)?;
        Ok(path)
    }

    /// Builds what the resources say and gives what `inspect` tells of the active revision.
    fn index(&self, resources: &Path) -> Result<Value> {
        let mut index = Command::new(&self.server);
        run(index.args(["index", "-f"]).arg(resources).arg("--data").arg(self.data()))?;
        let mut inspect = Command::new(&self.server);
        let told = run(inspect.args(["inspect", "--json", "--data"]).arg(self.data()))?;
        let told: Value = serde_json::from_str(&told)?;
        let revisions = told["revisions"].as_array().into_iter().flatten();
        let active = revisions.clone().find(|revision| revision["active"] == true);
        active.cloned().ok_or_else(|| anyhow::anyhow!("no active revision in {told:#}"))
    }

    fn ask(&self, question: &str) -> Result<Value> {
        let mut query = Command::new(&self.server);
        query.args(["query", "--index", INDEX, "--json", "--data"]).arg(self.data()).arg(question);
        Ok(serde_json::from_str(&run(&mut query)?)?)
    }
}

fn gold(names: &[&'static str]) -> Result<Vec<(&'static str, String)>> {
    names.iter().map(|name| Ok((*name, fs::read_to_string(samples().join("gold").join(name))?))).collect()
}

#[test]
fn a_gold_set_measures_and_calibrates_each_revision() {
    if super::site("a_gold_set_measures_and_calibrates_each_revision").is_none() {
        return;
    }
    measured_and_calibrated().unwrap();
}

fn measured_and_calibrated() -> Result<()> {
    let world = World::new()?;
    let bare = world.index(&world.write(None)?)?;
    ensure!(bare.get("evaluation").is_none() && bare.get("calibration").is_none(), "{bare:#}");
    let question = "노드가 NotReady 상태가 되면 어떻게 하나요?";
    let before = world.ask(question)?;

    // Without questions that have no answer it is measured only.
    let measured = world.index(&world.write(Some(&gold(&["queries.jsonl", "qrels.tsv"])?))?)?;
    ensure!(measured["revision"] != bare["revision"], "another gold set is another revision");
    let why = measured["evaluation"]["notCalibrated"].as_str().unwrap_or_default();
    ensure!(why.contains("50 and 0"), "{measured:#}");
    ensure!(measured.get("calibration").is_none(), "{measured:#}");
    ensure!(world.ask(question)?["confidence"] == before["confidence"], "nothing is calibrated");

    let whole = world.write(Some(&gold(&["queries.jsonl", "qrels.tsv", "queries_unanswerable.jsonl"])?))?;
    let calibrated = world.index(&whole)?;
    let evaluation = &calibrated["evaluation"];
    ensure!((&evaluation["queries"], &evaluation["unanswerable"]) == (&50.into(), &10.into()), "{evaluation:#}");
    as_eval_has_it(&world, evaluation)?;
    let fitted = &calibrated["calibration"]["hybrid"];
    ensure!(fitted["map"]["method"] == "logistic" && fitted["unanswerable"] == 10, "{fitted:#}");
    let after = world.ask(question)?;
    let (shipped, own) = (before["confidence"].as_f64(), after["confidence"].as_f64());
    let map = |name: &str| fitted["map"][name].as_f64().unwrap_or(f64::NAN);
    let logit = |p: f64| (p / (1.0 - p)).ln();
    let (shipped, own) = (shipped.unwrap_or(f64::NAN), own.unwrap_or(f64::NAN));
    let expected = 1.0 / (1.0 + (-(map("offset") + map("slope") * logit(shipped.min(0.999)))).exp());
    ensure!((own - expected).abs() < 1e-3, "{shipped} became {own}, the manifest says {expected}");

    // The same resources are the same revision.
    ensure!(world.index(&whole)?["revision"] == calibrated["revision"], "built again for nothing");
    Ok(())
}

/// The figures in the manifest are those that `eval` gives for the same folder.
fn as_eval_has_it(world: &World, evaluation: &Value) -> Result<()> {
    let mut eval = Command::new(&world.server);
    eval.args(["eval", "--index", INDEX, "--json", "--data"]).arg(world.data());
    let report: Value = serde_json::from_str(&run(eval.arg("--set").arg(samples().join("gold")))?)?;
    for metric in ["recall_at_5", "ndcg_at_10", "mrr_at_10"] {
        let (kept, told) = (evaluation["scores"][metric]["mean"].as_f64(), report[metric].as_f64());
        let same = kept.zip(told).is_some_and(|(kept, told)| (kept - told).abs() < 1e-9);
        ensure!(same, "{metric}: the manifest has {kept:?}, eval {told:?}");
    }
    Ok(())
}

#[test]
fn a_gold_set_that_does_not_fit_is_told() {
    if super::site("a_gold_set_that_does_not_fit_is_told").is_none() {
        return;
    }
    told().unwrap();
}

fn told() -> Result<()> {
    let world = World::new()?;
    let refused = |files: &[(&str, String)]| -> Result<String> {
        let resources = world.write(Some(files))?;
        let mut index = Command::new(&world.server);
        let output = index.args(["index", "-f"]).arg(resources).arg("--data").arg(world.data()).output()?;
        ensure!(output.status.code() == Some(2), "ended with {}", output.status);
        Ok(String::from_utf8(output.stderr)?)
    };
    let queries = "{\"id\": \"q1\", \"text\": \"How is a node drained?\"}".to_owned();
    let missing = refused(&[("queries.jsonl", queries.clone())])?;
    ensure!(
        missing.contains("spec.evaluation.goldSetRef: ConfigMap/runbooks-gold/qrels.tsv does not exist"),
        "{missing}"
    );
    let bad = refused(&[("queries.jsonl", queries.clone()), ("qrels.tsv", "q1\ta.md\t1\nq2\ta.md\t1".to_owned())])?;
    ensure!(bad.contains("ConfigMap/runbooks-gold/qrels.tsv:2: the query id `q2` is not in queries.jsonl"), "{bad}");

    let resources = world.write(None)?;
    let yaml = fs::read_to_string(&resources)? + "  evaluation: {goldSetRef: {name: runbooks-gold}}\n";
    fs::write(&resources, yaml)?;
    let output =
        Command::new(&world.server).args(["index", "-f"]).arg(&resources).arg("--data").arg(world.data()).output()?;
    let errors = String::from_utf8(output.stderr)?;
    ensure!(output.status.code() == Some(2) && errors.contains("there is no ConfigMap `runbooks-gold`"), "{errors}");

    // Of another index: built, with a finding.
    let other = world.write(Some(&[("queries.jsonl", queries), ("qrels.tsv", "q1\tother.md\t1".to_owned())]))?;
    let revision = world.index(&other)?;
    ensure!(revision["findings"]["UnknownGoldDocument"] == 1, "{revision:#}");
    let evaluation = &revision["evaluation"];
    ensure!((&evaluation["queries"], &evaluation["leftOut"]) == (&1.into(), &1.into()), "{revision:#}");
    ensure!(evaluation["scores"]["recall_at_5"]["mean"] == 0.0, "a document that is gone is not found: {revision:#}");
    Ok(())
}
