//! Key figures, charts and top lists.

use shared::{
    kpi::HomeKpis,
    metric::{BreakdownItem, Dimension, Metric, Timeseries},
    page::ItemList,
    time_range::TimeRange,
};

use super::{Asked, Client};

impl Client {
    /// The five key figures of `range`.
    pub fn home_kpis(&self, range: TimeRange) -> Asked<HomeKpis> {
        let query = range.to_query();
        self.get(
            "/api/v1/metrics/home-kpis",
            &[
                ("range", query.range.as_deref()),
                ("start", query.start.as_deref()),
                ("end", query.end.as_deref()),
            ],
        )
    }

    /// `metric` over `range`, one line of all.
    pub fn timeseries(&self, metric: Metric, range: TimeRange) -> Asked<Timeseries> {
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
    }

    /// The busiest agents or models of `range`, at most `limit`.
    pub fn breakdown(&self, by: Dimension, range: TimeRange, limit: u32) -> Asked<ItemList<BreakdownItem>> {
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
    }
}
