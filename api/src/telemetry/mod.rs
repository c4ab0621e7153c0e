//! Logs and metrics of the server.

mod alert_metrics;
pub mod delivery_metrics;
pub mod job_metrics;
pub mod log;
pub mod metrics;
pub mod queue_metrics;
pub mod request;
