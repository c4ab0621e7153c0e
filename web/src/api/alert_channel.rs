//! Channels that receive notifications of alerts.

use gloo_net::http::Method;
use serde_json::{Value, json};
use shared::{
    alert_channel::{AlertChannel, AlertDelivery, RecipientRequest},
    page::{ItemList, LimitQuery},
};

use super::{ApiRequest, Client, client::item};

const CHANNELS: &str = "/api/v1/alert-channels";
const CONFIRM: &str = "/api/v1/alert-recipients/confirm";

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

    /// Sends the link to confirm to a recipient again.
    pub fn resend_confirmation(&self, id: &str, address: &str) -> ApiRequest<AlertDelivery> {
        let request = RecipientRequest { address: address.to_owned() };
        self.post(&item(CHANNELS, id, "/confirmations"), &request)
    }

    /// Confirms a recipient with the token of the link.
    pub fn confirm_recipient(&self, token: &str) -> ApiRequest<()> {
        self.execute(Method::POST, CONFIRM, Some(&json!({ "token": token })))
    }

    /// Lists the deliveries to a channel, newest first.
    pub fn list_channel_deliveries(&self, id: &str, limit: u32) -> ApiRequest<ItemList<AlertDelivery>> {
        self.get_list(&item(CHANNELS, id, "/deliveries"), &LimitQuery { limit: Some(limit) })
    }
}
