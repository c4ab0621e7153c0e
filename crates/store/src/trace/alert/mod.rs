//! Alerts and everything that raises and tells them: rules, their evaluation, channels, deliveries. The statements are
//! the same on every engine; only the types of its connections differ, which is what the macros are for.

pub(super) mod delivery;
pub(super) mod life;
pub(super) mod rule;
pub(super) mod turn;

pub(super) use self::{
    delivery::impl_alert_deliveries, life::impl_alerts, rule::impl_alert_rules, turn::impl_alert_turns,
};
pub(super) use life::{alert, alert_columns};

use serde::{Serialize, de::DeserializeOwned};

use super::{StoreError, row::Columns};
use domain::error::chain;

/// A value as it stands in a column.
pub(super) fn encode(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::corrupt(error.to_string()))
}

/// A column's value.
fn decode<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::corrupt(error.to_string()))
}

/// The rows that can be read, of a table whose first column is an id. One that cannot be, since another version or a hand wrote
/// it, is left out and told the log: the others do not wait for it.
pub(super) fn readable<R: Columns, T>(
    table: &'static str,
    rows: &[R],
    read: impl Fn(&R) -> Result<T, StoreError>,
) -> Vec<T> {
    let kept = |row| match read(row) {
        Ok(value) => Some(value),
        Err(error) => {
            unreadable(table, row, &error);
            None
        }
    };
    rows.iter().filter_map(kept).collect()
}

/// Tells the log of a row that is left out.
pub(super) fn unreadable(table: &'static str, row: &impl Columns, error: &StoreError) {
    let id = row.uuid(0).ok();
    tracing::error!(error = chain(error), table, ?id, "a row cannot be read, and is left out");
}

/// The value that is stored as `word`.
fn named<T: Copy>(all: &[T], word: &str, name: impl Fn(T) -> &'static str) -> Result<T, StoreError> {
    all.iter().copied().find(|&value| name(value) == word).ok_or_else(|| StoreError::corrupt(word.to_owned()))
}
