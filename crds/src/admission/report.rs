//! What comes out of judging files: admitted resources, refusals and unused fields, each with its place.

use std::collections::HashMap;
use std::fmt;

use serde_json::Value;

use super::config_map::ConfigMap;
use super::field_error::FieldError;
use super::secret::Secret;
use super::yaml::YamlError;
use super::{Resource, decode};
use crate::v1alpha1::{Escalation, LlmBackend, RagIndex};

/// Where something stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Name of the file, as the caller gave it.
    pub file: String,
    /// Number of the document in the file, from 1; 0 for the file as a whole.
    pub document: usize,
    /// Line of the file, from 1.
    pub line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.file, self.line)
    }
}

/// A resource that was admitted, with every default filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct Admitted<T> {
    /// The resource.
    pub resource: T,
    /// Where it starts.
    pub place: Place,
}

/// A field that is accepted and has no effect here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotUsed {
    /// Where it stands.
    pub place: Place,
    /// Kind and name of the resource, such as `RagIndex/runbooks`.
    pub object: String,
    /// Path of the field; empty for the whole resource.
    pub field: String,
    /// Why it has no effect.
    pub reason: String,
}

impl fmt::Display for NotUsed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}: ", self.place, self.object)?;
        if !self.field.is_empty() {
            write!(formatter, "{} ", self.field)?;
        }
        write!(formatter, "is not used: {}", self.reason)
    }
}

/// Why a document is refused. The display form is the API server's where it would refuse it too.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The bytes are not YAML documents.
    #[error(transparent)]
    Yaml(#[from] YamlError),
    /// The document is not an object with apiVersion and kind.
    #[error("{0}")]
    Unreadable(String),
    /// The schema accepts the document and the types cannot hold it: a mistake of ours.
    #[error("the document cannot be decoded: {0}")]
    Undecodable(String),
    /// No such kind in this group and version.
    #[error("{0}")]
    UnknownKind(String),
    /// A field that the schema does not have.
    #[error("strict decoding error: unknown field \"{path}\"; {}{REFERENCE}", hint.as_ref().map(|hint| format!("did you mean {hint}? ")).unwrap_or_default())]
    UnknownField {
        /// Path of the field.
        path: String,
        /// A field of a like name that the schema has.
        hint: Option<String>,
    },
    /// The schema or a rule refuses a field.
    #[error("{}{}", .0.advised(), hint(.0))]
    Field(FieldError),
    /// The value is valid, but this version does not build it, or it means something only in a cluster.
    #[error("{0}")]
    NotBuilt(FieldError),
    /// Another document defines the same resource.
    #[error("metadata.name: Duplicate value: \"{name}\": {object} is defined at {first} already")]
    DefinedTwice {
        /// The resource's name.
        name: String,
        /// Its kind and name.
        object: String,
        /// Where it is defined first.
        first: Place,
    },
}

impl Refusal {
    /// A stable word for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Yaml(_) => "invalid_yaml",
            Self::Unreadable(_) | Self::Undecodable(_) => "unreadable_document",
            Self::UnknownKind(_) => "unknown_kind",
            Self::UnknownField { .. } => "unknown_field",
            Self::Field(_) => "invalid_field",
            Self::NotBuilt(_) => "not_built",
            Self::DefinedTwice { .. } => "defined_twice",
        }
    }

    /// The message without our advice: what an API server says, where it would refuse the document too.
    #[must_use]
    pub fn server_words(&self) -> String {
        match self {
            Self::UnknownField { path, .. } => format!("strict decoding error: unknown field \"{path}\""),
            Self::Field(error) => error.to_string(),
            other => other.to_string(),
        }
    }

    /// Path of the refused field; empty where it is the whole document.
    #[must_use]
    pub fn field(&self) -> &str {
        match self {
            Self::UnknownField { path, .. } => path,
            Self::Field(error) | Self::NotBuilt(error) => &error.field,
            Self::DefinedTwice { .. } => "metadata.name",
            Self::UnknownKind(_) => "kind",
            Self::Yaml(_) | Self::Unreadable(_) | Self::Undecodable(_) => "",
        }
    }
}

/// Where the fields can be looked up.
const REFERENCE: &str = "docs/crd-reference.md lists the fields";

