//! Alerts, alert rules and their evaluation, channels, their recipients and deliveries.

#[expect(clippy::module_inception, reason = "one file per noun, and one of the nouns is the alert")]
mod alert;
mod channel;
mod delivery;
mod evaluation;
mod recipient;
mod rule;

pub use self::evaluation::CommittedEvaluations;
use domain::error::CorruptData;
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use crate::database::Database;

/// The alerts, rules, channels and deliveries of all workspaces. Clones share the connections.
#[derive(Clone, Debug)]
pub struct AlertStore {
    database: Database,
}

impl AlertStore {
    /// Creates the store of the alerts in `database`.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

/// Encodes a value for a column of JSON.
fn encode(value: &impl Serialize) -> Result<String, CorruptData> {
    serde_json::to_string(value).map_err(|error| CorruptData(error.to_string()))
}

/// Decodes a column of JSON.
fn decode<T: DeserializeOwned>(text: &str) -> Result<T, CorruptData> {
    serde_json::from_str(text).map_err(|error| CorruptData(error.to_string()))
}

/// Returns the value that a column stores as `word`.
fn parse_word<T: Copy>(all: &[T], word: &str, as_str: impl Fn(T) -> &'static str) -> Result<T, CorruptData> {
    all.iter().copied().find(|&value| as_str(value) == word).ok_or_else(|| CorruptData(word.to_owned()))
}

/// Reads rows and leaves out those that cannot be read, which another version may have written: they must not block the
/// others. They are logged.
fn readable<R, T>(
    table: &'static str,
    rows: Vec<R>,
    id: impl Fn(&R) -> Uuid,
    read: impl Fn(R) -> Result<T, CorruptData>,
) -> Vec<T> {
    let readable = |row| {
        let id = id(&row);
        read(row).inspect_err(|error| log_unreadable(table, id, error)).ok()
    };
    rows.into_iter().filter_map(readable).collect()
}

/// Logs a row that is left out because it cannot be read.
fn log_unreadable(table: &'static str, id: Uuid, error: &CorruptData) {
    tracing::error!(%error, db.collection.name = table, %id, "skipped an unreadable row");
}
