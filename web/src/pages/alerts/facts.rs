//! The facts, actions and contributors of an alert, for lists and for its page.

use shared::{
    Timestamp,
    alert::{Alert, AlertChange, AlertState},
    format,
    metric::Dimension,
    time_range::TimeRange,
    trace::TraceListQuery,
};
use uuid::Uuid;
use yew::prelude::*;

use crate::{
    alert::{resolution_label, threshold, value},
    components::{
        link::RouteLink,
        permitted::Permitted,
        stat::stat,
        table::{column_heads, table},
    },
    intl::{self, Style},
    route::{Route, query_text},
};

/// Renders the values, the threshold, the duration and the scope of an alert.
pub fn facts(alert: &Alert, now: Timestamp) -> Html {
    let text = |number| value(alert.metric, alert.is_change, number);
    let resolved = alert.state == AlertState::Resolved;
    let crossed = alert.metric.zip(alert.threshold);
    let crossed =
        crossed.map(|(metric, limit)| format!("threshold {}", threshold(metric, alert.is_change, limit)));
    let end = alert.resolved_at.unwrap_or(now);
    #[expect(clippy::cast_precision_loss, reason = "minutes")]
    let duration = format::minutes((end.since(alert.created_at).as_secs() / 60) as f64);
    let resolution = match (alert.resolution, alert.resolved_at) {
        (Some(why), _) => Some(resolution_label(why).to_owned()),
        (None, at) => at.map(|at| intl::date(at, Style::Short)),
    };
    html! {
        <dl class="alert-facts">
            { stat(if resolved { "Last value" } else { "Current value" }, text(alert.metric_value), crossed) }
            if alert.worst_value.is_some() { { stat("Worst value", text(alert.worst_value), None) } }
            { stat("Fired", intl::date(alert.created_at, Style::Short), None) }
            { stat("Duration", duration, resolution) }
            if let Some(agent) = &alert.agent_id { { stat("Agent", agent.clone(), None) } }
            if let Some(model) = &alert.model { { stat("Model", model.clone(), None) } }
            if let (Some(by), Some(at)) = (&alert.acknowledged_by, alert.acknowledged_at) {
                { stat("Acknowledged by", by.clone(), Some(intl::date(at, Style::Short))) }
            }
        </dl>
    }
}

/// Renders the actions of an alert.
pub fn actions(alert: &Alert, on_acknowledge: &Callback<Uuid>) -> Html {
    let id = alert.id;
    let onclick = on_acknowledge.reform(move |_: MouseEvent| id);
    html! {
        <div class="alert-actions">
            if alert.state == AlertState::Firing {
                <Permitted><button type="button" class="button small" {onclick} aria-label={format!("Acknowledge {}", alert.title)}>{ "Acknowledge" }</button></Permitted>
            }
            if alert.traces.is_some() {
                <RouteLink class="button small" to={Route::Traces} query={traces_query(alert)} label={format!("Traces of {}", alert.title)}>{ "Traces" }</RouteLink>
            }
            if let Some(rule) = alert.rule_id {
                <RouteLink class="button small ghost" to={Route::AlertRule { id: rule.to_string() }} label={format!("Rule of {}", alert.title)}>{ "Rule" }</RouteLink>
            }
        </div>
    }
}

/// Returns the URL query of the trace list for the traces of an alert.
fn traces_query(alert: &Alert) -> String {
    let Some(traces) = &alert.traces else { return String::new() };
    query_text(&TraceListQuery {
        time_range: TimeRange::Custom { start: traces.start, end: traces.end }.to_query(),
        agent_id: traces.agent_id.clone(),
        model: traces.model.clone(),
        status: traces.status,
        ..TraceListQuery::default()
    })
}

/// Renders the agents or models that contributed most to the change. Renders nothing if they are not known.
pub fn contributors(alert: &Alert) -> Html {
    if alert.changes.is_empty() {
        return Html::default();
    }
    // The contributors have absolute values, even if the rule compares changes.
    let text = |number| value(alert.metric, false, number);
    let row = |change: &AlertChange| {
        html! {
            <tr>
                <th scope="row">
                    <span class="muted">{ match change.by { Dimension::Agent => "Agent ", Dimension::Model => "Model " } }</span>
                    { change.key.clone().unwrap_or_else(|| "(not set)".to_owned()) }
                </th>
                <td class="number">{ text(change.before) }</td>
                <td class="number">{ text(change.now) }</td>
            </tr>
        }
    };
    let heads = column_heads(&["Agent or model"], &["Previous window", "When fired"]);
    html! {
        <section class="panel" aria-label="Top contributors">
            <header class="panel-head"><h2>{ "Top contributors" }</h2><span class="muted panel-note">{ "At the time of firing vs. previous window" }</span></header>
            { table("plain", heads, alert.changes.iter().map(row).collect()) }
        </section>
    }
}
