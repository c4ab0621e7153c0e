//! Whom alerts are told.

use gloo_net::http::Method;
use serde_json::Value;
use shared::{
    alert_channel::{AlertChannel, AlertDelivery},
    page::ItemList,
};

use super::{Asked, Client, client::segment};

const CHANNELS: &str = "/api/v1/alert-channels";

impl Client {
    /// The workspace's channels.
    pub fn alert_channels(&self) -> Asked<ItemList<AlertChannel>> {
        self.get(CHANNELS, &[])
    }

    /// Keeps a new channel; of a webhook, the answer is the only one that holds the secret.
    pub fn create_alert_channel(&self, fields: &Value) -> Asked<AlertChannel> {
        self.post_json(CHANNELS, fields)
    }

    /// Changes some of a channel's fields.
    pub fn change_alert_channel(&self, id: &str, fields: &Value) -> Asked<()> {
        self.act(Method::PATCH, &path(id, ""), Some(fields))
    }

    /// Removes a channel.
    pub fn remove_alert_channel(&self, id: &str) -> Asked<()> {
        self.delete(&path(id, ""))
    }

    /// Tells it something, to see whether that arrives.
    pub fn test_alert_channel(&self, id: &str) -> Asked<AlertDelivery> {
        self.post_empty(&path(id, "/test"))
    }

    /// What it was told, newest first.
    pub fn channel_deliveries(&self, id: &str, limit: u32) -> Asked<ItemList<AlertDelivery>> {
        self.get(&path(id, "/deliveries"), &[("limit", Some(&*limit.to_string()))])
    }
}

fn path(id: &str, what: &str) -> String {
    format!("{CHANNELS}/{}{what}", segment(id))
}
