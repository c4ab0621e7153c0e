//! The charts of the dashboard, and the time series for charts and KPI sparklines.

use futures_util::future::try_join_all;
use shared::{
    metric::{Metric, Timeseries},
    time_range::TimeRange,
};
use yew::prelude::*;

use super::kpi_cards::History;
use crate::{
    api::{ApiError, Client},
    chart::{Chart, ChartSeries, Shape, Steps},
    components::kpi_card::Unit,
};

/// The time series of each metric.
#[derive(Clone, Debug, PartialEq)]
pub struct ChartData {
    requests: Timeseries,
    errors: Timeseries,
    p50: Timeseries,
    p95: Timeseries,
    cost: Timeseries,
    latency: Timeseries,
    quality: Timeseries,
}

impl ChartData {
    /// Fetches all time series concurrently.
    ///
    /// # Errors
    /// Returns the first error of a request.
    pub async fn fetch(client: &Client, range: TimeRange) -> Result<Self, ApiError> {
        let metrics = [
            Metric::Requests,
            Metric::Errors,
            Metric::P50LatencyMs,
            Metric::P95LatencyMs,
            Metric::CostUsd,
            Metric::AvgLatencyMs,
            Metric::QualityScore,
        ];
        let answers = try_join_all(metrics.map(|metric| client.timeseries(metric, range))).await?;
        // The responses have the order of the requests.
        let [requests, errors, p50, p95, cost, latency, quality] =
            <[Timeseries; 7]>::try_from(answers).map_err(|_| ApiError::Unreadable { status: 200 })?;
        Ok(Self { requests, errors, p50, p95, cost, latency, quality })
    }

    /// Returns the history of the KPIs.
    pub fn history(&self) -> History {
        let (requests, errors) = (values(&self.requests), values(&self.errors));
        let rate = |(all, failed): (&Option<f64>, &Option<f64>)| {
            let all = all.filter(|all| *all > 0.0)?;
            Some(failed.unwrap_or(0.0) / all * 100.0)
        };
        History {
            error_rate: requests.iter().zip(&errors).map(rate).collect(),
            requests,
            latency: values(&self.latency),
            cost: values(&self.cost),
            quality: values(&self.quality),
        }
    }
}

fn values(timeseries: &Timeseries) -> Vec<Option<f64>> {
    let points = timeseries.series.first().map(|series| series.points.as_slice()).unwrap_or_default();
    points.iter().map(|point| point.value).collect()
}

/// Renders the charts of requests, latency and cost.
pub fn draw_charts(data: &ChartData) -> Html {
    html! {
        <div class="charts">
            <Chart
                title="Requests"
                unit={Unit::Count}
                steps={Steps::new(&data.requests)}
                series={vec![
                    ChartSeries::new("All", "series-requests", Shape::Bars, &data.requests),
                    ChartSeries::new("Errors", "series-errors", Shape::Bars, &data.errors),
                ]}
            />
            <Chart
                title="Latency"
                unit={Unit::Latency}
                steps={Steps::new(&data.p50)}
                series={vec![
                    ChartSeries::new("p95", "series-p95", Shape::Line, &data.p95),
                    ChartSeries::new("p50", "series-p50", Shape::Line, &data.p50),
                ]}
            />
            <Chart
                title="Cost"
                unit={Unit::Cost}
                steps={Steps::new(&data.cost)}
                series={vec![ChartSeries::new("Cost", "series-cost", Shape::Area, &data.cost)]}
            />
        </div>
    }
}
