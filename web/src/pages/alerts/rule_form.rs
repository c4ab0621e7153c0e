//! The form of a rule, beside what the rule would have done.

use serde_json::{Map, Value, json};
use shared::{
    alert::Severity,
    alert_rule::{AlertMetric, Baseline},
    error::FieldError,
    metric::Dimension,
    time_range::TimeRange,
    ttl,
};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;
use yew_router::{hooks::use_navigator, query::Raw};

use super::preview::Preview;
use crate::{
    alert::{baseline_label, body, metric_label, severity_label, typed, unit_word},
    auth::use_client,
    components::{
        form::{Form, Input},
        form_error::form_error,
        link::RouteLink,
        panel::panel,
        switch::switch,
    },
    format,
    hooks::use_poll,
    route::Route,
    same::Same,
};

/// All fields of the form.
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
const NUMBERS: [&str; 4] = ["info", "warning", "critical", "renotify_minutes"];
const COUNTS: [&str; 4] = ["window_minutes", "min_traces", "for_minutes", "hysteresis_percent"];
const WINDOWS: [u32; 12] = [5, 10, 15, 30, 60, 120, 240, 720, 1440, 2880, 4320, 10_080];
const SUGGESTED: u32 = 100;

/// Properties of [`RuleForm`].
#[derive(Properties, PartialEq)]
pub struct RuleFormProps {
    /// The rule's id; none where there is none yet.
    pub id: Option<String>,
    /// What it says to begin with.
    pub rule: Same<Value>,
}

