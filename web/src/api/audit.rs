//! The audit log.

use serde::{Deserialize, Serialize};
use shared::{
    audit::AuditPage,
    time_range::{TimeRange, TimeRangeQuery},
};

use super::{ApiRequest, Client};

/// Which events to list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditQuery {
    /// `range`, `start` and `end` of a [`TimeRangeQuery`].
    pub range: Option<String>,
    /// The start of a custom range.
    pub start: Option<String>,
    /// The end of a custom range.
    pub end: Option<String>,
    /// The action, or its noun.
    pub action: Option<String>,
    /// The id or the e-mail of the actor.
    pub actor: Option<String>,
    /// The `next_cursor` of the previous page.
    pub cursor: Option<String>,
}

impl AuditQuery {
    /// Returns the time range; the last 30 days if it is absent or not valid.
    #[must_use]
    pub fn time_range(&self) -> TimeRange {
        let Self { range, start, end, .. } = self.clone();
        let range = range.or_else(|| Some(TimeRange::Month.name().to_owned()));
        TimeRange::from_query(&TimeRangeQuery { range, start, end }).unwrap_or(TimeRange::Month)
    }

    /// Returns the query with another time range, from the newest event.
    #[must_use]
    pub fn with_time_range(self, range: TimeRange) -> Self {
        let TimeRangeQuery { range, start, end } = range.to_query();
        Self { range, start, end, cursor: None, ..self }
    }
}

impl Client {
    /// Lists a page of the events that match `query`, newest first.
    pub fn list_audit_events(&self, query: &AuditQuery) -> ApiRequest<AuditPage> {
        self.get("/api/v1/audit", query)
    }
}
