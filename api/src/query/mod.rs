//! Reading: key figures, charts, alerts, activity and traces. Most such answers go through the cache. All that is written
//! here is what a workspace sets: its own prices, that something is to be priced anew, its alert rules and channels, and that
//! somebody is on an alert.

pub mod activity;
pub mod alert;
pub mod alert_channel;
pub mod alert_rule;
pub mod answer;
pub mod chart;
pub mod kpi;
pub mod patch;
pub mod price;
pub mod reprice;
pub mod span;
pub mod thread;
pub mod trace;

use store::{alert::AlertStore, job::JobStore, price::PriceStore, trace::TraceStore};
use uuid::Uuid;

use crate::{
    alert::preview::Previews, cache::Cache, clock::Clock, limit::window::SlidingWindow, pricer::Pricer,
    telemetry::metrics::Metrics,
};

/// What the handlers of query work with.
#[derive(Debug)]
pub struct State {
    /// What time it is.
    pub clock: Clock,
    /// Traces and all that is counted from them.
    pub traces: TraceStore,
    /// Alerts, alert rules and channels.
    pub alerts: AlertStore,
    /// The prices that workspaces set.
    pub prices: PriceStore,
    /// Background jobs.
    pub jobs: JobStore,
    /// What models cost.
    pub pricer: Pricer,
    /// Whether webhooks may lead into private networks.
    pub allow_private: bool,
    /// How often workspaces try their channels.
    pub tests: SlidingWindow<Uuid>,
    /// What rules would have done.
    pub previews: Previews,
    /// Answers kept ready.
    pub cache: Cache,
    /// Counts everything.
    pub metrics: Metrics,
}
