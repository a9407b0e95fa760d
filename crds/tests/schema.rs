//! What the generated definitions promise: the committed files are theirs, every value is bounded, every field is
//! explained, samples are accepted and show every field, invalid examples are refused with the message they name and
//! show every rule.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use ragops_crds::admission::capabilities::{CAPABILITIES, Capability, USED, USED_OF_BACKENDS, Values};
use ragops_crds::admission::{self, Refusal, Resource};
use ragops_crds::definitions::{Definition, definitions};
use ragops_crds::reference::{reference, rules};
use ragops_crds::v1alpha1::{Escalation, LlmBackend, RagIndex};
use serde_json::Value;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Names and texts of the YAML files of a folder of `config/`, by name.
fn yaml_files(folder: &str) -> Vec<(String, String)> {
    let entries = fs::read_dir(repository().join("config").join(folder)).unwrap();
    let mut files: Vec<(String, String)> = entries
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(path).unwrap()))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "config/{folder} is empty");
    files
}

/// The documents of a YAML text that was accepted by admission's own reader before.
fn values(text: &str) -> Vec<Value> {
    serde_saphyr::from_multiple(text).unwrap()
}

/// Every object of a schema's tree with its path, such as `spec.sources[].name`.
fn nodes<'a>(node: &'a Value, path: &str, found: &mut Vec<(String, &'a Value)>) {
    found.push((path.to_owned(), node));
    for (name, child) in node["properties"].as_object().into_iter().flatten() {
        let here = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        nodes(child, &here, found);
    }
    if let Some(items) = node.get("items") {
        nodes(items, &format!("{path}[]"), found);
    }
    if let Some(values) = node.get("additionalProperties") {
        nodes(values, &format!("{path}[*]"), found);
    }
}

fn tree(definition: &Definition) -> Vec<(String, &Value)> {
    let mut found = Vec::new();
    nodes(definition.schema(), "", &mut found);
    found
}

#[test]
fn generated_files_are_what_the_types_generate() {
    for definition in definitions() {
        let path = repository().join("config/crd").join(format!("{}.yaml", definition.name));
        assert_eq!(fs::read_to_string(&path).unwrap(), definition.to_yaml(), "{} is stale: run crdgen", path.display());
    }
    let page = fs::read_to_string(repository().join("docs/crd-reference.md")).unwrap();
    assert_eq!(page, reference(), "docs/crd-reference.md is stale: run crdgen");
}

#[test]
fn generated_yaml_reads_back_as_the_same_definition() {
    for definition in definitions() {
        let read: Value = serde_saphyr::from_str(&definition.to_yaml()).unwrap();
        assert_eq!(read, definition.crd);
    }
}

#[test]
fn kinds_have_the_names_columns_and_subresources_of_the_design() {
    let check = |kind: &str, short: &str, scales: bool, columns: &[&str]| {
        let all = definitions();
        let crd = &all.iter().find(|definition| definition.kind == kind).unwrap().crd["spec"];
        let version = &crd["versions"][0];
        assert_eq!(crd["group"], "ragops.dev");
        assert_eq!(crd["scope"], "Namespaced");
        assert_eq!(crd["names"]["shortNames"], serde_json::json!([short]));
        assert_eq!(crd["names"]["categories"], serde_json::json!(["ragops"]));
        assert_eq!(version["name"], "v1alpha1");
        assert!(version["subresources"]["status"].is_object());
        assert_eq!(version["subresources"]["scale"].is_object(), scales);
        let printed: Vec<&str> = version["additionalPrinterColumns"]
            .as_array()
            .unwrap()
            .iter()
            .map(|column| column["name"].as_str().unwrap())
            .collect();
        assert_eq!(printed, columns);
    };
    check("RagIndex", "ri", true, &["Active", "Candidate", "Docs", "Chunks", "Ready", "Reason", "Age"]);
    check("LlmBackend", "llmb", true, &["Type", "Model", "Ready", "Reason", "Endpoint", "Age"]);
    check("Escalation", "esc", false, &["Index", "Question", "Approved", "Indexed", "Revision", "Age"]);
}