/// See the module.
#[component]
pub fn RuleForm(props: &RuleFormProps) -> Html {
    let client = use_client();
    let navigator = use_navigator();
    let typed = use_state(|| typed(&props.rule, &FIELDS));
    let refused = use_state(Vec::<FieldError>::new);
    let tried = use_state(Vec::<FieldError>::new);
    let busy = use_state(|| false);
    let channels = use_poll((), ttl::ALERTS, |client, ()| client.alert_channels());
    let agents = use_poll((), ttl::TRACE_DETAIL, |client, ()| {
        client.breakdown(Dimension::Agent, TimeRange::Week, SUGGESTED)
    });
    let models = use_poll((), ttl::TRACE_DETAIL, |client, ()| {
        client.breakdown(Dimension::Model, TimeRange::Week, SUGGESTED)
    });
    {
        // What is typed may mend what was refused.
        let refused = refused.clone();
        use_effect_with((*typed).clone(), move |_| refused.set(Vec::new()));
    }
    let read = read(&typed);
    let mut wrong = (*refused).clone();
    if let Err(name) = &read {
        wrong.push(FieldError::new(*name, "must be a number"));
    }
    wrong.extend(tried.iter().filter(|error| error.field != "name").cloned());
    let form = Form { typed: typed.clone(), wrong };
    let on_tried = {
        let tried = tried.clone();
        Callback::from(move |wrong| tried.set(wrong))
    };
    let onsubmit = {
        let (read, refused, busy, id) = (read.clone(), refused.clone(), busy.clone(), props.id.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let Ok(mut fields) = read.clone() else { return };
            if id.is_some() {
                // The switch of the list says that.
                fields.remove("enabled");
            }
            let (client, refused, busy, id) = (client.clone(), refused.clone(), busy.clone(), id.clone());
            let navigator = navigator.clone();
            busy.set(true);
            spawn_local(async move {
                match client.keep_alert_rule(id.as_deref(), &Value::Object(fields)).await {
                    Ok(()) => {
                        if let Some(navigator) = navigator {
                            let Ok(()) = navigator.push_with_query(&Route::Alerts, Raw("show=rules"));
                        }
                    }
                    Err(reason) if reason.fields().is_empty() => {
                        refused.set(vec![FieldError::new("", reason.message())]);
                    }
                    Err(reason) => refused.set(reason.fields().to_vec()),
                }
                busy.set(false);
            });
        })
    };
    let metric = word(&form, "metric", AlertMetric::ALL, AlertMetric::as_str);
    let baseline = word(&form, "baseline", Baseline::ALL, Baseline::as_str);
    let is_silence = metric == AlertMetric::NoData;
    let is_change = baseline != Baseline::None && !is_silence;
    let counts_itself = metric == AlertMetric::Requests && !is_change;
    let unit = unit_word(metric.unit(is_change));
    let all_channels = form.typed["channel_ids"].as_array().is_none();
    let suggestions = |id: &'static str, keys: Vec<String>| html! { <datalist {id}>for key in keys { <option value={key} /> }</datalist> };
    let keys = |poll: &crate::hooks::Poll<shared::page::ItemList<shared::metric::BreakdownItem>>| {
        poll.data()
            .map(|list| list.items.iter().filter_map(|item| item.key.clone()).collect())
            .unwrap_or_default()
    };
    let channel_list = channels.data();
    html! {
        <form class="rule-form" {onsubmit} novalidate=true>
            <div class="rule-fields">
                { panel("What is watched", "", Html::default(), html! {
                    <div class="form-grid">
                        <div class="form-wide">{ form.row("name", "Name", Input::Text("Errors of the support bot"), "The headline of its alerts.") }</div>
                        { form.row("metric", "Metric", Input::Choice(AlertMetric::ALL.map(|metric| (metric.as_str().into(), metric_label(metric).into())).to_vec()), "") }
                        { form.row("window_minutes", if is_silence { "Looking back" } else { "Over" }, Input::Choice(windows(form.text("window_minutes"))), "") }
                        { form.row("agent_id", "Agent", Input::Suggest("agents"), "") }
                        { form.row("model", "Model", Input::Suggest("models"), "") }
                        { form.row("group_by", "Grouped by", Input::Choice(choices(&[("", "All together"), ("agent", "Each agent"), ("model", "Each model")])), "") }
                        if !counts_itself {
                            { form.row("min_traces", "Only with at least", Input::Number("traces"), "") }
                        }
                        { suggestions("agents", keys(&agents)) }
                        { suggestions("models", keys(&models)) }
                    </div>
                }) }
                { panel("When it fires", "", Html::default(), html! { <>
                    <div class="form-grid">
                        if !is_silence {
                            { form.row("baseline", "Compared with", Input::Choice(Baseline::ALL.map(|baseline| (baseline.as_str().into(), baseline_label(baseline).into())).to_vec()), "") }
                            { form.row("side", "Wrong side", Input::Choice(choices(&[("above", "at or above"), ("below", "at or below")])), "") }
                        }
                        <fieldset class="form-wide thresholds">
                            <legend>{ if is_silence { "Minutes of silence" } else if is_change { "Change" } else { "Thresholds" } }</legend>
                            { for Severity::ALL.map(|severity| form.row(severity.as_str(), severity_label(severity), Input::Number(unit), "")) }
                        </fieldset>
                    </div>
                    <details class="advanced">
                        <summary>{ "More" }</summary>
                        <div class="form-grid">
                            { form.row("for_minutes", "Only after", Input::Number("min"), "For so long without a break.") }
                            { form.row("hysteresis_percent", "Over after coming back by", Input::Number("%"), "Of the threshold, so that it does not flap.") }
                            { form.row("renotify_minutes", "Reminder every", Input::Number("min"), "While nobody acknowledged it. Empty: never.") }
                        </div>
                    </details>
                </> }) }
                { panel("Who is told", "", Html::default(), html! {
                    <div class="form-channels">
                        <p class="check-row">
                            { switch(all_channels, "All channels".to_owned(), choose_all(&form, all_channels)) }
                            { "All channels of the workspace" }
                        </p>
                        if !all_channels {
                            for channel in channel_list.iter().flat_map(|list| &list.items) {
                                <label class="check-row" key={channel.id.to_string()}>
                                    <input type="checkbox" checked={has(&form, &channel.id.to_string())} onchange={toggle(&form, channel.id.to_string())} />
                                    { channel.channel.name.clone() }
                                </label>
                            }
                        }
                        if channel_list.as_ref().is_some_and(|list| list.items.is_empty()) {
                            <p class="muted">{ "There are none yet: " }<RouteLink to={Route::Settings}>{ "add one in the settings" }</RouteLink>{ "." }</p>
                        }
                    </div>
                }) }
            </div>
            <Preview fields={read.ok().map(Value::Object)} {on_tried} />
            <div class="rule-foot">
                { form_error(form.other_errors(&FIELDS).as_deref()) }
                <div class="form-buttons">
                    <button type="submit" class="button primary" disabled={*busy}>{ if props.id.is_some() { "Save rule" } else { "Create rule" } }</button>
                    <RouteLink class="button" to={Route::Alerts} query="show=rules">{ "Cancel" }</RouteLink>
                </div>
            </div>
        </form>
    }
}

