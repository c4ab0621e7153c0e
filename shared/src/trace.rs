//! Traces: runs of agents, as they are sent, listed and shown.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::{Timestamp, cost::CostBasis, span::Span, time_range::TimeRangeQuery};

/// How a run, or a step of it, ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum TraceStatus {
    /// It did what it should.
    #[default]
    Success,
    /// It failed.
    Error,
    /// It took longer than it may.
    Timeout,
}

impl TraceStatus {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Success, Self::Error, Self::Timeout];

    /// The word in JSON, in a query string and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Error => "error",
            Self::Timeout => "timeout",
        }
    }
}

/// A run, as an agent sends it. Only `agent_id`, `latency_ms` and `status` are required; fields that are not named
/// here are kept in `metadata`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TraceInput {
    /// Unique within the workspace: sending it again counts nothing. Made up where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// The agent that ran.
    pub agent_id: String,
    /// When it started; the time of arrival where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<Timestamp>,
    /// Milliseconds it took.
    pub latency_ms: f64,
    /// How it ended.
    pub status: TraceStatus,
    /// The main model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Who serves that model, like `openai`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_provider: Option<String>,
    /// Tokens that went in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_input: Option<u64>,
    /// Tokens that came out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_output: Option<u64>,
    /// All tokens; the sum of the two where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_total: Option<u64>,
    /// US dollars, exact to a billionth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
    /// How good the outcome was, 0–100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality_score: Option<f64>,
    /// The conversation it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// The person it worked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// Words to find it by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What went in: text or JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub input: Option<Value>,
    /// What came out: text or JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub output: Option<Value>,
    /// Anything else that is known of the run.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub metadata: Map<String, Value>,
    /// The steps inside.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spans: Vec<Span>,
}

/// A run, as lists show it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Trace {
    /// Unique within the workspace.
    pub trace_id: String,
    /// Whose it is.
    pub workspace_id: Uuid,
    /// The agent that ran.
    pub agent_id: String,
    /// When it started.
    pub timestamp: Timestamp,
    /// Milliseconds it took.
    pub latency_ms: f64,
    /// How it ended.
    pub status: TraceStatus,
    /// The main model.
    pub model: Option<String>,
    /// Who serves that model.
    pub model_provider: Option<String>,
    /// Tokens that went in.
    pub tokens_input: Option<u64>,
    /// Tokens that came out.
    pub tokens_output: Option<u64>,
    /// All tokens.
    pub tokens_total: Option<u64>,
    /// US dollars.
    pub cost_usd: Option<f64>,
    /// How good the outcome was, 0–100: the mean of its scores.
    pub quality_score: Option<f64>,
    /// The conversation it belongs to.
    pub session_id: Option<String>,
    /// The person it worked for.
    pub user_id: Option<String>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// Why it failed.
    pub error: Option<String>,
    /// What its outermost span is called, where it was put together of spans.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether its outermost span has not come: another stands for it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub incomplete: bool,
    /// Calls of models that no price is known for: what they cost is not in `cost_usd`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unpriced: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// A run with everything in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TraceDetail {
    /// What the lists show.
    #[serde(flatten)]
    pub trace: Trace,
    /// What went in: text or JSON.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub input: Option<Value>,
    /// What came out: text or JSON.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub output: Option<Value>,
    /// Anything else that is known of the run.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub metadata: Map<String, Value>,
    /// The steps inside, in the order of their start.
    pub spans: Vec<Span>,
    /// What people and programs thought of it.
    pub scores: Vec<Score>,
    /// Where the cost comes from, where the trace has one of its own and not its spans' together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_basis: Option<CostBasis>,
    /// Whether inputs, outputs and attributes of its spans are more than one answer holds: those of some spans are left out,
    /// and come with each span by itself.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub payloads_cut: bool,
}

/// How much of a trace is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceDetailQuery {
    /// Whether spans come with their inputs, outputs, attributes and everything else that is long; they do where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payloads: Option<bool>,
}

/// A judgement of a run. A second one of the same name replaces the first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ScoreRequest {
    /// 0–100.
    pub score: f64,
    /// What was judged; `quality` where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// A judgement, as a trace's detail shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Score {
    /// What was judged.
    pub name: String,
    /// 0–100.
    pub score: f64,
    /// Why.
    pub comment: Option<String>,
    /// When it came.
    pub timestamp: Timestamp,
}

/// The name of a score that has none, and of a trace's own `quality_score`.
pub const DEFAULT_SCORE_NAME: &str = "quality";

/// Which traces a list should hold, as it stands in a query string.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceListQuery {
    /// `1h`, `24h` (where absent), `7d`, `30d` or `custom`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<String>,
    /// The first moment of a custom range.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
    /// The moment just after a custom range.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<String>,
    /// Only this agent's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<String>,
    /// Only this model's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Only those that ended so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<TraceStatus>,
    /// Only this session's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// Only this user's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// 1–100; 50 where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// From 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<u32>,
    /// The `next_cursor` of the page before; goes before `page`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

impl TraceListQuery {
    /// The part of the query that names the window.
    #[must_use]
    pub fn time_range(&self) -> TimeRangeQuery {
        TimeRangeQuery { range: self.range.clone(), start: self.start.clone(), end: self.end.clone() }
    }
}
