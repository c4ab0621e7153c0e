//! A secret that is only shown once.

use yew::prelude::*;

use super::copy_button::CopyButton;

/// Renders `secret` with a copy button below `text`. `name` is the name of the secret: `key`.
pub fn secret_box(text: Html, secret: &str, name: &'static str) -> Html {
    html! {
        <div class="new-key" role="status">
            <p>{ text }</p>
            <div class="new-key-row">
                <code class="mono">{ secret.to_owned() }</code>
                <CopyButton text={secret.to_owned()} {name} />
            </div>
        </div>
    }
}
