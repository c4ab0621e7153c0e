//! The commands `agent-obs migrate` and `agent-obs transfer`: the binary with files and with a real PostgreSQL.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod account;
mod binary;
mod fill;
mod migrate;
mod rejection;
mod resume;
mod transfer;
mod view;
