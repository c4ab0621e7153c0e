//! The form of a rule, beside its preview.

use serde_json::{Map, Value, json};
use shared::{
    access::Permission,
    alert::Severity,
    alert_rule::{AlertMetric, Baseline},
    error::FieldError,
    format,
    metric::Dimension,
    time_range::TimeRange,
    ttl,
};
use yew::prelude::*;
use yew_router::{hooks::use_navigator, query::Raw};

use super::preview::Preview;
use crate::{
    alert::{baseline_label, form_values, metric_label, request_body, severity_label, unit_label},
    api::ApiError,
    auth::use_client,
    by_pointer::ByPointer,
    components::{
        form::{Form, Input, options},
        form_error::form_error,
        link::RouteLink,
        panel::panel,
        switch::switch,
    },
    hooks::{use_breakdown_keys, use_permission, use_poll, use_submission},
    route::{Route, Section},
};

/// The fields of the form.
const FIELDS: [&str; 17] = [
    "name",
    "metric",
    "agent_id",
    "model",
    "group_by",
    "window_minutes",
    "baseline",
    "side",
    "info",
    "warning",
    "critical",
    "min_traces",
    "for_minutes",
    "hysteresis_percent",
    "renotify_minutes",
    "channel_ids",
    "enabled",
];
/// The number fields that may be empty.
const NUMBERS: [&str; 4] = ["info", "warning", "critical", "renotify_minutes"];
/// The number fields in which empty means 0.
const COUNTS: [&str; 4] = ["window_minutes", "min_traces", "for_minutes", "hysteresis_percent"];
/// The selectable windows, in minutes.
const WINDOWS: [u32; 12] = [5, 10, 15, 30, 60, 120, 240, 720, 1440, 2880, 4320, 10_080];
/// The number of suggested agents and models.
const SUGGESTIONS: u32 = 100;

/// Properties of [`RuleForm`].
#[derive(Properties, PartialEq)]
pub struct RuleFormProps {
    /// The rule's id; `None` for a new rule.
    pub id: Option<String>,
    /// The initial values.
    pub rule: ByPointer<Value>,
}

