//! The title of the document.

use yew::prelude::*;

use crate::intl;

/// Sets the title of the document, which the tab and screen readers show.
#[hook]
pub fn use_title(title: &str) {
    use_effect_with(title.to_owned(), |title| {
        intl::document().set_title(&format!("{title} · Agent Observability"));
    });
}
