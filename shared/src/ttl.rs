//! How long an answer may be kept. The API caches for this long and the client polls at this interval: the two are
//! one number on purpose, so that a poll finds something new. The API's side can be overridden by `CACHE_TTL_*`.

use std::time::Duration;

/// Home KPIs, time series and breakdowns.
pub const HOME_KPIS: Duration = Duration::from_secs(300);
/// Recent alerts.
pub const ALERTS: Duration = Duration::from_secs(60);
/// The activity stream.
pub const ACTIVITY: Duration = Duration::from_secs(30);
/// A page of traces.
pub const TRACES_LIST: Duration = Duration::from_secs(120);
/// One trace with everything in it.
pub const TRACE_DETAIL: Duration = Duration::from_secs(600);
