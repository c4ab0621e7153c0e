//! Counters and histograms for Prometheus.

use std::{ops::Deref, sync::Arc, time::Instant};

use prometheus::{Encoder, Error, Histogram, HistogramVec, IntCounter, IntCounterVec, TextEncoder};

use super::{
    alert_metrics::AlertMetrics, delivery_metrics::DeliveryMetrics, job_metrics::JobMetrics,
    queue_metrics::QueueMetrics, registrar::Registrar,
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
pub struct Metrics(Arc<Groups>);

/// The metrics of each part of the server.
#[derive(Debug)]
pub struct Groups {
    registrar: Registrar,
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
    /// The Redis queue.
    pub queue: QueueMetrics,
    /// Notification deliveries.
    pub deliveries: DeliveryMetrics,
    /// Alert evaluation.
    pub alerts: AlertMetrics,
    /// Background jobs.
    pub jobs: JobMetrics,
}

impl Deref for Metrics {
    type Target = Groups;

    fn deref(&self) -> &Groups {
        &self.0
    }
}

impl Metrics {
    /// Creates a registry with all metrics at zero.
    ///
    /// # Errors
    /// Returns an error if two metrics have the same name.
    pub fn new() -> Result<Self, Error> {
        let registrar = Registrar::default();
        Ok(Self(Arc::new(Groups {
            requests: registrar.histograms(
                "http_server_request_duration_seconds",
                "Duration of HTTP requests by method, route and status",
                &["method", "route", "status"],
                (0.0005, 2.0, 14),
            )?,
            cache: registrar.counters(
                "agent_obs_cache_requests_total",
                "Cache lookups by kind and outcome (hit, miss or bypass)",
                &["kind", "outcome"],
            )?,
            traces: registrar.counters(
                "agent_obs_ingested_traces_total",
                "Incoming traces by outcome (accepted or rejected)",
                &["outcome"],
            )?,
            spans: registrar.counters(
                "agent_obs_ingested_spans_total",
                "Incoming OTLP spans by outcome (accepted or rejected)",
                &["outcome"],
            )?,
            dropped_spans: registrar.counter(
                "agent_obs_dropped_spans_total",
                "Accepted spans that were dropped because their trace had the maximum number of spans",
            )?,
            writes: registrar.histogram(
                "agent_obs_write_duration_seconds",
                "Duration of writing a group of traces or spans",
                (0.0005, 2.0, 14),
            )?,
            group_sizes: registrar.histogram(
                "agent_obs_write_group_traces",
                "Traces per write transaction",
                (1.0, 2.0, 15),
            )?,
            span_group_sizes: registrar.histogram(
                "agent_obs_write_group_spans",
                "Incoming spans per write transaction",
                (1.0, 2.0, 15),
            )?,
            cache_errors: registrar
                .counter("agent_obs_cache_errors_total", "Cache operations that failed and were bypassed")?,
            limit_fallbacks: registrar.counter(
                "agent_obs_limit_fallbacks_total",
                "Requests counted locally because Redis did not respond",
            )?,
            queue: QueueMetrics::new(&registrar)?,
            deliveries: DeliveryMetrics::new(&registrar)?,
            alerts: AlertMetrics::new(&registrar)?,
            jobs: JobMetrics::new(&registrar)?,
            registrar,
        })))
    }
}

impl Groups {
    /// Records the duration of a request in seconds.
    pub fn record_request(&self, method: &str, route: &str, status: &str, seconds: f64) {
        self.requests.with_label_values(&[method, route, status]).observe(seconds);
    }

    /// Counts a cache lookup by the labels of its kind and outcome.
    pub fn record_cache_lookup(&self, kind: &'static str, outcome: &'static str) {
        self.cache.with_label_values(&[kind, outcome]).inc();
    }

    /// Counts a failed cache operation.
    pub fn record_cache_error(&self) {
        self.cache_errors.inc();
    }

    /// Counts a rate limit check that was made locally because Redis did not respond.
    pub fn record_limit_fallback(&self) {
        self.limit_fallbacks.inc();
    }

    /// Counts incoming traces.
    pub fn record_traces(&self, accepted: usize, rejected: usize) {
        self.traces.with_label_values(&["accepted"]).inc_by(accepted as u64);
        self.traces.with_label_values(&["rejected"]).inc_by(rejected as u64);
    }

    /// Counts incoming OTLP spans.
    pub fn record_spans(&self, accepted: usize, rejected: usize) {
        self.spans.with_label_values(&["accepted"]).inc_by(accepted as u64);
        self.spans.with_label_values(&["rejected"]).inc_by(rejected as u64);
    }

    /// Counts spans that were dropped because their trace had the maximum number of spans.
    pub fn record_dropped_spans(&self, spans: usize) {
        self.dropped_spans.inc_by(spans as u64);
    }

    /// Runs `write` and records its duration and the size of the group.
    pub async fn time_write<T>(&self, unit: Unit, count: usize, write: impl Future<Output = T>) -> T {
        let start = Instant::now();
        let result = write.await;
        self.writes.observe(start.elapsed().as_secs_f64());
        match unit {
            Unit::Traces => self.group_sizes.observe(count as f64),
            Unit::Spans => self.span_group_sizes.observe(count as f64),
        }
        result
    }

    /// Returns all metrics in the text format of Prometheus.
    ///
    /// # Errors
    /// Returns an error if a metric cannot be encoded.
    pub fn text(&self) -> Result<Vec<u8>, Error> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registrar.0.gather(), &mut text)?;
        Ok(text)
    }
}
