//! Alert rules.

use gloo_net::http::Method;
use serde_json::Value;
use shared::{
    alert_rule::{AlertPreview, AlertRule},
    page::ItemList,
};

use super::{ApiRequest, Client, client::item};

const RULES: &str = "/api/v1/alert-rules";

impl Client {
    /// Lists the rules of the workspace.
    pub fn list_alert_rules(&self) -> ApiRequest<ItemList<AlertRule>> {
        self.get_list(RULES, &())
    }

    /// Gets a rule as JSON, for a form.
    pub fn get_alert_rule(&self, id: &str) -> ApiRequest<Value> {
        self.get(&item(RULES, id, ""), &())
    }

    /// Creates a rule, or updates the given fields of the rule with this id.
    pub fn save_alert_rule(&self, id: Option<&str>, fields: &Value) -> ApiRequest<()> {
        match id {
            Some(id) => self.execute(Method::PATCH, &item(RULES, id, ""), Some(fields)),
            None => self.execute(Method::POST, RULES, Some(fields)),
        }
    }

    /// Deletes a rule.
    pub fn delete_alert_rule(&self, id: &str) -> ApiRequest<()> {
        self.delete(&item(RULES, id, ""))
    }

    /// Evaluates a rule over recent traces and returns the alerts that it would have fired.
    pub fn preview_alert_rule(&self, fields: &Value) -> ApiRequest<AlertPreview> {
        self.post(&format!("{RULES}/preview"), fields)
    }
}
