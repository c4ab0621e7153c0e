//! View state in the query of the address, so that it survives a reload and can be shared as a link.

use serde::{Serialize, de::DeserializeOwned};
use yew::prelude::*;
use yew_router::hooks::{use_location, use_navigator, use_route};

use crate::route::Route;

/// Returns the query of the address, and a callback that navigates to another query of the same page. An invalid query is
/// read as the default.
#[hook]
pub fn use_query<Q>() -> (Q, Callback<Q>)
where
    Q: Serialize + DeserializeOwned + Default + 'static,
{
    let query = use_location().and_then(|location| location.query::<Q>().ok()).unwrap_or_default();
    let (navigator, route) = (use_navigator(), use_route::<Route>());
    let set_query = Callback::from(move |query: Q| {
        if let (Some(navigator), Some(route)) = (&navigator, &route) {
            // A flat struct always serializes.
            drop(navigator.push_with_query(route, query));
        }
    });
    (query, set_query)
}

#[cfg(test)]
mod tests {
    use shared::{
        time_range::TimeRangeQuery,
        trace::{TraceListQuery, TraceStatus},
    };
    use yew_router::query::{FromQuery, ToQuery};

    #[test]
    fn a_query_survives_the_address() {
        let query = TraceListQuery {
            time_range: TimeRangeQuery {
                range: Some("custom".to_owned()),
                start: Some("2025-10-22T10:35:22.12Z".to_owned()),
                end: None,
            },
            agent_id: Some("a&b=c +ü%".to_owned()),
            status: Some(TraceStatus::Error),
            page: Some(2),
            ..TraceListQuery::default()
        };
        let text = query.to_query().unwrap_or_default();
        let expected = "range=custom&start=2025-10-22T10%3A35%3A22.12Z&agent_id=a%26b%3Dc+%2B%C3%BC%25&status=error&page=2";
        assert_eq!(text, expected);
        assert_eq!(TraceListQuery::from_query(&text).ok(), Some(query));
    }

    #[test]
    fn invalid_values_are_errors_and_unknown_names_are_ignored() {
        for invalid in ["page=many", "status=sideways", "page=-1", "page="] {
            assert!(TraceListQuery::from_query(invalid).is_err(), "{invalid}");
        }
        for ignored in ["", "%ff=%ff", "a", "unknown=1"] {
            assert_eq!(
                TraceListQuery::from_query(ignored).ok(),
                Some(TraceListQuery::default()),
                "{ignored}"
            );
        }
    }
}
