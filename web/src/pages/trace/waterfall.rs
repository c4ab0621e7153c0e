//! The waterfall: the span tree with a bar for the time of each span. Only the visible rows are rendered.

use shared::{cost::CostBasis, format, span::Span};
use web_sys::HtmlElement;
use yew::prelude::*;

use super::{
    key::{DETAIL, SEARCH, TREE, focus},
    state::{Action, Movement, State},
};
use crate::{
    components::span_row::{SpanRow, span_row},
    hooks::use_visible_rows,
    trace::{Times, ticks},
};

/// Returns the height of a row in pixels. The CSS uses the same values.
fn row_height(narrow: bool) -> i32 {
    if narrow { 46 } else { 32 }
}

/// Properties of [`Waterfall`].
#[derive(Properties, PartialEq)]
pub struct WaterfallProps {
    /// The state of the view.
    pub state: State,
    /// Called with the action of the user.
    pub on_action: Callback<Action>,
}

/// Renders the waterfall.
#[component]
pub fn Waterfall(props: &WaterfallProps) -> Html {
    let WaterfallProps { state, on_action } = props;
    let (model, node) = (&state.model, use_node_ref());
    let visible = use_visible_rows(&node, row_height);
    let height = row_height(visible.narrow);
    // Row 0 is the trace.
    let all = state.rows.len() + 1;
    let drawn = visible.rendered(all);
    let tick = ticks(model.times.length, 5);
    let place = {
        let node = node.clone();
        move |(first, all, height, tick): &(usize, usize, i32, f64)| {
            let Some(tree) = node.cast::<HtmlElement>() else { return };
            // The Content-Security-Policy forbids style attributes, but allows the CSSOM.
            for (name, value) in [
                ("--rows", format!("{}px", pixels(*all, *height))),
                ("--first", format!("{}px", pixels(*first, *height))),
                ("--tick", format!("{tick:.4}%")),
            ] {
                drop(tree.style().set_property(name, &value));
            }
        }
    };
    use_effect_with((drawn.start, all, height, model.times.percent(tick)), place);
    let position = state.position();
    {
        let node = node.clone();
        use_effect_with(state.reveal, move |&reveal| {
            if let (Some(tree), Some(at), true) = (node.cast::<HtmlElement>(), position, reveal > 0) {
                reveal_row(&tree, at, height);
                // The list itself may be scrolled out of view.
                let options = web_sys::ScrollIntoViewOptions::new();
                options.set_block(web_sys::ScrollLogicalPosition::Nearest);
                tree.scroll_into_view_with_scroll_into_view_options(&options);
            }
        });
    }
    {
        // The selected span of the URL may be far down.
        let node = node.clone();
        use_effect_with(height, move |&height| {
            if let (Some(tree), Some(at)) = (node.cast::<HtmlElement>(), position) {
                reveal_row(&tree, at, height);
            }
        });
    }
    let onkeydown = {
        let (node, on_action, has_query) = (node.clone(), on_action.clone(), !state.query.is_empty());
        Callback::from(move |event: KeyboardEvent| {
            let page = node.cast::<HtmlElement>().map_or(1, |tree| tree.client_height() / height - 1);
            if let Some(action) = key(&event, isize::try_from(page).unwrap_or(1).max(1), has_query) {
                event.prevent_default();
                if let Some(action) = action {
                    on_action.emit(action);
                }
            }
        })
    };
    let active = position.filter(|at| drawn.contains(at)).map(|_| row_id(state.selected));
    let rows = drawn.map(|at| at.checked_sub(1)).map(|at| match at {
        None => trace_row(state, on_action),
        Some(at) => state.rows.get(at).map_or_else(Html::default, |&index| tree_row(state, index, on_action)),
    });
    html! {
        <>
            <div class="steps-axis" aria-hidden="true">
                <span class="axis-name">{ step_count(state) }</span>
                <span class="span-tokens">{ "Tokens" }</span>
                <span class="span-cost">{ "Cost" }</span>
                { axis(&model.times, tick) }
                <span class="span-time">{ "Latency" }</span>
            </div>
            <div ref={node} id={TREE} class={classes!("span-rows", visible.narrow.then_some("narrow"), state.show_critical_path.then_some("with-path"), state.hits.is_some().then_some("searched"))} role="tree" aria-label="Steps" tabindex="0" aria-activedescendant={active} {onkeydown}>
                <div class="span-space" role="presentation">
                    <div class="span-window" role="presentation">{ for rows }</div>
                </div>
            </div>
        </>
    }
}

fn pixels(rows: usize, height: i32) -> i32 {
    i32::try_from(rows).unwrap_or(i32::MAX).saturating_mul(height)
}

