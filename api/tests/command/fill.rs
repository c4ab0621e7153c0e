//! A data directory with every kind of data, and servers on the directory and on a database.

use std::time::Duration;

use domain::trace::record::{Basis, IncomingSpan, NewSpan};
use serde_json::{Value, json};
use shared::{
    Timestamp,
    alert::{Alert, AlertState, Resolution, Severity},
    alert_rule::AlertMetric,
    span::SpanKind,
};
use sqlx::{Connection, PgConnection, SqliteConnection, sqlite::SqliteConnectOptions};
use store::trace::TraceStore;
use tempfile::TempDir;
use uuid::Uuid;

use test_support::{
    client::Client,
    sample,
    server::{self, Builder, Member, Server, alert, noon},
};

/// The number of traces in bob's workspace: several batches of a transfer.
pub const BULK_TRACES: usize = 4_500;

/// Credentials that were created in the directory.
pub struct Credentials {
    /// Ada's API key, which was used.
    pub key: Client,
    /// The API key that ada revoked.
    pub revoked: Client,
    /// Ada's token from before the transfer.
    pub token: String,
}

/// Starts the embedded server in this directory. Its clock shows one second after noon.
pub async fn embedded(directory: &TempDir) -> Server {
    spawn_after_noon(server::builder().in_directory(directory)).await
}

/// Starts a server on this database that signs tokens with the secret of the directory.
pub async fn on(database: &str, directory: &TempDir) -> Server {
    let secret = std::fs::read_to_string(directory.path().join("jwt_secret")).unwrap();
    let builder = server::builder().with("TIMESCALE_URL", database).with("JWT_SECRET", &secret);
    spawn_after_noon(builder.with("DB_POOL_MIN_SIZE", "0")).await
}

async fn spawn_after_noon(builder: Builder) -> Server {
    let server = builder.spawn().await;
    // The end of a window is exclusive.
    server.clock.advance(Duration::from_secs(1));
    server
}

/// Fills a data directory through a server: ada's workspace with every kind of data, bob's with many traces, carol's with an
/// API key only.
pub async fn fill(directory: &TempDir) -> Credentials {
    let server = embedded(directory).await;
    let (ada, bob, carol) =
        (server.member("ada").await, server.member("bob").await, server.member("carol").await);
    let (_, key) = server.key_of(&ada).await;
    let (id, revoked) = server.key_of(&ada).await;
    server.key_of(&carol).await;
    key.ingest(&varied_traces()).await;
    revoked.ingest(&[sample::trace("by-the-other-key", noon(), json!({}))]).await;
    ada.delete(&format!("/api/v1/api-keys/{id}")).await.expect(204);
    bob.ingest(&many()).await;
    write_incoming_spans(directory, ada.user.workspace_id).await;
    score(&ada).await;
    let price =
        json!({"model": "m", "provider": "x", "input_usd_per_million": 0.1, "output_usd_per_million": 3});
    ada.post("/api/v1/prices", &price).await.expect(201);
    let rule_id = create_rule(&ada).await;
    server.insert_alerts(&alerts(&ada, rule_id)).await;
    Credentials { key, revoked, token: ada.token().to_owned() }
}

fn days(count: u64) -> Duration {
    Duration::from_secs(count * 86_400)
}

/// Returns traces of forty days in arbitrary order, some with the same timestamp.
fn varied_traces() -> Vec<Value> {
    let mut traces: Vec<_> = (0..40_u64)
        .map(|day| sample::full(&format!("full-{day}"), noon() - days(day * 7 % 40), &day.to_string()))
        .collect();
    traces
        .extend((0..20).map(|number| sample::trace(&format!("same-{number}"), noon() - days(1), json!({}))));
    // Not sent in order: spans with the same timestamp are listed in order of arrival.
    let step = |number: u64| json!({"span_id": format!("s{number}"), "name": "step", "timestamp": noon(), "latency_ms": 1});
    let steps: Vec<_> = [3, 1, 2, 5, 4].map(step).into();
    traces.push(sample::trace(
        "spans-of-one-moment",
        noon() - days(2),
        json!({"spans": steps, "input": "x".repeat(70_000)}),
    ));
    traces
}

