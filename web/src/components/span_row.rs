//! A row of the waterfall: the trace or one of its spans.

use icondata_core::IconData;
use icondata_lu::{
    LuBot, LuBox, LuChevronDown, LuChevronRight, LuDatabase, LuFileSearch, LuListOrdered, LuRoute, LuScale,
    LuShieldCheck, LuSparkles, LuTextCursor, LuWorkflow, LuWrench,
};
use shared::{format, span::SpanKind, trace::TraceStatus};
use yew::prelude::*;

use super::{icon::svg_icon, status::status_icon};

/// Returns the icon of a kind and the CSS class of its colour.
pub fn kind_icon(kind: SpanKind) -> (&'static IconData, &'static str) {
    match kind {
        SpanKind::Llm => (LuSparkles, "kind-llm"),
        SpanKind::Tool => (LuWrench, "kind-tool"),
        SpanKind::Agent => (LuBot, "kind-flow"),
        SpanKind::Chain => (LuWorkflow, "kind-flow"),
        SpanKind::Retriever => (LuFileSearch, "kind-data"),
        SpanKind::Embedding => (LuDatabase, "kind-data"),
        SpanKind::Reranker => (LuListOrdered, "kind-data"),
        SpanKind::Guardrail => (LuShieldCheck, "kind-check"),
        SpanKind::Evaluator => (LuScale, "kind-check"),
        SpanKind::Prompt => (LuTextCursor, "kind-llm"),
        SpanKind::Unknown => (LuBox, "kind-plain"),
    }
}

/// Returns the label of a kind.
pub fn kind_label(kind: SpanKind) -> String {
    match kind {
        SpanKind::Llm => "LLM".to_owned(),
        SpanKind::Unknown => "Step".to_owned(),
        other => format::words(other.as_str()),
    }
}

/// The start and end of a bar, in percent of the width.
pub type Extent = (f64, f64);

/// The content of a row.
#[derive(Debug, Default)]
pub struct SpanRow {
    /// The element id.
    pub id: String,
    /// The name of the span.
    pub name: AttrValue,
    /// The kind of the span; `None` for the trace.
    pub kind: Option<SpanKind>,
    /// The nesting depth, from 0.
    pub depth: usize,
    /// The position among the siblings, from 1, and their number.
    pub place: (usize, usize),
    /// Whether the descendants are shown; `None` if there are none.
    pub expanded: Option<bool>,
    /// The number of descendants.
    pub descendants: usize,
    /// Whether the row is selected.
    pub selected: bool,
    /// Whether the row matches the search.
    pub hit: bool,
    /// The status.
    pub status: TraceStatus,
    /// The latency in milliseconds.
    pub latency_ms: f64,
    /// The number of tokens, if known.
    pub tokens: Option<u64>,
    /// The cost as text, or a text that there is no price.
    pub cost: Option<String>,
    /// The time span, as a bar.
    pub bar: Extent,
    /// The part on the critical path, and the self time within that part.
    pub critical: Option<(Extent, Vec<Extent>)>,
    /// Called when the row is selected.
    pub on_select: Callback<()>,
    /// Called to expand or collapse the row.
    pub on_toggle: Callback<()>,
}

/// The maximum indentation. Deeper rows show their depth as a number.
const MAX_INDENT: usize = 8;

/// Renders the row with a key.
pub fn span_row(props: &SpanRow) -> Html {
    let (icon, kind_class) = props.kind.map_or((LuRoute, "kind-trace"), kind_icon);
    let onclick = props.on_select.reform(|_: MouseEvent| ());
    let ontoggle = props.on_toggle.reform(|event: MouseEvent| event.stop_propagation());
    let failed =
        (props.status != TraceStatus::Success).then(|| (status_icon(props.status), props.status.as_str()));
    let critical = props.critical.is_some().then_some("critical");
    html! {
        <div
            key={props.id.clone()}
            id={props.id.clone()}
            class={classes!("span-row", kind_class, failed.map(|failed| format!("status-{}", failed.1)), props.hit.then_some("hit"), critical)}
            role="treeitem"
            aria-level={(props.depth + 1).to_string()}
            aria-posinset={props.place.0.to_string()}
            aria-setsize={props.place.1.to_string()}
            aria-selected={props.selected.to_string()}
            aria-expanded={props.expanded.map(|expanded| expanded.to_string())}
            {onclick}
        >
            <div class="span-name">
                for _ in 0..props.depth.min(MAX_INDENT) {
                    <span class="indent" />
                }
                if props.depth > MAX_INDENT {
                    <span class="span-depth" title="Nesting depth">{ props.depth }</span>
                }
                if let Some(expanded) = props.expanded {
                    <span class="span-toggle" onclick={ontoggle} aria-hidden="true">{ svg_icon(if expanded { LuChevronDown } else { LuChevronRight }) }</span>
                } else {
                    <span class="span-toggle" />
                }
                <span class="span-kind">{ svg_icon(icon) }</span>
                <span class="ellipsis span-label" title={props.name.clone()}>
                    if let Some(kind) = props.kind { <span class="visually-hidden">{ kind_label(kind) }{ ": " }</span> }
                    { props.name.clone() }
                </span>
                if props.expanded == Some(false) {
                    <span class="span-descendants">{ format::count(props.descendants as f64) }<span class="visually-hidden">{ " nested steps" }</span></span>
                }
                if let Some((icon, status)) = failed {
                    <span class={classes!("span-failed", status)}>{ svg_icon(icon) }<span class="visually-hidden">{ status }</span></span>
                }
            </div>
            <span class="span-tokens">
                if let Some(tokens) = props.tokens { { format::compact(tokens as f64) }<span class="unit">{ " tok" }</span> }
            </span>
            <span class="span-cost">{ props.cost.clone() }</span>
            <svg class="span-bar" aria-hidden="true">
                { bar("bar", props.bar, "12", "6") }
                if let Some((window, self_windows)) = &props.critical {
                    { bar("path", *window, "2", "21") }
                    { for self_windows.iter().map(|window| bar("path-self", *window, "3", "20.5")) }
                }
            </svg>
            <span class="span-time">{ format::latency(props.latency_ms) }</span>
        </div>
    }
}

/// Renders a rectangle with a minimum width.
fn bar(class: &'static str, (from, to): Extent, height: &'static str, y: &'static str) -> Html {
    let width = (to - from).max(0.4);
    let from = from.max(0.0).min(100.0 - width.min(100.0));
    html! { <rect {class} x={format!("{from:.2}%")} width={format!("{width:.2}%")} {y} {height} rx="2" /> }
}