/// Returns what a key does: `None` for an unused key, `Some(None)` for a key that needs no action.
fn key(event: &KeyboardEvent, page: isize, has_query: bool) -> Option<Option<Action>> {
    let command = event.ctrl_key() || event.meta_key();
    if command && event.key() == "f" {
        // The browser's search only finds rendered rows. Pressed again in the input, it opens the browser's search.
        focus(SEARCH);
        return Some(None);
    }
    if command || event.alt_key() {
        return None;
    }
    let movement = match &*event.key() {
        "ArrowDown" => Movement::By(1),
        "ArrowUp" => Movement::By(-1),
        "PageDown" => Movement::By(page),
        "PageUp" => Movement::By(-page),
        "Home" => Movement::First,
        "End" => Movement::Last,
        "ArrowRight" => Movement::In,
        "ArrowLeft" => Movement::Out,
        "*" => return Some(Some(Action::ExpandAll)),
        "Enter" | " " => {
            focus(DETAIL);
            return Some(None);
        }
        "Escape" if has_query => return Some(Some(Action::Search(String::new()))),
        "Escape" => Movement::First,
        _ => return None,
    };
    Some(Some(Action::Move(movement)))
}

/// Scrolls a row into view: by the minimum if it is near, else to the middle.
fn reveal_row(tree: &HtmlElement, at: usize, height: i32) {
    let (top, view) = (pixels(at, height), tree.client_height());
    let (from, to) = (tree.scroll_top(), tree.scroll_top() + view);
    let near = 3 * height;
    if top < from {
        tree.set_scroll_top(if from - top < near { top } else { top - view / 2 });
    } else if top + height > to {
        tree.set_scroll_top(if top + height - to < near { top + height - view } else { top - view / 2 });
    }
}

fn row_id(index: Option<usize>) -> String {
    index.map_or_else(|| "span-trace".to_owned(), |index| format!("span-{index}"))
}

fn step_count(state: &State) -> String {
    let all = state.model.spans().len();
    if all == 1 { "1 step".to_owned() } else { format!("{} steps", format::integer(all as u64)) }
}

fn trace_row(state: &State, on_action: &Callback<Action>) -> Html {
    let (trace, times) = (&state.model.detail.trace, &state.model.times);
    span_row(&SpanRow {
        id: row_id(None),
        name: trace.agent_id.clone().into(),
        place: (1, 1),
        descendants: state.model.spans().len(),
        selected: state.selected.is_none(),
        status: trace.status,
        latency_ms: trace.latency_ms,
        tokens: trace.tokens_total,
        cost: trace.cost_usd.map(format::cost),
        bar: (times.percent(times.trace.0), times.percent(times.trace.1)),
        on_select: on_action.reform(|()| Action::Select(None)),
        ..SpanRow::default()
    })
}

fn tree_row(state: &State, index: usize, on_action: &Callback<Action>) -> Html {
    let (span, model) = (&state.model.spans()[index], &state.model);
    let percent = |(from, to): (i64, i64)| (model.times.percent(from), model.times.percent(to));
    let critical = model.path.window[index].filter(|_| state.show_critical_path);
    span_row(&SpanRow {
        id: row_id(Some(index)),
        name: span.name.clone().into(),
        kind: Some(span.kind),
        depth: model.tree.depth[index] + 1,
        place: model.tree.place[index],
        expanded: (model.tree.descendants[index] > 0).then(|| !state.is_collapsed(index)),
        descendants: model.tree.descendants[index],
        selected: state.selected == Some(index),
        hit: state.hits.as_ref().is_some_and(|hits| hits[index]),
        status: span.status,
        latency_ms: span.latency_ms,
        tokens: tokens(span),
        cost: match span.cost_basis {
            Some(CostBasis::NoPrice) if span.cost_usd.is_none() => Some("no price".to_owned()),
            _ => span.cost_usd.map(format::cost),
        },
        bar: percent(model.times.spans[index]),
        critical: critical.map(|window| {
            (percent(window), model.path.self_windows[index].iter().copied().map(percent).collect())
        }),
        on_select: on_action.reform(move |()| Action::Select(Some(index))),
        on_toggle: on_action.reform(move |()| Action::Toggle(index)),
    })
}

fn tokens(span: &Span) -> Option<u64> {
    match (span.tokens_input, span.tokens_output) {
        (None, None) => None,
        (input, output) => Some(input.unwrap_or(0).saturating_add(output.unwrap_or(0))),
    }
}

fn axis(times: &Times, tick: i64) -> Html {
    #[expect(clippy::cast_precision_loss, reason = "for a label")]
    let label = |micros: i64| format::round_latency(micros as f64 / 1e3);
    let percent = |micros| times.percent(micros);
    // A label close to the end would be cut off.
    let at = (0..).map(|nth| nth * tick).take_while(|&micros| micros == 0 || percent(micros) < 92.0);
    html! {
        <svg class="steps-ticks">
            for micros in at {
                <text x={format!("{:.2}%", percent(micros))} y="14" dx="2">{ label(micros) }</text>
            }
        </svg>
    }
}
