//! Communication between roles in separate processes: the gateway forwards requests with the caller's identity and a
//! proof that it sent them; the other roles reject requests without it. Unused in a single process.

mod body;
pub mod client;
pub mod forward;
pub mod forward_spans;
pub mod proof;
pub mod receive;
pub mod upstream;
