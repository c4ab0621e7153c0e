//! Links to the page, where it is known where people reach that.

use reqwest::Url;
use shared::alert::AlertTraces;
use uuid::Uuid;

/// Makes them.
#[derive(Clone, Debug)]
pub(super) struct Links(Option<String>);

impl Links {
    /// `public_url` has no slash at its end.
    pub(super) fn new(public_url: Option<String>) -> Self {
        Self(public_url)
    }

    /// The page of an alert.
    pub(super) fn alert(&self, id: Uuid) -> Option<String> {
        self.page(&format!("alerts/{id}")).map(String::from)
    }

    /// The list of the traces behind it.
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

    /// Where channels are set up.
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
        trace::{TraceListQuery, TraceStatus},
    };

    use super::*;

    #[test]
    fn a_link_to_traces_is_read_by_the_page_as_it_was_meant() {
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
        assert_eq!(query.time_range.range.as_deref(), Some("custom"));
        assert_eq!(query.time_range.start.unwrap().parse(), Ok(traces.start));
        assert_eq!(query.time_range.end.unwrap().parse(), Ok(traces.end));
        assert_eq!((query.agent_id, query.model, query.status), (traces.agent_id, None, traces.status));
    }

    #[test]
    fn there_are_no_links_where_nobody_said_where_the_page_is() {
        let links = Links::new(None);
        assert_eq!((links.alert(Uuid::nil()), links.settings()), (None, None));
    }
}
