//! The keys that work anywhere on the page of a run, except where one types.

use gloo_events::{EventListener, EventListenerOptions};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, KeyboardEvent};
use yew::prelude::*;

use super::state::{Action, Direction};
use crate::intl;

/// The element to search in.
pub const SEARCH: &str = "span-search";
/// The element of the rows.
pub const TREE: &str = "span-tree";
/// The element of what the chosen step holds.
pub const DETAIL: &str = "detail";

/// Puts the focus on an element of the page, if it is there.
pub fn focus(id: &str) {
    if let Some(element) = intl::document().get_element_by_id(id) {
        // An element that cannot be focused just is not.
        drop(element.unchecked_into::<HtmlElement>().focus());
    }
}

/// Listens for them: `/` to search, `n` and `p` through what was found, `e` and `E` through what failed.
#[hook]
pub fn use_keys(on_action: &Callback<Action>) {
    let on_action = on_action.clone();
    use_effect_with((), move |()| {
        let options = EventListenerOptions::enable_prevent_default();
        let listener = EventListener::new_with_options(&intl::document(), "keydown", options, move |event| {
            let Some(event) = event.dyn_ref::<KeyboardEvent>() else { return };
            if event.default_prevented() || !is_here(event) {
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

/// Whether the focus is nowhere in particular or in the run's steps, and not where one types.
fn is_here(event: &KeyboardEvent) -> bool {
    let Some(target) = event.target().and_then(|target| target.dyn_into::<Element>().ok()) else {
        return true;
    };
    let typing = target.closest("input, textarea, select, dialog, [role=menu]").ok().flatten().is_some();
    let inside = target.closest(".trace-body").ok().flatten().is_some();
    let nowhere = matches!(&*target.tag_name(), "BODY" | "MAIN");
    !typing && (inside || nowhere)
}
