//! Reference rates for ingestion: raw bulk loads of the same rows with the indexes that lists need, without validation,
//! compression and rollups.

pub(crate) mod postgres;
pub(crate) mod sqlite;

/// Rows per transaction, as in the server.
const TRANSACTION: usize = 8192;