/// What to do about a mistake that YAML itself lays.
fn hint(error: &FieldError) -> &'static str {
    let wants_string = error.detail.contains("must be of type string:");
    match error.value.as_ref().and_then(Value::as_str) {
        Some("boolean") if wants_string => {
            " (YAML reads bare yes, no, on and off as booleans: write the word in quotes)"
        }
        Some("integer" | "number") if wants_string => " (write the number in quotes)",
        _ => "",
    }
}

/// One refusal with its place.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{place}: {}{refusal}", object.as_ref().map(|object| format!("{object}: ")).unwrap_or_default())]
pub struct AdmissionError {
    /// Where the refused value stands.
    pub place: Place,
    /// Kind and name of the resource, where it has them.
    pub object: Option<String>,
    /// Why it is refused.
    #[source]
    pub refusal: Refusal,
}

/// The outcome of judging files.
#[derive(Clone, Debug, Default)]
pub struct Admission {
    /// Indexes to build and serve.
    pub indexes: Vec<Admitted<RagIndex>>,
    /// Valid backends.
    pub backends: Vec<Admitted<LlmBackend>>,
    /// Valid tickets.
    pub escalations: Vec<Admitted<Escalation>>,
    /// Secrets that stand among the resources, in their order.
    pub secrets: Vec<Secret>,
    /// ConfigMaps that an index names as its gold set.
    pub config_maps: Vec<Admitted<ConfigMap>>,
    /// What is accepted and has no effect here.
    pub not_used: Vec<NotUsed>,
    /// Every refusal, in the order of the files.
    pub errors: Vec<AdmissionError>,
}

impl Admission {
    pub(crate) fn refuse(&mut self, place: Place, refusal: Refusal) {
        self.errors.push(AdmissionError { place, object: None, refusal });
    }

    pub(crate) fn refuse_object(&mut self, place: Place, object: &str, refusal: Refusal) {
        self.errors.push(AdmissionError { place, object: Some(object.to_owned()), refusal });
    }

    pub(crate) fn report_not_used(&mut self, place: Place, object: &str, field: String, reason: &str) {
        self.not_used.push(NotUsed { place, object: object.to_owned(), field, reason: reason.to_owned() });
    }

    /// Takes note of a document of another group.
    pub(crate) fn ignore(&mut self, place: Place, document: &Value) {
        let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
        let object = format!("{}/{}", text(&document["kind"]), text(&document["metadata"]["name"]));
        self.report_not_used(place, &object, String::new(), "it is not a resource of ragops.dev");
    }

    /// Adds an admitted document under its kind.
    pub(crate) fn admit(&mut self, place: Place, value: &Value) {
        let outcome = match value["kind"].as_str() {
            Some(RagIndex::KIND) => add(&mut self.indexes, &place, value),
            Some(LlmBackend::KIND) => add(&mut self.backends, &place, value),
            _ => add(&mut self.escalations, &place, value),
        };
        if let Err(refusal) = outcome {
            self.refuse(place, refusal);
        }
    }

    /// Keeps the first definition of each resource and refuses the others.
    pub(crate) fn refuse_duplicates(&mut self) {
        let mut errors = drop_repeated(&mut self.indexes, RagIndex::KIND, |index| index.metadata.name.clone());
        errors.extend(drop_repeated(&mut self.backends, LlmBackend::KIND, |backend| backend.metadata.name.clone()));
        errors.extend(drop_repeated(&mut self.escalations, Escalation::KIND, |ticket| ticket.metadata.name.clone()));
        errors.extend(drop_repeated(&mut self.config_maps, ConfigMap::KIND, |map| Some(map.name.clone())));
        self.errors.extend(errors);
    }
}

fn add<T: Resource>(list: &mut Vec<Admitted<T>>, place: &Place, value: &Value) -> Result<(), Refusal> {
    list.push(Admitted { resource: decode(value)?, place: place.clone() });
    Ok(())
}

fn drop_repeated<T>(
    list: &mut Vec<Admitted<T>>,
    kind: &str,
    name: impl Fn(&T) -> Option<String>,
) -> Vec<AdmissionError> {
    let mut places: HashMap<String, Place> = HashMap::new();
    let mut errors = Vec::new();
    list.retain(|admitted| {
        let name = name(&admitted.resource).unwrap_or_default();
        let object = format!("{kind}/{name}");
        let Some(first) = places.get(&name).cloned() else {
            places.insert(name, admitted.place.clone());
            return true;
        };
        let refusal = Refusal::DefinedTwice { name, object: object.clone(), first };
        errors.push(AdmissionError { place: admitted.place.clone(), object: Some(object), refusal });
        false
    });
    errors
}
