//! The header of a trace: title, status, stats and labels.

use shared::{
    cost::CostBasis,
    format,
    trace::{Trace, TraceDetail, TraceStatus},
};
use yew::prelude::*;

use crate::{
    components::{link::RouteLink, stat::stat, status::status_badge},
    intl::{self, Style},
    route::Route,
    trace::Model,
};

/// Renders the header.
pub fn header(model: &Model) -> Html {
    let trace = &model.detail.trace;
    let tokens = match (trace.tokens_total, trace.tokens_input, trace.tokens_output) {
        (None, None, None) => None,
        (total, input, output) => {
            let count = |tokens: Option<u64>| tokens.map_or_else(none, format::integer);
            Some((count(total), format!("{} in · {} out", count(input), count(output))))
        }
    };
    let (cost, basis) = cost(&model.detail);
    let failed = model.failed.len();
    let steps = (failed > 0).then(|| format!("{} failed", format::integer(failed as u64)));
    let name = trace.name.as_ref().filter(|name| **name != trace.agent_id);
    html! {
        <section class="panel trace-head" aria-label="Trace">
            <div class="trace-title">
                <h1 class="ellipsis">{ name.unwrap_or(&trace.agent_id).clone() }</h1>
                { status_badge(trace.status) }
                if trace.incomplete {
                    <span class="badge status-timeout" title="The root step has not arrived; the earliest step is used instead. The trace may still be running, or the root step was lost.">{ "Incomplete" }</span>
                }
                <time class="muted" datetime={trace.timestamp.to_string()}>{ intl::date(trace.timestamp, Style::Full) }</time>
            </div>
            if let Some(error) = &trace.error { { error_box(trace.status, error) } }
            <dl class="trace-stats">
                { stat("Latency", format::latency(trace.latency_ms), None) }
                { stat("Cost", cost, basis) }
                { stat("Tokens", tokens.as_ref().map_or_else(none, |tokens| tokens.0.clone()), tokens.map(|tokens| tokens.1)) }
                { stat("Quality", trace.quality_score.map_or_else(none, format::score), None) }
                { stat("Model", trace.model.clone().unwrap_or_else(none), trace.model_provider.clone()) }
                { stat("Steps", format::integer(model.spans().len() as u64), steps) }
            </dl>
            { labels(trace, name.is_some()) }
        </section>
    }
}

fn labels(trace: &Trace, show_agent: bool) -> Html {
    let label = |name: &'static str, text: &String, to: Route, query: String| {
        html! { <span><span class="muted">{ name }{ " " }</span><RouteLink class="mono" {to} {query}>{ text.clone() }</RouteLink></span> }
    };
    if !show_agent && trace.session_id.is_none() && trace.user_id.is_none() && trace.tags.is_empty() {
        return Html::default();
    }
    html! {
        <div class="trace-labels">
            if show_agent { { label("Agent", &trace.agent_id, Route::Traces, format!("agent_id={}", js_sys::encode_uri_component(&trace.agent_id))) } }
            if let Some(session) = &trace.session_id { { label("Session", session, Route::Session { id: session.clone() }, String::new()) } }
            if let Some(user) = &trace.user_id { { label("End user", user, Route::User { id: user.clone() }, String::new()) } }
            if !trace.tags.is_empty() {
                <ul class="tags" aria-label="Tags">
                    for tag in &trace.tags { <li class="tag">{ tag.clone() }</li> }
                </ul>
            }
        </div>
    }
}

/// Renders an error message. Line breaks are preserved.
pub fn error_box(status: TraceStatus, error: &str) -> Html {
    let prefix = if status == TraceStatus::Timeout { "Timeout: " } else { "Error: " };
    html! { <p class="form-error detail-error"><strong>{ prefix }</strong>{ error.to_owned() }</p> }
}

fn none() -> String {
    format::NONE.to_owned()
}

/// Returns the cost of a trace and a note on its source. A missing price is never shown as a cost of 0.
fn cost(detail: &TraceDetail) -> (String, Option<String>) {
    let trace = &detail.trace;
    let missing = match trace.unpriced {
        0 => None,
        1 => Some("1 call without a price".to_owned()),
        calls => Some(format!("{} calls without a price", format::integer(calls.into()))),
    };
    match (trace.cost_usd, missing) {
        (None | Some(0.0), Some(missing)) => ("No price".to_owned(), Some(missing)),
        (None, None) if matches!(detail.cost_basis, Some(CostBasis::NoPrice)) => {
            ("No price".to_owned(), Some("for this model".to_owned()))
        }
        (None, None) => (none(), None),
        (Some(cost), missing) => {
            let basis = basis(detail).map(ToOwned::to_owned);
            let missing = missing.map(|missing| format!("+{missing}"));
            let notes: Vec<String> = [basis, missing].into_iter().flatten().collect();
            (format::cost(cost), (!notes.is_empty()).then(|| notes.join(" · ")))
        }
    }
}

fn basis(detail: &TraceDetail) -> Option<&'static str> {
    let priced = detail.spans.iter().filter(|span| span.cost_usd.is_some());
    let bases: Vec<_> = match &detail.cost_basis {
        Some(basis) => vec![basis],
        None => priced.filter_map(|span| span.cost_basis.as_ref()).collect(),
    };
    let reported = bases.iter().any(|basis| matches!(basis, CostBasis::Reported));
    let computed = bases.iter().any(|basis| matches!(basis, CostBasis::Computed(_)));
    match (reported, computed) {
        (true, true) => Some("reported and computed"),
        (true, false) => Some("reported"),
        (false, true) => Some("computed"),
        (false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::sample;

    fn cost_of(cost_usd: Option<f64>, unpriced: u32, basis: Option<CostBasis>) -> (String, Option<String>) {
        let mut detail = sample::detail(vec![]);
        detail.trace.cost_usd = cost_usd;
        detail.trace.unpriced = unpriced;
        detail.cost_basis = basis;
        cost(&detail)
    }

    #[test]
    fn never_shows_a_missing_price_as_zero() {
        assert_eq!(
            cost_of(None, 2, None),
            ("No price".to_owned(), Some("2 calls without a price".to_owned()))
        );
        assert_eq!(
            cost_of(Some(0.0), 1, None),
            ("No price".to_owned(), Some("1 call without a price".to_owned()))
        );
        assert_eq!(cost_of(None, 0, Some(CostBasis::NoPrice)).0, "No price");
        assert_eq!(cost_of(None, 0, None), ("–".to_owned(), None));
    }

    #[test]
    fn shows_the_source_of_a_cost_and_unpriced_calls() {
        let reported = Some(CostBasis::Reported);
        assert_eq!(
            cost_of(Some(0.25), 0, reported.clone()),
            ("$0.250".to_owned(), Some("reported".to_owned()))
        );
        let (cost, note) = cost_of(Some(0.25), 3, reported);
        assert_eq!((&*cost, note.as_deref()), ("$0.250", Some("reported · +3 calls without a price")));
        assert_eq!(cost_of(Some(0.0), 0, None), ("$0".to_owned(), None), "a free model costs nothing");
    }
}
