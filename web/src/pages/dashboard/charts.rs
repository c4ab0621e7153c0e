//! The charts of the dashboard, and the time series for charts and KPI sparklines.

use std::collections::HashMap;

use futures_util::future::try_join_all;
use shared::{
    format::Unit,
    metric::{Metric, Timeseries},
    time_range::TimeRange,
};
use yew::prelude::*;

use super::kpi_cards::History;
use crate::{
    api::{ApiError, Client},
    chart::{ChartSeries, Shape, Steps},
    components::chart_panel::ChartPanel,
};

const METRICS: [Metric; 7] = [
    Metric::Requests,
    Metric::Errors,
    Metric::P50LatencyMs,
    Metric::P95LatencyMs,
    Metric::CostUsd,
    Metric::AvgLatencyMs,
    Metric::QualityScore,
];

/// The time series of the dashboard, by metric.
#[derive(Clone, Debug, PartialEq)]
pub struct ChartData(HashMap<Metric, Timeseries>);

impl ChartData {
    /// Fetches all time series concurrently.
    ///
    /// # Errors
    /// Returns the first error of a request.
    pub async fn fetch(client: Client, range: TimeRange) -> Result<Self, ApiError> {
        let all = try_join_all(METRICS.map(|metric| client.get_timeseries(metric, range))).await?;
        Ok(Self(all.into_iter().map(|timeseries| (timeseries.metric, timeseries)).collect()))
    }

    /// Returns the history of the KPIs.
    pub fn history(&self) -> History {
        let (requests, errors) = (self.values(Metric::Requests), self.values(Metric::Errors));
        let rate = |(all, failed): (&Option<f64>, &Option<f64>)| {
            let all = all.filter(|all| *all > 0.0)?;
            Some(failed.unwrap_or(0.0) / all * 100.0)
        };
        History {
            error_rate: requests.iter().zip(&errors).map(rate).collect(),
            requests,
            latency: self.values(Metric::AvgLatencyMs),
            cost: self.values(Metric::CostUsd),
            quality: self.values(Metric::QualityScore),
        }
    }

    fn values(&self, metric: Metric) -> Vec<Option<f64>> {
        let series = self.0.get(&metric).and_then(|timeseries| timeseries.series.first());
        series.iter().flat_map(|series| &series.points).map(|point| point.value).collect()
    }

    fn chart(
        &self,
        title: &'static str,
        unit: Unit,
        shape: Shape,
        series: &[(Metric, &'static str, &'static str)],
    ) -> Html {
        let found: Vec<_> = series
            .iter()
            .filter_map(|&(metric, label, class)| Some((self.0.get(&metric)?, label, class)))
            .collect();
        // All metrics have the same steps.
        let Some((first, ..)) = found.first() else { return Html::default() };
        let steps = Steps::new(first);
        let series: Vec<_> =
            found.iter().map(|(data, label, class)| ChartSeries::new(label, class, shape, data)).collect();
        html! { <ChartPanel {title} {unit} {steps} {series} /> }
    }
}

/// Renders the charts of requests, latency and cost.
pub fn draw_charts(data: &ChartData) -> Html {
    let requests =
        [(Metric::Requests, "All", "series-requests"), (Metric::Errors, "Errors", "series-errors")];
    let latency = [(Metric::P95LatencyMs, "p95", "series-p95"), (Metric::P50LatencyMs, "p50", "series-p50")];
    html! {
        <div class="charts">
            { data.chart("Requests", Unit::Count, Shape::Bars, &requests) }
            { data.chart("Latency", Unit::Latency, Shape::Line, &latency) }
            { data.chart("Cost", Unit::Cost, Shape::Area, &[(Metric::CostUsd, "Cost", "series-cost")]) }
        </div>
    }
}
