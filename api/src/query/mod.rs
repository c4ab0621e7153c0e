//! The query endpoints: KPIs, charts, alerts, activity and traces, most of them cached; and the settings of a workspace:
//! prices, alert rules and alert channels.

pub mod activity;
pub mod alert;
pub mod alert_channel;
pub mod alert_recipient;
pub mod alert_rule;
pub mod cached;
pub mod chart;
pub mod kpi;
pub mod patch;
pub mod price;
pub mod reprice;
pub mod session;
pub mod span;
pub mod trace;

use store::{account::AccountStore, alert::AlertStore, job::JobStore, price::PriceStore, trace::TraceStore};
use uuid::Uuid;

use crate::{
    alert::preview::Previews,
    cache::Cache,
    clock::Clock,
    limit::{computation::Computations, window::SlidingWindow},
    notify::PrivateTargets,
    pricer::Pricer,
    telemetry::metrics::Metrics,
};

/// The state of the query handlers.
#[derive(Debug)]
pub struct State {
    /// The clock.
    pub clock: Clock,
    /// The store of traces and rollups.
    pub traces: TraceStore,
    /// The store of alerts, alert rules and channels.
    pub alerts: AlertStore,
    /// The store of the prices of workspaces.
    pub prices: PriceStore,
    /// The store of background jobs.
    pub jobs: JobStore,
    /// The prices of models.
    pub pricer: Pricer,
    /// The private targets that webhooks may call.
    pub private_targets: PrivateTargets,
    /// The limit of channel tests per workspace.
    pub tests: SlidingWindow<Uuid>,
    /// The limit of links to confirm that are sent again, per workspace.
    pub links: SlidingWindow<Uuid>,
    /// The accounts, if they are stored in this process.
    pub accounts: Option<AccountStore>,
    /// The previews of alert rules.
    pub previews: Previews,
    /// The computations of responses that run at once.
    pub computations: Computations,
    /// The cache of responses.
    pub cache: Cache,
    /// The metrics.
    pub metrics: Metrics,
}
