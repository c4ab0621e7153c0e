//! A labelled text input with a hint or an error.

use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::event::on_input;

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
    /// An example value.
    #[prop_or_default]
    pub placeholder: AttrValue,
    /// A hint below the input.
    #[prop_or_default]
    pub hint: Option<AttrValue>,
    /// An error below the input, in place of the hint.
    #[prop_or_default]
    pub error: Option<AttrValue>,
    /// Whether the input is focused when it appears.
    #[prop_or_default]
    pub autofocus: bool,
}

/// Renders the input with its label.
#[component]
pub fn Field(props: &FieldProps) -> Html {
    let node = use_node_ref();
    {
        let node = node.clone();
        use_effect_with(props.autofocus, move |&autofocus| {
            if let (true, Some(input)) = (autofocus, node.cast::<HtmlInputElement>()) {
                // Without focus the input still works.
                drop(input.focus());
            }
        });
    }
    let oninput = on_input(&props.on_change);
    let note = props.error.clone().or_else(|| props.hint.clone());
    let note_id = format!("{}-note", props.name);
    html! {
        <div class={classes!("field", props.error.is_some().then_some("invalid"))}>
            <label for={props.name.clone()}>{ props.label.clone() }</label>
            <input
                ref={node}
                id={props.name.clone()}
                name={props.name.clone()}
                type={props.kind.clone()}
                autocomplete={props.autocomplete.clone()}
                placeholder={props.placeholder.clone()}
                value={props.value.clone()}
                {oninput}
                aria-invalid={props.error.is_some().then_some("true")}
                aria-describedby={note.is_some().then(|| note_id.clone())}
            />
            if let Some(note) = note {
                <p id={note_id} class="field-note">{ note }</p>
            }
        </div>
    }
}
