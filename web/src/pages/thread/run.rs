//! One run of a session or a user: its figures, and what was said.

use shared::{session::ThreadTrace, trace::Trace};
use yew::prelude::*;

use super::{ThreadKind, turn::turn};
use crate::{
    components::{chat::Chat, link::RouteLink, status::status_badge, time::exact_time},
    format,
    route::Route,
};

/// A run on the page of a session or user, `kind`; it links to what the page is not about.
pub fn run(kind: ThreadKind, item: &ThreadTrace) -> Html {
    let trace = &item.trace;
    let turn = turn(item.input.as_ref(), item.output.as_ref());
    let other = match kind {
        ThreadKind::Session => (ThreadKind::User, &trace.user_id),
        ThreadKind::User => (ThreadKind::Session, &trace.session_id),
    };
    html! {
        <li key={trace.trace_id.clone()} class="panel run">
            <header class="run-head">
                <h3 class="ellipsis">
                    <RouteLink to={Route::Trace { id: trace.trace_id.clone() }}>{ trace.name.clone().unwrap_or_else(|| trace.agent_id.clone()) }</RouteLink>
                </h3>
                { status_badge(trace.status) }
                <span class="run-figures">{ figures(trace) }</span>
                if let (other, Some(id)) = other {
                    <span class="run-other ellipsis">
                        <span class="muted">{ format!("{} ", other.title()) }</span>
                        <RouteLink class="mono" to={other.route(id)}>{ id.clone() }</RouteLink>
                    </span>
                }
                <span class="run-time">{ exact_time(trace.timestamp) }</span>
            </header>
            if let Some(error) = &trace.error { <p class="form-error run-error">{ error.clone() }</p> }
            if !turn.earlier.is_empty() {
                <details class="run-earlier">
                    <summary>{ earlier(turn.earlier.len()) }</summary>
                    <Chat messages={turn.earlier} />
                </details>
            }
            if turn.said.is_empty() {
                <p class="run-silent muted">{ "Neither input nor output was sent." }</p>
            } else {
                <Chat messages={turn.said} />
            }
            if item.input_truncated || item.output_truncated {
                <p class="run-silent muted">{ "Shortened: the trace has all of it." }</p>
            }
        </li>
    }
}

fn earlier(count: usize) -> String {
    if count == 1 { "1 earlier message".to_owned() } else { format!("{count} earlier messages") }
}

/// Latency, tokens and cost: what there is of them.
fn figures(trace: &Trace) -> String {
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    let tokens = trace.tokens_total.map(|tokens| format!("{} tok", format::compact(tokens as f64)));
    let cost = match (trace.cost_usd, trace.unpriced) {
        (Some(cost), 0) => Some(format::cost(cost)),
        (Some(cost), _) => Some(format!("{} + no price", format::cost(cost))),
        (None, 0) => None,
        (None, _) => Some("no price".to_owned()),
    };
    [Some(format::latency(trace.latency_ms)), tokens, cost]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" · ")
}
