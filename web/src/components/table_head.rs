//! The header cells of tables.

use yew::prelude::*;

/// Renders the header cells of a row: text columns first, then numeric columns.
pub fn column_heads(texts: &[&'static str], numbers: &[&'static str]) -> Html {
    html! {
        <>
            for name in texts { <th scope="col">{ *name }</th> }
            for name in numbers { <th scope="col" class="number">{ *name }</th> }
        </>
    }
}

/// Renders the header cell of a column of buttons, for screen readers.
pub fn actions_head() -> Html {
    html! { <th scope="col"><span class="visually-hidden">{ "Actions" }</span></th> }
}
