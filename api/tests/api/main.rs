//! The API over HTTP, against real servers: most in this process with a clock of their own, some as children that are
//! killed. One binary, so that it is linked once; a file per subject.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod access;
mod account;
mod activity;
mod alert;
mod alert_channel;
mod alert_rule;
mod answer;
mod api_key;
mod cache;
mod chart;
mod child;
mod client;
mod crash;
mod deployment;
mod error_shape;
mod guard;
mod import;
mod ingest;
mod kpi;
mod log;
mod operation;
mod otlp;
mod otlp_grpc;
mod otlp_hostile;
mod payload;
mod price;
mod queue;
mod refuse;
mod reprice;
mod reprice_crash;
mod sample;
mod score;
mod server;
mod size;
mod start;
mod stop;
mod tau_bench;
mod thread;
mod trace_detail;
mod trace_list;
mod trace_span;
#[path = "../services/wait.rs"]
mod wait;
mod waiting;
