//! A menu: a button that opens a box, which closes on Escape and on a click outside.

use gloo_events::EventListener;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, Node};
use yew::prelude::*;

use crate::{event::on_toggle, intl};

/// Properties of [`Menu`].
#[derive(Properties, PartialEq)]
pub struct MenuProps {
    /// The accessible name of the button.
    pub label: AttrValue,
    /// The content of the button.
    pub button: Html,
    /// The content of the box.
    pub children: Html,
}

/// Renders the menu, closed at first.
#[component]
pub fn Menu(props: &MenuProps) -> Html {
    let open = use_state(|| false);
    let node = use_node_ref();
    {
        let (open, node) = (open.clone(), node.clone());
        use_effect_with(*open, move |&is_open| {
            let listeners = is_open.then(|| {
                let (close, menu) = (open.clone(), node.clone());
                let pressed = EventListener::new(&intl::document(), "pointerdown", move |event| {
                    let target = event.target().and_then(|target| target.dyn_into::<Node>().ok());
                    if !menu.cast::<Node>().is_some_and(|menu| menu.contains(target.as_ref())) {
                        close.set(false);
                    }
                });
                let key = EventListener::new(&intl::document(), "keydown", move |event| {
                    if event.dyn_ref::<KeyboardEvent>().is_some_and(|event| event.key() == "Escape") {
                        open.set(false);
                        let button = node
                            .cast::<HtmlElement>()
                            .and_then(|menu| menu.query_selector("button").ok().flatten());
                        if let Some(button) = button.and_then(|button| button.dyn_into::<HtmlElement>().ok())
                        {
                            // Without focus the button still works.
                            drop(button.focus());
                        }
                    }
                });
                (pressed, key)
            });
            move || drop(listeners)
        });
    }
    let onclick = on_toggle(&open);
    html! {
        <div class="menu" ref={node}>
            <button type="button" class="menu-button" {onclick} aria-expanded={open.to_string()} aria-label={props.label.clone()}>
                { props.button.clone() }
            </button>
            if *open {
                <div class="menu-box">{ props.children.clone() }</div>
            }
        </div>
    }
}
