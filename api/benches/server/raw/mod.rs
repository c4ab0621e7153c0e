//! What stands beside ingestion: the same rows loaded in bulk by whoever only wants to load rows, with the indexes that
//! lists need, and no checking, no compression and no rollups.

pub(crate) mod postgres;
pub(crate) mod sqlite;

/// Rows in one transaction, as many as the server's own.
const TRANSACTION: usize = 8192;
