//! Sources of documents: a union by `type` with one arm each.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::v1alpha1::shared::{NAME_PATTERN, ObjectRef};

/// One place that documents come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("has(self.folder) == (self.type == 'Folder')").message("folder must be set when type is Folder, and only then").field_path(".folder"),
    validation = Rule::new("has(self.volume) == (self.type == 'Volume')").message("volume must be set when type is Volume, and only then").field_path(".volume"),
    validation = Rule::new("has(self.git) == (self.type == 'Git')").message("git must be set when type is Git, and only then").field_path(".git"),
    validation = Rule::new("has(self.configMap) == (self.type == 'ConfigMap')").message("configMap must be set when type is ConfigMap, and only then").field_path(".configMap")
)]
pub struct Source {
    /// Name of the source, unique in this index: the `collection` of its documents. A document's id is its path
    /// relative to the source, or the id that its record names, and is unique within the source only. 1 to 40
    /// lower-case letters, digits or '-', starting with a letter.
    #[schemars(length(min = 1, max = 40), regex(pattern = NAME_PATTERN))]
    pub name: String,
    /// Where the documents are. "Folder": a folder of this machine (standalone only). "Volume": a
    /// PersistentVolumeClaim (cluster only). "Git": a repository. "ConfigMap": a ConfigMap whose keys are file names
    /// (cluster only). The arm of the same name must be set, and no other.
    #[serde(rename = "type")]
    pub source_type: SourceType,
    /// What becomes of a build when a file of this source, or a record in one, cannot be read. "Skip": it is left out and
    /// named (`ragops-server inspect`, the manifest; `/health` counts it); the rest is indexed. "Fail": the build ends with
    /// the first such file, named, and the active revision stays. What is left out of a file that can be read (a hidden
    /// sheet, an attachment of a type that is not read) is named either way and ends nothing. Default: Skip.
    #[serde(default)]
    pub on_error: OnError,
    /// The folder, when type is Folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<FolderSource>,
    /// The volume, when type is Volume.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub volume: Option<VolumeSource>,
    /// The repository, when type is Git.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub git: Option<GitSource>,
    /// The ConfigMap, when type is ConfigMap.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config_map: Option<ConfigMapSource>,
}

/// What becomes of a build when a file cannot be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum OnError {
    /// The file is left out and named.
    #[default]
    Skip,
    /// The build ends.
    Fail,
}

/// Kinds of source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum SourceType {
    /// A folder of this machine.
    Folder,
    /// A PersistentVolumeClaim.
    Volume,
    /// A Git repository.
    Git,
    /// A ConfigMap whose keys are file names.
    ConfigMap,
}

/// A folder of the machine that the standalone server runs on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FolderSource {
    /// Path of the folder; a relative path starts at the file that this resource stands in.
    #[schemars(length(min = 1, max = 4096))]
    pub path: String,
    /// Which files are read, as globs relative to the folder. `**` crosses folders, `*` and `?` do not; an extension in
    /// lower case matches in any case. Default: Markdown, HTML, text, JSON Lines, CSV, PDF, Word, Excel, PowerPoint, Hangul,
    /// OpenDocument text, RTF and mail files, and a finding for every other file; with globs of your own, what they do not name is left out in silence.
    #[serde(default = "default_include")]
    #[schemars(length(max = 64), inner(length(min = 1, max = 512)), extend("x-kubernetes-list-type" = "atomic"))]
    pub include: Vec<String>,
    /// Which of these files are left out, as globs; wins over `include`. Default: none.
    #[serde(default)]
    #[schemars(length(max = 64), inner(length(min = 1, max = 512)), extend("x-kubernetes-list-type" = "atomic"))]
    pub exclude: Vec<String>,
}

