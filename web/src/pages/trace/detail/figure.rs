//! The figures of a step: known from the run's own answer, so there at once.

use shared::{
    cost::{AppliedPrice, CostBasis, CostPart, PriceTable, TokenKind},
    span::Span,
    trace::TraceStatus,
};
use yew::prelude::*;

use super::super::header::error_box;
use crate::{
    components::{
        column_heads::column_heads,
        copy_button::CopyButton,
        icon::svg_icon,
        link::RouteLink,
        span_row::{kind_icon, kind_label},
        status::status_badge,
    },
    format, intl,
    route::Route,
    trace::{Model, percent},
};

/// Name, kind, status and figures of a step.
pub fn head(model: &Model, index: usize, trace_id: &str) -> Html {
    let span = &model.spans()[index];
    let (icon, class) = kind_icon(span.kind);
    let facts = [Some(kind_label(span.kind)), span.model.clone(), span.model_provider.clone()];
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
                    <p class="muted">{ facts.into_iter().flatten().collect::<Vec<_>>().join(" · ") }</p>
                </div>
                if span.status != TraceStatus::Success { { status_badge(span.status) } }
            </header>
            <div class="detail-ids">
                <span class="mono ellipsis muted" title={span.span_id.clone()}>{ span.span_id.clone() }</span>
                <CopyButton text={span.span_id.clone()} what="span id" label="Copy id" />
                <CopyButton text={link} what="link" label="Copy link" />
            </div>
            if let Some(error) = &span.error { { error_box(span.status, error) } }
            <dl class="detail-figures">
                { latency(model, index) }
                { tokens(span) }
                { cost(span) }
            </dl>
        </>
    }
}

fn figure(label: &'static str, value: String, notes: Vec<String>) -> Html {
    html! {
        <div>
            <dt>{ label }</dt>
            <dd>
                <span class="figure">{ value }</span>
                for note in notes { <span class="figure-note">{ note }</span> }
            </dd>
        </div>
    }
}

/// Microseconds.
#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
fn length(micros: i64) -> String {
    format::latency(micros as f64 / 1e3)
}

fn latency(model: &Model, index: usize) -> Html {
    let times = &model.times;
    let (from, to) = times.spans[index];
    let mut notes = vec![format!("{} of the run", format::percent(percent(to - from, times.length)))];
    if model.tree.inside[index] > 0 {
        notes.push(format!("{} its own", length(times.own[index])));
    }
    if model.path.window[index].is_some() {
        notes.push(format!("{} of the critical path", length(model.path.own_time(index))));
    }
    notes.push(format!("starts at {}", length(from)));
    figure("Latency", format::latency(model.spans()[index].latency_ms), notes)
}

fn tokens(span: &Span) -> Html {
    let (input, output) = (span.tokens_input, span.tokens_output);
    if input.is_none() && output.is_none() {
        return Html::default();
    }
    let total = input.unwrap_or(0).saturating_add(output.unwrap_or(0));
    let part = |tokens: Option<u64>, what: &str| {
        tokens.filter(|&tokens| tokens > 0).map(|tokens| format!("{} {what}", format::integer(tokens)))
    };
    let cached = [part(span.tokens_cache_read, "from cache"), part(span.tokens_cache_write, "to cache")];
    let of = |whole: String, parts: Vec<String>| {
        if parts.is_empty() { whole } else { format!("{whole} ({})", parts.join(", ")) }
    };
    let of_input =
        of(format!("{} in", format::integer(input.unwrap_or(0))), cached.into_iter().flatten().collect());
    let of_output = of(
        format!("{} out", format::integer(output.unwrap_or(0))),
        part(span.tokens_reasoning, "reasoning").into_iter().collect(),
    );
    figure("Tokens", format::integer(total), vec![of_input, of_output])
}

fn cost(span: &Span) -> Html {
    let basis = span.cost_basis.as_ref();
    if span.cost_usd.is_none() && matches!(basis, Some(CostBasis::NoPrice)) {
        let model = span.model.clone().unwrap_or_else(|| "this model".to_owned());
        return html! {
            <div>
                <dt>{ "Cost" }</dt>
                <dd>
                    <span class="figure no-price">{ "No price" }</span>
                    <span class="figure-note">{ format!("None is known for {model}. ") }<RouteLink to={Route::Settings}>{ "Add one" }</RouteLink></span>
                </dd>
            </div>
        };
    }
    let Some(dollars) = span.cost_usd else { return Html::default() };
    match basis {
        Some(CostBasis::Computed(price)) => html! {
            <div class="figure-cost">
                <dt>{ "Cost" }</dt>
                <dd>
                    <span class="figure">{ format::cost(dollars) }</span>
                    <span class="figure-note">{ computed(price) }</span>
                    { parts(&price.parts) }
                </dd>
            </div>
        },
        Some(CostBasis::Reported) => {
            figure("Cost", format::cost(dollars), vec!["reported by the sender".to_owned()])
        }
        _ => figure("Cost", format::cost(dollars), Vec::new()),
    }
}

fn computed(price: &AppliedPrice) -> String {
    let table = match price.table {
        PriceTable::Workspace => "the workspace's own prices",
        PriceTable::File => "the server's price file",
        PriceTable::Bundled => "public prices",
    };
    let provider = price.provider.as_ref().map(|provider| format!(" ({provider})")).unwrap_or_default();
    format!("{}{provider}, by {table}", price.model)
}

fn parts(parts: &[CostPart]) -> Html {
    let row = |part: &CostPart| {
        let kind = match part.tokens_kind {
            TokenKind::Input => "Input",
            TokenKind::CacheRead => "From cache",
            TokenKind::CacheWrite => "To cache",
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
            <thead class="visually-hidden"><tr>{ column_heads(&["Tokens", "How many", "Price for a million", "Cost"], &[]) }</tr></thead>
            <tbody>{ for parts.iter().map(row) }</tbody>
        </table>
    }
}

/// Dollars for a million tokens, with no zeros that say nothing.
fn price(dollars: f64) -> String {
    format!("× ${}/M", format::exact(dollars))
}
