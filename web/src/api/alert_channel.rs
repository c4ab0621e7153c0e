//! Channels that receive notifications of alerts.

use gloo_net::http::Method;
use serde_json::Value;
use shared::{
    alert_channel::{AlertChannel, AlertDelivery},
    page::{ItemList, LimitQuery},
};

use super::{ApiRequest, Client, client::item};

const CHANNELS: &str = "/api/v1/alert-channels";

impl Client {
    /// Lists the channels of the workspace.
    pub fn list_alert_channels(&self) -> ApiRequest<ItemList<AlertChannel>> {
        self.get_list(CHANNELS, &())
    }

    /// Creates a channel. Only this response contains the secret of a webhook.
    pub fn create_alert_channel(&self, fields: &Value) -> ApiRequest<AlertChannel> {
        self.post(CHANNELS, fields)
    }

    /// Updates the given fields of a channel.
    pub fn update_alert_channel(&self, id: &str, fields: &Value) -> ApiRequest<()> {
        self.execute(Method::PATCH, &item(CHANNELS, id, ""), Some(fields))
    }

    /// Deletes a channel.
    pub fn delete_alert_channel(&self, id: &str) -> ApiRequest<()> {
        self.delete(&item(CHANNELS, id, ""))
    }

    /// Sends a test notification to a channel.
    pub fn test_alert_channel(&self, id: &str) -> ApiRequest<AlertDelivery> {
        self.post_empty(&item(CHANNELS, id, "/test"))
    }

    /// Lists the deliveries to a channel, newest first.
    pub fn list_channel_deliveries(&self, id: &str, limit: u32) -> ApiRequest<ItemList<AlertDelivery>> {
        self.get_list(&item(CHANNELS, id, "/deliveries"), &LimitQuery { limit: Some(limit) })
    }
}
