//! Fetches an artefact over HTTP into a file that survives interruption: the next try asks for the rest only.
//! Proxies are taken from `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, certificates from the system's store (or
//! `SSL_CERT_FILE`). What arrives is not trusted: the caller checks its digest.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ragops_storage::durable::{self, Step};
use ragops_storage::{StorageError, digest_bytes};
use serde::{Deserialize, Serialize};
use ureq::http::{HeaderMap, Response, StatusCode, header};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body};

use super::add::{AddProgress, Stage};

/// A download failed.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// The server could not be reached or spoke nonsense.
    #[error(
        "cannot fetch {url}: {source}; check the address, HTTPS_PROXY and, behind a proxy with its own certificate, SSL_CERT_FILE"
    )]
    Connect {
        /// The address.
        url: String,
        /// Why.
        source: Box<ureq::Error>,
    },
    /// The server answered something else than the file.
    #[error("cannot fetch {url}: the server answered {status}; check the address")]
    Status {
        /// The address.
        url: String,
        /// The answer.
        status: StatusCode,
    },
    /// The connection ended early, several times.
    #[error("the download of {url} stopped at {done} bytes of {}: {reason}; run the same command again to go on from there",
        .total.map_or("an unknown number".to_owned(), |total| total.to_string()))]
    Interrupted {
        /// The address.
        url: String,
        /// Bytes on disk.
        done: u64,
        /// Bytes announced.
        total: Option<u64>,
        /// Why it ended.
        reason: String,
    },
    /// The file is too large to be any model known here.
    #[error("{url} is larger than {limit} bytes, which no model known here is; check the address")]
    TooLarge {
        /// The address.
        url: String,
        /// The most that is fetched.
        limit: u64,
    },
    /// The disk refused.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl DownloadError {
    /// Whether trying again later can help.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Connect { .. } | Self::Interrupted { .. } => true,
            Self::Status { status, .. } => status.is_server_error() || *status == StatusCode::TOO_MANY_REQUESTS,
            Self::TooLarge { .. } => false,
            Self::Storage(error) => error.is_retryable(),
        }
    }
}

/// A finished download.
pub(super) struct Download {
    pub(super) path: PathBuf,
    /// Whether a part of it is from an earlier try.
    pub(super) resumed: bool,
}

/// What is known of the file on the server, kept beside the part that is here.
#[derive(Default, Serialize, Deserialize, PartialEq, Clone)]
struct Remote {
    /// A strong entity tag, or else the time of the last change.
    validator: Option<String>,
    total: Option<u64>,
}

/// The wheel has 91 MB; nothing known here is larger than this.
const LIMIT: u64 = 1 << 30;
/// How many tries in a row may bring nothing new before giving up.
const FRUITLESS_TRIES: u32 = 3;

struct Partial<'a> {
    url: &'a str,
    path: PathBuf,
    remote_path: PathBuf,
    remote: Remote,
}

