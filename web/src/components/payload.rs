//! An input or an output, readable: a conversation, JSON or text, with a button to copy it.

use serde_json::Value;
use yew::prelude::*;

use super::{
    conversation::{ChatMessage, Part, messages, structured},
    copy_button::CopyButton,
    json::{json, pretty},
};
use crate::format;

/// Properties of [`Payload`].
#[derive(Properties, PartialEq)]
pub struct PayloadProps {
    /// What it is: `Input`.
    pub title: AttrValue,
    /// The text or JSON.
    pub value: Value,
}

/// See the module.
#[component]
pub fn Payload(props: &PayloadProps) -> Html {
    let raw = use_state(|| false);
    // A program that sends JSON as text means JSON.
    let value = props.value.as_str().and_then(structured).unwrap_or_else(|| props.value.clone());
    let chat = messages(&value);
    let text = match &value {
        Value::String(text) => text.clone(),
        other => pretty(other),
    };
    let toggle = {
        let raw = raw.clone();
        Callback::from(move |_: MouseEvent| raw.set(!*raw))
    };
    let body = match (&chat, &value) {
        (Some(chat), _) if !*raw => conversation(chat),
        (_, Value::String(text)) => html! { <p class="payload-text" tabindex="0">{ text.clone() }</p> },
        _ => {
            html! { <pre tabindex="0" aria-label={props.title.clone()}>{ json(&value) }</pre> }
        }
    };
    html! {
        <section class="code-box payload" aria-label={props.title.clone()}>
            <header class="code-head">
                <h3>{ props.title.clone() }</h3>
                <span class="code-tools">
                    if chat.is_some() {
                        <button type="button" class="button small ghost" onclick={toggle} aria-pressed={raw.to_string()}>{ "JSON" }</button>
                    }
                    <CopyButton {text} what={props.title.to_ascii_lowercase()} />
                </span>
            </header>
            { body }
        </section>
    }
}

/// Messages, one after the other.
pub fn conversation(chat: &[ChatMessage]) -> Html {
    let message = |message: &ChatMessage| {
        html! {
            <li class={classes!("chat", format!("chat-{}", class_of(&message.role)))}>
                <p class="chat-role">{ format::words(&message.role) }</p>
                if message.parts.is_empty() {
                    <p class="muted">{ "(empty)" }</p>
                }
                { for message.parts.iter().map(part) }
            </li>
        }
    };
    html! { <ol class="conversation" tabindex="0" aria-label="Conversation">{ for chat.iter().map(message) }</ol> }
}

fn class_of(role: &str) -> &'static str {
    match role {
        "user" | "human" => "user",
        "assistant" | "ai" | "model" => "assistant",
        "tool" | "function" => "tool",
        _ => "system",
    }
}

fn part(part: &Part) -> Html {
    match part {
        Part::Text(text) => html! { <p class="chat-text">{ text.clone() }</p> },
        Part::ToolCall { name, arguments } => html! {
            <div class="chat-call">
                <p class="chat-call-name"><span class="muted">{ "calls " }</span><span class="mono">{ name.clone() }</span></p>
                <pre>{ json(arguments) }</pre>
            </div>
        },
        Part::Other(value) => html! { <pre>{ json(value) }</pre> },
    }
}
