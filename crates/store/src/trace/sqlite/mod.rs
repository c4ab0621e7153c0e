//! Traces on SQLite: one file in WAL mode, with one connection that writes and a pool of connections that read.

pub(super) mod schema;
pub(super) mod trace;
pub(super) mod write;
