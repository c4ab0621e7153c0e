//! The form that adds a channel.

use icondata_lu::LuPlus;
use serde_json::{Map, Value, json};
use shared::{
    alert::Severity,
    alert_channel::{AlertChannel, ChannelKind},
};
use yew::prelude::*;

use crate::{
    alert::{channel_kind_label, form_values, min_severity_label, request_body},
    api::ApiError,
    auth::use_client,
    components::{
        form::{Form, Input, options},
        form_error::form_error,
        icon::svg_icon,
    },
    hooks::use_submission,
};

const FIELDS: [&str; 5] = ["name", "kind", "url", "to", "min_severity"];

/// Properties of [`ChannelForm`].
#[derive(Properties, PartialEq)]
pub struct ChannelFormProps {
    /// Called with the new channel.
    pub on_created: Callback<AlertChannel>,
}

/// Renders the form.
#[component]
pub fn ChannelForm(props: &ChannelFormProps) -> Html {
    let client = use_client();
    let values = use_state(initial_values);
    let submission = use_submission(ApiError::form_errors);
    let form = Form { values: values.clone(), errors: (*submission.error).clone() };
    let target = match selected_kind(&values) {
        ChannelKind::Webhook | ChannelKind::Slack => {
            form.row("url", "URL", Input::Text("https://example.com/hook"), "")
        }
        ChannelKind::Email => {
            form.row("to", "Recipients", Input::Text("ada@example.com, bob@example.com"), "")
        }
    };
    let onsubmit = {
        let (submission, on_created) = (submission.clone(), props.on_created.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let (setter, on_created) = (values.setter(), on_created.clone());
            submission.send(client.create_alert_channel(&request(&values)), move |channel| {
                setter.set(initial_values());
                on_created.emit(channel);
            });
        })
    };
    let kinds = options(ChannelKind::ALL, ChannelKind::as_str, channel_kind_label);
    let severities = options(Severity::ALL, Severity::as_str, min_severity_label);
    html! {
        <form class="channel-form" {onsubmit} novalidate=true>
            { form.row("kind", "Type", kinds, "") }
            { form.row("name", "Channel name", Input::Text("on call"), "") }
            { target }
            { form.row("min_severity", "Notify about", severities, "") }
            <button type="submit" class="button primary" disabled={*submission.busy}>{ svg_icon(LuPlus) }{ "Add channel" }</button>
            { form_error(form.other_errors(&FIELDS).as_deref()) }
        </form>
    }
}

fn initial_values() -> Map<String, Value> {
    form_values(&json!({ "kind": "webhook", "min_severity": "info" }), &FIELDS)
}

fn selected_kind(values: &Map<String, Value>) -> ChannelKind {
    let name = values.get("kind").and_then(Value::as_str);
    ChannelKind::ALL.into_iter().find(|kind| Some(kind.as_str()) == name).unwrap_or_default()
}

/// Returns the request: with a URL, or with a list of e-mail addresses.
fn request(values: &Map<String, Value>) -> Value {
    let mut fields = request_body(values, &[], &[]).unwrap_or_default();
    let to = fields.remove("to");
    let mut recipients: Vec<&str> = Vec::new();
    match selected_kind(values) {
        ChannelKind::Webhook | ChannelKind::Slack => {}
        ChannelKind::Email => {
            let to = to.as_ref().and_then(Value::as_str).unwrap_or_default();
            recipients = to.split([',', ';', ' ']).filter(|part| !part.is_empty()).collect();
            fields.insert("url".to_owned(), Value::Null);
        }
    }
    fields.insert("to".to_owned(), recipients.into());
    Value::Object(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(channel: &Value) -> Value {
        request(&form_values(channel, &FIELDS))
    }

    #[test]
    fn sends_only_the_fields_of_the_selected_kind() {
        let channel = json!({
            "name": " ops ", "kind": "email", "url": "https://left.over", "to": "a@b.c, d@e.f;g@h.i",
            "min_severity": "warning",
        });
        let expected = json!({
            "name": "ops", "kind": "email", "url": null, "to": ["a@b.c", "d@e.f", "g@h.i"], "min_severity": "warning",
        });
        assert_eq!(sent(&channel), expected);
        let channel = json!({"name": "", "kind": "slack", "url": "https://a.b/c", "to": "left@over", "min_severity": "info"});
        let expected =
            json!({"name": "", "kind": "slack", "url": "https://a.b/c", "to": [], "min_severity": "info"});
        assert_eq!(sent(&channel), expected);
    }
}
