//! Sessions and end users: the traces of one conversation or of one person.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Timestamp, time_range::TimeRangeQuery, trace::Trace};

/// The totals of the traces of a session or end user.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionTotals {
    /// The number of traces.
    pub traces: u64,
    /// The number of traces that ended in an error or a timeout.
    pub errors: u64,
    /// The number of input and output tokens.
    pub tokens: u64,
    /// The cost in US dollars.
    pub cost_usd: f64,
    /// The number of model calls without a known price. Their cost is not part of `cost_usd`.
    pub unpriced: u64,
    /// The mean latency in milliseconds. Absent without traces.
    pub avg_latency_ms: Option<f64>,
    /// The mean quality score (0–100) of the traces that have one.
    pub avg_quality_score: Option<f64>,
    /// The start of the first trace.
    pub first: Option<Timestamp>,
    /// The start of the last trace.
    pub last: Option<Timestamp>,
}

/// A session or end user in a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionSummary {
    /// The id of the session or end user.
    pub id: String,
    /// The totals of its traces in the window.
    #[serde(flatten)]
    pub totals: SessionTotals,
}

/// A session or end user with a page of its traces.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionDetail {
    /// The id of the session or end user.
    pub id: String,
    /// The totals of all its traces.
    pub totals: SessionTotals,
    /// A page of traces: of a session the oldest first, of an end user the newest first.
    pub items: Vec<SessionTrace>,
    /// The `cursor` of the next page. Absent on the last page.
    pub next_cursor: Option<String>,
}

/// A trace of a session or end user, with its input and output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionTrace {
    /// The trace.
    #[serde(flatten)]
    pub trace: Trace,
    /// The input: text or JSON.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Value>))]
    pub input: Option<Value>,
    /// Whether the input is larger than 16 KiB as JSON. `input` is then the beginning of it as text.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub input_truncated: bool,
    /// The output: text or JSON.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Value>))]
    pub output: Option<Value>,
    /// Whether the output is larger than 16 KiB as JSON. `output` is then the beginning of it as text.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub output_truncated: bool,
}

/// The query of a list of sessions or end users.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query, style = Form))]
pub struct SessionListQuery {
    /// The time range.
    #[serde(flatten)]
    #[cfg_attr(feature = "openapi", param(ignore))]
    pub time_range: TimeRangeQuery,
    /// The maximum number of items: 1 to 100. Default: 50.
    #[cfg_attr(feature = "openapi", param(minimum = 1, maximum = 100))]
    pub limit: Option<u32>,
}

/// The query of a page of a session or end user.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query, style = Form))]
pub struct SessionQuery {
    /// The maximum number of traces: 1 to 100. Default: 50.
    #[cfg_attr(feature = "openapi", param(minimum = 1, maximum = 100))]
    pub limit: Option<u32>,
    /// The `next_cursor` of the previous page.
    #[cfg_attr(feature = "openapi", param(min_length = 1, max_length = 1024))]
    pub cursor: Option<String>,
}
