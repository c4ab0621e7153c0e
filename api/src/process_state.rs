//! The states that the handlers of a process work with, one for each of its roles.

use actix_web::web::Data;

use crate::{
    gateway::{self, asset::Assets},
    health::{dependency::Dependency, scrape::MetricsAccess},
    ingestion,
    internal::{client::PeerClient, receive},
    query,
    telemetry::metrics::Metrics,
};

/// The states of a process's roles. Clones share them.
#[derive(Clone)]
pub struct ProcessState {
    /// The gateway, if it runs in this process.
    pub gateway: Option<Data<gateway::State>>,
    /// The SPA, if the gateway runs in this process.
    pub assets: Option<Data<Assets>>,
    /// The other roles, if only the gateway runs in this process.
    pub peers: Option<PeerClient>,
    /// The key for checking proofs, if the gateway runs in another process.
    pub receive: Option<Data<receive::State>>,
    /// Ingestion, if it runs in this process.
    pub ingestion: Option<Data<ingestion::State>>,
    /// Query, if it runs in this process.
    pub query: Option<Data<query::State>>,
    /// The metrics.
    pub metrics: Data<Metrics>,
    /// Who may read the metrics.
    pub metrics_access: Data<MetricsAccess>,
    /// The dependencies that `/ready` checks.
    pub dependencies: Data<Vec<Dependency>>,
}
