//! Everything that the API returns for a workspace, to compare it between servers.

use std::collections::BTreeMap;

use serde_json::Value;

use test_support::{
    client::{Client, trace_ids},
    server::{PASSWORD, Server},
};

/// Logs in with the password and requests everything.
pub async fn of(server: &Server, name: &str) -> BTreeMap<String, Value> {
    let token =
        server.anonymous_client().login(&format!("{name}@example.com"), PASSWORD).await.expect(200).json();
    let client = server.anonymous_client().with_token(token["access_token"].as_str().unwrap());
    let mut seen = BTreeMap::new();
    let windows = [
        "range=1h",
        "range=24h",
        "range=7d",
        "range=30d",
        "range=custom&start=2026-02-01T03:04:05.678Z&end=2026-03-11T12:34:56.789Z",
    ];
    for window in windows {
        for query in ["home-kpis?", "breakdown?by=agent&", "breakdown?by=model&"] {
            request_into(&mut seen, &client, format!("/api/v1/metrics/{query}{window}")).await;
        }
        for metric in ["requests", "cost_usd", "p95_latency_ms"] {
            request_into(
                &mut seen,
                &client,
                format!("/api/v1/metrics/timeseries?metric={metric}&group_by=agent&{window}"),
            )
            .await;
        }
    }
    for path in [
        "/api/v1/auth/me",
        "/api/v1/api-keys",
        "/api/v1/alerts/recent?limit=100",
        "/api/v1/alerts?limit=100",
        "/api/v1/alerts?state=open",
        "/api/v1/alert-rules",
        "/api/v1/alert-channels",
        "/api/v1/activity/stream",
        "/api/v1/prices",
    ] {
        request_into(&mut seen, &client, path.to_owned()).await;
    }
    for page in 1.. {
        let path = format!(
            "/api/v1/traces?range=custom&start=2026-01-01T00:00:00Z&end=2026-04-01T00:00:00Z&limit=100&page={page}"
        );
        request_into(&mut seen, &client, path.clone()).await;
        let ids = trace_ids(&seen[&path]);
        // All details of the first pages, which cover ada's traces; then one per page, because bob's traces are alike.
        for id in ids.iter().take(if page < 3 { 100 } else { 1 }) {
            request_into(&mut seen, &client, format!("/api/v1/traces/{id}")).await;
        }
        if ids.is_empty() {
            break;
        }
    }
    seen
}

async fn request_into(seen: &mut BTreeMap<String, Value>, client: &Client, path: String) {
    let mut response = client.get_fresh(&path).await.expect(200).json();
    // A cursor contains the arrival number; a transfer preserves only the order of these numbers.
    if let Some(response) = response.as_object_mut() {
        response.remove("next_cursor");
    }
    // Deliveries are not transferred.
    if path == "/api/v1/alert-channels" {
        let channels = response["items"].as_array_mut().into_iter().flatten();
        for channel in channels.filter_map(Value::as_object_mut) {
            channel.remove("last_delivery");
        }
    }
    seen.insert(path, response);
}

/// Asserts that all responses are equal.
#[track_caller]
pub fn assert_same(before: &BTreeMap<String, Value>, after: &BTreeMap<String, Value>) {
    for (path, response) in before {
        assert_eq!(after.get(path), Some(response), "{path}");
    }
    assert_eq!(before.len(), after.len());
}
