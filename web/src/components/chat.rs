//! A conversation: messages with their roles, tool calls and tool results.

use icondata_lu::{LuBrain, LuCornerDownRight, LuPaperclip, LuWrench};
use serde_json::Value;
use shared::format;
use yew::prelude::*;

use super::{
    conversation::{ChatMessage, Media, Part},
    icon::svg_icon,
    long_text::LongText,
};

/// The number of messages shown initially in a long conversation: the last ones.
const INITIAL_MESSAGES: usize = 30;

/// Properties of [`Chat`].
#[derive(Properties, PartialEq)]
pub struct ChatProps {
    /// The messages, oldest first.
    pub messages: Vec<ChatMessage>,
}

/// Renders the messages; a long conversation is collapsed to its last ones.
#[component]
pub fn Chat(props: &ChatProps) -> Html {
    let all = use_state(|| false);
    // The system message stays visible; the messages between it and the last ones are collapsed.
    let instructions =
        usize::from(props.messages.first().is_some_and(|first| class_of(&first.role) == "system"));
    let hidden = props.messages.len().saturating_sub(INITIAL_MESSAGES + instructions);
    let hidden = if *all || hidden < 5 { 0 } else { hidden };
    let show = all.setter().to_callback().reform(|_: MouseEvent| true);
    let numbered = || props.messages.iter().enumerate();
    html! {
        <ol class="conversation" tabindex="0" aria-label="Conversation">
            { for numbered().take(instructions).map(message) }
            if hidden > 0 {
                <li class="chat-more"><button type="button" class="link-button" onclick={show}>{ format!("Show {} earlier messages", format::integer(hidden as u64)) }</button></li>
            }
            { for numbered().skip(instructions + hidden).map(message) }
        </ol>
    }
}

fn message((index, message): (usize, &ChatMessage)) -> Html {
    html! {
        <li key={index} class={classes!("chat", format!("chat-{}", class_of(&message.role)))}>
            <p class="chat-role">{ format::words(&message.role) }</p>
            if message.parts.is_empty() {
                <p class="muted">{ "(empty)" }</p>
            }
            { for message.parts.iter().map(part) }
        </li>
    }
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
        Part::Text(text) => html! { <LongText class="chat-text" text={text.clone()} /> },
        Part::Reasoning(text) => html! {
            <div class="chat-thought">
                <p class="chat-label">{ svg_icon(LuBrain) }{ "Reasoning" }</p>
                <LongText class="chat-text" text={text.clone()} />
            </div>
        },
        Part::ToolCall { id, name, arguments, result } => html! {
            <div class="chat-call">
                <p class="chat-label" title={id.clone()}>{ svg_icon(LuWrench) }<span class="muted">{ "calls " }</span><span class="mono">{ name.clone() }</span></p>
                { value(arguments) }
                if let Some(result) = result {
                    <p class="chat-label">{ svg_icon(LuCornerDownRight) }<span class="muted">{ "result" }</span></p>
                    { value(result) }
                }
            </div>
        },
        Part::ToolResult { id, name, content } => html! {
            <div class="chat-call">
                <p class="chat-label">
                    { svg_icon(LuCornerDownRight) }
                    <span class="muted">{ "result" }</span>
                    if let Some(name) = name.as_ref().or(id.as_ref()) { <span class="mono">{ name.clone() }</span> }
                </p>
                { value(content) }
            </div>
        },
        Part::Media(media) => media_part(media),
        Part::Other(other) => value(other),
    }
}

fn value(value: &Value) -> Html {
    match value {
        Value::Null => Html::default(),
        Value::String(text) => html! { <LongText class="chat-text chat-value" text={text.clone()} /> },
        other => html! { <LongText json=true text={format!("{other:#}")} /> },
    }
}

fn media_part(media: &Media) -> Html {
    let title = format!(
        "{}{}",
        format::words(&media.kind),
        media.mime.as_ref().map(|mime| format!(" · {mime}")).unwrap_or_default()
    );
    let picture = ["png", "jpeg", "gif", "webp"].map(|kind| format!("data:image/{kind};base64,"));
    let source = media.source.clone().unwrap_or_default();
    let shown = picture.iter().any(|start| source.starts_with(start));
    html! {
        <div class="chat-media">
            <p class="chat-label">{ svg_icon(LuPaperclip) }{ title }</p>
            // Remote images are not fetched: a request would reveal that the trace is being viewed.
            if shown {
                <img src={source} alt="Attached image" loading="lazy" />
            } else if !source.is_empty() {
                <LongText class="chat-text chat-value" text={source} />
            }
        </div>
    }
}
