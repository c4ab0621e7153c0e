//! Ingestion over HTTP: reads, validates and queues traces and scores. Does not use the store.

pub mod body;
mod decompress;
pub mod otlp;
pub mod rest;

use crate::{clock::Clock, queue::Queue, telemetry::metrics::Metrics};

/// The state of the ingestion handlers.
#[derive(Debug)]
pub struct State {
    /// The clock.
    pub clock: Clock,
    /// The queue of records to be written.
    pub queue: Queue,
    /// The metrics.
    pub metrics: Metrics,
}
