//! Tables and their header cells.

use yew::prelude::*;

/// Renders a table that scrolls if it is wider than the page.
pub fn table(class: &'static str, heads: Html, rows: Vec<Html>) -> Html {
    html! {
        <div class="table-scroll">
            <table {class}>
                <thead><tr>{ heads }</tr></thead>
                <tbody>{ for rows }</tbody>
            </table>
        </div>
    }
}

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
