//! A box with a title.

use yew::prelude::*;

/// Renders a panel. `aside` is placed beside the title (a count, a legend, a link); `class` is an extra CSS class.
pub fn panel(title: &'static str, class: &'static str, aside: Html, body: Html) -> Html {
    html! {
        <section class={classes!("panel", class)} aria-label={title}>
            <header class="panel-head">
                <h2>{ title }</h2>
                { aside }
            </header>
            { body }
        </section>
    }
}
