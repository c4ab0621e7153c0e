//! KPIs, charts and top lists.

use shared::{
    kpi::HomeKpis,
    metric::{BreakdownItem, Dimension, Metric, Timeseries},
    page::ItemList,
    time_range::{TimeRange, TimeRangeQuery},
};

use super::{ApiRequest, Client};

impl Client {
    /// Gets the five KPIs of `range`.
    pub fn get_home_kpis(&self, range: TimeRange) -> ApiRequest<HomeKpis> {
        self.get("/api/v1/metrics/home-kpis", &range.to_query())
    }

    /// Gets `metric` over `range`, as one series of all traces.
    pub fn get_timeseries(&self, metric: Metric, range: TimeRange) -> ApiRequest<Timeseries> {
        let TimeRangeQuery { range, start, end } = range.to_query();
        let query = (("metric", metric), ("range", range), ("start", start), ("end", end));
        self.get("/api/v1/metrics/timeseries", &query)
    }

    /// Lists at most `limit` agents or models with the most requests in `range`.
    pub fn get_breakdown(
        &self,
        by: Dimension,
        range: TimeRange,
        limit: u32,
    ) -> ApiRequest<ItemList<BreakdownItem>> {
        let TimeRangeQuery { range, start, end } = range.to_query();
        let query = (("by", by), ("range", range), ("start", start), ("end", end), ("limit", limit));
        self.get("/api/v1/metrics/breakdown", &query)
    }
}
