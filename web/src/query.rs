//! The query of an address: read, and written. Pure.

use serde::Serialize;
use serde_json::{Map, Value};
use shared::answer::{self, FromAnswer};

use crate::json;

/// The query as a `Q`; its default where it is none.
pub fn read<Q: FromAnswer + Default>(query: &str) -> Q {
    answer::read(&fields(query)).unwrap_or_default()
}

/// What `name` says in the query.
pub fn value(query: &str, name: &str) -> Option<String> {
    fields(query).get(name)?.as_str().map(str::to_owned)
}

/// `path` with `query` behind it. A query is a flat struct of texts and numbers, and what is absent is not in it.
pub fn address<Q: Serialize>(path: &str, query: &Q) -> String {
    written(path, &json::value(query))
}

fn written(path: &str, fields: &Value) -> String {
    let mut address = path.to_owned();
    for (name, value) in fields.as_object().into_iter().flatten() {
        address.push(if address.len() == path.len() { '?' } else { '&' });
        address.push_str(name);
        address.push('=');
        let text = value.as_str().map_or_else(|| json::text(value), str::to_owned);
        address.push_str(&urlencoding::encode(&text));
    }
    address
}

fn fields(query: &str) -> Value {
    let pairs = query.trim_start_matches('?').split('&').filter_map(|pair| pair.split_once('='));
    let decoded = |text: &str| urlencoding::decode(&text.replace('+', " ")).map(String::from).ok();
    let mut fields = Map::new();
    for (name, text) in pairs {
        if let (Some(name), Some(text)) = (decoded(name), decoded(text)) {
            fields.insert(name, Value::String(text));
        }
    }
    Value::Object(fields)
}

#[cfg(test)]
mod tests {
    use shared::trace::{TraceListQuery, TraceStatus};

    use super::*;

    #[test]
    fn a_query_is_read_as_it_is_written() {
        let query = TraceListQuery {
            range: Some("custom".to_owned()),
            start: Some("2025-10-22T10:35:22.12Z".to_owned()),
            agent_id: Some("a&b=c +ü%".to_owned()),
            status: Some(TraceStatus::Error),
            page: Some(2),
            ..TraceListQuery::default()
        };
        let address = address("/traces", &query);
        let expected = "/traces?agent_id=a%26b%3Dc%20%2B%C3%BC%25&page=2&range=custom&start=2025-10-22T10%3A35%3A22.12Z&status=error";
        assert_eq!(address, expected);
        assert_eq!(read::<TraceListQuery>(address.trim_start_matches("/traces")), query);
    }

    #[test]
    fn a_query_that_says_nothing_is_the_default() {
        assert_eq!(address("/traces", &TraceListQuery::default()), "/traces");
        for nothing in ["", "?", "?page=many", "?status=sideways", "?page=-1", "?%ff=%ff", "?a"] {
            assert_eq!(read::<TraceListQuery>(nothing), TraceListQuery::default(), "{nothing}");
        }
    }

    #[test]
    fn one_value_is_found_among_others() {
        assert_eq!(value("?a=1&next=%2Ftraces%3Fa%3Db&c=", "next").as_deref(), Some("/traces?a=b"));
        assert_eq!(value("?a=1+2", "a").as_deref(), Some("1 2"));
        assert_eq!(value("?a=1", "next"), None);
    }
}
