//! What the chosen row of the waterfall holds.

use icondata_lu::LuInbox;
use serde_json::{Map, Value};
use shared::{
    span::{Span, SpanKind},
    trace::{Score, TraceDetail},
};
use yew::prelude::*;

use super::{
    breakdown::share_bar,
    copy_button::CopyButton,
    icon::svg_icon,
    json::{json, pretty},
    message::message,
    payload::Payload,
    span_row::kind_icon,
    status::status_badge,
    time::RelativeTime,
};
use crate::format;

/// A step of the trace.
pub fn span_detail(span: &Span) -> Html {
    let (icon, class) = kind_icon(span.kind);
    let attributes = span.attributes.as_ref().filter(|value| !is_empty(value));
    html! {
        <>
            <header class="detail-head">
                <span class={classes!("span-kind", class)}>{ svg_icon(icon) }</span>
                <div class="detail-title">
                    <h2>{ span.name.clone() }</h2>
                    <p class="muted">{ span_facts(span) }</p>
                </div>
                { status_badge(span.status) }
            </header>
            { error(span.error.as_deref()) }
            { payloads(span.input.as_ref(), span.output.as_ref()) }
            if let Some(attributes) = attributes { { json_box("Attributes", attributes) } }
        </>
    }
}

fn kind_label(kind: SpanKind) -> String {
    if kind == SpanKind::Llm { "LLM".to_owned() } else { format::words(kind.as_str()) }
}

fn span_facts(span: &Span) -> String {
    let tokens = match (span.tokens_input, span.tokens_output) {
        (None, None) => None,
        (input, output) => Some(format!(
            "{} in, {} out tokens",
            format::integer(input.unwrap_or(0)),
            format::integer(output.unwrap_or(0))
        )),
    };
    let facts = [
        Some(kind_label(span.kind)),
        Some(format::latency(span.latency_ms)),
        span.model.clone(),
        tokens,
        span.cost_usd.map(format::cost),
    ];
    facts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// The trace itself.
pub fn trace_content(detail: &TraceDetail) -> Html {
    html! {
        <>
            { payloads(detail.input.as_ref(), detail.output.as_ref()) }
            if !detail.scores.is_empty() { { scores(&detail.scores) } }
            if !detail.metadata.is_empty() { { json_box("Metadata", &Value::Object(detail.metadata.clone())) } }
        </>
    }
}

/// Why it failed, if it did.
pub fn error(error: Option<&str>) -> Html {
    html! {
        if let Some(error) = error {
            <p class="form-error detail-error"><strong>{ "Error: " }</strong>{ error.to_owned() }</p>
        }
    }
}

fn payloads(input: Option<&Value>, output: Option<&Value>) -> Html {
    if input.is_none() && output.is_none() {
        return html! {
            { message(LuInbox, "No input or output", html! { <>
                <p>{ "The agent sent none with this step." }</p>
            </> }) }
        };
    }
    html! {
        <>
            if let Some(value) = input { <Payload title="Input" value={value.clone()} /> }
            if let Some(value) = output { <Payload title="Output" value={value.clone()} /> }
        </>
    }
}

fn json_box(title: &'static str, value: &Value) -> Html {
    html! {
        <section class="code-box payload" aria-label={title}>
            <header class="code-head">
                <h3>{ title }</h3>
                <CopyButton text={pretty(value)} what={title.to_ascii_lowercase()} />
            </header>
            <pre tabindex="0" aria-label={title}>{ json(value) }</pre>
        </section>
    }
}

fn scores(scores: &[Score]) -> Html {
    let row = |score: &Score| {
        html! {
            <li class="score">
                <span class="score-name">{ format::words(&score.name) }</span>
                { share_bar(score.score) }
                <strong>{ format::score(score.score) }</strong>
                <span class="muted score-time"><RelativeTime at={score.timestamp} /></span>
                if let Some(comment) = &score.comment { <p class="score-comment">{ comment.clone() }</p> }
            </li>
        }
    };
    html! {
        <section class="code-box payload" aria-label="Scores">
            <header class="code-head"><h3>{ "Scores" }</h3></header>
            <ul class="scores">{ for scores.iter().map(row) }</ul>
        </section>
    }
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_object().is_some_and(Map::is_empty)
}
