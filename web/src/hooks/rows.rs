//! Virtual scrolling: the rows of a long list that are visible, so that only those are rendered.

use web_sys::Element;
use yew::prelude::*;

use super::measure::use_measure;

/// The visible part of a scrolling list with rows of equal height.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VisibleRows {
    /// The first visible row, in steps of [`STEP`] rows, so that scrolling a little causes no render.
    pub first: usize,
    /// The number of visible rows; 0 before layout.
    pub count: usize,
    /// Whether the list is narrower than [`NARROW`].
    pub narrow: bool,
}

/// The step of `first`, in rows.
const STEP: usize = 8;
/// Rows rendered above and below the visible ones: a wheel scrolls faster than a busy machine renders.
const MARGIN: usize = 16;
/// Pixels below which a list is narrow, as on a phone.
const NARROW: i32 = 560;

impl VisibleRows {
    /// Returns the rows of `all` to render: the visible ones and a margin.
    pub fn rendered(&self, all: usize) -> std::ops::Range<usize> {
        let first = self.first.saturating_sub(MARGIN).min(all);
        // Before layout the number of visible rows is unknown.
        let count = if self.count == 0 { 40 } else { self.count };
        first..(self.first + count + STEP + MARGIN).min(all)
    }
}

fn measure(list: &Element, height: impl Fn(bool) -> i32) -> VisibleRows {
    let narrow = list.client_width() < NARROW;
    let height = height(narrow).max(1);
    let rows = |pixels: i32| usize::try_from(pixels / height).unwrap_or(0);
    VisibleRows {
        first: rows(list.scroll_top()) / STEP * STEP,
        count: rows(list.client_height()) + 1,
        narrow,
    }
}

/// Returns the visible part of the list `node`. `height` returns the pixels of a row, given whether the list is narrow.
#[hook]
pub fn use_visible_rows(node: &NodeRef, height: fn(bool) -> i32) -> VisibleRows {
    use_measure(node, move |list| measure(list, height))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_visible_rows_and_a_margin_are_rendered() {
        let visible = |first, count| VisibleRows { first, count, narrow: false };
        assert_eq!(visible(0, 0).rendered(10_000), 0..64);
        assert_eq!(visible(0, 20).rendered(10_000), 0..44);
        assert_eq!(visible(4_000, 20).rendered(10_000), 3_984..4_044);
        assert_eq!(visible(9_984, 20).rendered(10_000), 9_968..10_000);
        assert_eq!(visible(4_000, 20).rendered(7), 7..7, "after most rows were collapsed");
    }
}
