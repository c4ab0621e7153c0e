//! Traces and spans: their records, and how spans are assembled into traces.

pub mod assembly;
pub mod cursor;
pub mod place;
pub mod quality;
pub mod record;
pub mod usage;