/// Fetches `url` into a file of `dir` and returns it, going on from an earlier try's part if there is one.
pub(super) fn download(url: &str, dir: &Path, progress: &dyn AddProgress) -> Result<Download, DownloadError> {
    durable::create_dir(dir)?;
    let name = digest_bytes(url.as_bytes()).short(16);
    keep_only(dir, &name)?;
    let remote_path = dir.join(format!("{name}.json"));
    let remote = std::fs::read(&remote_path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let path = dir.join(format!("{name}.partial"));
    let mut partial = Partial { url, path, remote_path, remote: remote.unwrap_or_default() };
    let agent = agent();
    let (mut resumed, mut fruitless) = (false, 0);
    loop {
        let before = partial.size();
        let reason = match partial.fetch(&agent, before, progress)? {
            Fetched::Whole => return Ok(Download { path: partial.path, resumed }),
            Fetched::Stopped(reason) => reason,
        };
        let done = partial.size();
        resumed |= done > 0;
        fruitless = if done > before { 0 } else { fruitless + 1 };
        if fruitless == FRUITLESS_TRIES {
            return Err(DownloadError::Interrupted { url: url.to_owned(), done, total: partial.remote.total, reason });
        }
    }
}

/// Removes what was left of downloads from other addresses: an artefact may have `LIMIT` bytes, and one is enough.
fn keep_only(dir: &Path, name: &str) -> Result<(), StorageError> {
    let is_other = |path: &PathBuf| path.file_stem().is_none_or(|stem| stem != name);
    durable::list(dir)?.iter().filter(|path| is_other(path)).try_for_each(|path| durable::remove(path))
}

fn agent() -> Agent {
    let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
    Agent::config_builder()
        .tls_config(tls)
        .http_status_as_error(false)
        .user_agent(concat!("ragops/", env!("CARGO_PKG_VERSION")))
        .timeout_connect(Some(Duration::from_secs(20)))
        .timeout_recv_response(Some(Duration::from_secs(60)))
        // A server that falls silent must not hold the command for ever; the next try goes on where it stopped.
        .timeout_per_read(Some(Duration::from_secs(60)))
        .build()
        .new_agent()
}

/// How one request ended.
enum Fetched {
    Whole,
    Stopped(String),
}

impl Partial<'_> {
    /// How many bytes are here.
    fn size(&self) -> u64 {
        std::fs::metadata(&self.path).map_or(0, |metadata| metadata.len())
    }

    /// Asks for what is missing after `have` bytes and appends it.
    fn fetch(&mut self, agent: &Agent, have: u64, progress: &dyn AddProgress) -> Result<Fetched, DownloadError> {
        if have > 0 && self.remote.total == Some(have) {
            return Ok(Fetched::Whole);
        }
        let mut request = agent.get(self.url);
        if have > 0 {
            request = request.header(header::RANGE, format!("bytes={have}-"));
            if let Some(validator) = &self.remote.validator {
                request = request.header(header::IF_RANGE, validator);
            }
        }
        let response = match request.call() {
            Ok(response) => response,
            // A try that went on from something may be repeated; a first one that finds nobody is an answer.
            Err(source) if have > 0 => return Ok(Fetched::Stopped(source.to_string())),
            Err(source) => {
                return Err(DownloadError::Connect { url: self.url.to_owned(), source: Box::new(source) });
            }
        };
        match response.status() {
            StatusCode::PARTIAL_CONTENT if range_start(response.headers()) == Some(have) => {
                self.receive(response, have, progress)
            }
            StatusCode::OK => self.receive(response, 0, progress),
            // The part here does not fit the file there: start over.
            StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE if have > 0 => {
                durable::remove(&self.path)?;
                self.remote = Remote::default();
                Ok(Fetched::Stopped("the file on the server has changed".to_owned()))
            }
            status if status.is_server_error() && have > 0 => Ok(Fetched::Stopped(format!("it answered {status}"))),
            status => Err(DownloadError::Status { url: self.url.to_owned(), status }),
        }
    }

    /// Writes a body at offset `start`, cutting off what was there.
    fn receive(
        &mut self,
        response: Response<Body>,
        start: u64,
        progress: &dyn AddProgress,
    ) -> Result<Fetched, DownloadError> {
        let length = response.body().content_length();
        self.remote = Remote { validator: validator(response.headers()), total: length.map(|length| start + length) };
        let too_large = || DownloadError::TooLarge { url: self.url.to_owned(), limit: LIMIT };
        if self.remote.total.is_some_and(|total| total > LIMIT) {
            return Err(too_large());
        }
        let mut file = self.open_at(start)?;
        // Written after the old part is cut off, so that a tag never stands beside another file's bytes.
        let remote = serde_json::to_vec(&self.remote).expect("two optional fields always serialise");
        durable::replace_file(&self.remote_path, &remote)?;
        let mut body = response.into_body().into_reader();
        let mut buffer = vec![0; 1 << 18];
        let mut done = start;
        loop {
            let count = match body.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) => return Ok(Fetched::Stopped(error.to_string())),
            };
            file.write_all(&buffer[..count]).map_err(StorageError::at(Step::Write, &self.path))?;
            done += count as u64;
            if done > LIMIT {
                return Err(too_large());
            }
            progress.advanced(Stage::Download, done, self.remote.total);
        }
        match self.remote.total {
            Some(total) if done < total => Ok(Fetched::Stopped("the connection was closed".to_owned())),
            _ => Ok(Fetched::Whole),
        }
    }

    fn open_at(&self, start: u64) -> Result<File, DownloadError> {
        let error = |step| StorageError::at(step, &self.path);
        let file = OpenOptions::new().create(true).append(true).open(&self.path).map_err(error(Step::Create))?;
        file.set_len(start).map_err(error(Step::Write))?;
        Ok(file)
    }
}

/// The first byte that a partial answer holds, from `Content-Range: bytes 100-199/200`.
fn range_start(headers: &HeaderMap) -> Option<u64> {
    let range = headers.get(header::CONTENT_RANGE)?.to_str().ok()?;
    range.strip_prefix("bytes ")?.split('-').next()?.trim().parse().ok()
}

/// What `If-Range` may carry: a strong entity tag, else the time of the last change.
fn validator(headers: &HeaderMap) -> Option<String> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    text(header::ETAG).filter(|tag| !tag.starts_with("W/")).or_else(|| text(header::LAST_MODIFIED))
}
