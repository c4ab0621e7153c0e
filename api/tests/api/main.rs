//! The HTTP API, against real servers. Most of them run in this process with a manual clock; some are child processes that
//! are killed.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod crash;
mod fairness;
mod import;
mod log;
mod operation;
mod pending_trace;
mod queue;
mod reprice_crash;
mod start;
mod suite;
mod tau_bench;
