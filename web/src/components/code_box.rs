//! A block of code with a copy button.

use yew::prelude::*;

use super::copy_button::CopyButton;

/// Renders `text`. `title` is where to use it, like `Terminal`; `name` describes it, like `curl command`.
pub fn code_box(title: &'static str, name: &'static str, text: String) -> Html {
    html! {
        <div class="code-box">
            <div class="code-head">
                <span>{ title }</span>
                <CopyButton text={text.clone()} {name} />
            </div>
            <pre tabindex="0" aria-label={name}><code>{ text }</code></pre>
        </div>
    }
}
