//! Delivery of notifications to channels: real receivers of webhooks and e-mails on local ports, both stores, and a manual
//! clock. One binary, so that it is linked once, with one file per subject.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod account;
mod concurrency;
mod email;
mod group;
mod private_network;
mod process;
mod recipient;
mod rejection;
mod retry;
mod slack;
mod smtp;
mod stage;
mod webhook;
