//! The states that the handlers of a process work with, one for each of its roles.

use actix_web::web::Data;

use crate::{
    gateway::{self, asset::Assets},
    health::dependency::Dependency,
    ingestion,
    internal::{forward::Peers, receive},
    query,
    telemetry::metrics::Metrics,
};

/// The parts of a process that answer requests. Clones share them.
#[derive(Clone)]
pub struct Parts {
    /// Accounts, credentials and limits, where the gateway runs here.
    pub gateway: Option<Data<gateway::State>>,
    /// The SPA, beside the gateway.
    pub assets: Option<Data<Assets>>,
    /// The other roles, where the gateway runs here and they do not.
    pub peers: Option<Peers>,
    /// What proofs are checked with, where the gateway runs elsewhere.
    pub receive: Option<Data<receive::State>>,
    /// Where traces are handed in, where ingestion runs here.
    pub ingestion: Option<Data<ingestion::State>>,
    /// What is read from, where query runs here.
    pub query: Option<Data<query::State>>,
    /// Counts everything.
    pub metrics: Data<Metrics>,
    /// What `/ready` asks.
    pub dependencies: Data<Vec<Dependency>>,
}
