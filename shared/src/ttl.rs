//! Cache lifetimes of responses. The API caches responses for this long, and the page polls at the same interval, so that a
//! poll always gets a fresh response. `CACHE_TTL_*` overrides the lifetimes of the API.

use std::time::Duration;

/// KPIs, time series and breakdowns.
pub const HOME_KPIS: Duration = Duration::from_secs(300);
/// Recent alerts.
pub const ALERTS: Duration = Duration::from_secs(60);
/// The activity stream.
pub const ACTIVITY: Duration = Duration::from_secs(30);
/// A page of traces.
pub const TRACES_LIST: Duration = Duration::from_secs(120);
/// The detail of a trace.
pub const TRACE_DETAIL: Duration = Duration::from_secs(600);
