//! Sessions and users: the runs that belong to one conversation, or to one person.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Timestamp, trace::Trace};

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
    /// What came out: text or JSON.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub output: Option<Value>,
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
