//! All keys of the cache, typed and always with a workspace, and the keys of its bookkeeping in Redis.

use std::{
    fmt::Write,
    hash::{DefaultHasher, Hash, Hasher},
    time::Duration,
};

use domain::trace::cursor::Cursor;
use shared::{
    alert::Severity,
    metric::{Dimension, Metric},
    time_range::TimeRange,
};
use store::trace::{
    list::{Start, TraceFilter},
    session::{SessionKind, SessionRequest},
};
use uuid::Uuid;

use crate::config::CacheTtls;

/// The kind of a cached response, which determines its lifetime and its label in metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Home KPIs.
    HomeKpis,
    /// Time series and breakdowns; same lifetime as the KPIs.
    Charts,
    /// Recent alerts.
    Alerts,
    /// The activity stream.
    Activity,
    /// A page of traces, sessions or end users, or the traces of a session or end user.
    TracesList,
    /// One trace.
    TraceDetail,
}

impl Kind {
    /// Returns the label in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HomeKpis => "home_kpis",
            Self::Charts => "charts",
            Self::Alerts => "alerts",
            Self::Activity => "activity",
            Self::TracesList => "traces_list",
            Self::TraceDetail => "trace_detail",
        }
    }

    /// Returns the lifetime of responses.
    pub(super) const fn ttl(self, ttls: &CacheTtls) -> Duration {
        match self {
            Self::HomeKpis | Self::Charts => ttls.home_kpis,
            Self::Alerts => ttls.alerts,
            Self::Activity => ttls.activity,
            Self::TracesList => ttls.traces_list,
            Self::TraceDetail => ttls.trace_detail,
        }
    }
}

/// The key of a cached response.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CacheKey {
    kind: Kind,
    workspace_id: Uuid,
    text: String,
}

impl CacheKey {
    /// `home_kpis:{workspace_id}:{range}`
    #[must_use]
    pub fn home_kpis(workspace_id: Uuid, range: &TimeRange) -> Self {
        Self::new(Kind::HomeKpis, workspace_id, format!("home_kpis:{workspace_id}:{}", range_text(range)))
    }

    /// `timeseries:{workspace_id}:{metric}:{range}:{group_by}`
    #[must_use]
    pub fn timeseries(
        workspace_id: Uuid,
        metric: Metric,
        range: &TimeRange,
        group_by: Option<Dimension>,
    ) -> Self {
        let (metric, range) = (metric.as_str(), range_text(range));
        let group_by = group_by.map_or("", Dimension::as_str);
        Self::new(
            Kind::Charts,
            workspace_id,
            format!("timeseries:{workspace_id}:{metric}:{range}:{group_by}"),
        )
    }

    /// `breakdown:{workspace_id}:{by}:{range}:{limit}`
    #[must_use]
    pub fn breakdown(workspace_id: Uuid, by: Dimension, range: &TimeRange, limit: u32) -> Self {
        let (by, range) = (by.as_str(), range_text(range));
        Self::new(Kind::Charts, workspace_id, format!("breakdown:{workspace_id}:{by}:{range}:{limit}"))
    }

    /// `alerts:recent:{workspace_id}:{limit}:{severity}`
    #[must_use]
    pub fn alerts(workspace_id: Uuid, limit: u32, severity: Option<Severity>) -> Self {
        let severity = severity.map_or("", Severity::as_str);
        Self::new(Kind::Alerts, workspace_id, format!("alerts:recent:{workspace_id}:{limit}:{severity}"))
    }

    /// `activity:stream:{workspace_id}:{limit}`
    #[must_use]
    pub fn activity(workspace_id: Uuid, limit: u32) -> Self {
        Self::new(Kind::Activity, workspace_id, format!("activity:stream:{workspace_id}:{limit}"))
    }

    /// `traces:list:{workspace_id}:{filters_hash}`
    #[must_use]
    pub fn traces_list(
        workspace_id: Uuid,
        range: &TimeRange,
        filter: &TraceFilter,
        from: Start,
        limit: u32,
    ) -> Self {
        // The filters are written with quotes, so that different filters are never equal; the hash keeps the key
        // short.
        let filters = format!("{}|{filter:?}|{from:?}|{limit}", range_text(range));
        let [first, second] = [0_u8, 1].map(|seed| {
            let mut hasher = DefaultHasher::new();
            (seed, &filters).hash(&mut hasher);
            hasher.finish()
        });
        let text = format!("traces:list:{workspace_id}:{first:016x}{second:016x}");
        Self::new(Kind::TracesList, workspace_id, text)
    }

    /// `trace:detail:{workspace_id}:{trace_id}`
    #[must_use]
    pub fn trace_detail(workspace_id: Uuid, trace_id: &str) -> Self {
        Self::new(Kind::TraceDetail, workspace_id, format!("trace:detail:{workspace_id}:{trace_id}"))
    }

    /// `trace:tree:{workspace_id}:{trace_id}`: the trace without the payloads of its spans.
    #[must_use]
    pub fn trace_tree(workspace_id: Uuid, trace_id: &str) -> Self {
        Self::new(Kind::TraceDetail, workspace_id, format!("trace:tree:{workspace_id}:{trace_id}"))
    }