#[test]
fn every_value_is_bounded() {
    for definition in definitions() {
        for (path, node) in tree(&definition) {
            let has = |keyword: &str| node.get(keyword).is_some();
            let bounded = match node["type"].as_str() {
                Some("string") => has("maxLength") || has("enum") || has("format"),
                Some("array") => has("maxItems") && has("x-kubernetes-list-type"),
                Some("integer" | "number") if path.starts_with("spec") => has("minimum"),
                Some("object") if has("additionalProperties") => has("maxProperties"),
                _ => true,
            };
            assert!(bounded, "{} {path} has no bound", definition.kind);
            assert!(!has("nullable"), "{} {path} is nullable", definition.kind);
        }
    }
}

#[test]
fn every_field_is_explained_and_every_part_of_a_spec_says_what_a_change_does() {
    for definition in definitions() {
        for (path, node) in tree(&definition) {
            let description = node["description"].as_str().unwrap_or_default();
            let is_field = !path.is_empty() && !path.ends_with(']') && !path.starts_with("metadata");
            assert!(!is_field || description.ends_with('.'), "{} {path}: {description:?}", definition.kind);
            let is_part = path.starts_with("spec.") && path.matches('.').count() == 1 && is_field;
            assert!(
                !is_part || description.contains("Change: "),
                "{} {path} says nothing of a change",
                definition.kind
            );
            let has_default = node.get("default").is_some_and(|default| !default.is_object());
            assert!(!has_default || description.contains("Default: "), "{} {path} hides its default", definition.kind);
        }
    }
}

/// Judges a document as the creation of its kind.
fn create(value: &Value) -> Result<(), Vec<Refusal>> {
    judge(value, None)
}

fn judge(value: &Value, old: Option<&Value>) -> Result<(), Vec<Refusal>> {
    match value["kind"].as_str() {
        Some(LlmBackend::KIND) => admission::judge::<LlmBackend>(value, old).map(drop),
        Some(Escalation::KIND) => admission::judge::<Escalation>(value, old).map(drop),
        _ => admission::judge::<RagIndex>(value, old).map(drop),
    }
}

#[test]
fn samples_are_accepted_and_show_every_field_of_every_spec() {
    let mut shown: BTreeSet<(String, String)> = BTreeSet::new();
    for (name, text) in yaml_files("samples/resources") {
        for value in values(&text) {
            create(&value).unwrap_or_else(|refusals| panic!("{name}: {refusals:?}"));
            let kind = value["kind"].as_str().unwrap().to_owned();
            show(&value, "", &mut |path| _ = shown.insert((kind.clone(), path.to_owned())));
        }
    }
    // A decision is never part of a created ticket, which is what a sample is.
    let exempt = |path: &str| path.starts_with("spec.decision");
    for definition in definitions() {
        for (path, _) in tree(&definition).iter().filter(|(path, _)| path.starts_with("spec") && !exempt(path)) {
            let seen = shown.contains(&(definition.kind.clone(), path.clone()));
            assert!(seen || path.ends_with("[*]"), "no sample of {} shows {path}", definition.kind);
        }
    }
}

/// Calls `see` with the path of every value below `value`, items as `[]`.
fn show(value: &Value, path: &str, see: &mut impl FnMut(&str)) {
    see(path);
    for (name, child) in value.as_object().into_iter().flatten() {
        let here = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        show(child, &here, see);
    }
    for item in value.as_array().into_iter().flatten() {
        show(item, &format!("{path}[]"), see);
    }
}

