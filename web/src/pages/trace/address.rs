//! Synchronizes the selected span with the URL (`?span=ID`), so that it can be shared.

use gloo_timers::callback::Timeout;
use yew::prelude::*;

use crate::{
    query,
    router::{self, use_location},
};

/// The delay in milliseconds before the URL is updated: browsers limit how often it may change.
const DELAY: u32 = 250;

/// Returns the id of the span in the URL.
#[hook]
pub fn use_span_in_address() -> Option<String> {
    query::value(&use_location().query, "span")
}

/// Writes the selected span to the URL without a new history entry. Calls `on_change` if the span in the URL, `named`,
/// changes for another reason.
#[hook]
pub fn use_address(named: Option<String>, selected: Option<String>, on_change: Callback<Option<String>>) {
    let written = use_mut_ref(|| named.clone());
    let location = use_location();
    {
        let written = written.clone();
        use_effect_with(named, move |named| {
            if *written.borrow() != *named {
                written.borrow_mut().clone_from(named);
                on_change.emit(named.clone());
            }
        });
    }
    use_effect_with(selected, move |selected| {
        let changed = *written.borrow() != *selected;
        let timeout = changed.then(|| {
            let span = selected.clone();
            Timeout::new(DELAY, move || {
                written.borrow_mut().clone_from(&span);
                let query = span.map(|span| format!("?span={}", js_sys::encode_uri_component(&span)));
                router::replace(&(location.path.clone() + &query.unwrap_or_default()));
            })
        });
        move || drop(timeout)
    });
}
