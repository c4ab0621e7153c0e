//! An HTTP client with an account and an API key.

use std::time::Duration;

use actix_web::web::Bytes;
use reqwest::{Client as Http, StatusCode, header};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::Result;

pub(crate) struct Client {
    http: Http,
    pub(crate) url: String,
    pub(crate) token: String,
    key: String,
}

impl Client {
    /// Logs in at `url`, and registers the account if necessary.
    pub(crate) async fn log_in(url: &str) -> Result<Self> {
        let http = api::http::client(url).build()?;
        let account = json!({"email": "bench@example.com", "password": "bench-password", "full_name": "Bench", "workspace_name": "Bench"});
        // Fails on an existing database, which has the account already.
        http.post(format!("{url}/api/v1/auth/register")).json(&account).send().await?;
        let response = http.post(format!("{url}/api/v1/auth/login")).json(&account).send().await?;
        let token = text(&response.error_for_status()?.json().await?, "access_token")?;
        let request = http.post(format!("{url}/api/v1/api-keys")).bearer_auth(&token);
        let response = request.json(&json!({"name": "bench"})).send().await?.error_for_status()?;
        let key = text(&response.json().await?, "key")?;
        Ok(Self { http, url: url.to_owned(), token, key })
    }

    /// Returns the id of the workspace.
    pub(crate) async fn workspace_id(&self) -> Result<Uuid> {
        Ok(text(&self.get_uncached("/api/v1/auth/me").await?, "workspace_id")?.parse()?)
    }

    /// Gets a response that is computed for this request, like the refresh button of the dashboard.
    pub(crate) async fn get_uncached(&self, path: &str) -> Result<Value> {
        self.get(path, "no-cache").await
    }

    /// Gets a response that may come from the server cache, like the polling of the dashboard.
    pub(crate) async fn get_cached(&self, path: &str) -> Result<Value> {
        self.get(path, "max-age=0").await
    }

    async fn get(&self, path: &str, caching: &str) -> Result<Value> {
        let request = self.http.get(format!("{}{path}", self.url)).bearer_auth(&self.token);
        let response = request.header(header::CACHE_CONTROL, caching).send().await?;
        Ok(response.error_for_status()?.json().await?)
    }

    /// Sends a batch of traces and waits for the acknowledgement.
    pub(crate) async fn send(&self, body: String) -> Result<()> {
        self.post("/api/v1/traces/batch", "application/json", body.into()).await
    }

    /// Sends OTLP spans in protobuf and waits for the acknowledgement.
    pub(crate) async fn export(&self, body: Vec<u8>) -> Result<()> {
        self.post("/v1/traces", "application/x-protobuf", body.into()).await
    }

    async fn post(&self, path: &str, content_type: &str, body: Bytes) -> Result<()> {
        loop {
            let request = self.http.post(format!("{}{path}", self.url)).bearer_auth(&self.key);
            let response =
                request.header(header::CONTENT_TYPE, content_type).body(body.clone()).send().await?;
            if response.status() == StatusCode::SERVICE_UNAVAILABLE {
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            }
            response.error_for_status()?;
            return Ok(());
        }
    }
}

fn text(body: &Value, field: &str) -> Result<String> {
    Ok(body[field].as_str().ok_or_else(|| format!("the response has no {field}"))?.to_owned())
}
