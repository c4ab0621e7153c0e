//! Logs and metrics of the server.

pub mod alert_metrics;
pub mod delivery_metrics;
pub mod job_metrics;
pub mod log;
pub mod metrics;
pub mod queue_metrics;
mod registrar;
pub mod request;
