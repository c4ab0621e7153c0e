//! A labelled text input or select with a hint or an error.

use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::event::{on_input, on_select};

/// Properties of [`Field`].
#[derive(Properties, PartialEq)]
pub struct FieldProps {
    /// The field's name and element id.
    pub name: AttrValue,
    /// The label.
    pub label: AttrValue,
    /// The current text.
    pub value: AttrValue,
    /// Called with the new text on every input.
    pub on_change: Callback<String>,
    /// The input type: `text`, `email` or `password`.
    #[prop_or(AttrValue::Static("text"))]
    pub kind: AttrValue,
    /// The `autocomplete` attribute.
    #[prop_or(AttrValue::Static("off"))]
    pub autocomplete: AttrValue,
    /// The values and labels of a select; empty for a text input.
    #[prop_or_default]
    pub choices: Vec<(AttrValue, AttrValue)>,
    /// Whether the value is fixed.
    #[prop_or_default]
    pub readonly: bool,
    /// An example value.
    #[prop_or_default]
    pub placeholder: AttrValue,
    /// A hint below the input.
    #[prop_or_default]
    pub hint: Option<AttrValue>,
    /// An error below the input, in place of the hint.
    #[prop_or_default]
    pub error: Option<AttrValue>,
    /// Whether the input is focused when it appears, and when it becomes invalid.
    #[prop_or_default]
    pub autofocus: bool,
}

/// Renders the input or the select with its label.
#[component]
pub fn Field(props: &FieldProps) -> Html {
    let node = use_node_ref();
    let is_mounted = use_mut_ref(|| false);
    {
        let node = node.clone();
        use_effect_with((props.autofocus, props.error.is_some()), move |&(autofocus, is_invalid)| {
            let is_new = !is_mounted.replace(true);
            let focuses = autofocus && (is_new || is_invalid);
            if let (true, Some(input)) = (focuses, node.cast::<HtmlInputElement>()) {
                // Without focus the input still works.
                drop(input.focus());
            }
        });
    }
    let note = props.error.clone().or_else(|| props.hint.clone());
    let note_id = format!("{}-note", props.name);
    let invalid = props.error.is_some().then_some("true");
    let described = note.is_some().then(|| note_id.clone());
    html! {
        <div class={classes!("field", props.error.is_some().then_some("invalid"))}>
            <label for={props.name.clone()}>{ props.label.clone() }</label>
            if props.choices.is_empty() {
                <input
                    ref={node}
                    id={props.name.clone()}
                    name={props.name.clone()}
                    type={props.kind.clone()}
                    autocomplete={props.autocomplete.clone()}
                    placeholder={props.placeholder.clone()}
                    value={props.value.clone()}
                    readonly={props.readonly}
                    oninput={on_input(&props.on_change)}
                    aria-invalid={invalid}
                    aria-describedby={described}
                />
            } else {
                <select id={props.name.clone()} name={props.name.clone()} onchange={on_select(&props.on_change)} aria-invalid={invalid} aria-describedby={described}>
                    for (value, label) in &props.choices {
                        <option value={value} selected={*value == props.value}>{ label }</option>
                    }
                </select>
            }
            if let Some(note) = note {
                <p id={note_id} class="field-note">{ note }</p>
            }
        </div>
    }
}
