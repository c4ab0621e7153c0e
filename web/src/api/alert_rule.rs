//! What a workspace watches.

use gloo_net::http::Method;
use serde_json::Value;
use shared::{
    alert_rule::{AlertPreview, AlertRule},
    page::ItemList,
};

use super::{Asked, Client, client::segment};

const RULES: &str = "/api/v1/alert-rules";

impl Client {
    /// The workspace's rules.
    pub fn alert_rules(&self) -> Asked<ItemList<AlertRule>> {
        self.get(RULES, &[])
    }

    /// One rule as it came, for a form.
    pub fn alert_rule(&self, id: &str) -> Asked<Value> {
        self.get(&path(id), &[])
    }

    /// Keeps a new rule, or what an old one says now.
    pub fn keep_alert_rule(&self, id: Option<&str>, fields: &Value) -> Asked<()> {
        match id {
            Some(id) => self.act(Method::PATCH, &path(id), Some(fields)),
            None => self.act(Method::POST, RULES, Some(fields)),
        }
    }

    /// Removes a rule.
    pub fn remove_alert_rule(&self, id: &str) -> Asked<()> {
        self.delete(&path(id))
    }

    /// What a rule would have done in the last days.
    pub fn preview_alert_rule(&self, fields: &Value) -> Asked<AlertPreview> {
        self.post_json(&path("preview"), fields)
    }
}

fn path(id: &str) -> String {
    format!("{RULES}/{}", segment(id))
}
