//! The five key figures.

use shared::{format::Unit, kpi::HomeKpis};
use yew::prelude::*;

use crate::components::kpi_card::kpi_card;

/// The figures over the window, for the small lines; empty where not known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// Traces per step.
    pub requests: Vec<Option<f64>>,
    /// Mean latency in milliseconds.
    pub latency: Vec<Option<f64>>,
    /// Percent that failed.
    pub error_rate: Vec<Option<f64>>,
    /// US dollars.
    pub cost: Vec<Option<f64>>,
    /// Mean quality score.
    pub quality: Vec<Option<f64>>,
}

/// A card each.
pub fn kpi_cards(kpis: &HomeKpis, history: &History) -> Html {
    html! {
        <div class="kpi-cards">
            { kpi_card("Requests", &kpis.total_requests, Unit::Count, &history.requests) }
            { kpi_card("Average latency", &kpis.avg_latency_ms, Unit::Latency, &history.latency) }
            { kpi_card("Error rate", &kpis.error_rate, Unit::Percent, &history.error_rate) }
            { kpi_card("Cost", &kpis.total_cost_usd, Unit::Cost, &history.cost) }
            { kpi_card("Quality score", &kpis.avg_quality_score, Unit::Score, &history.quality) }
        </div>
    }
}
