//! What ingestion takes and answers.

use serde::{Deserialize, Serialize};

use crate::trace::TraceInput;

/// Several runs at once, at most [`crate::limit::BATCH_TRACES`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TraceBatch {
    /// The runs.
    pub traces: Vec<TraceInput>,
}

/// What became of the traces that were sent. All that were accepted are stored, for good, when this answer arrives.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IngestResponse {
    /// How many were taken; one that was already there counts as taken.
    pub accepted: usize,
    /// Which were not, and why.
    pub rejected: Vec<Rejection>,
    /// The trace's id, where a single one was sent: the way to learn an id that was made up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
}

/// A trace of a batch that was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Rejection {
    /// Its place in the batch, from 0.
    pub index: usize,
    /// Which field is wrong and what is expected.
    pub detail: String,
}
