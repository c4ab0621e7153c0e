//! Synchronizes the selected span with the URL (`?span=ID`), so that it can be shared.

use gloo_timers::callback::Timeout;
use serde::{Deserialize, Serialize};
use yew::prelude::*;
use yew_router::hooks::{use_location, use_navigator, use_route};

use crate::route::Route;

/// The delay in milliseconds before the URL is updated: browsers limit how often it may change.
const DELAY: u32 = 250;

/// The query of the page of a trace.
#[derive(Serialize, Deserialize)]
struct SpanQuery {
    /// The id of the selected span.
    span: Option<String>,
}

/// Returns the id of the span in the URL.
#[hook]
pub fn use_span_in_address() -> Option<String> {
    use_location()?.query::<SpanQuery>().ok()?.span
}

/// Writes the selected span to the URL without a new history entry. Calls `on_change` if the span in the URL, `named`,
/// changes for another reason.
#[hook]
pub fn use_address(named: Option<String>, selected: Option<String>, on_change: Callback<Option<String>>) {
    let written = use_mut_ref(|| named.clone());
    let (navigator, route) = (use_navigator(), use_route::<Route>());
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
                if let (Some(navigator), Some(route)) = (navigator, route) {
                    drop(navigator.replace_with_query(&route, SpanQuery { span }));
                }
            })
        });
        move || drop(timeout)
    });
}
