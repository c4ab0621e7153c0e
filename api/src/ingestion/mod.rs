//! Taking traces in: reading, checking, putting them on the queue. Nothing here touches the store.

pub mod body;
pub(crate) mod field;
mod json;
pub mod otlp;
pub mod parse;
mod payload;
pub mod rest;
mod unpack;

use crate::{clock::Clock, queue::Queue, telemetry::metrics::Metrics};

/// What the handlers of ingestion work with.
#[derive(Debug)]
pub struct State {
    /// What time it is.
    pub clock: Clock,
    /// Where traces wait to be written.
    pub queue: Queue,
    /// Counts everything.
    pub metrics: Metrics,
}
