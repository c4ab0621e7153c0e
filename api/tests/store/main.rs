//! The stores' conformance: one suite for traces and one for accounts, run against every engine. One binary, so that it
//! is linked once; a file per subject. Whatever can be computed by plain loops over the traces is compared with that.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod account;
mod server;
mod trace;
