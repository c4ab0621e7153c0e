//! The audit log.

use serde::{Deserialize, Serialize};
use shared::{audit::AuditPage, time_range::TimeRangeQuery};

use super::{ApiRequest, Client};

/// Which events to list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditQuery {
    /// The time range.
    #[serde(flatten)]
    pub time_range: TimeRangeQuery,
    /// The action, or its noun.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// The id or the e-mail of the actor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// The `next_cursor` of the previous page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

impl Client {
    /// Lists a page of the events that match `query`, newest first.
    pub fn list_audit_events(&self, query: &AuditQuery) -> ApiRequest<AuditPage> {
        self.get("/api/v1/audit", query)
    }
}
