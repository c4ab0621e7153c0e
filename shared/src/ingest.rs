//! Requests and responses of the ingestion.

use serde::{Deserialize, Serialize};

use crate::trace::TraceInput;

/// A batch of at most 1000 traces.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TraceBatch {
    /// The traces.
    pub traces: Vec<TraceInput>,
}

/// The result of an ingestion. Accepted traces are stored durably before the response is sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IngestResponse {
    /// The number of accepted traces. A trace that is already stored counts as accepted.
    pub accepted: usize,
    /// The rejected traces.
    pub rejected: Vec<Rejection>,
    /// The id of the trace, if the request contained a single trace. The server generates it if the request has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
}

/// A rejected trace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Rejection {
    /// The index in the batch, from 0.
    pub index: usize,
    /// The invalid field and what was expected.
    pub detail: String,
}
