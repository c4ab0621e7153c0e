//! A labelled value in a `dl`.

use yew::prelude::*;

/// Renders a label, a value and an optional `note` below the value.
pub fn stat(label: &'static str, value: String, note: Option<String>) -> Html {
    html! {
        <div>
            <dt>{ label }</dt>
            <dd>
                <span class="stat-value ellipsis" title={value.clone()}>{ value }</span>
                if let Some(note) = note { <span class="stat-note">{ note }</span> }
            </dd>
        </div>
    }
}
