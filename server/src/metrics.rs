//! What the server counts, for Prometheus. `FAMILIES` is the one list of names, labels and meanings: the registry and
//! `docs/metrics.md` are both made from it. Labels are bounded: routes are patterns, never paths.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prometheus::core::Collector;
use prometheus::{Encoder, HistogramOpts, HistogramVec, IntCounterVec, IntGaugeVec, Opts, Registry, TextEncoder};
use ragops_llm::Telemetry;

/// What kind of metric a family is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Distribution over buckets, in seconds.
    Histogram,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// One metric family.
#[derive(Debug, Clone, Copy)]
pub struct Family {
    /// Its name.
    pub name: &'static str,
    /// What kind it is.
    pub kind: Kind,
    /// Its labels.
    pub labels: &'static [&'static str],
    /// What it says.
    pub help: &'static str,
}

const REQUESTS: Family = Family {
    name: "ragops_http_requests_total",
    kind: Kind::Counter,
    labels: &["route", "method", "status"],
    help: "HTTP requests by route pattern, method and status; status `closed`: the client went away first.",
};
const LATENCY: Family = Family {
    name: "ragops_http_request_duration_seconds",
    kind: Kind::Histogram,
    labels: &["route"],
    help: "Time from the request's head to the response's head.",
};
const ANSWERS: Family = Family {
    name: "ragops_answers_total",
    kind: Kind::Counter,
    labels: &["index", "status", "mode_used"],
    help: "Questions by what became of them: `answered` or `escalated`.",
};
const REVISION: Family = Family {
    name: "ragops_index_revision_info",
    kind: Kind::Gauge,
    labels: &["index", "revision", "model"],
    help: "1 for the revision that an index serves, with the name of its embedding model.",
};
const DOCUMENTS: Family = Family {
    name: "ragops_index_documents",
    kind: Kind::Gauge,
    labels: &["index"],
    help: "Documents in the revision that is served.",
};
const CHUNKS: Family = Family {
    name: "ragops_index_chunks",
    kind: Kind::Gauge,
    labels: &["index"],
    help: "Chunks in the revision that is served.",
};
const FINDINGS: Family = Family {
    name: "ragops_index_findings",
    kind: Kind::Gauge,
    labels: &["index", "code"],
    help: "Problems found in the documents of the revision that is served.",
};
const READY: Family = Family {
    name: "ragops_index_ready",
    kind: Kind::Gauge,
    labels: &["index"],
    help: "1 when the index serves a revision, else 0.",
};
const BUILDS: Family = Family {
    name: "ragops_builds_total",
    kind: Kind::Counter,
    labels: &["index", "result"],
    help: "Builds by result: `built`, `unchanged`, `failed_bad_input`, `failed_retryable` or `cancelled`.",
};
const BUILD_TIME: Family = Family {
    name: "ragops_build_duration_seconds",
    kind: Kind::Histogram,
    labels: &["index"],
    help: "Time of builds that ended with a new revision.",
};
const EMBED_REQUESTS: Family = Family {
    name: "ragops_embedder_requests_total",
    kind: Kind::Counter,
    labels: &["backend", "result"],
    help: "Requests to embedding models elsewhere by what came of them: `ok`, or what failed: `connect`, `timeout`, `cut`, \
           `rate_limited`, `server`, `unauthorised`, `not_found`, `too_long`, `refused`, `not_json`, `reply`, `too_large`.",
};
const EMBED_TIME: Family = Family {
    name: "ragops_embedder_request_duration_seconds",
    kind: Kind::Histogram,
    labels: &["backend"],
    help: "Time of requests to embedding models elsewhere that were answered.",
};
const EMBED_UP: Family = Family {
    name: "ragops_embedder_up",
    kind: Kind::Gauge,
    labels: &["backend"],
    help: "1 while the embedding model elsewhere answers questions with the vectors that the index was built with, 0 while \
           questions are answered by their words alone.",
};
const CHAT_REQUESTS: Family = Family {
    name: "ragops_chat_requests_total",
    kind: Kind::Counter,
    labels: &["backend", "result"],
    help: "Answers asked of chat backends by what came of them: `ok`, or what failed, as for embedders. A backend that is left \
           alone after a failure is not asked and not counted.",
};
const CHAT_TIME: Family = Family {
    name: "ragops_chat_request_duration_seconds",
    kind: Kind::Histogram,
    labels: &["backend"],
    help: "Time from asking a chat backend to the last word of its answer.",
};
const CHAT_UP: Family = Family {
    name: "ragops_chat_up",
    kind: Kind::Gauge,
    labels: &["backend"],
    help: "1 while the chat backend answers, 0 from a failure to the next answer.",
};
const RERANK_REQUESTS: Family = Family {
    name: "ragops_rerank_requests_total",
    kind: Kind::Counter,
    labels: &["backend", "result"],
    help: "Questions whose passages a reranking backend was asked to put into order, by what came of it: `ok`, or what failed, as \
           for embedders. A backend that is left alone after a failure is not asked and not counted.",
};
const RERANK_TIME: Family = Family {
    name: "ragops_rerank_request_duration_seconds",
    kind: Kind::Histogram,
    labels: &["backend"],
    help: "Time of requests to reranking backends that were answered.",
};
const RERANK_UP: Family = Family {
    name: "ragops_rerank_up",
    kind: Kind::Gauge,
    labels: &["backend"],
    help: "1 while the reranking backend answers, 0 from a failure to the next answer.",
};
const DEGRADED: Family = Family {
    name: "ragops_answers_degraded_total",
    kind: Kind::Counter,
    labels: &["index", "reason"],
    help: "Answers that are less than they could be: `embedder_unavailable`, `embedder_changed`, `llm_unavailable` or \
           `reranker_unavailable`.",
};
const CONFIG_ERRORS: Family = Family {
    name: "ragops_config_rejected",
    kind: Kind::Gauge,
    labels: &[],
    help: "1 while the resource files on disk are refused and the last good ones are in force, else 0.",
};

