//! The form that adds a channel.

use icondata_lu::LuPlus;
use serde_json::{Map, Value, json};
use shared::{
    alert::Severity,
    alert_channel::{AlertChannel, ChannelKind},
    error::FieldError,
};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::{
    alert::{channel_kind_label, form_values, min_severity_label, request_body},
    auth::use_client,
    components::{
        form::{Form, Input},
        form_error::form_error,
        icon::svg_icon,
    },
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
    let errors = use_state(Vec::<FieldError>::new);
    let busy = use_state(|| false);
    let form = Form { values: values.clone(), errors: (*errors).clone() };
    let is_email = form.text("kind") == ChannelKind::Email.as_str();
    let onsubmit = {
        let (busy, on_created) = (busy.clone(), props.on_created.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let response = client.create_alert_channel(&request(&values));
            let (values, errors, busy, on_created) =
                (values.clone(), errors.clone(), busy.clone(), on_created.clone());
            busy.set(true);
            spawn_local(async move {
                match response.await {
                    Ok(channel) => {
                        values.set(initial_values());
                        errors.set(Vec::new());
                        on_created.emit(channel);
                    }
                    Err(reason) if reason.fields().is_empty() => {
                        errors.set(vec![FieldError::new("", reason.message())]);
                    }
                    Err(reason) => errors.set(reason.fields().to_vec()),
                }
                busy.set(false);
            });
        })
    };
    let kinds = ChannelKind::ALL.map(|kind| (kind.as_str().into(), channel_kind_label(kind).into())).to_vec();
    let severities = Severity::ALL
        .map(|severity| (severity.as_str().into(), min_severity_label(severity).into()))
        .to_vec();
    html! {
        <form class="channel-form" {onsubmit} novalidate=true>
            { form.row("kind", "Type", Input::Choice(kinds), "") }
            { form.row("name", "Channel name", Input::Text("on call"), "") }
            if is_email {
                { form.row("to", "Recipients", Input::Text("ada@example.com, bob@example.com"), "") }
            } else {
                { form.row("url", "URL", Input::Text("https://example.com/hook"), "") }
            }
            { form.row("min_severity", "Notify about", Input::Choice(severities), "") }
            <button type="submit" class="button primary" disabled={*busy}>{ svg_icon(LuPlus) }{ "Add channel" }</button>
            { form_error(form.other_errors(&FIELDS).as_deref()) }
        </form>
    }
}

fn initial_values() -> Map<String, Value> {
    form_values(&json!({ "kind": "webhook", "min_severity": "info" }), &FIELDS)
}

/// Returns the request: with a URL, or with a list of e-mail addresses.
fn request(values: &Map<String, Value>) -> Value {
    let mut fields = request_body(values, &[], &[]).unwrap_or_default();
    let is_email = fields.get("kind").and_then(Value::as_str) == Some(ChannelKind::Email.as_str());
    let to = fields.get("to").and_then(Value::as_str).filter(|_| is_email).unwrap_or_default();
    let to: Vec<Value> = to.split([',', ';', ' ']).filter(|part| !part.is_empty()).map(Value::from).collect();
    fields.insert("to".to_owned(), Value::Array(to));
    if is_email {
        fields.insert("url".to_owned(), Value::Null);
    }
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
