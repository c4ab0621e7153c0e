//! An alert's figures and what can be done about it, in a list and on its own page.

use std::borrow::Cow;

use shared::{
    Timestamp,
    alert::{Alert, AlertState},
    metric::Dimension,
    trace::TraceListQuery,
};
use uuid::Uuid;
use yew::prelude::*;
use yew_router::query::ToQuery;

use crate::{
    alert::{resolution_label, threshold, value},
    components::{column_heads::column_heads, figure::figure, link::RouteLink},
    format,
    intl::{self, Style},
    route::Route,
};

/// The value against its threshold, since when, and of what.
pub fn facts(alert: &Alert, now: Timestamp) -> Html {
    let text = |of| value(alert.metric, alert.is_change, of);
    let is_over = alert.state == AlertState::Resolved;
    let crossed = alert.metric.zip(alert.threshold);
    let crossed = crossed.map(|(metric, of)| format!("threshold {}", threshold(metric, alert.is_change, of)));
    let end = alert.resolved_at.unwrap_or(now);
    #[expect(clippy::cast_precision_loss, reason = "minutes")]
    let lasted = format::minutes((end.since(alert.created_at).as_secs() / 60) as f64);
    let over = match (alert.resolution, alert.resolved_at) {
        (Some(why), _) => Some(resolution_label(why).to_owned()),
        (None, at) => at.map(|at| intl::date(at, Style::Short)),
    };
    html! {
        <dl class="alert-facts">
            { figure(if is_over { "Last value" } else { "Now" }, text(alert.metric_value), crossed) }
            if alert.worst_value.is_some() { { figure("Worst", text(alert.worst_value), None) } }
            { figure("Fired", intl::date(alert.created_at, Style::Short), None) }
            { figure(if is_over { "Lasted" } else { "For" }, lasted, over) }
            if let Some(agent) = &alert.agent_id { { figure("Agent", agent.clone(), None) } }
            if let Some(model) = &alert.model { { figure("Model", model.clone(), None) } }
            if let (Some(by), Some(at)) = (&alert.acknowledged_by, alert.acknowledged_at) {
                { figure("Acknowledged", by.clone(), Some(intl::date(at, Style::Short))) }
            }
        </dl>
    }
}

/// Buttons.
pub fn actions(alert: &Alert, on_acknowledge: &Callback<Uuid>) -> Html {
    let id = alert.id;
    let onclick = on_acknowledge.reform(move |_: MouseEvent| id);
    html! {
        <div class="alert-actions">
            if alert.state == AlertState::Firing {
                <button type="button" class="button small" {onclick} aria-label={format!("Acknowledge {}", alert.title)}>{ "Acknowledge" }</button>
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

/// The part of the trace list's address that says which.
fn traces_query(alert: &Alert) -> String {
    let Some(traces) = &alert.traces else { return String::new() };
    let query = TraceListQuery {
        range: Some("custom".to_owned()),
        start: Some(traces.start.to_string()),
        end: Some(traces.end.to_string()),
        agent_id: traces.agent_id.clone(),
        model: traces.model.clone(),
        status: traces.status,
        ..TraceListQuery::default()
    };
    query.to_query().map(Cow::into_owned).unwrap_or_default()
}

/// Which agents or models moved the value; nothing where nobody knows.
pub fn changes(alert: &Alert) -> Html {
    if alert.changes.is_empty() {
        return Html::default();
    }
    // What moved are values, even where the rule watches how much they changed.
    let text = |of| value(alert.metric, false, of);
    html! {
        <section class="panel" aria-label="What changed">
            <header class="panel-head"><h2>{ "What changed" }</h2><span class="muted panel-note">{ "when it fired, against the window before" }</span></header>
            <div class="table-scroll">
                <table class="plain">
                    <thead>
                        <tr>{ column_heads(&["Agent or model"], &["Before", "Now"]) }</tr>
                    </thead>
                    <tbody>
                        for change in &alert.changes {
                            <tr>
                                <th scope="row">
                                    <span class="muted">{ match change.by { Dimension::Agent => "Agent ", Dimension::Model => "Model " } }</span>
                                    { change.key.clone().unwrap_or_else(|| "not named".to_owned()) }
                                </th>
                                <td class="number">{ text(change.before) }</td>
                                <td class="number">{ text(change.now) }</td>
                            </tr>
                        }
                    </tbody>
                </table>
            </div>
        </section>
    }
}
