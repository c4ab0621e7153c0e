//! The KPI cards of the dashboard.

use shared::{format::Unit, kpi::HomeKpis};
use yew::prelude::*;

use crate::components::kpi_card::kpi_card;

/// The KPIs over time, for the sparklines. A list is empty if not loaded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// The number of traces per step.
    pub requests: Vec<Option<f64>>,
    /// The average latency in milliseconds.
    pub latency: Vec<Option<f64>>,
    /// The error rate in percent.
    pub error_rate: Vec<Option<f64>>,
    /// The cost in US dollars.
    pub cost: Vec<Option<f64>>,
    /// The average quality score, from 0 to 100.
    pub quality: Vec<Option<f64>>,
}

/// Renders one card per KPI.
pub fn kpi_cards(kpis: &HomeKpis, history: &History) -> Html {
    html! {
        <div class="kpi-cards">
            { kpi_card("Requests", &kpis.total_requests, Unit::Count, &history.requests) }
            { kpi_card("Average latency", &kpis.avg_latency_ms, Unit::Latency, &history.latency) }
            { kpi_card("Error rate", &kpis.error_rate, Unit::Percent, &history.error_rate) }
            { kpi_card("Cost", &kpis.total_cost_usd, Unit::Cost, &history.cost) }
            { kpi_card("Quality", &kpis.avg_quality_score, Unit::Score, &history.quality) }
        </div>
    }
}