/// What is sent, or the field that is no number. What the metric rules out is not.
fn read(typed: &Map<String, Value>) -> Result<Map<String, Value>, &'static str> {
    let mut fields = body(typed, &NUMBERS, &COUNTS)?;
    let is = |fields: &Map<String, Value>, name: &str, word: &str| {
        fields.get(name).and_then(Value::as_str) == Some(word)
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

/// Which of `all` is chosen.
fn word<T: Copy + Default, const N: usize>(
    form: &Form,
    name: &str,
    all: [T; N],
    as_str: fn(T) -> &'static str,
) -> T {
    all.into_iter().find(|word| as_str(*word) == form.text(name)).unwrap_or_default()
}

fn choices(all: &[(&'static str, &'static str)]) -> Vec<(AttrValue, AttrValue)> {
    all.iter().map(|(word, label)| ((*word).into(), (*label).into())).collect()
}

/// The usual windows, and the one that the rule has.
fn windows(chosen: &str) -> Vec<(AttrValue, AttrValue)> {
    let mut all = WINDOWS.to_vec();
    if let Ok(own) = chosen.parse()
        && !all.contains(&own)
    {
        all.push(own);
        all.sort_unstable();
    }
    all.into_iter()
        .map(|minutes| (minutes.to_string().into(), format::minutes(minutes.into()).into()))
        .collect()
}

fn chosen(form: &Form) -> Vec<Value> {
    form.typed["channel_ids"].as_array().cloned().unwrap_or_default()
}

fn has(form: &Form, id: &str) -> bool {
    chosen(form).iter().any(|chosen| chosen == id)
}

fn choose_all(form: &Form, all: bool) -> Callback<MouseEvent> {
    let form = form.clone();
    let value = if all { Value::Array(Vec::new()) } else { Value::String(String::new()) };
    Callback::from(move |_| form.set("channel_ids", value.clone()))
}

fn toggle(form: &Form, id: String) -> Callback<Event> {
    let form = form.clone();
    Callback::from(move |_| {
        let mut all = chosen(&form);
        let before = all.len();
        all.retain(|chosen| *chosen != *id);
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
        let sent = read(&typed(rule, &FIELDS));
        assert!(sent.is_ok(), "{sent:?}");
        sent.unwrap_or_default()
    }

    #[test]
    fn what_the_metric_rules_out_is_not_sent() {
        let silence =
            fields(&json!({"metric": "no_data", "baseline": "day_before", "side": "below", "min_traces": 3}));
        assert_eq!(
            (&silence["baseline"], &silence["side"], &silence["min_traces"]),
            (&json!("none"), &json!("above"), &json!(3))
        );
        let requests = fields(&json!({"metric": "requests", "baseline": "none", "min_traces": 3}));
        assert_eq!(requests["min_traces"], json!(0));
        let change = fields(&json!({"metric": "requests", "baseline": "day_before", "min_traces": 3}));
        assert_eq!(change["min_traces"], json!(3));
    }

    #[test]
    fn what_is_sent_is_a_rule_in_all_its_fields() {
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
