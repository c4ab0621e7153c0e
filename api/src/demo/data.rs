//! Reads the data files of the demo.

use serde::de::DeserializeOwned;

/// Returns the contents of a data file, or the default if it is invalid. The tests need the contents of every file.
pub fn read<T: DeserializeOwned + Default>(file: &str) -> T {
    serde_json::from_str(file).unwrap_or_else(|error| {
        tracing::error!(%error, "failed to read demo data");
        T::default()
    })
}
