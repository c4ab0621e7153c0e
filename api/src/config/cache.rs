//! The lifetimes of cached responses.

use std::time::Duration;

use shared::ttl;

use super::setting::{InvalidSetting, Settings};

/// The lifetimes of cached responses, by the settings `CACHE_TTL_*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheTtls {
    /// Home KPIs and charts.
    pub home_kpis: Duration,
    /// Recent alerts.
    pub alerts: Duration,
    /// The activity stream.
    pub activity: Duration,
    /// Pages of traces, sessions and end users.
    pub traces_list: Duration,
    /// Single traces.
    pub trace_detail: Duration,
}

impl Default for CacheTtls {
    fn default() -> Self {
        Self {
            home_kpis: ttl::HOME_KPIS,
            alerts: ttl::ALERTS,
            activity: ttl::ACTIVITY,
            traces_list: ttl::TRACES_LIST,
            trace_detail: ttl::TRACE_DETAIL,
        }
    }
}

impl CacheTtls {
    pub(super) fn read(settings: &Settings<'_>) -> Result<Self, InvalidSetting> {
        let seconds = |name, default| -> Result<Duration, InvalidSetting> {
            let seconds = settings.parsed(name, "a number of seconds")?;
            Ok(seconds.map_or(default, Duration::from_secs))
        };
        let default = Self::default();
        Ok(Self {
            home_kpis: seconds("CACHE_TTL_HOME_KPIS", default.home_kpis)?,
            alerts: seconds("CACHE_TTL_ALERTS", default.alerts)?,
            activity: seconds("CACHE_TTL_ACTIVITY", default.activity)?,
            traces_list: seconds("CACHE_TTL_TRACES_LIST", default.traces_list)?,
            trace_detail: seconds("CACHE_TTL_TRACE_DETAIL", default.trace_detail)?,
        })
    }
}
