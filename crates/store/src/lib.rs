//! The databases: accounts, traces, alerts, prices and jobs, on SQLite or PostgreSQL. One directory per aggregate; all
//! of them run their statements through [`database`]. Independent of HTTP.

pub mod account;
pub mod alert;
pub mod database;
pub mod error;
pub mod job;
pub mod price;
pub mod trace;

pub use error::StoreError;
