//! A filterable table of attributes.

use serde_json::{Map, Value};
use yew::prelude::*;

use crate::{
    components::{copy_button::CopyButton, long_text::LongText},
    event::on_input,
    trace::contains,
};

/// The number of rows from which a table has a filter.
const FILTER_MIN_ROWS: usize = 8;

/// Properties of [`Attributes`].
#[derive(Properties, PartialEq)]
pub struct AttributesProps {
    /// The title of the table.
    pub title: AttrValue,
    /// The attributes.
    pub fields: Map<String, Value>,
}

/// Renders the attributes with a filter, if there are many.
#[component]
pub fn Attributes(props: &AttributesProps) -> Html {
    let filter = use_state(String::new);
    let oninput = on_input(&filter.setter().to_callback());
    html! {
        <section class="code-box payload" aria-label={props.title.clone()}>
            <header class="code-head">
                <h3>{ props.title.clone() }</h3>
                <span class="code-tools">
                    if props.fields.len() >= FILTER_MIN_ROWS {
                        <input type="search" class="table-filter" placeholder="Filter" aria-label={format!("Filter {}", props.title.to_ascii_lowercase())} {oninput} />
                    }
                    <CopyButton text={format!("{:#}", Value::Object(props.fields.clone()))} name={props.title.to_ascii_lowercase()} />
                </span>
            </header>
            { table(&props.fields, filter.trim()) }
        </section>
    }
}

/// Renders the names and values of the fields that contain `filter`.
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
        return html! { <p class="muted table-none">{ "No attributes match." }</p> };
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

/// Returns a value as text, and whether the text is JSON.
fn text(value: &Value) -> (String, bool) {
    match value {
        Value::String(text) => match crate::components::conversation::parse_json(text) {
            Some(json) => (format!("{json:#}"), true),
            None => (text.clone(), false),
        },
        Value::Array(_) | Value::Object(_) => (format!("{value:#}"), true),
        other => (other.to_string(), true),
    }
}
