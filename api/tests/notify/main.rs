//! Channels are told of alerts: real receivers of webhooks and e-mails on local ports, a store of each kind behind, and a
//! clock that moves when told to. One binary, so that it is linked once; a file per subject.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod email;
mod private;
mod refuse;
mod retry;
mod serve;
mod share;
mod slack;
mod smtp;
mod stage;
mod webhook;