/// Every family, in the order of the documentation.
pub const FAMILIES: [Family; 21] = [
    REQUESTS,
    LATENCY,
    ANSWERS,
    DEGRADED,
    READY,
    REVISION,
    DOCUMENTS,
    CHUNKS,
    FINDINGS,
    BUILDS,
    BUILD_TIME,
    EMBED_REQUESTS,
    EMBED_TIME,
    EMBED_UP,
    CHAT_REQUESTS,
    CHAT_TIME,
    CHAT_UP,
    RERANK_REQUESTS,
    RERANK_TIME,
    RERANK_UP,
    CONFIG_ERRORS,
];

/// From one embedded question to a queue that is about to be refused.
const LATENCY_BUCKETS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];
/// From a handful of pages to a corpus that takes a night.
const BUILD_BUCKETS: [f64; 10] = [0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14_400.0, 43_200.0];

/// The metrics of one process.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    latency: HistogramVec,
    answers: IntCounterVec,
    degraded: IntCounterVec,
    embed_requests: IntCounterVec,
    embed_time: HistogramVec,
    embed_up: IntGaugeVec,
    chat_requests: IntCounterVec,
    chat_time: HistogramVec,
    chat_up: IntGaugeVec,
    rerank_requests: IntCounterVec,
    rerank_time: HistogramVec,
    rerank_up: IntGaugeVec,
    ready: IntGaugeVec,
    revision: IntGaugeVec,
    documents: IntGaugeVec,
    chunks: IntGaugeVec,
    findings: IntGaugeVec,
    builds: IntCounterVec,
    build_time: HistogramVec,
    config_rejected: IntGaugeVec,
    /// The backends that something names; none until that is known.
    named: Arc<Mutex<Option<BTreeSet<String>>>>,
}

