//! A number with its name, in a `dl`.

use yew::prelude::*;

/// `note` says what the number alone does not.
pub fn figure(label: &'static str, value: String, note: Option<String>) -> Html {
    html! {
        <div>
            <dt>{ label }</dt>
            <dd>
                <span class="figure ellipsis" title={value.clone()}>{ value }</span>
                if let Some(note) = note { <span class="figure-note">{ note }</span> }
            </dd>
        </div>
    }
}
