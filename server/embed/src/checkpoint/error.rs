//! What can be wrong with a model folder, each naming the file and the field.

/// A model folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// A file that every model has is not there.
    #[error("it has no `{file}`; {advice}")]
    Missing {
        /// Where it should be, within the folder.
        file: String,
        /// What to do.
        advice: String,
    },
    /// A file is not what its name says.
    #[error("its `{file}` cannot be read: {reason}")]
    Unreadable {
        /// The file.
        file: &'static str,
        /// Why.
        reason: String,
    },
    /// A model of another kind than those read here.
    #[error("its {what} is {found}, and this version reads {supported}")]
    Unsupported {
        /// What is of another kind.
        what: &'static str,
        /// What the folder says.
        found: String,
        /// What is read.
        supported: &'static str,
    },
    /// A number of `config.json` that is missing or cannot be.
    #[error("`{field}` in its `config.json` is {found}; {expected}")]
    Field {
        /// Name of the field.
        field: &'static str,
        /// What it says.
        found: String,
        /// What it could be.
        expected: String,
    },
    /// A tensor that is missing or has another shape or type.
    #[error("the tensor `{name}` in its `model.safetensors` {problem}")]
    Tensor {
        /// Name of the tensor.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A file larger than any model that runs here.
    #[error("its `{file}` has {size} bytes, and at most {limit} are read here")]
    TooLarge {
        /// The file.
        file: String,
        /// How large it is.
        size: u64,
        /// The most.
        limit: u64,
    },
}
