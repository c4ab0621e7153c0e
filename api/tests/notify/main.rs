//! Channels are told of alerts: real receivers of webhooks and e-mails on local ports, a store of each kind behind, and a
//! clock that moves when told to. One binary, so that it is linked once; a file per subject.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../api/answer.rs"]
#[expect(dead_code, reason = "the HTTP tests use the rest")]
mod answer;
#[path = "../api/child.rs"]
#[expect(dead_code, reason = "the HTTP tests use the rest")]
mod child;
#[path = "../api/client.rs"]
#[expect(dead_code, reason = "the HTTP tests use the rest")]
mod client;
#[path = "../store/database.rs"]
#[expect(dead_code, reason = "the tests of the stores use the rest")]
mod database;
#[path = "../services/postgres.rs"]
#[expect(dead_code, reason = "the tests of the stores use the rest")]
mod postgres;
#[path = "../services/wait.rs"]
mod wait;

mod email;
mod private;
mod receiver;
mod refuse;
mod retry;
mod serve;
mod share;
mod slack;
mod smtp;
mod stage;
mod tls;
mod webhook;
