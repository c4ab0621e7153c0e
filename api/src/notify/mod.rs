//! Telling channels of alerts.

pub mod address;
mod host;
pub mod signature;

pub use host::check_address;
