//! Counters and histograms for Prometheus.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use domain::alert::state::Change;
use prometheus::{
    Encoder, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts, Registry, TextEncoder,
    exponential_buckets,
};
use shared::alert_channel::ChannelKind;

use super::{
    alert_metrics::AlertMetrics,
    delivery_metrics::{DeliveryMetrics, DeliveryOutcome},
    job_metrics::{JobMetrics, JobOutcome},
    queue_metrics::{QueueLoad, QueueMetrics},
};

/// The kind of records in a write group.
#[derive(Clone, Copy, Debug)]
pub enum Unit {
    /// Traces sent as one document.
    Traces,
    /// Incoming spans.
    Spans,
}

/// The metrics of the server. Clones share them.
#[derive(Clone, Debug)]
pub struct Metrics(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    registry: Registry,
    requests: HistogramVec,
    cache: IntCounterVec,
    traces: IntCounterVec,
    spans: IntCounterVec,
    dropped_spans: IntCounter,
    writes: Histogram,
    group_sizes: Histogram,
    span_group_sizes: Histogram,
    cache_errors: IntCounter,
    limit_fallbacks: IntCounter,
    queue: QueueMetrics,
    deliveries: DeliveryMetrics,
    alerts: AlertMetrics,
    jobs: JobMetrics,
}

