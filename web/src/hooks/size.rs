//! How wide an element is, for what draws in pixels.

use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Element, HtmlElement, ResizeObserver};
use yew::prelude::*;

/// The width of the element behind `node` in CSS pixels; 0 until it is laid out.
#[hook]
pub fn use_width(node: &NodeRef) -> f64 {
    let width = use_state(|| 0.0);
    {
        let (node, width) = (node.clone(), width.clone());
        use_effect_with((), move |()| {
            let watched = node.cast::<HtmlElement>().and_then(|element| {
                width.set(f64::from(element.client_width()));
                let seen = element.clone();
                let on_resize =
                    Closure::<dyn FnMut()>::new(move || width.set(f64::from(seen.client_width())));
                let observer = ResizeObserver::new(on_resize.as_ref().unchecked_ref()).ok()?;
                observer.observe(element.unchecked_ref::<Element>());
                Some((observer, on_resize))
            });
            move || {
                if let Some((observer, on_resize)) = watched {
                    observer.disconnect();
                    drop(on_resize);
                }
            }
        });
    }
    *width
}