/// What `Metrics::index_serves` shows of a revision.
#[derive(Debug, Clone, Copy)]
pub struct ServedFigures<'a> {
    /// The revision's name.
    pub revision: &'a str,
    /// Its model's name.
    pub model: &'a str,
    /// Its documents.
    pub documents: u64,
    /// Its chunks.
    pub chunks: u64,
    /// Its findings by code.
    pub findings: &'a BTreeMap<String, u64>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Fresh metrics in a registry of their own.
    pub fn new() -> Self {
        let registry = Registry::new();
        Self {
            requests: register(&registry, counter(REQUESTS)),
            latency: register(&registry, histogram(LATENCY, &LATENCY_BUCKETS)),
            answers: register(&registry, counter(ANSWERS)),
            degraded: register(&registry, counter(DEGRADED)),
            embed_requests: register(&registry, counter(EMBED_REQUESTS)),
            embed_time: register(&registry, histogram(EMBED_TIME, &LATENCY_BUCKETS)),
            embed_up: register(&registry, gauge(EMBED_UP)),
            chat_requests: register(&registry, counter(CHAT_REQUESTS)),
            chat_time: register(&registry, histogram(CHAT_TIME, &LATENCY_BUCKETS)),
            chat_up: register(&registry, gauge(CHAT_UP)),
            rerank_requests: register(&registry, counter(RERANK_REQUESTS)),
            rerank_time: register(&registry, histogram(RERANK_TIME, &LATENCY_BUCKETS)),
            rerank_up: register(&registry, gauge(RERANK_UP)),
            ready: register(&registry, gauge(READY)),
            revision: register(&registry, gauge(REVISION)),
            documents: register(&registry, gauge(DOCUMENTS)),
            chunks: register(&registry, gauge(CHUNKS)),
            findings: register(&registry, gauge(FINDINGS)),
            builds: register(&registry, counter(BUILDS)),
            build_time: register(&registry, histogram(BUILD_TIME, &BUILD_BUCKETS)),
            config_rejected: register(&registry, gauge(CONFIG_ERRORS)),
            named: Arc::default(),
            registry,
        }
    }

    /// A request was answered, or its client went away.
    pub fn request(&self, route: &str, method: &str, status: &str, took: Duration) {
        self.requests.with_label_values(&[route, method, status]).inc();
        self.latency.with_label_values(&[route]).observe(took.as_secs_f64());
    }

    /// A question was answered or escalated.
    pub fn answer(&self, index: &str, status: &str, mode_used: &str) {
        self.answers.with_label_values(&[index, status, mode_used]).inc();
    }

    /// An answer is less than it could be.
    pub fn degraded(&self, index: &str, reason: &str) {
        self.degraded.with_label_values(&[index, reason]).inc();
    }

    /// An index has a revision to answer from, in place of any other.
    pub fn index_serves(&self, index: &str, figures: ServedFigures<'_>) {
        self.forget_index(index);
        let signed = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        self.ready.with_label_values(&[index]).set(1);
        self.revision.with_label_values(&[index, figures.revision, figures.model]).set(1);
        self.documents.with_label_values(&[index]).set(signed(figures.documents));
        self.chunks.with_label_values(&[index]).set(signed(figures.chunks));
        for (code, count) in figures.findings {
            self.findings.with_label_values(&[index, code]).set(signed(*count));
        }
    }

    /// An index is configured, but has nothing to answer from.
    pub fn index_waits(&self, index: &str) {
        self.forget_index(index);
        self.ready.with_label_values(&[index]).set(0);
    }

    /// An index is no longer served.
    pub fn forget_index(&self, index: &str) {
        for gauge in [&self.ready, &self.revision, &self.documents, &self.chunks, &self.findings] {
            remove_series(gauge, "index", |of| of == index);
        }
    }

    /// Backends that nothing names any more are neither up nor down, whatever becomes of the questions that they have still.
    pub fn keep_backends(&self, named: BTreeSet<String>) {
        let mut kept = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        for gauge in [&self.embed_up, &self.chat_up, &self.rerank_up] {
            remove_series(gauge, "backend", |backend| !named.contains(backend));
        }
        *kept = Some(named);
    }

    fn set_up(&self, gauge: &IntGaugeVec, backend: &str, does: bool) {
        let named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        if named.as_ref().is_none_or(|named| named.contains(backend)) {
            gauge.with_label_values(&[backend]).set(i64::from(does));
        }
    }

    /// A build ended. `took` is given for those that made a new revision.
    pub fn build(&self, index: &str, result: &str, took: Option<Duration>) {
        self.builds.with_label_values(&[index, result]).inc();
        if let Some(took) = took {
            self.build_time.with_label_values(&[index]).observe(took.as_secs_f64());
        }
    }

    /// Whether the resource files on disk are refused: 1 or 0.
    pub fn config_rejected(&self, rejected: i64) {
        self.config_rejected.with_label_values::<&str>(&[]).set(rejected);
    }

    /// All of it in the Prometheus text format.
    pub fn render(&self) -> String {
        let mut buffer = Vec::new();
        let encoded = TextEncoder::new().encode(&self.registry.gather(), &mut buffer);
        encoded.expect("families that registered also encode, and a Vec takes every write");
        String::from_utf8(buffer).expect("the text format is UTF-8")
    }
}

