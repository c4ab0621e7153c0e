//! A row of the waterfall: the trace itself or one of its spans.

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
        SpanKind::Unknown => (LuBox, "kind-flow"),
    }
}

/// What a row shows.
#[derive(Debug)]
pub struct SpanRow {
    /// The row's id in the page.
    pub id: String,
    /// What the step is called.
    pub name: AttrValue,
    /// Its kind; none for the trace itself.
    pub kind: Option<SpanKind>,
    /// How deep it stands.
    pub depth: usize,
    /// Whether what is inside is shown; none where nothing is.
    pub expanded: Option<bool>,
    /// Whether it is the one whose content is shown.
    pub selected: bool,
    /// How it ended.
    pub status: TraceStatus,
    /// Milliseconds it took.
    pub latency_ms: f64,
    /// Tokens and cost, where there are any.
    pub figures: String,
    /// Where its bar begins and how long it is, in percent.
    pub bar: (f64, f64),
    /// It was chosen.
    pub on_select: Callback<()>,
    /// What is inside should be shown, or not any more.
    pub on_toggle: Callback<()>,
}

/// Levels that are indented; deeper ones stand below each other.
const LEVELS: usize = 10;

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
    let (start, length) = props.bar;
    html! {
        <div
            key={props.id.clone()}
            id={props.id.clone()}
            class={classes!("span-row", kind_class, failed.map(|failed| format!("status-{}", failed.1)))}
            role="treeitem"
            aria-level={(props.depth + 1).to_string()}
            aria-selected={props.selected.to_string()}
            aria-expanded={props.expanded.map(|expanded| expanded.to_string())}
            {onclick}
        >
            <div class="span-name">
                for _ in 0..props.depth.min(LEVELS) {
                    <span class="indent" />
                }
                if let Some(expanded) = props.expanded {
                    <span class="span-toggle" onclick={ontoggle} aria-hidden="true">{ svg_icon(if expanded { LuChevronDown } else { LuChevronRight }) }</span>
                } else {
                    <span class="span-toggle" />
                }
                <span class="span-kind">{ svg_icon(icon) }</span>
                <span class="ellipsis" title={props.name.clone()}>
                    if let Some(kind) = props.kind { <span class="visually-hidden">{ kind.as_str() }{ ": " }</span> }
                    { props.name.clone() }
                </span>
                if let Some((icon, word)) = failed {
                    <span class={classes!("span-failed", word)}>{ svg_icon(icon) }<span class="visually-hidden">{ word }</span></span>
                }
                <span class="span-figures">{ props.figures.clone() }</span>
            </div>
            <svg class="span-bar" aria-hidden="true">
                <rect x={format!("{start:.2}%")} width={format!("{:.2}%", length.max(0.4))} y="0" height="100%" rx="3" />
            </svg>
            <span class="span-time">{ format::latency(props.latency_ms) }</span>
        </div>
    }
}
