//! From an answer's text to what it says.

use serde_json::Value;
use shared::answer::{self, FromAnswer};

/// What `text` says; none where it is not JSON, or not of this type.
pub fn read<T: FromAnswer>(text: &str) -> Option<T> {
    answer::read(&value(text)?)
}

/// Not part of [`read`], which is in the binary for every type.
fn value(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok()
}

#[cfg(test)]
mod tests {
    use serde::de::DeserializeOwned;
    use serde_json::json;
    use shared::{page::Page, price::Price, span::Span, trace::TraceDetail};

    use super::*;

    /// That both readers read the same from `value`.
    fn agree<T: FromAnswer + DeserializeOwned + PartialEq + std::fmt::Debug>(value: &Value) {
        let text = value.to_string();
        let by_serde_json: Option<T> = serde_json::from_str(&text).ok();
        assert!(by_serde_json.is_some(), "{text}");
        assert_eq!(read(&text), by_serde_json, "{text}");
    }

    #[test]
    fn all_kinds_of_values_are_read() {
        agree::<Value>(&json!({"a": [null, true, -1, 1, u64::MAX, 0.5, "é", {"b": {}}]}));
        agree::<Page<Value>>(&json!({"items": [1], "total": 3, "page": 1, "limit": 2, "total_pages": 2}));
    }

    #[test]
    fn a_run_is_read_with_what_is_in_it() {
        let span = json!({
            "span_id": "s", "parent_span_id": null, "name": "chat", "kind": "llm", "status": "success",
            "timestamp": "2025-10-22T10:35:22.120Z", "latency_ms": 12, "tokens_input": 7, "cost_usd": 0.1,
            "input": {"messages": [{"role": "user", "content": "hi"}]}, "output": "hello", "attributes": {"a": [1]},
            "cost_basis": {"basis": "computed", "model": "m", "table": "file", "parts": [
                {"tokens_kind": "cache_read", "tokens": 7, "usd_per_million": 2.5, "cost_usd": 0.000_017_5}
            ]},
            "unknown": {"to": ["this", "page"]},
        });
        agree::<Span>(&span);
        agree::<TraceDetail>(&json!({
            "trace_id": "t", "workspace_id": "67e55044-10b1-426f-9247-bb680e5fe0c8", "agent_id": "a",
            "timestamp": "2025-10-22T10:35:22.120Z", "latency_ms": 12.5, "status": "error", "tags": ["x"],
            "tokens_input": 1, "cost_usd": 3, "input": null, "output": {"k": [1.5, -2]}, "metadata": {"m": true},
            "spans": [span], "scores": [], "cost_basis": {"basis": "no_price"},
        }));
    }

    #[test]
    fn what_does_not_fit_is_said() {
        assert_eq!(read::<Value>("{"), None);
        assert_eq!(read::<Vec<u32>>("[4294967296]"), None);
        assert_eq!(read::<Vec<u32>>("[-1]"), None);
        assert_eq!(read::<Vec<String>>("[null]"), None);
        assert_eq!(read::<Span>("[]"), None);
        assert_eq!(read::<Span>("{}"), None);
        assert!(read::<Price>("{}").is_none() && read::<TraceDetail>("{}").is_none());
    }
}
