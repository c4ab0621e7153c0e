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