/// Why an invalid example is refused. One document is created; of two, the second replaces the first.
fn refusals(name: &str, text: &str) -> Vec<Refusal> {
    if name.contains("-update-") {
        let [old, new] = <[Value; 2]>::try_from(values(text)).unwrap();
        let as_created = create(&old).err().unwrap_or_default();
        let decided = |refusal: &Refusal| refusal.field().starts_with("spec.decision");
        assert!(as_created.iter().all(decided), "{name}: the stored object is invalid: {as_created:?}");
        return judge(&new, Some(&old)).err().unwrap_or_default();
    }
    let errors = admission::admit_file(name, text.as_bytes()).errors.into_iter().map(|error| error.refusal);
    errors.filter(|refusal| !matches!(refusal, Refusal::NotBuilt(_))).collect()
}

#[test]
fn invalid_examples_are_refused_with_the_messages_they_name() {
    for (name, text) in yaml_files("invalid") {
        let expected: BTreeSet<String> =
            text.lines().map_while(|line| line.strip_prefix("# expect: ")).map(str::to_owned).collect();
        assert!(!expected.is_empty(), "{name} names no message");
        let actual: BTreeSet<String> = refusals(&name, &text).iter().map(Refusal::server_words).collect();
        assert_eq!(actual, expected, "{name}");
    }
}

#[test]
fn invalid_examples_show_every_rule() {
    let shown: BTreeSet<(String, String)> = yaml_files("invalid")
        .iter()
        .flat_map(|(name, text)| refusals(name, text))
        .filter_map(|refusal| match refusal {
            Refusal::Field(error) => Some((without_indices(&error.field), error.detail)),
            _ => None,
        })
        .collect();
    for definition in definitions() {
        let rules = rules(definition.schema());
        assert!(rules.len() >= 8, "{} has only {} rules", definition.kind, rules.len());
        for (path, rule) in rules {
            let field = format!("{path}{}", rule["fieldPath"].as_str().unwrap_or_default());
            let field = field.trim_start_matches('.').replace("[]", "");
            let message = rule["message"].as_str().expect("every rule has a message").to_owned();
            assert!(
                shown.contains(&(field.clone(), message.clone())),
                "no invalid example is refused with {field}: {message}"
            );
        }
    }
}

fn without_indices(path: &str) -> String {
    path.split('[').map(|part| part.split_once(']').map_or(part, |(_, rest)| rest)).collect()
}

#[test]
fn invalid_examples_show_every_arm_of_a_union_missing_and_beside_another() {
    // A broken document is no example of a union.
    let readable = |(name, _): &(String, String)| !name.starts_with("yaml-");
    let examples: Vec<Value> =
        yaml_files("invalid").into_iter().filter(readable).flat_map(|(_, text)| values(&text)).collect();
    let mut arms = 0;
    for definition in definitions() {
        for (path, rule) in rules(definition.schema()) {
            let message = rule["message"].as_str().unwrap();
            let Some((arm, rest)) = message.split_once(" must be set when type is ") else { continue };
            let wanted = rest.split(',').next().unwrap();
            let unions: Vec<&Value> = examples
                .iter()
                .filter(|example| example["kind"] == *definition.kind)
                .flat_map(|example| at(example, &path))
                .collect();
            let is_wanted = |union: &&&Value| union["type"].as_str().unwrap_or("Webhook") == wanted;
            let missing = unions.iter().filter(is_wanted).any(|union| union.get(arm).is_none());
            assert!(missing, "no example of {}{path} has type {wanted} without {arm}", definition.kind);
            arms += 1;
        }
    }
    assert_eq!(arms, 16, "arms of unions: does a new one have its examples?");
    let two = yaml_files("invalid").iter().filter(|(name, _)| name.contains("-two-arms")).count();
    assert!(two >= 6, "only {two} examples have two arms");
}

/// Every value at a path such as `.spec.sources[]`.
fn at<'a>(value: &'a Value, path: &str) -> Vec<&'a Value> {
    let mut found = vec![value];
    for segment in path.split('.').filter(|segment| !segment.is_empty()) {
        let name = segment.trim_end_matches("[]");
        found = found.into_iter().filter_map(|value| value.get(name)).collect();
        if name != segment {
            found = found.into_iter().filter_map(Value::as_array).flatten().collect();
        }
    }
    found
}

