//! Something to paste elsewhere, with a button that copies it.

use yew::prelude::*;

use super::copy_button::CopyButton;

/// `title` says where it goes, `what` what it is: `curl command`.
pub fn code_box(title: &'static str, what: &'static str, text: String) -> Html {
    html! {
        <div class="code-box">
            <div class="code-head">
                <span>{ title }</span>
                <CopyButton text={text.clone()} {what} />
            </div>
            <pre tabindex="0" aria-label={what}><code>{ text }</code></pre>
        </div>
    }
}
