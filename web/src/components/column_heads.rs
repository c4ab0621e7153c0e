//! The heads of a table's columns.

use yew::prelude::*;

/// First those of texts, then those of numbers, as cells of a row.
pub fn column_heads(texts: &[&'static str], numbers: &[&'static str]) -> Html {
    html! {
        <>
            for name in texts { <th scope="col">{ *name }</th> }
            for name in numbers { <th scope="col" class="number">{ *name }</th> }
        </>
    }
}

/// The head of a column of buttons, for those who do not see that they are.
pub fn actions_head() -> Html {
    html! { <th scope="col"><span class="visually-hidden">{ "Actions" }</span></th> }
}