/// Renders the form.
#[component]
pub fn RuleForm(props: &RuleFormProps) -> Html {
    let client = use_client();
    let navigator = use_navigator();
    let can_save = use_permission(Permission::Manage);
    let values = use_state(|| form_values(&props.rule, &FIELDS));
    let submission = use_submission(ApiError::form_errors);
    let preview_errors = use_state(Vec::<FieldError>::new);
    let channels = use_poll((), ttl::ALERTS, |client, ()| client.list_alert_channels());
    let agents = use_breakdown_keys(Dimension::Agent, TimeRange::Week, ttl::TRACE_DETAIL, SUGGESTIONS);
    let models = use_breakdown_keys(Dimension::Model, TimeRange::Week, ttl::TRACE_DETAIL, SUGGESTIONS);
    {
        // An edit may fix the errors of the last attempt to save.
        let save_errors = submission.error.setter();
        use_effect_with((*values).clone(), move |_| save_errors.set(Vec::new()));
    }
    let request = request(&values);
    let mut errors = (*submission.error).clone();
    if let Err(name) = &request {
        errors.push(FieldError::new(*name, "must be a number"));
    }
    errors.extend(preview_errors.iter().filter(|error| error.field != "name").cloned());
    let form = Form { values: values.clone(), errors };
    let onsubmit = {
        let (request, submission, id) = (request.clone(), submission.clone(), props.id.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let Ok(mut fields) = request.clone() else { return };
            if id.is_some() {
                // The switch in the list of rules sets this field.
                fields.remove("enabled");
            }
            let navigator = navigator.clone();
            submission.send(client.save_alert_rule(id.as_deref(), &Value::Object(fields)), move |()| {
                if let Some(navigator) = navigator {
                    let Ok(()) = navigator.push_with_query(&Route::Alerts, Raw("show=rules"));
                }
            });
        })
    };
    let metric = selected(&form, "metric", AlertMetric::ALL, AlertMetric::as_str);
    let baseline = selected(&form, "baseline", Baseline::ALL, Baseline::as_str);
    let is_no_data = metric == AlertMetric::NoData;
    let is_change = baseline != Baseline::None && !is_no_data;
    let is_trace_count = metric == AlertMetric::Requests && !is_change;
    let unit = unit_label(metric.unit(is_change));
    let all_channels = form.values["channel_ids"].as_array().is_none();
    let suggestions = |id: &'static str, keys: Vec<String>| html! { <datalist {id}>for key in keys { <option value={key} /> }</datalist> };
    let channel_list = channels.data();
    html! {
        <form class="rule-form" {onsubmit} novalidate=true>
            <div class="rule-fields">
                { panel("Metric and scope", "", Html::default(), html! {
                    <div class="form-grid">
                        <div class="form-wide">{ form.row("name", "Name", Input::Text("Errors of the support bot"), "The title of its alerts.") }</div>
                        { form.row("metric", "Metric", options(AlertMetric::ALL, AlertMetric::as_str, metric_label), "") }
                        { form.row("window_minutes", "Time window", Input::Choice(windows(form.text("window_minutes"))), "") }
                        { form.row("agent_id", "Agent", Input::Suggest("agents"), "") }
                        { form.row("model", "Model", Input::Suggest("models"), "") }
                        { form.row("group_by", "Group by", options([("", "None"), ("agent", "Agent"), ("model", "Model")], |choice| choice.0, |choice| choice.1), "") }
                        if !is_trace_count {
                            { form.row("min_traces", "Minimum traces", Input::Number("traces"), "") }
                        }
                        { suggestions("agents", agents) }
                        { suggestions("models", models) }
                    </div>
                }) }
                { panel("Condition", "", Html::default(), html! { <>
                    <div class="form-grid">
                        if !is_no_data {
                            { form.row("baseline", "Compare with", options(Baseline::ALL, Baseline::as_str, baseline_label), "") }
                            { form.row("side", "Fire when value is", options([("above", "At or above threshold"), ("below", "At or below threshold")], |choice| choice.0, |choice| choice.1), "") }
                        }
                        <fieldset class="form-wide thresholds">
                            <legend>{ if is_no_data { "Minutes without data" } else if is_change { "Change thresholds" } else { "Thresholds" } }</legend>
                            { for Severity::ALL.map(|severity| form.row(severity.as_str(), severity_label(severity), Input::Number(unit), "")) }
                        </fieldset>
                    </div>
                    <details class="advanced">
                        <summary>{ "Advanced options" }</summary>
                        <div class="form-grid">
                            { form.row("for_minutes", "Pending period", Input::Number("min"), "How long the condition must hold before the alert fires.") }
                            { form.row("hysteresis_percent", "Recovery margin", Input::Number("%"), "How far the value must return past the threshold before the alert resolves. Prevents flapping.") }
                            { form.row("renotify_minutes", "Reminder interval", Input::Number("min"), "Until the alert is acknowledged. Empty: no reminders.") }
                        </div>
                    </details>
                </> }) }
                { panel("Notifications", "", Html::default(), html! {
                    <div class="form-channels">
                        <p class="check-row">
                            { switch(all_channels, "All channels".to_owned(), toggle_all_channels(&form, all_channels)) }
                            { "All channels in the workspace" }
                        </p>
                        if !all_channels {
                            for channel in channel_list.iter().flat_map(|list| &list.items) {
                                <label class="check-row" key={channel.id.to_string()}>
                                    <input type="checkbox" checked={has_channel(&form, &channel.id.to_string())} onchange={toggle_channel(&form, channel.id.to_string())} />
                                    { channel.channel.name.clone() }
                                </label>
                            }
                        }
                        if channel_list.as_ref().is_some_and(|list| list.items.is_empty()) {
                            <p class="muted">{ "No channels yet. Add one in " }<RouteLink to={Route::SettingsSection { section: Section::Channels }}>{ "Settings" }</RouteLink>{ "." }</p>
                        }
                    </div>
                }) }
            </div>
            <Preview fields={request.ok().map(Value::Object)} on_preview={preview_errors.setter()} />
            <div class="rule-foot">
                { form_error(form.other_errors(&FIELDS).as_deref()) }
                <div class="form-buttons">
                    if can_save {
                        <button type="submit" class="button primary" disabled={*submission.busy}>{ if props.id.is_some() { "Save rule" } else { "Create rule" } }</button>
                    }
                    <RouteLink class="button" to={Route::Alerts} query="show=rules">{ if can_save { "Cancel" } else { "Back to rules" } }</RouteLink>
                </div>
            </div>
        </form>
    }
}

