//! The preview of a rule on past data, updated while the rule is edited.

use std::rc::Rc;

use gloo_timers::callback::Timeout;
use serde_json::{Value, json};
use shared::{
    alert::Severity,
    alert_rule::{AlertPreview, AlertPreviewSeries, AlertRuleRequest},
    error::FieldError,
    format,
};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::{
    alert::{firing_summary, preview_chart, rule_summary, severity_label, threshold},
    auth::use_client,
    chart::{ChartSeries, Plot, Shape},
    components::load::skeleton_block,
    event::on_select,
};

/// The delay in milliseconds between the last input and the request.
const DELAY: u32 = 400;

/// Properties of [`Preview`].
#[derive(Properties, PartialEq)]
pub struct PreviewProps {
    /// The rule; `None` while the form is invalid.
    pub fields: Option<Value>,
    /// Called with the validation errors of each preview.
    pub on_preview: Callback<Vec<FieldError>>,
}

/// The last successful preview and its rule.
struct LoadedPreview {
    rule: AlertRuleRequest,
    preview: AlertPreview,
}

/// Loads and renders the preview.
#[component]
pub fn Preview(props: &PreviewProps) -> Html {
    let client = use_client();
    let loaded = use_state(|| None::<Rc<LoadedPreview>>);
    let error = use_state(|| None::<String>);
    let loading = use_state(|| false);
    let selected_group = use_state(|| None::<String>);
    let latest_request = use_mut_ref(|| 0_u32);
    {
        let (loaded, error, loading) = (loaded.clone(), error.clone(), loading.clone());
        let on_preview = props.on_preview.clone();
        use_effect_with(props.fields.clone().map(with_name), move |fields| {
            *latest_request.borrow_mut() += 1;
            let (number, fields) = (*latest_request.borrow(), fields.clone());
            loading.set(fields.is_some());
            let timeout = fields.map(|fields| {
                Timeout::new(DELAY, move || {
                    spawn_local(async move {
                        let response = client.preview_alert_rule(&fields).await;
                        if number != *latest_request.borrow() {
                            return;
                        }
                        loading.set(false);
                        match (response, serde_json::from_value::<AlertRuleRequest>(fields).ok()) {
                            (Ok(preview), Some(rule)) => {
                                on_preview.emit(Vec::new());
                                error.set(None);
                                loaded.set(Some(Rc::new(LoadedPreview { rule, preview })));
                            }
                            (Ok(_), None) => {
                                error.set(Some("No preview available for this rule.".to_owned()));
                            }
                            (Err(reason), _) => {
                                on_preview.emit(reason.fields().to_vec());
                                let text = if reason.fields().is_empty() {
                                    reason.message()
                                } else {
                                    "Fix the marked fields to see the preview.".to_owned()
                                };
                                error.set(Some(text));
                            }
                        }
                    });
                })
            });
            move || drop(timeout)
        });
    }
    let on_group = selected_group.setter().to_callback().reform(Some);
    let outdated = (*loading || error.is_some()).then_some("outdated");
    html! {
        <section class="panel preview" aria-label="Preview" aria-busy={loading.to_string()}>
            <header class="panel-head"><h2>{ "Preview" }</h2><span class="muted panel-note">{ "Based on your traces" }</span></header>
            if let Some(error) = &*error { <p class="preview-error" role="status">{ error.clone() }</p> }
            if let Some(loaded) = &*loaded {
                <div class={classes!("ready", outdated)}>{ draw(loaded, selected_group.as_deref(), &on_group) }</div>
            } else if error.is_none() {
                { skeleton_block("skeleton-chart") }
            }
        </section>
    }
}

/// Adds a name to a rule without one, since the API requires it.
fn with_name(mut fields: Value) -> Value {
    if fields["name"] == "" {
        fields["name"] = json!("Preview");
    }
    fields
}

fn draw(loaded: &LoadedPreview, selected_group: Option<&str>, on_group: &Callback<String>) -> Html {
    let LoadedPreview { rule, preview } = loaded;
    let key = |series: &AlertPreviewSeries| series.key.clone().unwrap_or_default();
    let selected = preview.series.iter().find(|series| Some(&*key(series)) == selected_group);
    let selected = selected.or(preview.series.first());
    let unit = rule.metric.unit(rule.is_change());
    let onchange = on_select(on_group);
    let name = |series: &AlertPreviewSeries| {
        let key = series.key.clone().unwrap_or_else(|| "(not set)".to_owned());
        match series.alerts.len() {
            0 => key,
            1 => format!("{key} (1 alert)"),
            many => format!("{key} ({many} alerts)"),
        }
    };
    let plot = |series: &AlertPreviewSeries| {
        let chart = preview_chart(preview, series, rule);
        let label = if rule.is_change() { "Change" } else { "Value" };
        let line = ChartSeries { label, class: "series-p50", shape: Shape::Line, values: chart.values };
        html! { <Plot title="Preview" steps={chart.steps} series={vec![line]} {unit} marks={chart.marks} /> }
    };
    html! {
        <>
            <p class="preview-verdict" role="status">
                <strong>{ firing_summary(preview) }</strong>
                <span class="muted">{ rule_summary(rule) }</span>
            </p>
            if rule.group_by.is_some() && !preview.series.is_empty() {
                <div class="select preview-group">
                    <label class="visually-hidden" for="preview-group">{ "Group" }</label>
                    <select id="preview-group" {onchange}>
                        for series in &preview.series {
                            <option value={key(series)} selected={selected.is_some_and(|selected| selected.key == series.key)}>{ name(series) }</option>
                        }
                    </select>
                    if preview.groups > preview.series.len() as u64 {
                        <span class="muted">{ format!("{} of {}", preview.series.len(), format::integer(preview.groups)) }</span>
                    }
                </div>
            }
            if let Some(series) = selected { { plot(series) } } else { <p class="panel-lead muted">{ "No traces in this period." }</p> }
            <ul class="legend preview-legend">
                for severity in Severity::ALL {
                    if let Some(value) = rule.threshold(severity) {
                        <li class={format!("mark-{}", severity.as_str())}>
                            <span class="swatch" />
                            { severity_label(severity) }{ " " }{ threshold(rule.metric, rule.is_change(), value) }
                        </li>
                    }
                }
            </ul>
        </>
    }
}
