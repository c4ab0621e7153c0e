//! What a step or the run itself read, wrote and said besides.

use icondata_lu::LuInbox;
use serde_json::{Map, Value};
use shared::{
    span::{Scope, Span},
    trace::Score,
};
use std::rc::Rc;
use yew::prelude::*;

use super::{
    Whole,
    attribute::Attributes,
    event::{Exception, events, exception, links},
};
use crate::{
    components::{
        breakdown::share_bar, conversation::structured, copy_button::CopyButton, long_text::LongText,
        message::message, payload::Payload, time::RelativeTime,
    },
    format,
    trace::Model,
};

/// Which part of a step is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    /// What went in and what came out.
    Content,
    /// Events and links.
    Events,
    /// Attributes, resource and scope.
    Attributes,
    /// All of it as JSON.
    Raw,
}

/// A step.
pub fn span_content(whole: &Whole, shown_tab: Tab, on_tab: &Callback<Tab>) -> Html {
    let span = &whole.span;
    let happened = span.events.len() + span.links.len();
    let fields = attributes(span);
    let known = fields.len() + span.resource.len();
    let tabs = [
        (Tab::Content, "Input & output", None),
        (Tab::Events, "Events", Some(happened)),
        (Tab::Attributes, "Attributes", Some(known)),
        (Tab::Raw, "Raw", None),
    ];
    let tab = |(tab, label, count): (Tab, &'static str, Option<usize>)| {
        let onclick = on_tab.reform(move |_: MouseEvent| tab);
        html! {
            <button type="button" {onclick} aria-pressed={(shown_tab == tab).to_string()}>
                { label }
                if let Some(count) = count.filter(|&count| count > 0) { <span class="tab-count">{ count }</span> }
            </button>
        }
    };
    let shown = match shown_tab {
        Tab::Content => content(span),
        Tab::Events => html! {
            <>
                if happened == 0 { { message(LuInbox, "Nothing happened on the way", html! { <><p>{ "The step has neither events nor links." }</p></> }) } }
                if !span.events.is_empty() { { events(&span.events, span.timestamp) } }
                if !span.links.is_empty() { <h3>{ "Links" }</h3>{ links(&span.links) } }
            </>
        },
        Tab::Attributes => html! {
            <>
                if known == 0 && span.scope.is_none() { { message(LuInbox, "No attributes", html! { <><p>{ "Nothing else is known of the step." }</p></> }) } }
                if !fields.is_empty() { <Attributes title="Attributes" {fields} /> }
                if !span.resource.is_empty() { <Attributes title="Resource" fields={span.resource.clone()} /> }
                if let Some(scope) = &span.scope { <Attributes title="Instrumentation" fields={scope_fields(scope)} /> }
            </>
        },
        Tab::Raw => raw(&whole.text),
    };
    html! {
        <>
            { facts(span) }
            { for span.events.iter().filter_map(Exception::of).map(|thrown| exception(&thrown)).take(if shown_tab == Tab::Events { 0 } else { 3 }) }
            <div class="segments tabs" role="group" aria-label="What to show of the step">{ for tabs.into_iter().map(tab) }</div>
            { shown }
        </>
    }
}

/// What only the whole step says.
fn facts(span: &Span) -> Html {
    let tool = span.tool.as_ref();
    let facts = [
        ("First chunk", span.time_to_first_chunk_ms.map(format::latency)),
        ("Finished by", (!span.finish_reasons.is_empty()).then(|| span.finish_reasons.join(", "))),
        ("Tool", tool.and_then(|tool| tool.name.clone())),
        ("Type", tool.and_then(|tool| tool.kind.clone())),
        ("Call", tool.and_then(|tool| tool.call_id.clone())),
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
            let mut only = Map::new();
            only.insert("value".to_owned(), other.clone());
            only
        }
    }
}

fn scope_fields(scope: &Scope) -> Map<String, Value> {
    let mut fields = scope.attributes.clone();
    for (name, text) in [("name", Some(&scope.name)), ("version", scope.version.as_ref())] {
        if let Some(text) = text {
            fields.insert(name.to_owned(), Value::String(text.clone()));
        }
    }
    fields
}

fn content(span: &Span) -> Html {
    payloads(span.input.as_ref(), span.output.as_ref())
}

fn payloads(input: Option<&Value>, output: Option<&Value>) -> Html {
    let (input, output) = (input.filter(|value| !value.is_null()), output.filter(|value| !value.is_null()));
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

fn raw(text: &str) -> Html {
    let text = structured(text).as_ref().map_or_else(|| text.to_owned(), |value| format!("{value:#}"));
    html! {
        <section class="code-box payload" aria-label="Raw">
            <header class="code-head"><h3>{ "The whole step" }</h3><CopyButton text={text.clone()} what="step" /></header>
            <div class="payload-body" tabindex="0" role="group" aria-label="The whole step"><LongText json=true {text} /></div>
        </section>
    }
}

/// Properties of [`TraceContent`].
#[derive(Properties, PartialEq)]
pub struct TraceContentProps {
    /// The run.
    pub model: Rc<Model>,
}

/// The run itself.
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
