//! Keyboard shortcuts of the trace page, active except in inputs.

use gloo_events::{EventListener, EventListenerOptions};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, KeyboardEvent};
use yew::prelude::*;

use super::state::{Action, Direction};
use crate::intl;

/// The id of the search input.
pub const SEARCH: &str = "span-search";
/// The id of the tree of spans.
pub const TREE: &str = "span-tree";
/// The id of the panel of the selected span.
pub const DETAIL: &str = "detail";

/// Focuses an element, if it exists.
pub fn focus(id: &str) {
    if let Some(element) = intl::document().get_element_by_id(id) {
        // Without focus the element still works.
        drop(element.unchecked_into::<HtmlElement>().focus());
    }
}

/// Listens for shortcuts: `/` focuses the search, `n` and `p` go through the matches, `e` and `E` through failed spans.
#[hook]
pub fn use_keys(on_action: &Callback<Action>) {
    let on_action = on_action.clone();
    use_effect_with((), move |()| {
        let options = EventListenerOptions::enable_prevent_default();
        let listener = EventListener::new_with_options(&intl::document(), "keydown", options, move |event| {
            let Some(event) = event.dyn_ref::<KeyboardEvent>() else { return };
            if event.default_prevented() || !is_active(event) {
                return;
            }
            let command = event.ctrl_key() || event.meta_key();
            let action = match (&*event.key(), command || event.alt_key()) {
                ("/", false) => {
                    event.prevent_default();
                    focus(SEARCH);
                    return;
                }
                ("n", false) => Action::Match(Direction::Next),
                ("p", false) => Action::Match(Direction::Previous),
                ("e", false) => Action::Failed(Direction::Next),
                ("E", false) => Action::Failed(Direction::Previous),
                _ => return,
            };
            event.prevent_default();
            on_action.emit(action);
        });
        move || drop(listener)
    });
}

/// Returns whether shortcuts are active: the focus is on nothing or in the span tree, and not in an input.
fn is_active(event: &KeyboardEvent) -> bool {
    let Some(target) = event.target().and_then(|target| target.dyn_into::<Element>().ok()) else {
        return true;
    };
    let typing = target.closest("input, textarea, select, dialog, [role=menu]").ok().flatten().is_some();
    let in_trace = target.closest(".trace-body").ok().flatten().is_some();
    let unfocused = matches!(&*target.tag_name(), "BODY" | "MAIN");
    !typing && (in_trace || unfocused)
}
