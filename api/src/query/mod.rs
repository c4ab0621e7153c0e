//! Reading: key figures, charts, alerts, activity and traces. Every answer goes through the cache; nothing here writes.

pub mod activity;
pub mod alert;
pub mod answer;
pub mod chart;
pub mod kpi;
pub mod span;
pub mod trace;

use crate::{cache::Cache, clock::Clock, store::trace::TraceStore, telemetry::metrics::Metrics};

/// What the handlers of query work with.
#[derive(Debug)]
pub struct State {
    /// What time it is.
    pub clock: Clock,
    /// Traces and all that is counted from them.
    pub traces: TraceStore,
    /// Answers kept ready.
    pub cache: Cache,
    /// Counts everything.
    pub metrics: Metrics,
}
