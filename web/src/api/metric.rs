//! Key figures, charts and top lists.

use shared::{
    kpi::HomeKpis,
    metric::{BreakdownItem, Dimension, Metric, Timeseries},
    page::ItemList,
    time_range::TimeRange,
};

use super::{ApiError, Client};

impl Client {
    /// The five key figures of `range`.
    pub async fn home_kpis(&self, range: TimeRange) -> Result<HomeKpis, ApiError> {
        let query = range.to_query();
        self.get(
            "/api/v1/metrics/home-kpis",
            &[
                ("range", query.range.as_deref()),
                ("start", query.start.as_deref()),
                ("end", query.end.as_deref()),
            ],
        )
        .await
    }

    /// `metric` over `range`, one line of all.
    pub async fn timeseries(&self, metric: Metric, range: TimeRange) -> Result<Timeseries, ApiError> {
        let query = range.to_query();
        self.get(
            "/api/v1/metrics/timeseries",
            &[
                ("metric", Some(metric.as_str())),
                ("range", query.range.as_deref()),
                ("start", query.start.as_deref()),
                ("end", query.end.as_deref()),
            ],
        )
        .await
    }

    /// The busiest agents or models of `range`, at most `limit`.
    pub async fn breakdown(
        &self,
        by: Dimension,
        range: TimeRange,
        limit: u32,
    ) -> Result<ItemList<BreakdownItem>, ApiError> {
        let query = range.to_query();
        self.get(
            "/api/v1/metrics/breakdown",
            &[
                ("by", Some(by.as_str())),
                ("range", query.range.as_deref()),
                ("start", query.start.as_deref()),
                ("end", query.end.as_deref()),
                ("limit", Some(&*limit.to_string())),
            ],
        )
        .await
    }
}