impl Telemetry for Metrics {
    fn request(&self, backend: &str, result: &'static str, took: Duration) {
        self.embed_requests.with_label_values(&[backend, result]).inc();
        if result == "ok" {
            self.embed_time.with_label_values(&[backend]).observe(took.as_secs_f64());
        }
    }

    fn answers(&self, backend: &str, does: bool) {
        self.embed_up.with_label_values(&[backend]).set(i64::from(does));
    }

    fn chat_request(&self, backend: &str, result: &'static str, took: Duration) {
        self.chat_requests.with_label_values(&[backend, result]).inc();
        if result == "ok" {
            self.chat_time.with_label_values(&[backend]).observe(took.as_secs_f64());
        }
    }

    fn chat_answers(&self, backend: &str, does: bool) {
        self.set_up(&self.chat_up, backend, does);
    }

    fn rerank_request(&self, backend: &str, result: &'static str, took: Duration) {
        self.rerank_requests.with_label_values(&[backend, result]).inc();
        if result == "ok" {
            self.rerank_time.with_label_values(&[backend]).observe(took.as_secs_f64());
        }
    }

    fn rerank_answers(&self, backend: &str, does: bool) {
        self.set_up(&self.rerank_up, backend, does);
    }
}

/// Drops the series with such a value of a label.
fn remove_series(gauge: &IntGaugeVec, label: &str, is_dropped: impl Fn(&str) -> bool) {
    for family in gauge.collect() {
        for metric in family.get_metric() {
            let value = metric.get_label().iter().find(|pair| pair.name() == label).map(|pair| pair.value());
            if !value.is_some_and(&is_dropped) {
                continue;
            }
            let labels: HashMap<&str, &str> = metric.get_label().iter().map(|l| (l.name(), l.value())).collect();
            // A series that is gone already is as good as removed.
            gauge.remove(&labels).ok();
        }
    }
}

fn register<C: Collector + Clone + 'static>(registry: &Registry, metric: prometheus::Result<C>) -> C {
    let metric = metric.expect("the names and labels of FAMILIES are valid");
    registry.register(Box::new(metric.clone())).expect("the names of FAMILIES differ");
    metric
}

fn counter(family: Family) -> prometheus::Result<IntCounterVec> {
    IntCounterVec::new(Opts::new(family.name, family.help), family.labels)
}

fn gauge(family: Family) -> prometheus::Result<IntGaugeVec> {
    IntGaugeVec::new(Opts::new(family.name, family.help), family.labels)
}

fn histogram(family: Family, buckets: &[f64]) -> prometheus::Result<HistogramVec> {
    HistogramVec::new(HistogramOpts::new(family.name, family.help).buckets(buckets.to_vec()), family.labels)
}