/// A PersistentVolumeClaim that the build mounts read-only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VolumeSource {
    /// The claim, in the same namespace.
    pub claim_ref: ObjectRef,
    /// Path inside the volume. Default: "/", all of it.
    #[serde(default = "root_path")]
    #[schemars(length(min = 1, max = 4096), regex(pattern = "^/"))]
    pub path: String,
    /// Which files are read, as globs relative to the path. Default: Markdown, HTML, text, JSON Lines, CSV, PDF, Word,
    /// Excel, PowerPoint, Hangul, OpenDocument text, RTF and mail files, and a finding for every other file; with globs of your own, what they do not name is left out in silence.
    #[serde(default = "default_include")]
    #[schemars(length(max = 64), inner(length(min = 1, max = 512)), extend("x-kubernetes-list-type" = "atomic"))]
    pub include: Vec<String>,
    /// Which of these files are left out, as globs; wins over `include`. Default: none.
    #[serde(default)]
    #[schemars(length(max = 64), inner(length(min = 1, max = 512)), extend("x-kubernetes-list-type" = "atomic"))]
    pub exclude: Vec<String>,
}

/// A Git repository, read at one commit per build.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
// A rule of the object, not a pattern of the field, so that the refusal does not repeat a password.
#[x_kube(validation = Rule::new(r"self.url.matches('^(https?|ssh|git)://([^@/:\\s]+@)?[^@/\\s]+(/[^@\\s]*)?$')")
    .message("url must start with https://, http://, ssh:// or git:// and hold no password: put it into a Secret and name that in secretRef").field_path(".url"))]
pub struct GitSource {
    /// Address of the repository: https, http, ssh or git. Credentials never stand in it: use `secretRef`.
    #[schemars(length(min = 1, max = 2048))]
    pub url: String,
    /// Branch, tag or commit. Default: HEAD, the repository's own default branch.
    #[serde(rename = "ref", default = "head")]
    #[schemars(length(min = 1, max = 255), regex(pattern = r"^[A-Za-z0-9][-A-Za-z0-9._/]*$"))]
    pub reference: String,
    /// Folder inside the repository. Default: ".", all of it.
    #[serde(default = "dot")]
    #[schemars(length(min = 1, max = 4096))]
    pub path: String,
    /// Secret with the credentials: of type kubernetes.io/basic-auth (username, password) or kubernetes.io/ssh-auth
    /// (ssh-privatekey, and known_hosts, which is then required). Default: none, the repository is public.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<ObjectRef>,
    /// Which files are read, as globs relative to the path. Default: Markdown, HTML, text, JSON Lines, CSV, PDF, Word,
    /// Excel, PowerPoint, Hangul, OpenDocument text, RTF and mail files, and a finding for every other file; with globs of your own, what they do not name is left out in silence.
    #[serde(default = "default_include")]
    #[schemars(length(max = 64), inner(length(min = 1, max = 512)), extend("x-kubernetes-list-type" = "atomic"))]
    pub include: Vec<String>,
    /// Which of these files are left out, as globs; wins over `include`. Default: none.
    #[serde(default)]
    #[schemars(length(max = 64), inner(length(min = 1, max = 512)), extend("x-kubernetes-list-type" = "atomic"))]
    pub exclude: Vec<String>,
}

/// A ConfigMap whose keys are file names and whose values are documents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConfigMapSource {
    /// The ConfigMap, in the same namespace. All its keys are read; the media type follows the key's extension.
    pub config_map_ref: ObjectRef,
}

/// The files that are read when a source does not say: every format of the first version.
#[must_use]
pub fn default_include() -> Vec<String> {
    [
        "md", "markdown", "mdx", "html", "htm", "xhtml", "txt", "text", "jsonl", "ndjson", "csv", "tsv", "pdf", "docx",
        "pptx", "xlsx", "xlsm", "hwp", "hwpx", "odt", "rtf", "eml",
    ]
    .iter()
    .map(|extension| format!("**/*.{extension}"))
    .collect()
}

fn root_path() -> String {
    "/".to_owned()
}

fn head() -> String {
    "HEAD".to_owned()
}

fn dot() -> String {
    ".".to_owned()
}
