//! What an API server does to a document before it validates it, by the generated schema: unknown fields are found,
//! explicit nulls dropped, defaults filled in.

use serde_json::{Map, Value};

/// Paths of the fields below `value` that the schema does not have, such as `spec.foo`, in order.
pub(crate) fn unknown_fields(schema: &Value, value: &Value) -> Vec<String> {
    let mut unknown = Vec::new();
    // The server knows these three without the schema.
    let known = ["apiVersion", "kind", "metadata"];
    if let Value::Object(entries) = value {
        for (name, child) in entries.iter().filter(|(name, _)| !known.contains(&name.as_str())) {
            match schema["properties"].get(name) {
                Some(field) => collect_unknown(field, child, name, &mut unknown),
                None => unknown.push(name.clone()),
            }
        }
    }
    unknown
}

fn collect_unknown(schema: &Value, value: &Value, path: &str, unknown: &mut Vec<String>) {
    match value {
        Value::Object(entries) if !keeps_unknown(schema) => {
            for (name, child) in entries {
                let here = format!("{path}.{name}");
                match schema["properties"].get(name).or_else(|| map_schema(schema)) {
                    Some(field) => collect_unknown(field, child, &here, unknown),
                    None => unknown.push(here),
                }
            }
        }
        Value::Array(items) if !keeps_unknown(schema) => {
            for (index, item) in items.iter().enumerate() {
                collect_unknown(&schema["items"], item, &format!("{path}[{index}]"), unknown);
            }
        }
        _ => {}
    }
}

/// Drops every null below `value`: no field of the generated schemas is nullable, and a field with a default gets it
/// in [`apply_defaults`]. Nulls inside a list stay, and are refused by type.
pub(crate) fn drop_nulls(schema: &Value, value: &mut Value) {
    match value {
        Value::Object(entries) if !keeps_unknown(schema) => {
            entries.retain(|_, child| !child.is_null());
            for (name, child) in entries.iter_mut() {
                let field = schema["properties"].get(name).or_else(|| map_schema(schema));
                drop_nulls(field.unwrap_or(&Value::Null), child);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| drop_nulls(&schema["items"], item)),
        _ => {}
    }
}

/// Fills in the defaults of absent fields, from the outside in, so that a default object gets its own fields' defaults.
pub(crate) fn apply_defaults(schema: &Value, value: &mut Value) {
    match value {
        Value::Object(entries) => {
            insert_defaults(schema, entries);
            for (name, child) in entries.iter_mut() {
                if let Some(field) = schema["properties"].get(name).or_else(|| map_schema(schema)) {
                    apply_defaults(field, child);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| apply_defaults(&schema["items"], item)),
        _ => {}
    }
}

fn insert_defaults(schema: &Value, entries: &mut Map<String, Value>) {
    let Some(properties) = schema["properties"].as_object() else { return };
    for (name, field) in properties {
        if let (Some(default), false) = (field.get("default"), entries.contains_key(name)) {
            entries.insert(name.clone(), default.clone());
        }
    }
}

/// Whether the schema takes any field here.
pub(crate) fn keeps_unknown(schema: &Value) -> bool {
    schema["x-kubernetes-preserve-unknown-fields"] == Value::Bool(true)
}

/// The schema of a map's values.
pub(crate) fn map_schema(schema: &Value) -> Option<&Value> {
    schema.get("additionalProperties").filter(|values| values.is_object())
}

/// The entry of an old list that `item` is an edit of, when the list is a map by keys; other lists have no such.
pub(crate) fn counterpart<'a>(schema: &Value, item: &Value, old: Option<&'a Value>) -> Option<&'a Value> {
    if schema["x-kubernetes-list-type"] != "map" {
        return None;
    }
    let keys = schema["x-kubernetes-list-map-keys"].as_array()?;
    old?.as_array()?.iter().find(|candidate| {
        keys.iter()
            .filter_map(Value::as_str)
            .all(|key| candidate.get(key).is_some() && candidate.get(key) == item.get(key))
    })
}
