//! KPIs, charts and top lists.

use shared::{
    kpi::HomeKpis,
    metric::{BreakdownItem, BreakdownQuery, Dimension, Metric, Timeseries, TimeseriesQuery},
    page::ItemList,
    time_range::TimeRange,
};

use super::{ApiRequest, Client};

impl Client {
    /// Gets the KPIs of `range`.
    pub fn get_home_kpis(&self, range: TimeRange) -> ApiRequest<HomeKpis> {
        self.get("/api/v1/metrics/home-kpis", &range.to_query())
    }

    /// Gets `metric` over `range`, as one series of all traces.
    pub fn get_timeseries(&self, metric: Metric, range: TimeRange) -> ApiRequest<Timeseries> {
        let query = TimeseriesQuery { metric, time_range: range.to_query(), group_by: None };
        self.get("/api/v1/metrics/timeseries", &query)
    }

    /// Lists at most `limit` agents or models with the most requests in `range`.
    pub fn get_breakdown(
        &self,
        by: Dimension,
        range: TimeRange,
        limit: u32,
    ) -> ApiRequest<ItemList<BreakdownItem>> {
        let query = BreakdownQuery { by, time_range: range.to_query(), limit: Some(limit) };
        self.get_list("/api/v1/metrics/breakdown", &query)
    }
}
