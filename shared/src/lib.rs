//! What the API and its clients both speak. One definition each of every request and answer, of the limits and
//! validation that both sides apply, and of how long an answer may be kept.
//!
//! This crate does no I/O, knows no clock and no HTTP framework, and stays small: it is compiled into the browser.

pub mod activity;
pub mod alert;
pub mod alert_channel;
pub mod alert_rule;
pub mod api_key;
pub mod auth;
pub mod cost;
pub mod error;
pub mod format;
pub mod ingest;
pub mod kpi;
pub mod limit;
pub mod metric;
pub mod page;
pub mod price;
pub mod session;
pub mod span;
pub mod time_range;
pub mod timestamp;
pub mod trace;
pub mod ttl;

pub use timestamp::Timestamp;
