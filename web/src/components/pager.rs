//! Pagination of a list.

use icondata_lu::{LuChevronLeft, LuChevronRight};
use shared::{format, page::Page};
use yew::prelude::*;

use super::icon::svg_icon;

/// Renders the shown range and buttons to the previous and the next page.
pub fn pager<T>(page: &Page<T>, on_page: &Callback<u32>) -> Html {
    let first = u64::from(page.page - 1) * u64::from(page.limit) + 1;
    let last = (first + u64::from(page.limit) - 1).min(page.total);
    let to = |number: u32| on_page.reform(move |_: MouseEvent| number);
    html! {
        <nav class="pager" aria-label="Pagination">
            <p class="muted">
                { format!("{}–{} of {}", format::integer(first), format::integer(last), format::integer(page.total)) }
            </p>
            <div class="pager-buttons">
                <button type="button" class="button" disabled={page.page <= 1} onclick={to(page.page.saturating_sub(1))}>
                    { svg_icon(LuChevronLeft) }{ "Previous" }
                </button>
                <span class="pager-page">{ format!("{} / {}", format::integer(page.page.into()), format::integer(page.total_pages)) }</span>
                <button type="button" class="button" disabled={u64::from(page.page) >= page.total_pages} onclick={to(page.page + 1)}>
                    { "Next" }{ svg_icon(LuChevronRight) }
                </button>
            </div>
        </nav>
    }
}