/// Returns three weeks of traces, one every seven minutes, with costs that do not add up to round sums.
pub fn many() -> Vec<Value> {
    let trace = |number: usize| {
        let moment = noon() - Duration::from_secs(number as u64 * 411);
        let status = ["success", "success", "error", "timeout"][number % 4];
        let quality = number.is_multiple_of(3).then_some((number % 101) as f64);
        let more = json!({
            "agent_id": format!("agent-{}", number % 5), "model": format!("model-{}", number % 3), "status": status,
            "latency_ms": (number * 37 % 4001) as f64 + 0.125, "cost_usd": number as f64 * 1.1e-7, "tokens_input": number,
            "quality_score": quality, "tags": ["bulk"], "input": {"number": number}, "output": format!("answer {number}"),
        });
        sample::trace(&format!("many-{number}"), moment, more)
    };
    (0..BULK_TRACES).map(trace).collect()
}

/// Sends scores: one replaces another, and two arrive before their trace.
async fn score(ada: &Member) {
    for (trace, score) in [
        ("loose-whole", json!({"score": 64})),
        ("full-1", json!({"score": 12.5, "comment": "too short"})),
        ("full-1", json!({"score": 40, "name": "tone"})),
        ("full-2", json!({"score": 1, "name": "tone"})),
        ("full-2", json!({"score": 99.999_999, "name": "tone", "comment": "replaced"})),
        ("same-3", json!({"score": 70})),
        ("to-come", json!({"score": 10, "name": "helpfulness", "comment": "early\nbird"})),
        ("to-come", json!({"score": 31})),
    ] {
        ada.score(trace, &score).await.expect(202);
    }
}

/// Writes incoming spans: of an assembled trace, of a trace without its root span, of a trace that was sent whole, and of a
/// pending trace.
async fn write_incoming_spans(directory: &TempDir, workspace_id: Uuid) {
    let store = TraceStore::open_sqlite(&directory.path().join("traces.db")).await.unwrap();
    let span = |trace_id: &str, span_id: &str, parent: Option<&str>| IncomingSpan {
        workspace_id,
        trace_id: trace_id.to_owned(),
        arrived: noon(),
        span: NewSpan {
            span_id: span_id.to_owned(),
            parent_span_id: parent.map(str::to_owned),
            name: format!("step {span_id}"),
            kind: SpanKind::Llm,
            timestamp: noon() - days(1),
            latency: 1_234,
            model: Some("gpt-4o".to_owned()),
            model_provider: Some("openai".to_owned()),
            tokens_input: Some(100),
            tokens_output: Some(10),
            tokens_cache_read: Some(5),
            tokens_cache_write: Some(6),
            tokens_reasoning: Some(7),
            cost: Some(1_234_567),
            basis: Basis::Reported,
            payload: json!({"input": span_id, "resource": {"host.name": "a"}}).to_string(),
            ..NewSpan::default()
        },
        agent_id: (span_id == "b").then(|| "loose-agent".to_owned()),
        service: Some("shop".to_owned()),
        session_id: Some("s-1".to_owned()),
        user_id: Some("u-1".to_owned()),
        tags: Some(format!("[\"{span_id}\"]")),
    };
    let early = |span| IncomingSpan { arrived: noon() - days(1), ..span };
    let incomplete = ["b", "c"].map(|id| early(span("loose-incomplete", id, Some("a"))));
    store.write_spans(&incomplete.iter().collect::<Vec<_>>()).await.unwrap();
    assert_eq!(store.promote(noon()).await.unwrap(), [workspace_id]);
    let spans = [
        span("loose-whole", "b", Some("a")),
        span("loose-whole", "a", None),
        span("loose-incomplete", "d", Some("c")),
        span("full-1", "loose", None),
        span("loose-waiting", "b", Some("a")),
        span("loose-waiting", "c", Some("b")),
    ];
    store.write_spans(&spans.iter().collect::<Vec<_>>()).await.unwrap();
    store.close().await;
}

