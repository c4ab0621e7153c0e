//! Links to the web application, if its public URL is configured.

use reqwest::Url;
use shared::alert::AlertTraces;
use uuid::Uuid;

/// Builds links.
#[derive(Clone, Debug)]
pub(super) struct Links(Option<String>);

impl Links {
    /// Creates links below `public_url`, which must not end with a slash.
    pub(super) fn new(public_url: Option<String>) -> Self {
        Self(public_url)
    }

    /// Returns the page of an alert.
    pub(super) fn alert(&self, id: Uuid) -> Option<String> {
        self.page(&format!("alerts/{id}")).map(String::from)
    }

    /// Returns the page with all alerts.
    pub(super) fn alerts(&self) -> Option<String> {
        self.page("alerts").map(String::from)
    }

    /// Returns the page by which a recipient confirms. The fragment with the token is not sent to servers.
    pub(super) fn confirm_recipient(&self, token: &str) -> Option<String> {
        let mut url = self.page("confirm-recipient")?;
        url.set_fragment(Some(token));
        Some(url.into())
    }

    /// Returns the list of the traces of an alert.
    pub(super) fn traces(&self, traces: &AlertTraces) -> Option<String> {
        let mut url = self.page("traces")?;
        let mut query = url.query_pairs_mut();
        query.append_pair("range", "custom");
        query.append_pair("start", &traces.start.to_string());
        query.append_pair("end", &traces.end.to_string());
        let status = traces.status.map(|status| status.as_str().to_owned());
        for (name, value) in [("agent_id", &traces.agent_id), ("model", &traces.model), ("status", &status)] {
            if let Some(value) = value {
                query.append_pair(name, value);
            }
        }
        drop(query);
        Some(url.into())
    }

    /// Returns the page with the channels.
    pub(super) fn settings(&self) -> Option<String> {
        self.page("settings").map(String::from)
    }

    fn page(&self, path: &str) -> Option<Url> {
        Url::parse(&format!("{}/{path}", self.0.as_ref()?)).ok()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use shared::{
        Timestamp,
        time_range::TimeRange,
        trace::{TraceListQuery, TraceStatus},
    };

    use super::*;

    #[test]
    fn a_link_to_traces_survives_the_query() {
        let traces = AlertTraces {
            start: Timestamp::from_millis(1_700_000_000_000),
            end: Timestamp::from_millis(1_700_001_800_000),
            agent_id: Some("support & sales/bot+1 é".to_owned()),
            model: None,
            status: Some(TraceStatus::Error),
        };
        let link = Links::new(Some("https://example.com/obs".to_owned())).traces(&traces).unwrap();
        let (page, query) = link.split_once('?').unwrap();
        assert_eq!(page, "https://example.com/obs/traces");
        let query = actix_web::web::Query::<TraceListQuery>::from_query(query).unwrap().into_inner();
        let range = TimeRange::Custom { start: traces.start, end: traces.end };
        assert_eq!(TimeRange::from_query(&query.time_range), Ok(range));
        assert_eq!((query.agent_id, query.model, query.status), (traces.agent_id, None, traces.status));
    }

    #[test]
    fn there_are_no_links_without_a_public_url() {
        let links = Links::new(None);
        assert_eq!((links.alert(Uuid::nil()), links.settings()), (None, None));
    }
}
