//! The server: one binary, `agent-obs`. See `ARCHITECTURE.md`.

pub mod alert;
pub mod auth;
pub mod cache;
pub mod cli;
pub mod clock;
pub mod config;
pub mod demo;
pub mod error;
pub mod gateway;
pub mod health;
pub mod http;
pub mod ingestion;
pub mod internal;
pub mod limit;
pub mod notify;
pub mod openapi;
pub mod parts;
pub mod pricer;
pub mod processing;
pub mod query;
pub mod queue;
pub mod redis;
pub mod role;
pub mod routes;
pub mod startup;
pub mod telemetry;
