//! The frame of the pages without navigation: login, registration, and the targets of links in e-mails.

use yew::prelude::*;

use super::brand::brand;

/// Renders a panel with a title and its content, and `below` under it.
pub fn alone(title: String, content: Html, below: Html) -> Html {
    html! {
        <main class="alone">
            { brand() }
            <div class="panel form-panel">
                <h1>{ title }</h1>
                { content }
            </div>
            <div class="muted alone-below">{ below }</div>
        </main>
    }
}
