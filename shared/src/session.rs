//! Sessions and users: the runs that belong to one conversation, or to one person.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Timestamp, time_range::TimeRangeQuery, trace::Trace};

/// What the traces of a session or a user add up to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ThreadTotals {
    /// How many.
    pub traces: u64,
    /// Those that ended in an error or a timeout.
    pub errors: u64,
    /// Tokens, in and out.
    pub tokens: u64,
    /// US dollars.
    pub cost_usd: f64,
    /// Calls of models that no price is known for: what they cost is not in `cost_usd`.
    pub unpriced: u64,
    /// Mean latency in milliseconds; absent for no traces.
    pub avg_latency_ms: Option<f64>,
    /// Mean quality over the traces that have one.
    pub avg_quality_score: Option<f64>,
    /// When the first trace started.
    pub first: Option<Timestamp>,
    /// When the last trace started.
    pub last: Option<Timestamp>,
}

/// A session or a user in a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ThreadSummary {
    /// The session's or user's id.
    pub id: String,
    /// What its traces in the window add up to.
    #[serde(flatten)]
    pub totals: ThreadTotals,
}

/// A session or a user, with a page of its traces.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Thread {
    /// The session's or user's id.
    pub id: String,
    /// What all its traces add up to.
    pub totals: ThreadTotals,
    /// A page of them: a session's from the first on, a user's from the last back.
    pub items: Vec<ThreadTrace>,
    /// Where the next page begins; absent on the last.
    pub next_cursor: Option<String>,
}

/// A trace of a session or a user, with what was said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ThreadTrace {
    /// What the lists show.
    #[serde(flatten)]
    pub trace: Trace,
    /// What went in: text or JSON.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub input: Option<Value>,
    /// Whether `input` is only the beginning, as text, of one that is larger than [`crate::limit::EXCERPT_BYTES`] as JSON.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub input_truncated: bool,
    /// What came out: text or JSON.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub output: Option<Value>,
    /// Whether `output` is only the beginning, in the same way.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub output_truncated: bool,
}

/// Which sessions or users a list should hold, as it stands in a query string.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadListQuery {
    /// `1h`, `24h` (where absent), `7d`, `30d` or `custom`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<String>,
    /// The first moment of a custom range.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
    /// The moment just after a custom range.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<String>,
    /// 1–100; 50 where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

impl ThreadListQuery {
    /// The part of the query that names the window.
    #[must_use]
    pub fn time_range(&self) -> TimeRangeQuery {
        TimeRangeQuery { range: self.range.clone(), start: self.start.clone(), end: self.end.clone() }
    }
}

/// Which page of a session or user, as it stands in a query string.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadQuery {
    /// 1–100; 50 where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// The `next_cursor` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}
