//! The content of a span or a trace: input and output, events, attributes, raw JSON, and scores.

use icondata_lu::LuInbox;
use serde_json::{Map, Value};
use shared::{
    format,
    span::{Scope, Span},
    trace::Score,
};
use std::rc::Rc;
use yew::prelude::*;

use super::{
    FullSpan,
    attribute::Attributes,
    event::{Exception, events, exception, links},
};
use crate::{
    components::{
        breakdown::share_bar, conversation::parse_json, copy_button::CopyButton, long_text::LongText,
        message::message, payload::Payload, time::RelativeTime,
    },
    trace::Model,
};

/// A tab of the details of a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    /// Input and output.
    Content,
    /// Events and links.
    Events,
    /// Attributes, resource and scope.
    Attributes,
    /// The whole span as JSON.
    Raw,
}

/// Renders the tabs of a span.
pub fn span_content(full: &FullSpan, selected: Tab, on_tab: &Callback<Tab>) -> Html {
    let span = &full.span;
    let event_count = span.events.len() + span.links.len();
    let fields = attributes(span);
    let attribute_count = fields.len() + span.resource.len();
    let tabs = [
        (Tab::Content, "Input & output", None),
        (Tab::Events, "Events", Some(event_count)),
        (Tab::Attributes, "Attributes", Some(attribute_count)),
        (Tab::Raw, "Raw", None),
    ];
    let tab = |(tab, label, count): (Tab, &'static str, Option<usize>)| {
        let onclick = on_tab.reform(move |_: MouseEvent| tab);
        html! {
            <button type="button" {onclick} aria-pressed={(selected == tab).to_string()}>
                { label }
                if let Some(count) = count.filter(|&count| count > 0) { <span class="tab-count">{ count }</span> }
            </button>
        }
    };
    let body = match selected {
        Tab::Content => payloads(span.input.as_ref(), span.output.as_ref()),
        Tab::Events => html! {
            <>
                if event_count == 0 { { message(LuInbox, "No events", html! { <p>{ "This step has no events or links." }</p> }) } }
                if !span.events.is_empty() { { events(&span.events, span.timestamp) } }
                if !span.links.is_empty() { <h3>{ "Links" }</h3>{ links(&span.links) } }
            </>
        },
        Tab::Attributes => html! {
            <>
                if attribute_count == 0 && span.scope.is_none() { { message(LuInbox, "No attributes", html! { <p>{ "This step has no attributes." }</p> }) } }
                if !fields.is_empty() { <Attributes title="Attributes" {fields} /> }
                if !span.resource.is_empty() { <Attributes title="Resource" fields={span.resource.clone()} /> }
                if let Some(scope) = &span.scope { <Attributes title="Instrumentation" fields={scope_fields(scope)} /> }
            </>
        },
        Tab::Raw => raw(&full.text),
    };
    html! {
        <>
            { facts(span) }
            { for span.events.iter().filter_map(Exception::of).map(|found| exception(&found)).take(if selected == Tab::Events { 0 } else { 3 }) }
            <div class="segments tabs" role="group" aria-label="Step details">{ for tabs.into_iter().map(tab) }</div>
            { body }
        </>
    }
}

/// Renders the details that the trace does not contain.
fn facts(span: &Span) -> Html {
    let tool = span.tool.as_ref();
    let facts = [
        ("Time to first chunk", span.time_to_first_chunk_ms.map(format::latency)),
        ("Finish reason", (!span.finish_reasons.is_empty()).then(|| span.finish_reasons.join(", "))),
        ("Tool", tool.and_then(|tool| tool.name.clone())),
        ("Tool type", tool.and_then(|tool| tool.kind.clone())),
        ("Tool call ID", tool.and_then(|tool| tool.call_id.clone())),
    ];
    let facts: Vec<_> = facts.into_iter().filter_map(|(label, value)| Some((label, value?))).collect();
    html! {
        if !facts.is_empty() {
            <dl class="detail-facts">
                for (label, value) in facts { <div><dt>{ label }</dt><dd>{ value }</dd></div> }
            </dl>
        }
    }
}

fn attributes(span: &Span) -> Map<String, Value> {
    match &span.attributes {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(fields)) => fields.clone(),
        Some(other) => {
            let mut fields = Map::new();
            fields.insert("value".to_owned(), other.clone());
            fields
        }
    }
}

fn scope_fields(scope: &Scope) -> Map<String, Value> {
    let mut fields = scope.attributes.clone();
    let named = [("name", Some(&scope.name)), ("version", scope.version.as_ref())];
    let named = named.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text?.as_str().into())));
    fields.extend(named);
    fields
}

fn payloads(input: Option<&Value>, output: Option<&Value>) -> Html {
    let (input, output) = (input.filter(|value| !value.is_null()), output.filter(|value| !value.is_null()));
    if input.is_none() && output.is_none() {
        return message(LuInbox, "No input or output", html! { <p>{ "The agent did not send any." }</p> });
    }
    html! {
        <>
            if let Some(value) = input { <Payload title="Input" value={value.clone()} /> }
            if let Some(value) = output { <Payload title="Output" value={value.clone()} /> }
        </>
    }
}

fn raw(text: &str) -> Html {
    let text = parse_json(text).as_ref().map_or_else(|| text.to_owned(), |json| format!("{json:#}"));
    html! {
        <section class="code-box payload" aria-label="Raw">
            <header class="code-head"><h3>{ "Step JSON" }</h3><CopyButton text={text.clone()} name="step JSON" /></header>
            <div class="payload-body" tabindex="0" role="group" aria-label="Step JSON"><LongText json=true {text} /></div>
        </section>
    }
}

/// Properties of [`TraceContent`].
#[derive(Properties, PartialEq)]
pub struct TraceContentProps {
    /// The trace.
    pub model: Rc<Model>,
}

/// Renders input, output, scores and metadata of a trace.
#[component]
pub fn TraceContent(props: &TraceContentProps) -> Html {
    let detail = &props.model.detail;
    html! {
        <>
            { payloads(detail.input.as_ref(), detail.output.as_ref()) }
            if !detail.scores.is_empty() { { scores(&detail.scores) } }
            if !detail.metadata.is_empty() { <Attributes title="Metadata" fields={detail.metadata.clone()} /> }
        </>
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