impl Metrics {
    /// Creates a registry with all metrics at zero.
    ///
    /// # Errors
    /// Returns an error if two metrics have the same name.
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let requests = HistogramVec::new(
            HistogramOpts::new(
                "http_server_request_duration_seconds",
                "Duration of HTTP requests by method, route and status",
            )
            .buckets(exponential_buckets(0.0005, 2.0, 14)?),
            &["method", "route", "status"],
        )?;
        let cache = IntCounterVec::new(
            Opts::new(
                "agent_obs_cache_requests_total",
                "Cache lookups by kind and outcome (hit, miss or bypass)",
            ),
            &["kind", "outcome"],
        )?;
        let traces = IntCounterVec::new(
            Opts::new("agent_obs_ingested_traces_total", "Incoming traces by outcome (accepted or rejected)"),
            &["outcome"],
        )?;
        let spans = IntCounterVec::new(
            Opts::new(
                "agent_obs_ingested_spans_total",
                "Incoming OTLP spans by outcome (accepted or rejected)",
            ),
            &["outcome"],
        )?;
        let dropped_spans = IntCounter::new(
            "agent_obs_dropped_spans_total",
            "Accepted spans that were dropped because their trace had the maximum number of spans",
        )?;
        let writes = Histogram::with_opts(
            HistogramOpts::new(
                "agent_obs_write_duration_seconds",
                "Duration of writing a group of traces or spans",
            )
            .buckets(exponential_buckets(0.0005, 2.0, 14)?),
        )?;
        let group_sizes = Histogram::with_opts(
            HistogramOpts::new("agent_obs_write_group_traces", "Traces per write transaction")
                .buckets(exponential_buckets(1.0, 2.0, 15)?),
        )?;
        let span_group_sizes = Histogram::with_opts(
            HistogramOpts::new("agent_obs_write_group_spans", "Incoming spans per write transaction")
                .buckets(exponential_buckets(1.0, 2.0, 15)?),
        )?;
        let cache_errors = IntCounter::new(
            "agent_obs_cache_errors_total",
            "Cache operations that failed and were bypassed",
        )?;
        let limit_fallbacks = IntCounter::new(
            "agent_obs_limit_fallbacks_total",
            "Requests counted locally because Redis did not respond",
        )?;
        let queue = QueueMetrics::new(&registry)?;
        let deliveries = DeliveryMetrics::new(&registry)?;
        let alerts = AlertMetrics::new(&registry)?;
        let jobs = JobMetrics::new(&registry)?;
        registry.register(Box::new(cache_errors.clone()))?;
        registry.register(Box::new(limit_fallbacks.clone()))?;
        registry.register(Box::new(requests.clone()))?;
        registry.register(Box::new(cache.clone()))?;
        registry.register(Box::new(traces.clone()))?;
        registry.register(Box::new(spans.clone()))?;
        registry.register(Box::new(dropped_spans.clone()))?;
        registry.register(Box::new(writes.clone()))?;
        registry.register(Box::new(group_sizes.clone()))?;
        registry.register(Box::new(span_group_sizes.clone()))?;
        Ok(Self(Arc::new(Inner {
            registry,
            requests,
            cache,
            traces,
            spans,
            dropped_spans,
            writes,
            group_sizes,
            span_group_sizes,
            cache_errors,
            limit_fallbacks,
            queue,
            deliveries,
            alerts,
            jobs,
        })))
    }

    /// Records the duration of a request in seconds.
    pub fn request(&self, method: &str, route: &str, status: &str, seconds: f64) {
        self.0.requests.with_label_values(&[method, route, status]).observe(seconds);
    }

    /// Counts a cache lookup by the labels of its kind and outcome.
    pub fn cache_answered(&self, kind: &'static str, outcome: &'static str) {
        self.0.cache.with_label_values(&[kind, outcome]).inc();
    }

    /// Counts a failed cache operation.
    pub fn cache_failed(&self) {
        self.0.cache_errors.inc();
    }

    /// Counts a request that was counted locally because Redis did not respond.
    pub fn limit_fell_back(&self) {
        self.0.limit_fallbacks.inc();
    }

    /// Sets the gauges of the queue.
    pub fn queue_holds(&self, load: QueueLoad) {
        self.0.queue.holds(load);
    }

    /// Counts redelivered messages.
    pub fn queue_redelivered(&self, messages: usize) {
        self.0.queue.redelivered(messages);
    }

    /// Counts a group of messages that was written and acknowledged, and how many of them became dead letters.
    pub fn queue_group_written(&self, dead: usize) {
        self.0.queue.group_written(dead);
    }

    /// Counts dead letters that were dropped for newer ones.
    pub fn dead_letters_dropped(&self, letters: u64) {
        self.0.queue.dead_letters_dropped(letters);
    }

    /// Records a delivery attempt of a notification.
    pub fn delivery_attempted(&self, kind: ChannelKind, outcome: DeliveryOutcome, took: Duration) {
        self.0.deliveries.attempted(kind, outcome, took);
    }

    /// Counts incoming traces.
    pub fn ingested(&self, accepted: usize, rejected: usize) {
        self.0.traces.with_label_values(&["accepted"]).inc_by(accepted as u64);
        self.0.traces.with_label_values(&["rejected"]).inc_by(rejected as u64);
    }

    /// Counts incoming OTLP spans.
    pub fn ingested_spans(&self, accepted: usize, rejected: usize) {
        self.0.spans.with_label_values(&["accepted"]).inc_by(accepted as u64);
        self.0.spans.with_label_values(&["rejected"]).inc_by(rejected as u64);
    }

    /// Counts spans that were dropped because their trace had the maximum number of spans.
    pub fn spans_dropped(&self, spans: usize) {
        self.0.dropped_spans.inc_by(spans as u64);
    }

    /// Records an evaluation of the due rules of a workspace.
    pub fn alerts_evaluated(&self, rules: usize, took: Duration) {
        self.0.alerts.evaluated(rules, took);
    }

    /// Counts alert rules that could not be evaluated.
    pub fn alert_evaluations_failed(&self, rules: usize) {
        self.0.alerts.failed(rules);
    }

    /// Counts a state change of an alert.
    pub fn alert_changed(&self, change: Change) {
        self.0.alerts.changed(change);
    }

    /// Adds a background job with all counters at zero.
    pub fn job_added(&self, job: &'static str) {
        self.0.jobs.added(job);
    }

    /// Records a run of a background job.
    pub fn job_ran(&self, job: &'static str, outcome: JobOutcome, took: Duration) {
        self.0.jobs.ran(job, outcome, took);
    }

    /// Runs `write` and records its duration and the size of the group.
    pub async fn time_write<T>(&self, unit: Unit, count: usize, write: impl Future<Output = T>) -> T {
        let start = Instant::now();
        let result = write.await;
        self.0.writes.observe(start.elapsed().as_secs_f64());
        match unit {
            Unit::Traces => self.0.group_sizes.observe(count as f64),
            Unit::Spans => self.0.span_group_sizes.observe(count as f64),
        }
        result
    }

    /// Returns all metrics in the text format of Prometheus.
    ///
    /// # Errors
    /// Returns an error if a metric cannot be encoded.
    pub fn text(&self) -> Result<Vec<u8>, prometheus::Error> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.0.registry.gather(), &mut text)?;
        Ok(text)
    }
}
