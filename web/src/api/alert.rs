//! Alerts and the activity stream.

use gloo_net::http::Method;
use shared::{
    activity::Activity,
    alert::{Alert, AlertListQuery, AlertStateFilter, RecentAlertsQuery, Severity},
    alert_channel::AlertDelivery,
    page::{ItemList, LimitQuery, Page},
};

use super::{
    ApiRequest, Client,
    client::{NO_BODY, item},
};

const ALERTS: &str = "/api/v1/alerts";

impl Client {
    /// Lists the newest alerts, of all severities or of one.
    pub fn list_recent_alerts(&self, limit: u32, severity: Option<Severity>) -> ApiRequest<ItemList<Alert>> {
        self.get_list("/api/v1/alerts/recent", &RecentAlertsQuery { limit: Some(limit), severity })
    }

    /// Lists a page of alerts in `state`.
    pub fn list_alerts(
        &self,
        state: AlertStateFilter,
        severity: Option<Severity>,
        limit: u32,
        page: u32,
    ) -> ApiRequest<Page<Alert>> {
        let query = AlertListQuery {
            state: Some(state),
            severity,
            rule_id: None,
            limit: Some(limit),
            page: Some(page),
        };
        self.get(ALERTS, &query)
    }

    /// Gets an alert.
    pub fn get_alert(&self, id: &str) -> ApiRequest<Alert> {
        self.get(&item(ALERTS, id, ""), &())
    }

    /// Lists the deliveries of an alert to channels.
    pub fn list_alert_deliveries(&self, id: &str) -> ApiRequest<ItemList<AlertDelivery>> {
        self.get_list(&item(ALERTS, id, "/deliveries"), &())
    }

    /// Acknowledges an alert.
    pub fn acknowledge_alert(&self, id: &str) -> ApiRequest<()> {
        self.execute(Method::POST, &item(ALERTS, id, "/acknowledge"), NO_BODY)
    }

    /// Lists the activity of the last hour, newest first.
    pub fn list_activity(&self, limit: u32) -> ApiRequest<ItemList<Activity>> {
        self.get_list("/api/v1/activity/stream", &LimitQuery { limit: Some(limit) })
    }
}
