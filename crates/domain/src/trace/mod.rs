//! Traces and spans: their records, and how spans are assembled into traces.

pub mod assembly;
pub mod cursor;
pub mod payload;
pub mod quality;
pub mod record;
pub mod summary;
mod tag;
pub mod total;
pub mod usage;