/// Returns the signing secrets of the alert channels, in the directory and on a server.
pub async fn secrets(directory: &TempDir, database: &str) -> [Vec<String>; 2] {
    let select = "SELECT secret FROM alert_channels ORDER BY secret";
    let file = SqliteConnectOptions::new().filename(directory.path().join("traces.db")).read_only(true);
    let mut file = SqliteConnection::connect_with(&file).await.unwrap();
    let mut server = PgConnection::connect(database).await.unwrap();
    [
        sqlx::query_scalar(select).fetch_all(&mut file).await.unwrap(),
        sqlx::query_scalar(select).fetch_all(&mut server).await.unwrap(),
    ]
}

/// Returns the trace attributes of the spans of pending traces on a server.
pub async fn pending_spans(database: &str) -> Vec<String> {
    let mut connection = PgConnection::connect(database).await.unwrap();
    sqlx::query_scalar(
        "SELECT concat_ws(' ', span_id, COALESCE(agent_id, '-'), service, session_id, user_id, tags) \
         FROM spans JOIN waiting_traces ON spans.trace = waiting_traces.id ORDER BY span_id",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap()
}

/// Creates an alert rule with every field and its channels. Returns the id of the rule.
async fn create_rule(ada: &Member) -> Uuid {
    let mut ids = Vec::new();
    for channel in [
        json!({"name": "hook", "url": "https://agent-observability.invalid/", "min_severity": "warning"}),
        json!({"name": "mail", "kind": "email", "to": ["ops@example.com"], "enabled": false}),
    ] {
        ids.push(ada.post("/api/v1/alert-channels", &channel).await.expect(201).json()["id"].clone());
    }
    let rule = json!({
        "name": "Quality", "metric": "quality_score", "side": "below", "group_by": "agent", "model": "gpt-4o",
        "window_minutes": 60, "warning": 70.5, "critical": 50, "min_traces": 3, "for_minutes": 5,
        "renotify_minutes": 30, "muted_until": noon(), "channel_ids": ids,
    });
    let rule = ada.post("/api/v1/alert-rules", &rule).await.expect(201).json();
    rule["id"].as_str().unwrap().parse().unwrap()
}

/// Returns alerts of all kinds: with and without a rule, firing, acknowledged, and resolved.
fn alerts(ada: &Member, rule_id: Uuid) -> Vec<Alert> {
    let new_alert = |number: u64| Alert {
        metric_value: number.is_multiple_of(2).then_some(number as f64 / 3.0),
        ..alert(
            ada.user.workspace_id,
            &format!("Error rate {number}"),
            Severity::ALL[number as usize % 3],
            alert_time(number),
        )
    };
    let mut alerts: Vec<_> = (0..30).map(new_alert).collect();
    for (number, alert) in alerts.iter_mut().enumerate() {
        if number > 4 {
            (alert.state, alert.resolved_at) = (AlertState::Resolved, Some(noon()));
            alert.resolution = Some(Resolution::Recovered);
        }
        if number % 2 == 1 && number > 2 {
            (alert.rule_id, alert.metric) = (Some(rule_id), Some(AlertMetric::QualityScore));
            (alert.threshold, alert.worst_value) = (Some(70.5), Some(0.1));
        }
    }
    let acknowledged = &mut alerts[3];
    (acknowledged.state, acknowledged.acknowledged_at) = (AlertState::Acknowledged, Some(noon()));
    acknowledged.acknowledged_by = Some("ada@example.com".to_owned());
    alerts
}

fn alert_time(number: u64) -> Timestamp {
    noon() - Duration::from_secs(number / 2 * 600)
}
