//! Which rows of a long list are in sight, so that only those are in the page.

use gloo_events::EventListener;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Element, HtmlElement, ResizeObserver};
use yew::prelude::*;

/// A list that scrolls, of rows that are all equally high.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sight {
    /// The first row in sight; in steps, so that scrolling a little changes nothing.
    pub first: usize,
    /// How many fit.
    pub count: usize,
    /// Whether the list is as narrow as on a phone.
    pub narrow: bool,
}

/// Rows by which `first` goes on.
const STEP: usize = 8;
/// Rows that are drawn above and below: a wheel turns faster than a busy machine draws.
const AROUND: usize = 16;
/// Below this many pixels a list is narrow.
const NARROW: i32 = 560;

impl Sight {
    /// The rows to draw of `all`: those in sight and some around them.
    pub fn drawn(&self, all: usize) -> std::ops::Range<usize> {
        let first = self.first.saturating_sub(AROUND).min(all);
        // Before it is laid out nobody knows how many fit.
        let count = if self.count == 0 { 40 } else { self.count };
        first..(self.first + count + STEP + AROUND).min(all)
    }
}

fn look(list: &Element, height: impl Fn(bool) -> i32) -> Sight {
    let narrow = list.client_width() < NARROW;
    let height = height(narrow).max(1);
    let rows = |pixels: i32| usize::try_from(pixels / height).unwrap_or(0);
    Sight { first: rows(list.scroll_top()) / STEP * STEP, count: rows(list.client_height()) + 1, narrow }
}

/// What is in sight of the list behind `node`, whose rows are `height` pixels high, by whether it is narrow.
#[hook]
pub fn use_rows_in_sight(node: &NodeRef, height: fn(bool) -> i32) -> Sight {
    let sight = use_state_eq(Sight::default);
    {
        let (node, sight) = (node.clone(), sight.clone());
        use_effect_with((), move |()| {
            let watched = node.cast::<HtmlElement>().and_then(|list| {
                sight.set(look(&list, height));
                let (seen, at_scroll) = (list.clone(), sight.clone());
                let scrolled =
                    EventListener::new(&list, "scroll", move |_| at_scroll.set(look(&seen, height)));
                let seen = list.clone();
                let on_resize = Closure::<dyn FnMut()>::new(move || sight.set(look(&seen, height)));
                let observer = ResizeObserver::new(on_resize.as_ref().unchecked_ref()).ok()?;
                observer.observe(&list);
                Some((scrolled, observer, on_resize))
            });
            move || {
                if let Some((scrolled, observer, on_resize)) = watched {
                    observer.disconnect();
                    drop((scrolled, on_resize));
                }
            }
        });
    }
    *sight
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rows_in_sight_and_some_around_them_are_drawn() {
        let sight = |first, count| Sight { first, count, narrow: false };
        assert_eq!(sight(0, 0).drawn(10_000), 0..64);
        assert_eq!(sight(0, 20).drawn(10_000), 0..44);
        assert_eq!(sight(4_000, 20).drawn(10_000), 3_984..4_044);
        assert_eq!(sight(9_984, 20).drawn(10_000), 9_968..10_000);
        assert_eq!(sight(4_000, 20).drawn(7), 7..7, "after most were folded away");
    }
}
