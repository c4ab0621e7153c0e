//! An HTTP client with a method for each endpoint that tests use often.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::response::Response;

#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    url: String,
    token: Option<String>,
    redis: Option<String>,
}

impl Client {
    /// Creates a client without credentials. Connections are not shared with other clients.
    pub fn new(url: &str) -> Self {
        Self { http: api::http::client(url).build().unwrap(), url: url.to_owned(), token: None, redis: None }
    }

    /// Returns a client that waits after each accepted request until the queue in this Redis is processed.
    pub fn with_queue(self, redis: Option<&str>) -> Self {
        Self { redis: redis.map(str::to_owned), ..self }
    }

    /// Returns a client with a token: a JWT or an API key.
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    pub fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub async fn send(&self, request: RequestBuilder) -> Response {
        let response = Response::read(request.send().await.unwrap()).await;
        if response.status == 202 {
            self.wait_for_queue().await;
        }
        response
    }

    /// Waits until all queued traces are stored. Returns immediately without a queue.
    pub async fn wait_for_queue(&self) {
        if let Some(redis) = &self.redis {
            wait_until_drained(redis).await;
        }
    }

    pub async fn get(&self, path: &str) -> Response {
        self.send(self.request(Method::GET, path)).await
    }

    /// Sends GET and bypasses the cache, as the refresh button does.
    pub async fn get_fresh(&self, path: &str) -> Response {
        self.send(self.request(Method::GET, path).header("cache-control", "no-cache")).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Response {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    pub async fn post_text(&self, path: &str, body: impl Into<reqwest::Body>) -> Response {
        let request = self.request(Method::POST, path).header("content-type", "application/json");
        self.send(request.body(body)).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Response {
        self.send(self.request(Method::PATCH, path).json(body)).await
    }

    pub async fn delete(&self, path: &str) -> Response {
        self.send(self.request(Method::DELETE, path)).await
    }

    pub async fn register(&self, email: &str, password: &str) -> Response {
        let body =
            json!({"email": email, "password": password, "full_name": "Ada", "workspace_name": "Engines"});
        self.post("/api/v1/auth/register", &body).await
    }

    pub async fn login(&self, email: &str, password: &str) -> Response {
        self.post("/api/v1/auth/login", &json!({"email": email, "password": password})).await
    }

    pub async fn send_trace(&self, trace: &Value) -> Response {
        self.post("/api/v1/traces", trace).await
    }

    pub async fn send_batch(&self, traces: &[Value]) -> Response {
        self.post("/api/v1/traces/batch", &json!({"traces": traces})).await
    }

    /// Sends traces and asserts that all are accepted.
    #[track_caller]
    pub fn ingest<'a>(&'a self, traces: &'a [Value]) -> impl Future<Output = ()> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            for batch in traces.chunks(1000) {
                let response = self.send_batch(batch).await;
                let expected = json!({"accepted": batch.len(), "rejected": []});
                assert!(
                    response.status == 202 && response.json() == expected,
                    "{caller}: {} {}",
                    response.status,
                    response.text
                );
            }
        }
    }

    pub async fn score(&self, trace_id: &str, score: &Value) -> Response {
        self.post(&format!("/api/v1/traces/{trace_id}/scores"), score).await
    }

    /// Returns the KPIs of a range, bypassing the cache.
    pub async fn kpis(&self, range: &str) -> Value {
        self.get_fresh(&format!("/api/v1/metrics/home-kpis?range={range}")).await.expect(200).json()
    }

    /// Returns a page of traces, bypassing the cache.
    pub async fn traces(&self, query: &str) -> Value {
        self.get_fresh(&format!("/api/v1/traces?{query}")).await.expect(200).json()
    }

    pub async fn trace(&self, trace_id: &str) -> Value {
        self.get_fresh(&format!("/api/v1/traces/{trace_id}")).await.expect(200).json()
    }

    /// Returns the ids of all traces of the last 30 days, read with cursor pagination, and the total on the first page.
    pub async fn all_trace_ids(&self) -> (Vec<String>, u64) {
        let first = self.traces("range=30d&limit=100").await;
        let total = first["total"].as_u64().unwrap();
        let mut page = first;
        let mut ids = trace_ids(&page);
        while let Some(cursor) = page["next_cursor"].as_str() {
            page = self.traces(&format!("range=30d&limit=100&cursor={cursor}")).await;
            ids.extend(trace_ids(&page));
        }
        (ids, total)
    }
}

/// Returns the trace ids of a page, in order.
pub fn trace_ids(page: &Value) -> Vec<String> {
    page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["trace_id"].as_str().unwrap().to_owned())
        .collect()
}

/// Percent-encodes everything except ASCII letters and digits.
pub fn escaped(text: &str) -> String {
    let escape = |byte: u8| {
        if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    text.bytes().map(escape).collect()
}

/// Waits until the queue is empty.
async fn wait_until_drained(redis: &str) {
    let client = redis::Client::open(redis).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(15);
    loop {
        let bytes: Option<i64> =
            redis::cmd("HGET").arg("traces:bytes").arg("total").query_async(&mut connection).await.unwrap();
        if bytes.is_none_or(|bytes| bytes == 0) {
            return;
        }
        assert!(tokio::time::Instant::now() < deadline, "timed out waiting for an empty queue");
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
}
