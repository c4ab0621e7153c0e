//! The run's steps: a tree, with a bar for when each ran.

use std::{collections::HashSet, rc::Rc};

use shared::{span::Span, trace::TraceDetail};
use web_sys::Element;
use yew::prelude::*;

use crate::{
    components::{
        span_row::{SpanRow, span_row},
        span_tree::{Row, extent, millis_since, rows},
    },
    format, intl,
};

/// Rows that are drawn at first, and more at each wish: a run may have ten thousand.
const PORTION: usize = 300;

/// Properties of [`Waterfall`].
#[derive(Properties, PartialEq)]
pub struct WaterfallProps {
    /// The run.
    pub detail: TraceDetail,
    /// The span whose content is shown; none for the run itself.
    pub selected: Option<usize>,
    /// Another is chosen.
    pub on_select: Callback<Option<usize>>,
}

/// See the module.
#[component]
pub fn Waterfall(props: &WaterfallProps) -> Html {
    let WaterfallProps { detail, selected, on_select } = props;
    let (trace, spans) = (&detail.trace, &detail.spans);
    let collapsed = use_state(|| Rc::new(HashSet::<usize>::new()));
    let shown = use_state(|| PORTION);
    let all = rows(spans, &collapsed);
    let visible: Vec<Row> = all.iter().take(*shown).copied().collect();
    let (start, length) = extent(trace.timestamp, trace.latency_ms, spans);

    let toggle = {
        let collapsed = collapsed.clone();
        Callback::from(move |index: usize| {
            let mut changed = (**collapsed).clone();
            if !changed.remove(&index) {
                changed.insert(index);
            }
            collapsed.set(Rc::new(changed));
        })
    };
    let onkeydown = {
        let (visible, selected, on_select) = (visible.clone(), *selected, on_select.clone());
        let (toggle, collapsed) = (toggle.clone(), collapsed.clone());
        Callback::from(move |event: KeyboardEvent| {
            // Position 0 is the run itself.
            let position = selected
                .and_then(|index| visible.iter().position(|row| row.index == index))
                .map_or(0, |at| at + 1);
            let row = position.checked_sub(1).and_then(|at| visible.get(at));
            let target = match event.key().as_str() {
                "ArrowDown" => (position + 1).min(visible.len()),
                "ArrowUp" => position.saturating_sub(1),
                "Home" => 0,
                "End" => visible.len(),
                key @ ("ArrowLeft" | "ArrowRight") => {
                    event.prevent_default();
                    let wanted = key == "ArrowRight";
                    if let Some(row) =
                        row.filter(|row| row.has_children && collapsed.contains(&row.index) == wanted)
                    {
                        toggle.emit(row.index);
                    }
                    return;
                }
                _ => return,
            };
            event.prevent_default();
            on_select.emit(target.checked_sub(1).and_then(|at| visible.get(at)).map(|row| row.index));
        })
    };
    use_effect_with(*selected, |selected| {
        // The browser scrolls to what has the focus, which the tree as a whole has.
        if let Some(row) = intl::document().get_element_by_id(&row_id(*selected)) {
            scroll_into_view(&row);
        }
    });

    let row = |row: &Row| {
        let span = &spans[row.index];
        let index = row.index;
        let offset = millis_since(span.timestamp, start) / length * 100.0;
        span_row(&SpanRow {
            id: row_id(Some(index)),
            name: span.name.clone().into(),
            kind: Some(span.kind),
            depth: row.depth + 1,
            expanded: row.has_children.then(|| !collapsed.contains(&index)),
            selected: *selected == Some(index),
            status: span.status,
            latency_ms: span.latency_ms,
            figures: figures(span),
            bar: (offset, span.latency_ms / length * 100.0),
            on_select: on_select.reform(move |()| Some(index)),
            on_toggle: toggle.reform(move |()| index),
        })
    };
    let more = {
        let shown = shown.clone();
        Callback::from(move |_: MouseEvent| shown.set(*shown + PORTION))
    };
    let hidden = all.len().saturating_sub(*shown);
    html! {
        <section class="panel waterfall" aria-label="Steps">
            <header class="panel-head"><h2>{ "Steps" }</h2><span class="muted panel-note">{ format::latency(length) }</span></header>
            <div class="span-rows" role="tree" aria-label="Steps of the run" tabindex="0" aria-activedescendant={row_id(*selected)} {onkeydown}>
                { span_row(&SpanRow {
                    id: row_id(None),
                    name: trace.agent_id.clone().into(),
                    kind: None,
                    depth: 0,
                    expanded: None,
                    selected: selected.is_none(),
                    status: trace.status,
                    latency_ms: trace.latency_ms,
                    figures: String::new(),
                    bar: (millis_since(trace.timestamp, start) / length * 100.0, trace.latency_ms / length * 100.0),
                    on_select: on_select.reform(|()| None),
                    on_toggle: Callback::noop(),
                }) }
                { for visible.iter().map(row) }
            </div>
            if hidden > 0 {
                <button type="button" class="button wide" onclick={more}>{ format!("Show more ({hidden} hidden)") }</button>
            }
        </section>
    }
}

fn row_id(index: Option<usize>) -> String {
    index.map_or_else(|| "span-trace".to_owned(), |index| format!("span-{index}"))
}

/// Tokens and cost, where there are any.
fn figures(span: &Span) -> String {
    let tokens = match (span.tokens_input, span.tokens_output) {
        (None, None) => None,
        #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
        (input, output) => {
            Some(format!("{} tok", format::compact((input.unwrap_or(0) + output.unwrap_or(0)) as f64)))
        }
    };
    tokens.into_iter().chain(span.cost_usd.map(format::cost)).collect::<Vec<_>>().join(" · ")
}

fn scroll_into_view(row: &Element) {
    let options = web_sys::ScrollIntoViewOptions::new();
    options.set_block(web_sys::ScrollLogicalPosition::Nearest);
    row.scroll_into_view_with_scroll_into_view_options(&options);
}
