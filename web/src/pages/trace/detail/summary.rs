//! The summary of a span. It only uses data of the trace, so it is shown without a request.

use shared::{
    cost::{AppliedPrice, CostBasis, CostPart, PriceTable, TokenKind},
    format,
    span::Span,
    trace::TraceStatus,
};
use yew::prelude::*;

use super::super::header::error_box;
use crate::{
    components::{
        copy_button::CopyButton,
        icon::svg_icon,
        link::RouteLink,
        permitted::Permitted,
        span_row::{kind_icon, kind_label},
        status::status_badge,
        table::column_heads,
    },
    intl,
    route::{Route, Section},
    trace::Model,
};

/// Renders name, kind, status and stats of a span.
pub fn summary(model: &Model, index: usize, trace_id: &str) -> Html {
    let span = &model.spans()[index];
    let (icon, class) = kind_icon(span.kind);
    let parts = [Some(kind_label(span.kind)), span.model.clone(), span.model_provider.clone()];
    let link = format!(
        "{}/traces/{}?span={}",
        intl::window().location().origin().unwrap_or_default(),
        js_sys::encode_uri_component(trace_id),
        js_sys::encode_uri_component(&span.span_id)
    );
    html! {
        <>
            <header class="detail-head">
                <span class={classes!("span-kind", class)}>{ svg_icon(icon) }</span>
                <div class="detail-title">
                    <h2>{ span.name.clone() }</h2>
                    <p class="muted">{ parts.into_iter().flatten().collect::<Vec<_>>().join(" · ") }</p>
                </div>
                if span.status != TraceStatus::Success { { status_badge(span.status) } }
            </header>
            <div class="detail-ids">
                <span class="mono ellipsis muted" title={span.span_id.clone()}>{ span.span_id.clone() }</span>
                <CopyButton text={span.span_id.clone()} name="step ID" label="Copy ID" />
                <CopyButton text={link} name="link" label="Copy link" />
            </div>
            if let Some(error) = &span.error { { error_box(span.status, error) } }
            <dl class="detail-stats">
                { latency(model, index) }
                { tokens(span) }
                { cost(span) }
            </dl>
        </>
    }
}

fn stat(label: &'static str, value: String, notes: Vec<String>) -> Html {
    html! {
        <div>
            <dt>{ label }</dt>
            <dd>
                <span class="stat-value">{ value }</span>
                for note in notes { <span class="stat-note">{ note }</span> }
            </dd>
        </div>
    }
}

/// Formats microseconds.
#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
fn duration(micros: i64) -> String {
    format::latency(micros as f64 / 1e3)
}

fn latency(model: &Model, index: usize) -> Html {
    let times = &model.times;
    let (from, to) = times.spans[index];
    let mut notes = vec![format!("{} of the trace", format::percent(times.percent(to - from)))];
    if model.tree.descendants[index] > 0 {
        notes.push(format!("{} self time", duration(times.self_time[index])));
    }
    if model.path.window[index].is_some() {
        notes.push(format!("{} on the critical path", duration(model.path.self_time(index))));
    }
    notes.push(format!("starts at {}", duration(from)));
    stat("Latency", format::latency(model.spans()[index].latency_ms), notes)
}

fn tokens(span: &Span) -> Html {
    let (input, output) = (span.tokens_input, span.tokens_output);
    if input.is_none() && output.is_none() {
        return Html::default();
    }
    let total = input.unwrap_or(0).saturating_add(output.unwrap_or(0));
    let part = |tokens: Option<u64>, label: &str| {
        tokens.filter(|&tokens| tokens > 0).map(|tokens| format!("{} {label}", format::integer(tokens)))
    };
    let cached = [part(span.tokens_cache_read, "cache read"), part(span.tokens_cache_write, "cache write")];
    let with_parts = |total: String, parts: Vec<String>| {
        if parts.is_empty() { total } else { format!("{total} ({})", parts.join(", ")) }
    };
    let input_note = with_parts(
        format!("{} in", format::integer(input.unwrap_or(0))),
        cached.into_iter().flatten().collect(),
    );
    let output_note = with_parts(
        format!("{} out", format::integer(output.unwrap_or(0))),
        part(span.tokens_reasoning, "reasoning").into_iter().collect(),
    );
    stat("Tokens", format::integer(total), vec![input_note, output_note])
}

fn cost(span: &Span) -> Html {
    let basis = span.cost_basis.as_ref();
    if span.cost_usd.is_none() && matches!(basis, Some(CostBasis::NoPrice)) {
        let model = span.model.clone().unwrap_or_else(|| "this model".to_owned());
        return html! {
            <div>
                <dt>{ "Cost" }</dt>
                <dd>
                    <span class="stat-value no-price">{ "No price" }</span>
                    <span class="stat-note">{ format!("for {model}. ") }<Permitted><RouteLink to={Route::SettingsSection { section: Section::Prices }}>{ "Add price" }</RouteLink></Permitted></span>
                </dd>
            </div>
        };
    }
    let Some(dollars) = span.cost_usd else { return Html::default() };
    match basis {
        Some(CostBasis::Computed(price)) => html! {
            <div class="stat-cost">
                <dt>{ "Cost" }</dt>
                <dd>
                    <span class="stat-value">{ format::cost(dollars) }</span>
                    <span class="stat-note">{ computed(price) }</span>
                    { parts(&price.parts) }
                </dd>
            </div>
        },
        Some(CostBasis::Reported) => {
            stat("Cost", format::cost(dollars), vec!["reported by the agent".to_owned()])
        }
        _ => stat("Cost", format::cost(dollars), Vec::new()),
    }
}

fn computed(price: &AppliedPrice) -> String {
    let table = match price.table {
        PriceTable::Workspace => "workspace prices",
        PriceTable::File => "server price file",
        PriceTable::Bundled => "public prices",
    };
    let provider = price.provider.as_ref().map(|provider| format!(" ({provider})")).unwrap_or_default();
    format!("{}{provider}, {table}", price.model)
}

fn parts(parts: &[CostPart]) -> Html {
    let row = |part: &CostPart| {
        let kind = match part.tokens_kind {
            TokenKind::Input => "Input",
            TokenKind::CacheRead => "Cache read",
            TokenKind::CacheWrite => "Cache write",
            TokenKind::Output => "Output",
        };
        html! {
            <tr>
                <th scope="row">{ kind }</th>
                <td>{ format::integer(part.tokens) }</td>
                <td>{ price(part.usd_per_million) }</td>
                <td>{ format::cost(part.cost_usd) }</td>
            </tr>
        }
    };
    html! {
        <table class="cost-parts">
            <thead class="visually-hidden"><tr>{ column_heads(&["Token type", "Tokens", "Price per million", "Cost"], &[]) }</tr></thead>
            <tbody>{ for parts.iter().map(row) }</tbody>
        </table>
    }
}

/// Formats dollars per million tokens without trailing zeros.
fn price(dollars: f64) -> String {
    format!("× ${}/M", format::exact(dollars))
}
