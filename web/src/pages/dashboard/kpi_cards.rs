//! The five key figures.

use shared::kpi::HomeKpis;
use yew::prelude::*;

use crate::components::kpi_card::{KpiCard, Unit};

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

/// Properties of [`KpiCards`].
#[derive(Properties, PartialEq)]
pub struct KpiCardsProps {
    /// The figures.
    pub kpis: HomeKpis,
    /// Their past.
    #[prop_or_default]
    pub history: History,
}

/// See the module.
#[component]
pub fn KpiCards(props: &KpiCardsProps) -> Html {
    let (kpis, history) = (&props.kpis, &props.history);
    html! {
        <div class="kpi-cards">
            <KpiCard label="Requests" kpi={kpis.total_requests.clone()} unit={Unit::Count} history={history.requests.clone()} />
            <KpiCard label="Average latency" kpi={kpis.avg_latency_ms.clone()} unit={Unit::Latency} history={history.latency.clone()} />
            <KpiCard label="Error rate" kpi={kpis.error_rate.clone()} unit={Unit::Percent} history={history.error_rate.clone()} />
            <KpiCard label="Cost" kpi={kpis.total_cost_usd.clone()} unit={Unit::Cost} history={history.cost.clone()} />
            <KpiCard label="Quality score" kpi={kpis.avg_quality_score.clone()} unit={Unit::Score} history={history.quality.clone()} />
        </div>
    }
}
