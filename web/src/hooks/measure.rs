//! Measures of elements, for components that draw in pixels.

use gloo_events::EventListener;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{HtmlElement, ResizeObserver};
use yew::prelude::*;

/// Returns the result of `measure` for the element `node`: after layout, and whenever the element is resized or scrolled.
/// Before layout it is the default.
#[hook]
pub fn use_measure<T, F>(node: &NodeRef, measure: F) -> T
where
    T: Copy + Default + PartialEq + 'static,
    F: Fn(&HtmlElement) -> T + Copy + 'static,
{
    let measured = use_state_eq(T::default);
    {
        let (node, measured) = (node.clone(), measured.setter());
        use_effect_with((), move |()| {
            let observed = node.cast::<HtmlElement>().and_then(|element| {
                let target = element.clone();
                let update = move || measured.set(measure(&target));
                update();
                let on_scroll = update.clone();
                let scrolled = EventListener::new(&element, "scroll", move |_| on_scroll());
                let on_resize = Closure::<dyn FnMut()>::new(update);
                let observer = ResizeObserver::new(on_resize.as_ref().unchecked_ref()).ok()?;
                observer.observe(&element);
                Some((scrolled, observer, on_resize))
            });
            move || {
                if let Some((scrolled, observer, on_resize)) = observed {
                    observer.disconnect();
                    drop((scrolled, on_resize));
                }
            }
        });
    }
    *measured
}

/// Returns the width of the element `node` in CSS pixels; 0 before layout.
#[hook]
pub fn use_width(node: &NodeRef) -> f64 {
    use_measure(node, |element| f64::from(element.client_width()))
}
