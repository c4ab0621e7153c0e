//! The run's figures.

use shared::trace::Trace;
use yew::prelude::*;

use crate::{
    components::{span_detail::error, status::status_badge},
    format,
    intl::{self, Style},
};

/// `spans` is how many steps it has.
pub fn header(trace: &Trace, spans: usize) -> Html {
    let tokens = match (trace.tokens_total, trace.tokens_input, trace.tokens_output) {
        (None, None, None) => None,
        (total, input, output) => {
            let of = |tokens: Option<u64>| tokens.map_or_else(|| format::NONE.to_owned(), format::integer);
            Some((of(total), format!("{} in · {} out", of(input), of(output))))
        }
    };
    html! {
        <section class="panel trace-head" aria-label="Trace">
            <div class="trace-title">
                <h1 class="ellipsis">{ trace.agent_id.clone() }</h1>
                { status_badge(trace.status) }
                <time class="muted" datetime={trace.timestamp.to_string()}>{ intl::date(trace.timestamp, Style::Full) }</time>
            </div>
            { error(trace.error.as_deref()) }
            <dl class="trace-figures">
                { figure("Latency", format::latency(trace.latency_ms), None) }
                { figure("Cost", trace.cost_usd.map_or_else(none, format::cost), None) }
                { figure("Tokens", tokens.as_ref().map_or_else(none, |tokens| tokens.0.clone()), tokens.as_ref().map(|tokens| tokens.1.clone())) }
                { figure("Quality", trace.quality_score.map_or_else(none, format::score), None) }
                { figure("Model", trace.model.clone().unwrap_or_else(none), trace.model_provider.clone()) }
                { figure("Steps", spans.to_string(), None) }
            </dl>
            if trace.session_id.is_some() || trace.user_id.is_some() || !trace.tags.is_empty() {
                <div class="trace-labels">
                    if let Some(session) = &trace.session_id { <span><span class="muted">{ "Session " }</span><span class="mono">{ session.clone() }</span></span> }
                    if let Some(user) = &trace.user_id { <span><span class="muted">{ "User " }</span><span class="mono">{ user.clone() }</span></span> }
                    if !trace.tags.is_empty() {
                        <ul class="tags" aria-label="Tags">
                            for tag in &trace.tags { <li class="tag">{ tag.clone() }</li> }
                        </ul>
                    }
                </div>
            }
        </section>
    }
}

fn none() -> String {
    format::NONE.to_owned()
}

fn figure(label: &'static str, value: String, note: Option<String>) -> Html {
    html! {
        <div>
            <dt>{ label }</dt>
            <dd>
                <span class="figure ellipsis" title={value.clone()}>{ value }</span>
                if let Some(note) = note { <span class="figure-note">{ note }</span> }
            </dd>
        </div>
    }
}
