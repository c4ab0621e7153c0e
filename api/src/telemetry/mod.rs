//! Logs and metrics of the server.

mod alert_metrics;
pub mod delivery_metrics;
pub mod dependency;
pub mod health;
pub mod log;
pub mod metrics;
mod queue_metrics;
pub mod request;