/// Returns the request body without settings that do not apply to the metric.
///
/// # Errors
/// Returns the name of the first field that is not a number.
fn request(values: &Map<String, Value>) -> Result<Map<String, Value>, &'static str> {
    let mut fields = request_body(values, &NUMBERS, &COUNTS)?;
    let is = |fields: &Map<String, Value>, name: &str, value: &str| {
        fields.get(name).and_then(Value::as_str) == Some(value)
    };
    if is(&fields, "metric", AlertMetric::NoData.as_str()) {
        fields.insert("baseline".to_owned(), json!(Baseline::None.as_str()));
        fields.insert("side".to_owned(), json!("above"));
    }
    if is(&fields, "metric", AlertMetric::Requests.as_str())
        && is(&fields, "baseline", Baseline::None.as_str())
    {
        fields.insert("min_traces".to_owned(), json!(0));
    }
    fields.insert("enabled".to_owned(), Value::Bool(true));
    Ok(fields)
}

/// Returns the selected variant of `all`.
fn selected<T: Copy + Default, const N: usize>(
    form: &Form,
    name: &str,
    all: [T; N],
    as_str: fn(T) -> &'static str,
) -> T {
    all.into_iter().find(|variant| as_str(*variant) == form.text(name)).unwrap_or_default()
}

/// Returns the selectable windows and the window of the rule.
fn windows(current: &str) -> Vec<(AttrValue, AttrValue)> {
    let mut all = WINDOWS.to_vec();
    if let Ok(current) = current.parse()
        && !all.contains(&current)
    {
        all.insert(all.partition_point(|window| *window < current), current);
    }
    all.into_iter()
        .map(|minutes| (minutes.to_string().into(), format::minutes(minutes.into()).into()))
        .collect()
}

fn selected_channels(form: &Form) -> Vec<Value> {
    form.values["channel_ids"].as_array().cloned().unwrap_or_default()
}

fn has_channel(form: &Form, id: &str) -> bool {
    selected_channels(form).iter().any(|selected| selected == id)
}

fn toggle_all_channels(form: &Form, all: bool) -> Callback<MouseEvent> {
    let form = form.clone();
    let value = if all { Value::Array(Vec::new()) } else { Value::String(String::new()) };
    Callback::from(move |_| form.set("channel_ids", value.clone()))
}

fn toggle_channel(form: &Form, id: String) -> Callback<Event> {
    let form = form.clone();
    Callback::from(move |_| {
        let mut all = selected_channels(&form);
        let before = all.len();
        all.retain(|selected| *selected != *id);
        if all.len() == before {
            all.push(Value::String(id.clone()));
        }
        form.set("channel_ids", Value::Array(all));
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(rule: &Value) -> Map<String, Value> {
        let sent = request(&form_values(rule, &FIELDS));
        assert!(sent.is_ok(), "{sent:?}");
        sent.unwrap_or_default()
    }

    #[test]
    fn resets_settings_that_do_not_apply_to_the_metric() {
        let no_data =
            fields(&json!({"metric": "no_data", "baseline": "day_before", "side": "below", "min_traces": 3}));
        assert_eq!(
            (&no_data["baseline"], &no_data["side"], &no_data["min_traces"]),
            (&json!("none"), &json!("above"), &json!(3))
        );
        let requests = fields(&json!({"metric": "requests", "baseline": "none", "min_traces": 3}));
        assert_eq!(requests["min_traces"], json!(0));
        let change = fields(&json!({"metric": "requests", "baseline": "day_before", "min_traces": 3}));
        assert_eq!(change["min_traces"], json!(3));
    }

    #[test]
    fn sends_every_field_of_a_rule() {
        let rule = json!({
            "name": "Errors", "metric": "error_rate", "group_by": "agent", "window_minutes": 45, "baseline": "none",
            "side": "above", "warning": 5.5, "critical": 20.0, "min_traces": 10, "hysteresis_percent": 10,
            "for_minutes": 5, "renotify_minutes": 60, "enabled": true,
            "channel_ids": ["67e55044-10b1-426f-9247-bb680e5fe0c8"],
        });
        let expected: Option<shared::alert_rule::AlertRuleRequest> =
            serde_json::from_value(rule.clone()).ok();
        assert!(expected.is_some());
        assert_eq!(serde_json::from_value(Value::Object(fields(&rule))).ok(), expected);
    }
}
