//! Traces: runs of agents.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

pub use crate::status::TraceStatus;
use crate::{Timestamp, cost::CostBasis, span::Span, time_range::TimeRangeQuery};

/// A trace, as sent by an agent. Only `agent_id`, `latency_ms` and `status` are required. Unknown fields are stored in
/// `metadata`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TraceInput {
    /// The id. Unique within the workspace: a trace that is sent again is ignored. Default: a generated id.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 256))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// The agent.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 256))]
    pub agent_id: String,
    /// The start. Default: the time of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<Timestamp>,
    /// The duration in milliseconds.
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 2_592_000_000_i64))]
    pub latency_ms: f64,
    /// The status.
    pub status: TraceStatus,
    /// The main model.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 256))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The provider of the model, such as `openai`.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 256))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_provider: Option<String>,
    /// The number of input tokens.
    #[cfg_attr(feature = "openapi", schema(maximum = 1_000_000_000))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_input: Option<u64>,
    /// The number of output tokens.
    #[cfg_attr(feature = "openapi", schema(maximum = 1_000_000_000))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_output: Option<u64>,
    /// The total number of tokens. Default: the sum of input and output tokens.
    #[cfg_attr(feature = "openapi", schema(maximum = 1_000_000_000))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_total: Option<u64>,
    /// The cost in US dollars, with up to nine decimals.
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 10_000))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
    /// The quality score, from 0 to 100.
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 100))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality_score: Option<f64>,
    /// The session (conversation).
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 256))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// The end user.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 256))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// The tags, at most 64.
    #[cfg_attr(feature = "openapi", schema(max_items = 64, nullable = true))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// The error message.
    #[cfg_attr(feature = "openapi", schema(max_length = 16384))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The input: text or JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Value>))]
    pub input: Option<Value>,
    /// The output: text or JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Value>))]
    pub output: Option<Value>,
    /// Additional fields.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub metadata: Map<String, Value>,
    /// The spans, at most 10000.
    #[cfg_attr(feature = "openapi", schema(max_items = 10_000, nullable = true))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spans: Vec<Span>,
}

/// A trace in a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Trace {
    /// The id. Unique within the workspace.
    pub trace_id: String,
    /// The workspace that owns the trace.
    pub workspace_id: Uuid,
    /// The agent.
    pub agent_id: String,
    /// The start.
    pub timestamp: Timestamp,
    /// The duration in milliseconds.
    pub latency_ms: f64,
    /// The status.
    pub status: TraceStatus,
    /// The main model.
    pub model: Option<String>,
    /// The provider of the model.
    pub model_provider: Option<String>,
    /// The number of input tokens.
    pub tokens_input: Option<u64>,
    /// The number of output tokens.
    pub tokens_output: Option<u64>,
    /// The total number of tokens.
    pub tokens_total: Option<u64>,
    /// The cost in US dollars.
    pub cost_usd: Option<f64>,
    /// The quality score, from 0 to 100: the mean of the scores.
    pub quality_score: Option<f64>,
    /// The session (conversation).
    pub session_id: Option<String>,
    /// The end user.
    pub user_id: Option<String>,
    /// The tags.
    pub tags: Vec<String>,
    /// The error message.
    pub error: Option<String>,
    /// The name of the root span. Only of traces assembled from incoming spans.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether the root span is missing. Another span then provides the name and the status.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub incomplete: bool,
    /// The number of model calls without a known price. Their cost is not part of `cost_usd`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unpriced: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// A trace with its spans and payloads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TraceDetail {
    /// The trace.
    #[serde(flatten)]
    pub trace: Trace,
    /// The input: text or JSON.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Value>))]
    pub input: Option<Value>,
    /// The output: text or JSON.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Value>))]
    pub output: Option<Value>,
    /// Additional fields.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub metadata: Map<String, Value>,
    /// The spans, in the order of their start.
    pub spans: Vec<Span>,
    /// The scores.
    pub scores: Vec<Score>,
    /// The basis of the cost. Absent if the cost is the sum of the spans.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_basis: Option<CostBasis>,
    /// Whether the payloads of some spans (inputs, outputs, attributes) are left out, because the response would be too large.
    /// Requests of single spans contain them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub payloads_cut: bool,
}

/// The query of the detail of a trace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query, style = Form))]
pub struct TraceDetailQuery {
    /// Whether spans contain their payloads: inputs, outputs, attributes, events and links. Default: `true`.
    pub payloads: Option<bool>,
}

/// A score of a trace. Replaces the score with the same name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ScoreRequest {
    /// The score, from 0 to 100.
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 100))]
    pub score: f64,
    /// The name of the score. Default: `quality`.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 256))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A comment.
    #[cfg_attr(feature = "openapi", schema(max_length = 16384))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// A stored score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Score {
    /// The name of the score.
    pub name: String,
    /// The score, from 0 to 100.
    pub score: f64,
    /// The comment.
    pub comment: Option<String>,
    /// The time of the score.
    pub timestamp: Timestamp,
}

/// The default name of a score, and the name of the `quality_score` of a trace.
pub const DEFAULT_SCORE_NAME: &str = "quality";

/// The query of a list of traces.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query, style = Form))]
pub struct TraceListQuery {
    /// The time range.
    #[serde(flatten)]
    #[cfg_attr(feature = "openapi", param(ignore))]
    pub time_range: TimeRangeQuery,
    /// Only traces of this agent.
    pub agent_id: Option<String>,
    /// Only traces of this model.
    pub model: Option<String>,
    /// Only traces with this status.
    pub status: Option<TraceStatus>,
    /// Only traces of this session.
    pub session_id: Option<String>,
    /// Only traces of this end user.
    pub user_id: Option<String>,
    /// The maximum number of traces on a page: 1 to 100. Default: 50.
    #[cfg_attr(feature = "openapi", param(minimum = 1, maximum = 100))]
    pub limit: Option<u32>,
    /// The number of the page, from 1. Default: 1.
    #[cfg_attr(feature = "openapi", param(minimum = 1, maximum = 1_000_000))]
    pub page: Option<u32>,
    /// The `next_cursor` of the previous page. Takes precedence over `page`.
    #[cfg_attr(feature = "openapi", param(min_length = 1, max_length = 1024))]
    pub cursor: Option<String>,
}
