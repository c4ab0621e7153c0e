//! What a rule would have done in the last days, while it is typed.

use std::rc::Rc;

use gloo_timers::callback::Timeout;
use serde_json::{Value, json};
use shared::{
    alert::Severity,
    alert_rule::{AlertPreview, AlertPreviewSeries, AlertRuleRequest},
    error::FieldError,
};
use wasm_bindgen_futures::spawn_local;
use web_sys::HtmlSelectElement;
use yew::prelude::*;

use crate::{
    alert::{firings, sentence, severity_label, shown, threshold},
    auth::use_client,
    chart::{ChartSeries, Plot, Shape},
    components::load::skeleton_block,
    format,
};

/// Milliseconds without a key before it is asked.
const PAUSE: u32 = 400;

/// Properties of [`Preview`].
#[derive(Properties, PartialEq)]
pub struct PreviewProps {
    /// The rule; none while it cannot be read.
    pub fields: Option<Value>,
    /// Told what is wrong with it.
    pub on_tried: Callback<Vec<FieldError>>,
}

/// The last good answer, and the rule it is of.
struct Tried {
    rule: AlertRuleRequest,
    preview: AlertPreview,
}

/// See the module.
#[component]
pub fn Preview(props: &PreviewProps) -> Html {
    let client = use_client();
    let tried = use_state(|| None::<Rc<Tried>>);
    let error = use_state(|| None::<String>);
    let loading = use_state(|| false);
    let chosen = use_state(|| None::<String>);
    let newest = use_mut_ref(|| 0_u32);
    {
        let (tried, error, loading) = (tried.clone(), error.clone(), loading.clone());
        let on_tried = props.on_tried.clone();
        use_effect_with(props.fields.clone().map(asked), move |fields| {
            *newest.borrow_mut() += 1;
            let (number, fields) = (*newest.borrow(), fields.clone());
            loading.set(fields.is_some());
            let timeout = fields.map(|fields| {
                Timeout::new(PAUSE, move || {
                    spawn_local(async move {
                        let answer = client.preview_alert_rule(&fields).await;
                        if number != *newest.borrow() {
                            return;
                        }
                        loading.set(false);
                        match (answer, serde_json::from_value::<AlertRuleRequest>(fields).ok()) {
                            (Ok(preview), Some(rule)) => {
                                on_tried.emit(Vec::new());
                                error.set(None);
                                tried.set(Some(Rc::new(Tried { rule, preview })));
                            }
                            (Ok(_), None) => error.set(Some("This cannot be tried.".to_owned())),
                            (Err(reason), _) => {
                                on_tried.emit(reason.fields().to_vec());
                                let text = if reason.fields().is_empty() {
                                    reason.message()
                                } else {
                                    "Mend what is marked to see it.".to_owned()
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
    let on_choose = {
        let chosen = chosen.clone();
        Callback::from(move |key| chosen.set(Some(key)))
    };
    let outdated = (*loading || error.is_some()).then_some("outdated");
    html! {
        <section class="panel preview" aria-label="Preview" aria-busy={loading.to_string()}>
            <header class="panel-head"><h2>{ "Preview" }</h2><span class="muted panel-note">{ "on your own traces" }</span></header>
            if let Some(error) = &*error { <p class="preview-error" role="status">{ error.clone() }</p> }
            if let Some(tried) = &*tried {
                <div class={classes!("ready", outdated)}>{ draw(tried, chosen.as_deref(), &on_choose) }</div>
            } else if error.is_none() {
                { skeleton_block("skeleton-chart") }
            }
        </section>
    }
}

/// What is asked: a rule that has no name yet can be tried, too.
fn asked(mut fields: Value) -> Value {
    if fields["name"] == "" {
        fields["name"] = json!("Preview");
    }
    fields
}

fn draw(tried: &Tried, chosen: Option<&str>, on_choose: &Callback<String>) -> Html {
    let Tried { rule, preview } = tried;
    let of = |series: &AlertPreviewSeries| series.key.clone().unwrap_or_default();
    let series = preview.series.iter().find(|series| Some(&*of(series)) == chosen).or(preview.series.first());
    let unit = rule.metric.unit(rule.is_change());
    let onchange =
        on_choose.reform(|event: Event| event.target_unchecked_into::<HtmlSelectElement>().value());
    let name = |series: &AlertPreviewSeries| {
        let key = series.key.clone().unwrap_or_else(|| "not named".to_owned());
        match series.alerts.len() {
            0 => key,
            1 => format!("{key} (1 alert)"),
            many => format!("{key} ({many} alerts)"),
        }
    };
    let drawn = |series: &AlertPreviewSeries| {
        let shown = shown(preview, series, rule);
        let label = if rule.is_change() { "Change" } else { "Value" };
        let line = ChartSeries { label, class: "series-p50", shape: Shape::Line, values: shown.values };
        html! { <Plot title="Preview" steps={shown.steps} series={vec![line]} {unit} marks={shown.marks} /> }
    };
    html! {
        <>
            <p class="preview-verdict" role="status">
                <strong>{ firings(preview) }</strong>
                <span class="muted">{ sentence(rule) }</span>
            </p>
            if rule.group_by.is_some() && !preview.series.is_empty() {
                <div class="select preview-group">
                    <label class="visually-hidden" for="preview-group">{ "Shown" }</label>
                    <select id="preview-group" {onchange}>
                        for one in &preview.series {
                            <option value={of(one)} selected={series.is_some_and(|shown| shown.key == one.key)}>{ name(one) }</option>
                        }
                    </select>
                    if preview.groups > preview.series.len() as u64 {
                        <span class="muted">{ format!("{} of {}", preview.series.len(), format::integer(preview.groups)) }</span>
                    }
                </div>
            }
            if let Some(series) = series { { drawn(series) } } else { <p class="panel-lead muted">{ "There were no traces to measure." }</p> }
            <ul class="legend preview-legend">
                for severity in Severity::ALL {
                    if let Some(of) = rule.threshold(severity) {
                        <li class={format!("mark-{}", severity.as_str())}>
                            <span class="swatch" />
                            { severity_label(severity) }{ " " }{ threshold(rule.metric, rule.is_change(), of) }
                        </li>
                    }
                }
            </ul>
        </>
    }
}
