//! Alerts and the activity stream.

use shared::{activity::Activity, alert::Alert, alert::Severity, page::ItemList};

use super::{Asked, Client};

impl Client {
    /// The newest alerts, all or of one severity.
    pub fn recent_alerts(&self, limit: u32, severity: Option<Severity>) -> Asked<ItemList<Alert>> {
        let query = [("limit", Some(&*limit.to_string())), ("severity", severity.map(Severity::as_str))];
        self.get("/api/v1/alerts/recent", &query)
    }

    /// What happened in the last hour, newest first.
    pub fn activity(&self, limit: u32) -> Asked<ItemList<Activity>> {
        self.get("/api/v1/activity/stream", &[("limit", Some(&*limit.to_string()))])
    }
}
