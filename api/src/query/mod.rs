//! Reading: key figures, charts, alerts, activity and traces. Every such answer goes through the cache. All that is written
//! here are a workspace's own prices, and that something is to be priced anew.

pub mod activity;
pub mod alert;
pub mod answer;
pub mod chart;
pub mod kpi;
pub mod price;
pub mod reprice;
pub mod span;
pub mod thread;
pub mod trace;

use crate::{
    cache::Cache, clock::Clock, price::pricer::Pricer, store::trace::TraceStore, telemetry::metrics::Metrics,
};

/// What the handlers of query work with.
#[derive(Debug)]
pub struct State {
    /// What time it is.
    pub clock: Clock,
    /// Traces and all that is counted from them.
    pub traces: TraceStore,
    /// What models cost.
    pub pricer: Pricer,
    /// Answers kept ready.
    pub cache: Cache,
    /// Counts everything.
    pub metrics: Metrics,
}
