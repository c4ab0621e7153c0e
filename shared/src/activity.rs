//! The activity stream: events of the last hour, newest first.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Timestamp, trace::TraceStatus};

/// An event of the activity stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Activity {
    /// The id of the event. An event has the same id in every response.
    pub id: Uuid,
    /// The workspace that owns the trace.
    pub workspace_id: Uuid,
    /// The trace.
    pub trace_id: String,
    /// The agent.
    pub agent_id: String,
    /// The kind of event: `trace_ingested`.
    pub action: String,
    /// The status of the trace.
    pub status: TraceStatus,
    /// The start of the trace.
    pub timestamp: Timestamp,
    /// Details of the trace.
    pub metadata: ActivityMetadata,
}

/// Details of the trace of an event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ActivityMetadata {
    /// The duration in milliseconds.
    pub latency_ms: f64,
    /// The main model.
    pub model: Option<String>,
    /// The cost in US dollars.
    pub cost_usd: Option<f64>,
}
