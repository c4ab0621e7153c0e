//! The charts of the dashboard, and the time series for charts and KPI sparklines.

use futures_util::future::try_join_all;
use shared::{
    format::Unit,
    metric::{Metric, Timeseries},
    time_range::TimeRange,
};
use yew::prelude::*;

use super::kpi_cards::CARDS;
use crate::{
    api::{ApiError, Client},
    chart::{ChartSeries, Shape, Steps},
    components::chart_panel::ChartPanel,
};

/// The metrics of the charts. Those of the KPI cards are fetched as well.
const METRICS: [Metric; 5] =
    [Metric::Requests, Metric::Errors, Metric::P50LatencyMs, Metric::P95LatencyMs, Metric::CostUsd];

/// The time series of the dashboard.
#[derive(Clone, Debug, PartialEq)]
pub struct ChartData(Vec<Timeseries>);

impl ChartData {
    /// Fetches all time series concurrently.
    ///
    /// # Errors
    /// Returns the first error of a request.
    pub async fn fetch(client: Client, range: TimeRange) -> Result<Self, ApiError> {
        // The error rate is computed from the requests and the errors.
        let is_new = |metric: &Metric| !METRICS.contains(metric) && *metric != Metric::ErrorRate;
        let metrics = METRICS.into_iter().chain(CARDS.iter().map(|card| card.metric).filter(is_new));
        Ok(Self(try_join_all(metrics.map(|metric| client.get_timeseries(metric, range))).await?))
    }

    fn get(&self, metric: Metric) -> Option<&Timeseries> {
        self.0.iter().find(|timeseries| timeseries.metric == metric)
    }

    /// Returns the values of a metric over time.
    pub fn values(&self, metric: Metric) -> Vec<Option<f64>> {
        if metric == Metric::ErrorRate {
            let rate = |(all, failed): (Option<f64>, Option<f64>)| {
                let all = all.filter(|all| *all > 0.0)?;
                Some(failed.unwrap_or(0.0) / all * 100.0)
            };
            return self
                .values(Metric::Requests)
                .into_iter()
                .zip(self.values(Metric::Errors))
                .map(rate)
                .collect();
        }
        let series = self.get(metric).and_then(|timeseries| timeseries.series.first());
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
            .filter_map(|&(metric, label, class)| Some((self.get(metric)?, label, class)))
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
