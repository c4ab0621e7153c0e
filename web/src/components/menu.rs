//! A menu: a button that opens a box, which closes on Escape on a click outside, and on a click on a link in it.

use gloo_events::EventListener;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, Node};
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
    let (is_open, onclick) = (*open, on_toggle(&open));
    let on_choose = Callback::from(move |event: MouseEvent| {
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        if target.is_some_and(|target| target.closest("a").is_ok_and(|link| link.is_some())) {
            open.set(false);
        }
    });
    html! {
        <div class="menu" ref={node}>
            <button type="button" class="menu-button" {onclick} aria-expanded={is_open.to_string()} aria-label={props.label.clone()}>
                { props.button.clone() }
            </button>
            if is_open {
                <div class="menu-box" onclick={on_choose}>{ props.children.clone() }</div>
            }
        </div>
    }
}
