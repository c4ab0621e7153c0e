//! A trace on the page of a session or an end user: its stats and its messages.

use shared::{format, session::SessionTrace, trace::Trace};
use yew::prelude::*;

use super::{SessionKind, turn::turn};
use crate::{
    components::{chat::Chat, link::RouteLink, status::status_badge, time::exact_time},
    route::Route,
};

/// Renders a trace on the page of a session or an end user, with a link to the other of the two.
pub fn trace_item(kind: SessionKind, item: &SessionTrace) -> Html {
    let trace = &item.trace;
    let turn = turn(item.input.as_ref(), item.output.as_ref());
    let other = match kind {
        SessionKind::Session => (SessionKind::EndUser, &trace.user_id),
        SessionKind::EndUser => (SessionKind::Session, &trace.session_id),
    };
    html! {
        <li key={trace.trace_id.clone()} class="panel session-trace">
            <header class="session-trace-head">
                <h3 class="ellipsis">
                    <RouteLink to={Route::Trace { id: trace.trace_id.clone() }}>{ trace.name.clone().unwrap_or_else(|| trace.agent_id.clone()) }</RouteLink>
                </h3>
                { status_badge(trace.status) }
                <span class="session-trace-stats">{ stats(trace) }</span>
                if let (other, Some(id)) = other {
                    <span class="session-trace-other ellipsis">
                        <span class="muted">{ format!("{} ", other.title()) }</span>
                        <RouteLink class="mono" to={other.route(id)}>{ id.clone() }</RouteLink>
                    </span>
                }
                <span class="session-trace-time">{ exact_time(trace.timestamp) }</span>
            </header>
            if let Some(error) = &trace.error { <p class="form-error session-trace-error">{ error.clone() }</p> }
            if !turn.earlier.is_empty() {
                <details class="session-trace-earlier">
                    <summary>{ earlier(turn.earlier.len()) }</summary>
                    <Chat messages={turn.earlier} />
                </details>
            }
            if turn.messages.is_empty() {
                <p class="session-trace-note muted">{ "No input or output" }</p>
            } else {
                <Chat messages={turn.messages} />
            }
            if item.input_truncated || item.output_truncated {
                <p class="session-trace-note muted">{ "Truncated. Open the trace to see everything." }</p>
            }
        </li>
    }
}

fn earlier(count: usize) -> String {
    if count == 1 { "1 earlier message".to_owned() } else { format!("{count} earlier messages") }
}

/// Returns latency, tokens and cost, as far as known.
fn stats(trace: &Trace) -> String {
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    let tokens = trace.tokens_total.map(|tokens| format!("{} tok", format::compact(tokens as f64)));
    let cost = match (trace.cost_usd, trace.unpriced) {
        (Some(cost), 0) => Some(format::cost(cost)),
        (Some(cost), _) => Some(format!("{} (partial)", format::cost(cost))),
        (None, 0) => None,
        (None, _) => Some("no price".to_owned()),
    };
    [Some(format::latency(trace.latency_ms)), tokens, cost]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" · ")
}