#[test]
fn every_pattern_compiles() {
    for definition in definitions() {
        for (path, node) in tree(&definition) {
            if let Some(pattern) = node["pattern"].as_str() {
                assert!(regex::Regex::new(pattern).is_ok(), "{} {path}: {pattern}", definition.kind);
            }
        }
    }
}

#[test]
fn capabilities_name_fields_and_values_of_the_schema() {
    for row in CAPABILITIES {
        let all = definitions();
        let definition = all.iter().find(|definition| definition.kind == row.kind).unwrap();
        let found = tree(definition);
        let node = found.iter().find(|(path, _)| path == row.path).map(|(_, node)| *node);
        assert!(node.is_some() || row.path == "metadata.namespace", "{} is no field of {}", row.path, row.kind);
        if let (Some(values), Values::Is(word) | Values::Not(word)) =
            (node.and_then(|node| node["enum"].as_array()), row.values)
        {
            assert!(values.contains(&Value::from(word)), "{} cannot be {word}", row.path);
        }
    }
}

/// The fields of a kind's spec that hold a value of their own, not fields or items.
fn leaves(definition: &Definition) -> BTreeSet<String> {
    let inner = |node: &Value| {
        let fields = node["properties"].as_object().is_some_and(|fields| !fields.is_empty());
        fields || node.get("items").is_some() || node["additionalProperties"].is_object()
    };
    let all = tree(definition).into_iter().filter(|(path, node)| path.starts_with("spec.") && !inner(node));
    all.map(|(path, _)| path).collect()
}

fn is_below(path: &str, ancestor: &str) -> bool {
    let rest = path.strip_prefix(ancestor);
    ancestor.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// The arms of unions that can only be chosen by a word that a row refuses: `spec.sources[].git` by type `Git`.
fn refused_arms(definition: &Definition, rows: &[&Capability]) -> Vec<String> {
    let arm_of = |(path, rule): (String, &Value)| {
        let (arm, rest) = rule["message"].as_str()?.split_once(" must be set when type is ")?;
        let word = rest.split(',').next()?.to_owned();
        let union = path.trim_start_matches('.').to_owned();
        let is_refused = rows.iter().any(|row| {
            row.path == format!("{union}.type")
                && match row.values {
                    Values::Is(refused) => refused == word,
                    Values::Not(accepted) => accepted != word,
                    Values::Written | Values::NotEmpty | Values::True => false,
                }
        });
        is_refused.then(|| format!("{union}.{arm}"))
    };
    rules(definition.schema()).into_iter().filter_map(arm_of).collect()
}

/// Retrieval, attribution, confidence and the history once had no row and no word anywhere of whether they count.
#[test]
fn every_field_of_a_spec_is_used_or_refused_or_reported_and_only_one_of_these() {
    for definition in definitions() {
        let rows: Vec<&Capability> = CAPABILITIES.iter().filter(|row| row.kind == definition.kind).collect();
        let whole = |row: &&&Capability| matches!(row.values, Values::Written | Values::NotEmpty);
        let arms = refused_arms(&definition, &rows);
        let used: &[&str] = match definition.kind.as_str() {
            RagIndex::KIND => USED,
            LlmBackend::KIND => USED_OF_BACKENDS,
            _ => &[],
        };
        let leaves = leaves(&definition);
        for leaf in &leaves {
            let classes = [
                used.iter().filter(|path| *path == leaf).count(),
                rows.iter().filter(whole).filter(|row| is_below(leaf, row.path)).count(),
                arms.iter().filter(|arm| is_below(leaf, arm)).count(),
            ];
            let told = "[used, refused or reported whole, below a refused arm]";
            assert_eq!(classes.iter().sum::<usize>(), 1, "{} {leaf}: {classes:?} of {told}", definition.kind);
        }
        for path in used {
            assert!(leaves.contains(*path), "{path} is used and is no field that holds a value");
        }
    }
}
