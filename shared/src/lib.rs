//! The types that the API and its clients share: requests and responses, limits, validation, cache lifetimes, and the
//! formats of numbers.
//!
//! This crate does no I/O and depends neither on a clock nor on an HTTP framework. The browser loads it as well.

pub mod access;
pub mod activity;
pub mod alert;
pub mod alert_channel;
pub mod alert_rule;
pub mod api_key;
pub mod audit;
pub mod auth;
pub mod cost;
pub mod error;
pub mod format;
pub mod ingest;
pub mod invitation;
pub mod kpi;
pub mod limit;
pub mod metric;
pub mod page;
pub mod price;
pub mod session;
pub mod span;
mod status;
pub mod time_range;
pub mod timestamp;
pub mod trace;
pub mod ttl;
pub mod workspace;

pub use timestamp::Timestamp;
