//! Taking traces in: reading, checking, handing them to the writer. Nothing here touches the store.

pub mod body;
mod field;
mod json;
pub mod parse;
mod payload;
pub mod rest;

use crate::{clock::Clock, processing::writer::Writer, telemetry::metrics::Metrics};

/// What the handlers of ingestion work with.
#[derive(Debug)]
pub struct State {
    /// What time it is.
    pub clock: Clock,
    /// Where traces are handed in to be written.
    pub writer: Writer,
    /// Counts everything.
    pub metrics: Metrics,
}
