//! The width of an element, for components that draw in pixels.

use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Element, HtmlElement, ResizeObserver};
use yew::prelude::*;

/// Returns the width of the element `node` in CSS pixels; 0 before layout.
#[hook]
pub fn use_width(node: &NodeRef) -> f64 {
    let width = use_state(|| 0.0);
    {
        let (node, width) = (node.clone(), width.clone());
        use_effect_with((), move |()| {
            let observed = node.cast::<HtmlElement>().and_then(|element| {
                width.set(f64::from(element.client_width()));
                let target = element.clone();
                let on_resize =
                    Closure::<dyn FnMut()>::new(move || width.set(f64::from(target.client_width())));
                let observer = ResizeObserver::new(on_resize.as_ref().unchecked_ref()).ok()?;
                observer.observe(element.unchecked_ref::<Element>());
                Some((observer, on_resize))
            });
            move || {
                if let Some((observer, on_resize)) = observed {
                    observer.disconnect();
                    drop(on_resize);
                }
            }
        });
    }
    *width
}
