//! Hostile documents: nothing panics, and what the schema accepts the types can hold.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;
use ragops_crds::admission::{Refusal, Resource, admit_file, judge};
use ragops_crds::v1alpha1::{Escalation, LlmBackend, RagIndex};
use serde_json::{Value, json};

fn any_json() -> impl Strategy<Value = Value> {
    let words = prop::sample::select(vec![
        "Folder", "Off", "Fixed", "Backend", "Local", "x", "10Gi", "@daily", "", "가", "a b", "hf://a/b", "External",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-5_i64..2000).prop_map(Value::from),
        any::<f64>().prop_map(|float| json!(float)),
        words.prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    let names = prop::sample::select(vec![
        "name", "type", "folder", "path", "include", "local", "model", "minimum", "cron", "size", "replicas", "min",
        "max", "labels", "url", "key", "answer", "by", "outcome", "score", "x",
    ]);
    leaf.prop_recursive(3, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(names.clone().prop_map(str::to_owned), inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// The samples' documents, and every path below each.
fn samples() -> Vec<Value> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../config/samples/resources");
    let texts = std::fs::read_dir(folder).unwrap().map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap());
    texts.flat_map(|text| serde_saphyr::from_multiple::<Value>(&text).unwrap()).collect()
}

fn pointers(value: &Value, path: &str, found: &mut Vec<String>) {
    found.push(path.to_owned());
    for (name, child) in value.as_object().into_iter().flatten() {
        pointers(child, &format!("{path}/{}", name.replace('~', "~0").replace('/', "~1")), found);
    }
    for (index, child) in value.as_array().into_iter().flatten().enumerate() {
        pointers(child, &format!("{path}/{index}"), found);
    }
}

fn holds<T: Resource + serde::Serialize>(value: &Value, old: Option<&Value>) -> Result<(), TestCaseError> {
    match judge::<T>(value, old) {
        Ok(resource) => drop(serde_json::to_value(&resource).unwrap()),
        Err(refusals) => {
            let lost = refusals.iter().find(|refusal| matches!(refusal, Refusal::Undecodable(_)));
            prop_assert!(lost.is_none(), "the schema accepts what the types refuse: {lost:?}");
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_judged(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = admit_file("a.yaml", &bytes);
    }

    #[test]
    fn any_text_that_looks_like_yaml_is_judged(text in "([a-z]{1,3}(: |:\n  |- |\\[|\\{|\\}|&a |\\*a|<<|!!|\\||>|'|\"|#|---\n|%|\n|\t){1,3}){0,20}") {
        let _ = admit_file("a.yaml", text.as_bytes());
        let _ = admit_file("a.yaml", format!("apiVersion: ragops.dev/v1alpha1\nkind: RagIndex\n{text}").as_bytes());
    }

    #[test]
    fn a_sample_with_any_value_anywhere_is_judged(sample in any::<prop::sample::Index>(), place in any::<prop::sample::Index>(), value in any_json()) {
        let samples = samples();
        let old = sample.get(&samples);
        let mut places = Vec::new();
        pointers(old, "", &mut places);
        let mut new = old.clone();
        let place: &String = place.get(&places);
        *new.pointer_mut(place).unwrap() = value;
        for stored in [None, Some(old)] {
            match old["kind"].as_str() {
                Some("LlmBackend") => holds::<LlmBackend>(&new, stored)?,
                Some("Escalation") => holds::<Escalation>(&new, stored)?,
                _ => holds::<RagIndex>(&new, stored)?,
            }
        }
        let _ = admit_file("a.json", new.to_string().as_bytes());
    }
}
