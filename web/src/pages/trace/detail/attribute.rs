//! Attributes as a table that one can look through.

use serde_json::{Map, Value};
use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::{
    components::{copy_button::CopyButton, long_text::LongText},
    trace::contains,
};

/// Rows from which on a table has a filter.
const MANY: usize = 8;

/// Properties of [`Attributes`].
#[derive(Properties, PartialEq)]
pub struct AttributesProps {
    /// What they are of.
    pub title: AttrValue,
    /// Themselves.
    pub fields: Map<String, Value>,
}

/// See the module.
#[component]
pub fn Attributes(props: &AttributesProps) -> Html {
    let filter = use_state(String::new);
    let oninput = {
        let filter = filter.clone();
        Callback::from(move |event: InputEvent| {
            filter.set(event.target_unchecked_into::<HtmlInputElement>().value());
        })
    };
    html! {
        <section class="code-box payload" aria-label={props.title.clone()}>
            <header class="code-head">
                <h3>{ props.title.clone() }</h3>
                <span class="code-tools">
                    if props.fields.len() >= MANY {
                        <input type="search" class="table-filter" placeholder="Filter" aria-label={format!("Filter {}", props.title.to_ascii_lowercase())} {oninput} />
                    }
                    <CopyButton text={format!("{:#}", Value::Object(props.fields.clone()))} what={props.title.to_ascii_lowercase()} />
                </span>
            </header>
            { table(&props.fields, filter.trim()) }
        </section>
    }
}

/// Names and values, those that `filter` is in.
pub fn table(fields: &Map<String, Value>, filter: &str) -> Html {
    if fields.is_empty() {
        return Html::default();
    }
    let rows: Vec<(&String, String, bool)> = fields
        .iter()
        .map(|(name, value)| {
            let (text, json) = text(value);
            (name, text, json)
        })
        .filter(|(name, text, _)| contains(name, filter) || contains(text, filter))
        .collect();
    if rows.is_empty() {
        return html! { <p class="muted table-none">{ "None fits." }</p> };
    }
    let row = |(name, text, json): (&String, String, bool)| {
        html! {
            <div key={name.clone()}>
                <dt class="mono">{ name.clone() }</dt>
                <dd class={(!json).then_some("plain")}><LongText {json} {text} /></dd>
            </div>
        }
    };
    html! { <dl class="attributes">{ for rows.into_iter().map(row) }</dl> }
}

/// A value for reading, and whether it is coloured as JSON.
fn text(value: &Value) -> (String, bool) {
    match value {
        Value::String(text) => match crate::components::conversation::structured(text) {
            Some(inside) => (format!("{inside:#}"), true),
            None => (text.clone(), false),
        },
        Value::Array(_) | Value::Object(_) => (format!("{value:#}"), true),
        other => (other.to_string(), true),
    }
}
