//! Conformance suites of the stores: one for traces and one for accounts, run on every engine. One binary, so that it is
//! linked once, with one file per subject. Results are compared with plain loops over the traces where possible.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod account;
mod server;
mod trace;
