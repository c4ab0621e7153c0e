//! A row of the waterfall: the run itself or one of its steps.

use icondata_core::IconData;
use icondata_lu::{
    LuBot, LuBox, LuChevronDown, LuChevronRight, LuCircleX, LuDatabase, LuFileSearch, LuListOrdered, LuRoute,
    LuScale, LuShieldCheck, LuSparkles, LuTextCursor, LuTimerOff, LuWorkflow, LuWrench,
};
use shared::{span::SpanKind, trace::TraceStatus};
use yew::prelude::*;

use super::icon::svg_icon;
use crate::format;

/// The kind's picture, and the class of its colour.
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

/// The kind for people.
pub fn kind_label(kind: SpanKind) -> String {
    match kind {
        SpanKind::Llm => "LLM".to_owned(),
        SpanKind::Unknown => "Step".to_owned(),
        other => format::words(other.as_str()),
    }
}

/// From where to where something reaches, in percent.
pub type Strip = (f64, f64);

/// What a row shows.
#[derive(Debug)]
pub struct SpanRow {
    /// The row's id in the page.
    pub id: String,
    /// What the step is called.
    pub name: AttrValue,
    /// Its kind; none for the run itself.
    pub kind: Option<SpanKind>,
    /// How deep it stands.
    pub depth: usize,
    /// Which of its siblings it is, from 1, and how many they are.
    pub place: (usize, usize),
    /// Whether what is inside is shown; none where nothing is.
    pub expanded: Option<bool>,
    /// How many steps are inside.
    pub inside: usize,
    /// Whether it is the one whose content is shown.
    pub selected: bool,
    /// Whether the search found it.
    pub hit: bool,
    /// How it ended.
    pub status: TraceStatus,
    /// Milliseconds it took.
    pub latency_ms: f64,
    /// Tokens, where there are any.
    pub tokens: Option<u64>,
    /// What it cost, or that this is not known.
    pub cost: Option<String>,
    /// Its bar.
    pub bar: Strip,
    /// The part of it that determined when the run ended, and what of that was its own.
    pub critical: Option<(Strip, Vec<Strip>)>,
    /// It was chosen.
    pub on_select: Callback<()>,
    /// What is inside should be shown, or not any more.
    pub on_toggle: Callback<()>,
}

/// Levels that are indented; deeper ones say how deep they are.
const LEVELS: usize = 8;

/// The row, in a keyed list.
pub fn span_row(props: &SpanRow) -> Html {
    let (icon, kind_class) = props.kind.map_or((LuRoute, "kind-trace"), kind_icon);
    let onclick = props.on_select.reform(|_: MouseEvent| ());
    let ontoggle = props.on_toggle.reform(|event: MouseEvent| event.stop_propagation());
    let failed = match props.status {
        TraceStatus::Success => None,
        TraceStatus::Error => Some((LuCircleX, "error")),
        TraceStatus::Timeout => Some((LuTimerOff, "timeout")),
    };
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
                for _ in 0..props.depth.min(LEVELS) {
                    <span class="indent" />
                }
                if props.depth > LEVELS {
                    <span class="span-depth" title="How deep it is">{ props.depth }</span>
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
                    <span class="span-inside">{ format::count(props.inside as f64) }<span class="visually-hidden">{ " steps inside" }</span></span>
                }
                if let Some((icon, word)) = failed {
                    <span class={classes!("span-failed", word)}>{ svg_icon(icon) }<span class="visually-hidden">{ word }</span></span>
                }
            </div>
            <span class="span-tokens">
                if let Some(tokens) = props.tokens { { format::compact(tokens as f64) }<span class="unit">{ " tok" }</span> }
            </span>
            <span class="span-cost">{ props.cost.clone() }</span>
            <svg class="span-bar" aria-hidden="true">
                { strip("bar", props.bar, "12", "6") }
                if let Some((window, own)) = &props.critical {
                    { strip("path", *window, "2", "21") }
                    { for own.iter().map(|own| strip("path-own", *own, "3", "20.5")) }
                }
            </svg>
            <span class="span-time">{ format::latency(props.latency_ms) }</span>
        </div>
    }
}

/// A rectangle from one percentage to another, wide enough to be seen.
fn strip(class: &'static str, (from, to): Strip, height: &'static str, y: &'static str) -> Html {
    let width = (to - from).max(0.4);
    let from = from.max(0.0).min(100.0 - width.min(100.0));
    html! { <rect {class} x={format!("{from:.2}%")} width={format!("{width:.2}%")} {y} {height} rx="2" /> }
}
