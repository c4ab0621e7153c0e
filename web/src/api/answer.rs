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
    use shared::{
        activity::Activity,
        alert::{Alert, AlertState, Resolution},
        alert_channel::{AlertChannel, AlertDelivery, AlertEvent, ChannelKind},
        alert_rule::{AlertMetric, AlertPreview, AlertRule, Baseline},
        api_key::{ApiKey, CreateApiKeyResponse},
        auth::{TokenResponse, User},
        cost::{CostBasis, PriceTable, TokenKind},
        error::{ErrorBody, ErrorCode},
        kpi::HomeKpis,
        metric::{BreakdownItem, Metric, Timeseries},
        page::{ItemList, Page},
        price::{Price, PriceLookup, Reprice},
        session::{Thread, ThreadSummary},
        span::{Span, SpanKind, SpanMatches},
        trace::{TraceDetail, TraceStatus},
    };

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

    const ID: &str = "67e55044-10b1-426f-9247-bb680e5fe0c8";
    const AT: &str = "2025-10-22T10:35:22.120Z";

    #[test]
    fn every_word_is_read() {
        let all = |words: &[&str]| json!(words);
        agree::<Vec<TraceStatus>>(&all(&TraceStatus::ALL.map(TraceStatus::as_str)));
        agree::<Vec<SpanKind>>(&all(&SpanKind::ALL.map(SpanKind::as_str)));
        agree::<Vec<Metric>>(&all(&Metric::ALL.map(Metric::as_str)));
        agree::<Vec<PriceTable>>(&all(&["workspace", "file", "bundled"]));
        agree::<Vec<TokenKind>>(&all(&["input", "cache_read", "cache_write", "output"]));
        agree::<Vec<ErrorCode>>(&all(&[
            "bad_request",
            "invalid_time_range",
            "unauthorized",
            "token_expired",
            "invalid_credentials",
            "forbidden",
            "not_found",
            "method_not_allowed",
            "email_taken",
            "payload_too_large",
            "unsupported_media_type",
            "validation_failed",
            "rate_limited",
            "queue_full",
            "unavailable",
            "internal",
        ]));
        for basis in ["reported", "no_price"] {
            agree::<CostBasis>(&json!({"basis": basis}));
        }
    }

    #[test]
    fn a_page_of_figures_is_read() {
        let kpi = json!({"value": 1.5, "change": -2, "change_label": "vs. before", "trend": "inverse"});
        agree::<HomeKpis>(&json!({
            "total_requests": kpi, "avg_latency_ms": kpi, "error_rate": kpi, "total_cost_usd": kpi,
            "avg_quality_score": {"value": 0, "change": 0, "change_label": "", "trend": "normal"},
        }));
        agree::<Timeseries>(&json!({
            "metric": "error_rate", "start": AT, "end": AT, "step_seconds": 60,
            "series": [{"key": null, "points": [{"timestamp": AT, "value": null}, {"timestamp": AT, "value": 3}]}],
        }));
        let item = json!({
            "key": "a", "requests": 1, "error_rate": 0.5, "avg_latency_ms": 1, "p95_latency_ms": 2, "cost_usd": 0.1,
            "tokens_total": 5, "avg_quality_score": null,
        });
        agree::<ItemList<BreakdownItem>>(&json!({"items": [item], "total": 1}));
        let alert = |severity| {
            json!({
                "id": ID, "workspace_id": ID, "title": "t", "description": "d", "severity": severity,
                "metric_value": 1.5, "created_at": AT, "state": "firing",
            })
        };
        agree::<Vec<Alert>>(&json!([alert("info"), alert("warning"), alert("critical")]));
        agree::<Activity>(&json!({
            "id": ID, "workspace_id": ID, "trace_id": "t", "agent_id": "a", "action": "x", "status": "timeout",
            "timestamp": AT, "metadata": {"latency_ms": 1, "model": "m", "cost_usd": null},
        }));
    }

    #[test]
    fn an_alert_is_read_with_its_life() {
        let change = |by| json!({"by": by, "key": null, "before": null, "now": 1.5});
        agree::<Page<Alert>>(&json!({
            "items": [{
                "id": ID, "workspace_id": ID, "title": "t", "description": "d", "severity": "critical",
                "metric_value": null, "created_at": AT, "state": "resolved", "rule_id": ID, "metric": "no_data",
                "is_change": true, "threshold": 1.5, "worst_value": 2, "agent_id": "a", "model": "m",
                "changes": [change("agent"), change("model")],
                "traces": {"start": AT, "end": AT, "agent_id": "a", "model": "m", "status": "error"},
                "acknowledged_at": AT, "acknowledged_by": "a@b", "resolved_at": AT, "resolution": "recovered",
            }],
            "total": 1, "page": 1, "limit": 25, "total_pages": 1,
        }));
        agree::<Vec<AlertState>>(&json!(AlertState::ALL.map(AlertState::as_str)));
        agree::<Vec<Resolution>>(&json!([
            "recovered",
            "nothing_measured",
            "rule_changed",
            "rule_disabled",
            "rule_deleted"
        ]));
    }

    #[test]
    fn rules_and_what_they_would_have_done_are_read() {
        let mut rule = json!({
            "id": ID, "name": "n", "metric": "error_rate", "window_minutes": 30, "baseline": "none", "side": "below",
            "min_traces": 20, "hysteresis_percent": 10, "for_minutes": 5, "enabled": true, "created_at": AT,
            "updated_at": AT, "evaluated_at": null, "open_alerts": 2,
        });
        agree::<AlertRule>(&rule);
        for (name, value) in [
            ("agent_id", json!("a")),
            ("model", json!("m")),
            ("group_by", json!("model")),
            ("info", json!(1)),
            ("warning", json!(2.5)),
            ("critical", json!(3)),
            ("renotify_minutes", json!(60)),
            ("muted_until", json!(AT)),
            ("channel_ids", json!([ID])),
            ("evaluated_at", json!(AT)),
        ] {
            rule[name] = value;
        }
        agree::<AlertRule>(&rule);
        agree::<Vec<AlertMetric>>(&json!(AlertMetric::ALL.map(AlertMetric::as_str)));
        agree::<Vec<Baseline>>(&json!(Baseline::ALL.map(Baseline::as_str)));
        let span = |end| json!({"severity": "warning", "start": AT, "end": end});
        agree::<AlertPreview>(&json!({
            "start": AT, "end": AT, "step_seconds": 300, "groups": 12, "alerts": 2,
            "series": [{
                "key": "a", "points": [{"timestamp": AT, "value": 1}, {"timestamp": AT, "value": null}],
                "alerts": [span(json!(AT)), span(Value::Null)],
            }],
        }));
    }

    #[test]
    fn channels_and_what_they_were_told_are_read() {
        let delivery = |state, event| {
            json!({
                "id": ID, "channel_id": ID, "alert_id": null, "event": event, "state": state, "attempts": 2,
                "created_at": AT, "next_attempt_at": AT, "finished_at": null, "status_code": 503, "error": "no",
            })
        };
        for (state, event) in ["pending", "delivered", "failed"].into_iter().zip(AlertEvent::ALL) {
            agree::<AlertDelivery>(&delivery(state, event.as_str()));
        }
        agree::<Vec<AlertEvent>>(&json!(AlertEvent::ALL.map(AlertEvent::as_str)));
        for kind in ChannelKind::ALL {
            agree::<AlertChannel>(&json!({
                "id": ID, "name": "n", "kind": kind.as_str(), "min_severity": "info", "enabled": true,
                "created_at": AT, "updated_at": AT,
            }));
        }
        agree::<AlertChannel>(&json!({
            "id": ID, "name": "n", "kind": "email", "url": "https://a", "to": ["a@b"], "min_severity": "info",
            "enabled": false, "created_at": AT, "updated_at": AT, "secret": "whsec_a",
            "last_delivery": delivery("failed", "test"),
        }));
    }

    #[test]
    fn accounts_keys_and_prices_are_read() {
        agree::<User>(&json!({
            "id": ID, "email": "a@b", "full_name": "A", "workspace_id": ID, "workspace_name": "W",
        }));
        agree::<TokenResponse>(&json!({"access_token": "t", "token_type": "bearer", "expires_in": 3600}));
        let key = json!({"id": ID, "name": "n", "prefix": "ao_1", "created_at": AT, "last_used_at": null});
        agree::<ApiKey>(&key);
        let mut created = key;
        created["key"] = json!("ao_12");
        agree::<CreateApiKeyResponse>(&created);
        agree::<ErrorBody>(&json!({"detail": "no", "code": "not_found"}));
        agree::<ErrorBody>(&json!({
            "detail": "no", "code": "validation_failed", "fields": [{"field": "f", "detail": "d"}],
        }));
        let prices = [
            ("input_usd_per_million", 1.0),
            ("output_usd_per_million", 2.0),
            ("cache_read_usd_per_million", 0.5),
            ("cache_write_usd_per_million", 0.25),
        ];
        let with_prices = |mut value: Value| {
            for (name, price) in prices {
                value[name] = json!(price);
            }
            value
        };
        agree::<Price>(&with_prices(json!({"id": ID, "model": "m", "provider": "p", "updated_at": AT})));
        agree::<Price>(&json!({
            "id": ID, "model": "m", "input_usd_per_million": 1, "output_usd_per_million": 2, "updated_at": AT,
        }));
        let tier = with_prices(json!({"over_input_tokens": 200_000}));
        agree::<PriceLookup>(&with_prices(json!({"model": "m", "table": "bundled", "tiers": [tier]})));
        agree::<Reprice>(&json!({
            "id": ID, "start": AT, "end": AT, "created_at": AT, "finished_at": null, "traces_seen": 2,
            "traces_changed": 1,
        }));
    }

    #[test]
    fn sessions_and_what_is_found_are_read() {
        let totals = json!({
            "traces": 1, "errors": 0, "tokens": 3, "cost_usd": 0.5, "unpriced": 0, "avg_latency_ms": 1,
            "avg_quality_score": null, "first": AT, "last": AT,
        });
        let mut summary = totals.clone();
        summary["id"] = json!("s");
        agree::<ThreadSummary>(&summary);
        let trace = json!({
            "trace_id": "t", "workspace_id": ID, "agent_id": "a", "timestamp": AT, "latency_ms": 1, "status": "success",
            "tags": [], "name": "n", "incomplete": true, "unpriced": 4, "input": "in", "input_truncated": true,
            "output": null,
        });
        agree::<Thread>(&json!({"id": "s", "totals": totals, "items": [trace], "next_cursor": "c"}));
        agree::<SpanMatches>(&json!({"items": ["a"], "total": 1, "incomplete": true}));
        agree::<Span>(&json!({
            "span_id": "s", "name": "n", "timestamp": AT, "latency_ms": 1, "tool": {"name": "t", "type": "function"},
            "events": [{"name": "e", "timestamp": AT, "attributes": {"a": 1}}],
            "links": [{"trace_id": "t", "span_id": "s"}], "scope": {"name": "s", "version": "1"},
            "resource": {"service.name": "x"}, "finish_reasons": ["stop"], "time_to_first_chunk_ms": 0.5,
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
