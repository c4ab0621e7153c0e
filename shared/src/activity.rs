//! The activity stream: what happened in the last hour, newest first.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Timestamp, trace::TraceStatus};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Activity {
    /// This entry; the same for the same trace at every call.
    pub id: Uuid,
    /// Whose it is.
    pub workspace_id: Uuid,
    /// The trace it is about.
    pub trace_id: String,
    /// The agent that ran.
    pub agent_id: String,
    /// What happened: `trace_ingested`.
    pub action: String,
    /// How the run ended.
    pub status: TraceStatus,
    /// When the run started.
    pub timestamp: Timestamp,
    /// A few figures of the run.
    pub metadata: ActivityMetadata,
}

/// The figures of a run that the stream shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ActivityMetadata {
    /// Milliseconds that the run took.
    pub latency_ms: f64,
    /// The model, where one was named.
    pub model: Option<String>,
    /// US dollars, where known.
    pub cost_usd: Option<f64>,
}
