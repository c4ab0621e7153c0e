//! The commands that bring databases up to date and fill them, `agent-obs migrate` and `agent-obs transfer`: the binary
//! against files and against a real PostgreSQL.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod binary;
mod fill;
mod migrate;
mod refuse;
mod resume;
mod transfer;
mod view;

#[path = "../api/answer.rs"]
#[expect(dead_code, reason = "the HTTP tests use the rest")]
mod answer;
#[path = "../api/client.rs"]
#[expect(dead_code, reason = "the HTTP tests use the rest")]
mod client;
#[path = "../api/deployment.rs"]
mod deployment;
#[path = "../services/postgres.rs"]
#[expect(dead_code, reason = "the tests of the stores use the rest")]
mod postgres;
#[path = "../api/sample.rs"]
mod sample;
#[path = "../api/server.rs"]
#[expect(dead_code, reason = "the HTTP tests use the rest")]
mod server;
