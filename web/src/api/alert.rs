//! Alerts and the activity stream.

use shared::{activity::Activity, alert::Alert, alert::Severity, page::ItemList};

use super::{ApiError, Client};

impl Client {
    /// The newest alerts, all or of one severity.
    pub async fn recent_alerts(
        &self,
        limit: u32,
        severity: Option<Severity>,
    ) -> Result<ItemList<Alert>, ApiError> {
        let query = [("limit", Some(&*limit.to_string())), ("severity", severity.map(Severity::as_str))];
        self.get("/api/v1/alerts/recent", &query).await
    }

    /// What happened in the last hour, newest first.
    pub async fn activity(&self, limit: u32) -> Result<ItemList<Activity>, ApiError> {
        self.get("/api/v1/activity/stream", &[("limit", Some(&*limit.to_string()))]).await
    }
}
