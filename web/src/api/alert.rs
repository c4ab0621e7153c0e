//! Alerts and the activity stream.

use gloo_net::http::Method;
use shared::{
    activity::Activity,
    alert::{Alert, Severity},
    alert_channel::AlertDelivery,
    page::{ItemList, Page},
};

use super::{Asked, Client, client::segment};

const ALERTS: &str = "/api/v1/alerts";

impl Client {
    /// The newest alerts, all or of one severity.
    pub fn recent_alerts(&self, limit: u32, severity: Option<Severity>) -> Asked<ItemList<Alert>> {
        let query = [("limit", Some(&*limit.to_string())), ("severity", severity.map(Severity::as_str))];
        self.get("/api/v1/alerts/recent", &query)
    }

    /// A page of alerts in the state, or `open`.
    pub fn alerts(
        &self,
        state: &str,
        severity: Option<Severity>,
        limit: u32,
        page: u32,
    ) -> Asked<Page<Alert>> {
        let query = [
            ("state", Some(state)),
            ("severity", severity.map(Severity::as_str)),
            ("limit", Some(&*limit.to_string())),
            ("page", Some(&*page.to_string())),
        ];
        self.get(ALERTS, &query)
    }

    /// One alert.
    pub fn alert(&self, id: &str) -> Asked<Alert> {
        self.get(&path(id, ""), &[])
    }

    /// Whom it was told.
    pub fn alert_deliveries(&self, id: &str) -> Asked<ItemList<AlertDelivery>> {
        self.get(&path(id, "/deliveries"), &[])
    }

    /// Says that one is on it.
    pub fn acknowledge(&self, id: &str) -> Asked<()> {
        self.act(Method::POST, &path(id, "/acknowledge"), None)
    }

    /// What happened in the last hour, newest first.
    pub fn activity(&self, limit: u32) -> Asked<ItemList<Activity>> {
        self.get("/api/v1/activity/stream", &[("limit", Some(&*limit.to_string()))])
    }
}

fn path(id: &str, what: &str) -> String {
    format!("{ALERTS}/{}{what}", segment(id))
}