    /// `trace:span:{workspace_id}:{trace_id}:{span_id}`; colons in the trace id are escaped to keep keys unique.
    #[must_use]
    pub fn trace_span(workspace_id: Uuid, trace_id: &str, span_id: &str) -> Self {
        let trace_id = trace_id.replace('%', "%25").replace(':', "%3A");
        Self::new(Kind::TraceDetail, workspace_id, format!("trace:span:{workspace_id}:{trace_id}:{span_id}"))
    }

    /// `sessions:list:{workspace_id}:{session_id or user_id}:{range}:{limit}`
    #[must_use]
    pub fn sessions(workspace_id: Uuid, kind: SessionKind, range: &TimeRange, limit: u32) -> Self {
        let (kind, range) = (kind.as_str(), range_text(range));
        Self::new(
            Kind::TracesList,
            workspace_id,
            format!("sessions:list:{workspace_id}:{kind}:{range}:{limit}"),
        )
    }

    /// `session:{workspace_id}:{session_id or user_id}:{limit}:{cursor}:{id}`
    #[must_use]
    pub fn session(request: &SessionRequest) -> Self {
        let SessionRequest { workspace_id, kind, id, limit, after } = request;
        let cursor = after.map(Cursor::encode).unwrap_or_default();
        let text = format!("session:{workspace_id}:{}:{limit}:{cursor}:{id}", kind.as_str());
        Self::new(Kind::TracesList, *workspace_id, text)
    }

    fn new(kind: Kind, workspace_id: Uuid, text: String) -> Self {
        Self { kind, workspace_id, text }
    }

    /// Returns the kind of the response.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Returns the workspace.
    #[must_use]
    pub fn workspace_id(&self) -> Uuid {
        self.workspace_id
    }

    /// Returns the key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// `cache:keys:{workspace_id}`: the set of all keys of a workspace, so that invalidation needs no scan.
pub(super) fn keys_of(workspace_id: Uuid) -> String {
    format!("cache:keys:{workspace_id}")
}

/// `cache:generation:{workspace_id}`: a number that increases with each invalidation.
pub(super) fn generation_of(workspace_id: Uuid) -> String {
    format!("cache:generation:{workspace_id}")
}

/// `cache:dropped:{workspace_id}`: exists for a moment after an invalidation.
pub(super) fn dropped_of(workspace_id: Uuid) -> String {
    format!("cache:dropped:{workspace_id}")
}

fn range_text(range: &TimeRange) -> String {
    let mut text = range.name().to_owned();
    if let TimeRange::Custom { start, end } = range {
        // Writing to a String cannot fail.
        let _ = write!(text, ":{}-{}", start.as_micros(), end.as_micros());
    }
    text
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use shared::Timestamp;

    use super::*;

    #[test]
    fn keys_have_the_documented_format() {
        let id = Uuid::nil();
        assert_eq!(CacheKey::home_kpis(id, &TimeRange::Day).as_str(), format!("home_kpis:{id}:24h"));
        assert_eq!(
            CacheKey::alerts(id, 10, Some(Severity::Info)).as_str(),
            format!("alerts:recent:{id}:10:info")
        );
        assert_eq!(CacheKey::activity(id, 50).as_str(), format!("activity:stream:{id}:50"));
        assert_eq!(CacheKey::trace_detail(id, "run-1").as_str(), format!("trace:detail:{id}:run-1"));
    }

    #[test]
    fn trace_ids_with_colons_do_not_make_span_keys_ambiguous() {
        let key = |trace: &str, span: &str| CacheKey::trace_span(Uuid::nil(), trace, span);
        assert_eq!(key("run-1", "a:b").as_str(), format!("trace:span:{}:run-1:a:b", Uuid::nil()));
        assert_ne!(key("a:b", "c"), key("a", "b:c"));
        assert_ne!(key("a%3Ab", "c"), key("a:b", "c"));
        let (detail, tree) =
            (CacheKey::trace_detail(Uuid::nil(), "a"), CacheKey::trace_tree(Uuid::nil(), "a"));
        assert_ne!(detail, tree);
    }

    #[test]
    fn lists_with_different_filters_have_different_keys() {
        let key = |agent: &str, model: &str| {
            let (agent_id, model) = (Some(agent.to_owned()), Some(model.to_owned()));
            let filter = TraceFilter { agent_id, model, ..TraceFilter::default() };
            CacheKey::traces_list(Uuid::nil(), &TimeRange::Day, &filter, Start::Offset(0), 50)
        };
        assert_eq!(key("a", "b"), key("a", "b"));
        assert_ne!(key("a", "b"), key("b", "a"));
        assert_ne!(key("a\"", "b"), key("a", "\"b"));
    }

    #[test]
    fn custom_ranges_of_the_same_length_have_different_keys() {
        let custom = |start| {
            TimeRange::custom(Timestamp::from_millis(start), Timestamp::from_millis(start + 1)).unwrap()
        };
        assert_ne!(
            CacheKey::home_kpis(Uuid::nil(), &custom(0)),
            CacheKey::home_kpis(Uuid::nil(), &custom(1))
        );
    }
}