/// `docs/metrics.md`.
pub fn reference() -> String {
    let mut page = String::from(
        "# Metrics\n\n`ragops-server up` shows these at `/metrics` in the Prometheus text format. \
         This page is generated from `server/src/metrics.rs`.\n\n| name | type | labels | meaning |\n|---|---|---|---|\n",
    );
    for family in FAMILIES {
        let labels: Vec<String> = family.labels.iter().map(|label| format!("`{label}`")).collect();
        let (name, kind, labels, help) = (family.name, family.kind.name(), labels.join(", "), family.help);
        page.push_str(&format!("| `{name}` | {kind} | {labels} | {help} |\n"));
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_revision_replaces_the_series_of_the_old_one_and_of_no_other_index() {
        let metrics = Metrics::new();
        let findings = [("EmptyFile".to_owned(), 2)].into();
        let figures = |revision| ServedFigures { revision, model: "m", documents: 3, chunks: 9, findings: &findings };
        metrics.index_serves("faq", figures("aaaaaaaa"));
        metrics.index_serves("runbooks", figures("bbbbbbbb"));
        metrics.index_serves("runbooks", figures("cccccccc"));
        let text = metrics.render();
        assert!(text.contains(r#"revision="aaaaaaaa""#) && text.contains(r#"revision="cccccccc""#), "{text}");
        assert!(!text.contains("bbbbbbbb"), "{text}");
        metrics.forget_index("runbooks");
        assert!(!metrics.render().contains("runbooks") && metrics.render().contains("faq"));
    }

    #[test]
    fn of_a_backend_that_nothing_names_nothing_is_told_not_by_the_end_of_a_request_either() {
        let metrics = Metrics::new();
        let told = || metrics.render().lines().filter(|line| line.contains(r#"_up{backend="judge"}"#)).count();
        metrics.rerank_answers("judge", false);
        metrics.chat_answers("judge", false);
        assert_eq!(told(), 2);
        metrics.keep_backends(["writer".to_owned()].into());
        metrics.rerank_answers("judge", false);
        metrics.chat_answers("judge", false);
        assert_eq!(told(), 0);
        metrics.keep_backends(["judge".to_owned()].into());
        metrics.rerank_answers("judge", true);
        assert_eq!(told(), 1);
    }

    /// The families of chat backends were shown and not documented.
    #[test]
    fn every_registered_family_is_in_the_list() {
        // Destructured without `..`: a new metric is to be named here.
        let Metrics {
            registry: _,
            requests,
            latency,
            answers,
            degraded,
            embed_requests,
            embed_time,
            embed_up,
            chat_requests,
            chat_time,
            chat_up,
            rerank_requests,
            rerank_time,
            rerank_up,
            ready,
            revision,
            documents,
            chunks,
            findings,
            builds,
            build_time,
            config_rejected,
            named: _,
        } = Metrics::new();
        let counters = [requests, answers, degraded, embed_requests, chat_requests, rerank_requests, builds];
        let counters = counters.map(|it| name_of(&it));
        let times = [latency, embed_time, chat_time, rerank_time, build_time].map(|it| name_of(&it));
        let gauges = [embed_up, chat_up, rerank_up, ready, revision, documents, chunks, findings, config_rejected];
        let gauges = gauges.map(|it| name_of(&it));
        let mut registered: Vec<String> = counters.into_iter().chain(times).chain(gauges).collect();
        let mut listed: Vec<String> = FAMILIES.iter().map(|family| family.name.to_owned()).collect();
        registered.sort();
        listed.sort();
        assert_eq!(registered, listed);
    }

    fn name_of(metric: &impl Collector) -> String {
        metric.desc()[0].fq_name.clone()
    }

    #[test]
    fn an_embedder_is_counted_by_what_came_of_its_requests() {
        let metrics = Metrics::new();
        Telemetry::request(&metrics, "bge", "ok", Duration::from_millis(3));
        Telemetry::request(&metrics, "bge", "timeout", Duration::from_secs(5));
        metrics.answers("bge", false);
        let text = metrics.render();
        assert!(text.contains(r#"ragops_embedder_requests_total{backend="bge",result="timeout"} 1"#), "{text}");
        assert!(text.contains(r#"ragops_embedder_request_duration_seconds_count{backend="bge"} 1"#), "{text}");
        assert!(text.contains(r#"ragops_embedder_up{backend="bge"} 0"#), "{text}");
    }

    #[test]
    fn requests_are_counted_by_route_and_status() {
        let metrics = Metrics::new();
        metrics.request("/query", "POST", "200", Duration::from_millis(3));
        let text = metrics.render();
        assert!(text.contains(r#"ragops_http_requests_total{method="POST",route="/query",status="200"} 1"#), "{text}");
        assert!(text.contains(r#"ragops_http_request_duration_seconds_bucket{route="/query",le="0.005"} 1"#), "{text}");
    }
}
