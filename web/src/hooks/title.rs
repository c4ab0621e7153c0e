//! The page's title.

use yew::prelude::*;

use crate::intl;

/// Names the page in the tab and for screen readers.
#[hook]
pub fn use_title(title: &str) {
    use_effect_with(title.to_owned(), |title| {
        intl::document().set_title(&format!("{title} · Agent Observability"));
    });
}
