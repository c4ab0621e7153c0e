//! Forms whose fields are those of a request: a row for each, with what the API says is wrong with it.

use serde_json::{Map, Value};
use shared::error::FieldError;
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

use crate::format;

/// What stands in a form, and what is wrong with it.
#[derive(Clone, PartialEq)]
pub struct Form {
    /// What was typed, by the fields' names.
    pub typed: UseStateHandle<Map<String, Value>>,
    /// What is wrong.
    pub wrong: Vec<FieldError>,
}

/// What a row is filled in with.
pub enum Input {
    /// A text, with an example.
    Text(&'static str),
    /// A text, with the suggestions that stand under this id.
    Suggest(&'static str),
    /// A number, and its unit.
    Number(&'static str),
    /// One of these: what is sent, and what it is called.
    Choice(Vec<(AttrValue, AttrValue)>),
}

impl Form {
    /// What stands in a field.
    pub fn text(&self, name: &str) -> &str {
        self.typed.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// Puts `value` into a field.
    pub fn set(&self, name: &str, value: Value) {
        let mut typed = (*self.typed).clone();
        typed.insert(name.to_owned(), value);
        self.typed.set(typed);
    }

    /// What is wrong with a field, or with one of its items.
    fn error(&self, name: &str) -> Option<String> {
        let is_of = |field: &str| {
            field.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('['))
        };
        self.wrong.iter().find(|wrong| is_of(&wrong.field)).map(|wrong| format::words(&wrong.detail))
    }

    /// A row; `hint` says more where it is not empty.
    pub fn row(&self, name: &'static str, label: &'static str, input: Input, hint: &'static str) -> Html {
        let error = self.error(name);
        let class = classes!("field", error.is_some().then_some("invalid"));
        let note = error.clone().or_else(|| Some(hint.to_owned()).filter(|hint| !hint.is_empty()));
        let described = note.is_some().then(|| format!("{name}-note"));
        let invalid = error.is_some().then_some("true");
        let value = self.text(name).to_owned();
        let form = self.clone();
        let inside = match input {
            Input::Choice(options) => {
                let onchange = Callback::from(move |event: Event| {
                    let chosen = event.target_unchecked_into::<HtmlSelectElement>().value();
                    form.set(name, Value::String(chosen));
                });
                html! {
                    <select id={name} {onchange} aria-invalid={invalid} aria-describedby={described.clone()}>
                        for (word, label) in options {
                            <option selected={*word == *value} value={word.clone()}>{ label }</option>
                        }
                    </select>
                }
            }
            input => {
                let oninput = Callback::from(move |event: InputEvent| {
                    let text = event.target_unchecked_into::<HtmlInputElement>().value();
                    form.set(name, Value::String(text));
                });
                let (placeholder, list, unit) = match input {
                    Input::Text(example) => (example, None, None),
                    Input::Suggest(list) => ("any", Some(list), None),
                    Input::Number(unit) => ("", None, Some(unit)),
                    Input::Choice(_) => ("", None, None),
                };
                html! {
                    <span class="with-unit">
                        <input id={name} {value} {placeholder} {list} {oninput} autocomplete="off" inputmode={unit.map(|_| "decimal")} aria-invalid={invalid} aria-describedby={described.clone()} />
                        if let Some(unit) = unit.filter(|unit| !unit.is_empty()) { <span class="unit">{ unit }</span> }
                    </span>
                }
            }
        };
        html! {
            <div {class}>
                <label for={name}>{ label }</label>
                { inside }
                if let Some(note) = note { <p id={described} class="field-note">{ note }</p> }
            </div>
        }
    }

    /// What is wrong that none of the rows is about.
    pub fn other_errors(&self, rows: &[&str]) -> Option<String> {
        let is_shown = |field: &str| {
            rows.iter().any(|row| field.strip_prefix(row).is_some_and(|rest| !rest.starts_with('_')))
        };
        let other = self.wrong.iter().find(|wrong| !is_shown(&wrong.field))?;
        Some(format!("{} {}", other.field, other.detail).trim().to_owned())
    }
}
