//! A labelled text input with its error.

use web_sys::HtmlInputElement;
use yew::prelude::*;

/// Properties of [`Field`].
#[derive(Properties, PartialEq)]
pub struct FieldProps {
    /// The field's name, which is also its id.
    pub name: AttrValue,
    /// What to type.
    pub label: AttrValue,
    /// What was typed.
    pub value: AttrValue,
    /// What is typed now.
    pub on_change: Callback<String>,
    /// `text`, `email` or `password`.
    #[prop_or(AttrValue::Static("text"))]
    pub kind: AttrValue,
    /// The browser's `autocomplete`.
    #[prop_or(AttrValue::Static("off"))]
    pub autocomplete: AttrValue,
    /// An example.
    #[prop_or_default]
    pub placeholder: AttrValue,
    /// What is expected, below the input.
    #[prop_or_default]
    pub hint: Option<AttrValue>,
    /// What is wrong with it.
    #[prop_or_default]
    pub error: Option<AttrValue>,
    /// Whether to begin here.
    #[prop_or_default]
    pub autofocus: bool,
}

/// See the module.
#[component]
pub fn Field(props: &FieldProps) -> Html {
    let node = use_node_ref();
    {
        let node = node.clone();
        use_effect_with(props.autofocus, move |&autofocus| {
            if let (true, Some(input)) = (autofocus, node.cast::<HtmlInputElement>()) {
                // An element that cannot be focused just is not.
                drop(input.focus());
            }
        });
    }
    let oninput =
        props.on_change.reform(|event: InputEvent| event.target_unchecked_into::<HtmlInputElement>().value());
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
