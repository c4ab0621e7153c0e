//! An input or an output: a conversation, JSON or text, with a copy button.

use serde_json::Value;
use yew::prelude::*;

use super::{
    chat::Chat,
    conversation::{messages, other_fields, parse_json},
    copy_button::CopyButton,
    long_text::LongText,
};

/// Properties of [`Payload`].
#[derive(Properties, PartialEq)]
pub struct PayloadProps {
    /// The title: `Input` or `Output`.
    pub title: AttrValue,
    /// A text or JSON.
    pub value: Value,
}

/// Renders the payload. A conversation can also be shown as JSON.
#[component]
pub fn Payload(props: &PayloadProps) -> Html {
    let raw = use_state(|| false);
    // JSON sent as a string is shown as JSON.
    let value = props.value.as_str().and_then(parse_json).unwrap_or_else(|| props.value.clone());
    let chat = messages(&value);
    let text = match &value {
        Value::String(text) => text.clone(),
        other => format!("{other:#}"),
    };
    let view = |label: &'static str, wanted: bool| {
        let onclick = raw.setter().to_callback().reform(move |_: MouseEvent| wanted);
        html! { <button type="button" {onclick} aria-pressed={(*raw == wanted).to_string()}>{ label }</button> }
    };
    let is_chat = chat.is_some();
    let body = match chat {
        Some(messages) if !*raw => html! {
            <>
                <Chat {messages} />
                if let Some(rest) = other_fields(&value) {
                    <details class="payload-rest"><summary>{ "Parameters" }</summary><LongText json=true text={format!("{rest:#}")} /></details>
                }
            </>
        },
        _ => {
            let json = !value.is_string();
            let class = if json { "" } else { "payload-text" };
            html! { <div class="payload-body" tabindex="0" role="group" aria-label={props.title.clone()}><LongText {json} {class} text={text.clone()} /></div> }
        }
    };
    html! {
        <section class="code-box payload" aria-label={props.title.clone()}>
            <header class="code-head">
                <h3>{ props.title.clone() }</h3>
                <span class="code-tools">
                    if is_chat {
                        <span class="segments small">{ view("Chat", false) }{ view("JSON", true) }</span>
                    }
                    <CopyButton {text} name={props.title.to_ascii_lowercase()} />
                </span>
            </header>
            { body }
        </section>
    }
}
