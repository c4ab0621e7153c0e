//! Forms with one row per request field, and the API's validation errors at the rows.

use serde_json::{Map, Value};
use shared::{error::FieldError, format};
use yew::prelude::*;

use crate::event::{on_edit, on_input, on_select};

/// The values of a form and its validation errors.
#[derive(Clone, PartialEq)]
pub struct Form {
    /// The input values by field name.
    pub values: UseStateHandle<Map<String, Value>>,
    /// The validation errors.
    pub errors: Vec<FieldError>,
}

/// The kind of input of a row.
pub enum Input {
    /// A text input with an example.
    Text(&'static str),
    /// A text input with the suggestions of the `datalist` with this id.
    Suggest(&'static str),
    /// A number input with its unit.
    Number(&'static str),
    /// A select of (value, label) options.
    Choice(Vec<(AttrValue, AttrValue)>),
}

/// Returns the options of a select for the variants of an enum.
pub fn options<T: Copy, const N: usize>(
    variants: [T; N],
    value: fn(T) -> &'static str,
    label: fn(T) -> &'static str,
) -> Input {
    Input::Choice(variants.map(|variant| (value(variant).into(), label(variant).into())).to_vec())
}

impl Form {
    /// Returns the text of a field.
    pub fn text(&self, name: &str) -> &str {
        self.values.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// Sets a field to `value`.
    pub fn set(&self, name: &str, value: Value) {
        let mut values = (*self.values).clone();
        values.insert(name.to_owned(), value);
        self.values.set(values);
    }

    /// Returns the error of a field or of one of its items.
    fn error(&self, name: &str) -> Option<String> {
        let is_of = |field: &str| {
            field.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('['))
        };
        self.errors.iter().find(|error| is_of(&error.field)).map(|error| format::words(&error.detail))
    }

    /// Renders a row. An empty `hint` is not shown.
    pub fn row(&self, name: &'static str, label: &'static str, input: Input, hint: &'static str) -> Html {
        let error = self.error(name);
        let class = classes!("field", error.is_some().then_some("invalid"));
        let note = error.clone().or_else(|| Some(hint.to_owned()).filter(|hint| !hint.is_empty()));
        let described = note.is_some().then(|| format!("{name}-note"));
        let invalid = error.is_some().then_some("true");
        let value = self.text(name).to_owned();
        let on_text = on_edit(&self.values, move |values, text| {
            values.insert(name.to_owned(), Value::String(text));
        });
        let text_input = |placeholder: &'static str,
                          list: Option<&'static str>,
                          unit: Option<&'static str>| {
            let oninput = on_input(&on_text);
            html! {
                <span class="with-unit">
                    <input id={name} value={value.clone()} {placeholder} {list} {oninput} autocomplete="off" inputmode={unit.map(|_| "decimal")} aria-invalid={invalid} aria-describedby={described.clone()} />
                    if let Some(unit) = unit.filter(|unit| !unit.is_empty()) { <span class="unit">{ unit }</span> }
                </span>
            }
        };
        let control = match input {
            Input::Text(example) => text_input(example, None, None),
            Input::Suggest(list) => text_input("any", Some(list), None),
            Input::Number(unit) => text_input("", None, Some(unit)),
            Input::Choice(options) => html! {
                <select id={name} onchange={on_select(&on_text)} aria-invalid={invalid} aria-describedby={described.clone()}>
                    for (option, label) in options {
                        <option selected={*option == *value} value={option.clone()}>{ label }</option>
                    }
                </select>
            },
        };
        html! {
            <div {class}>
                <label for={name}>{ label }</label>
                { control }
                if let Some(note) = note { <p id={described} class="field-note">{ note }</p> }
            </div>
        }
    }

    /// Returns the first error that belongs to none of `rows`.
    pub fn other_errors(&self, rows: &[&str]) -> Option<String> {
        let is_shown = |field: &str| {
            rows.iter().any(|row| field.strip_prefix(row).is_some_and(|rest| !rest.starts_with('_')))
        };
        let other = self.errors.iter().find(|error| !is_shown(&error.field))?;
        Some(format!("{} {}", other.field, other.detail).trim().to_owned())
    }
}
