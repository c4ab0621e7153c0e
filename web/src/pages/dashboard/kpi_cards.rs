//! The KPI cards of the dashboard.

use shared::{
    format::Unit,
    kpi::{HomeKpis, Kpi},
    metric::Metric,
};
use yew::prelude::*;

use crate::components::{kpi_card::kpi_card, load::skeleton_block};

/// A card.
pub struct Card {
    label: &'static str,
    kpi: fn(&HomeKpis) -> &Kpi,
    unit: Unit,
    /// The metric of the sparkline.
    pub metric: Metric,
}

/// The cards, from left to right.
pub const CARDS: [Card; 5] = [
    card("Requests", |kpis| &kpis.total_requests, Unit::Count, Metric::Requests),
    card("Average latency", |kpis| &kpis.avg_latency_ms, Unit::Latency, Metric::AvgLatencyMs),
    card("Error rate", |kpis| &kpis.error_rate, Unit::Percent, Metric::ErrorRate),
    card("Cost", |kpis| &kpis.total_cost_usd, Unit::Cost, Metric::CostUsd),
    card("Quality", |kpis| &kpis.avg_quality_score, Unit::Score, Metric::QualityScore),
];

const fn card(label: &'static str, kpi: fn(&HomeKpis) -> &Kpi, unit: Unit, metric: Metric) -> Card {
    Card { label, kpi, unit, metric }
}

/// Renders one card per KPI. `history` returns the values of a metric over time for its sparkline, or nothing if they are
/// not loaded.
pub fn kpi_cards(kpis: &HomeKpis, history: impl Fn(Metric) -> Vec<Option<f64>>) -> Html {
    let cards =
        CARDS.iter().map(|card| kpi_card(card.label, (card.kpi)(kpis), card.unit, &history(card.metric)));
    html! { <div class="kpi-cards">{ for cards }</div> }
}

/// Renders placeholders of the cards.
pub fn kpi_skeleton() -> Html {
    html! { <div class="kpi-cards">for _ in &CARDS { { skeleton_block("skeleton-kpi") } }</div> }
}
