//! A button that copies a text to the clipboard.

use gloo_timers::callback::Timeout;
use icondata_lu::{LuCheck, LuCopy};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{HtmlDocument, HtmlTextAreaElement};
use yew::prelude::*;

use super::icon::svg_icon;
use crate::intl;

/// Properties of [`CopyButton`].
#[derive(Properties, PartialEq)]
pub struct CopyButtonProps {
    /// The text to copy.
    pub text: AttrValue,
    /// The name of the text, for the accessible name of the button: `input`, `key`.
    pub name: AttrValue,
    /// The visible label.
    #[prop_or(AttrValue::Static("Copy"))]
    pub label: AttrValue,
}

#[derive(Clone, Copy, PartialEq)]
enum Outcome {
    Copied,
    Failed,
}

/// Renders the button, which shows the outcome for two seconds.
#[component]
pub fn CopyButton(props: &CopyButtonProps) -> Html {
    let outcome = use_state(|| None);
    {
        let outcome = outcome.clone();
        use_effect_with(*outcome, move |shown| {
            let reset = shown.map(|_| Timeout::new(2_000, move || outcome.set(None)));
            move || drop(reset)
        });
    }
    let onclick = {
        let (outcome, text) = (outcome.clone(), props.text.clone());
        Callback::from(move |_: MouseEvent| {
            let (outcome, text) = (outcome.clone(), text.clone());
            spawn_local(async move {
                outcome.set(Some(if copy(&text).await { Outcome::Copied } else { Outcome::Failed }));
            });
        })
    };
    let label = match *outcome {
        None => props.label.clone(),
        Some(Outcome::Copied) => AttrValue::Static("Copied"),
        Some(Outcome::Failed) => AttrValue::Static("Copy it manually"),
    };
    let action = if outcome.is_none() { AttrValue::Static("Copy") } else { label.clone() };
    html! {
        <button type="button" class="button small" {onclick} aria-label={format!("{action} {}", props.name)}>
            { svg_icon(if *outcome == Some(Outcome::Copied) { LuCheck } else { LuCopy }) }
            <span aria-live="polite">{ label }</span>
        </button>
    }
}

async fn copy(text: &str) -> bool {
    let clipboard = intl::window().navigator().clipboard();
    // The clipboard API is only available over HTTPS and on localhost.
    if AsRef::<JsValue>::as_ref(&clipboard).is_undefined() {
        return copy_by_selection(text).unwrap_or(false);
    }
    JsFuture::from(clipboard.write_text(text)).await.is_ok()
}

fn copy_by_selection(text: &str) -> Option<bool> {
    let document = intl::document();
    let area: HtmlTextAreaElement = document.create_element("textarea").ok()?.dyn_into().ok()?;
    area.set_value(text);
    area.set_class_name("visually-hidden");
    let body = document.body()?;
    body.append_child(&area).ok()?;
    area.select();
    let copied = document.unchecked_into::<HtmlDocument>().exec_command("copy").ok();
    area.remove();
    copied
}
