//! Who asks and sends: an account and a key, made over HTTP.

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
    /// Logs in at `url`, where there may be an account already.
    pub(crate) async fn log_in(url: &str) -> Result<Self> {
        let http = api::http::client(url).build()?;
        let account = json!({"email": "bench@example.com", "password": "bench-password", "full_name": "Bench", "workspace_name": "Bench"});
        // There is one already where the database is old.
        http.post(format!("{url}/api/v1/auth/register")).json(&account).send().await?;
        let answer = http.post(format!("{url}/api/v1/auth/login")).json(&account).send().await?;
        let token = text(&answer.error_for_status()?.json().await?, "access_token")?;
        let request = http.post(format!("{url}/api/v1/api-keys")).bearer_auth(&token);
        let answer = request.json(&json!({"name": "bench"})).send().await?.error_for_status()?;
        let key = text(&answer.json().await?, "key")?;
        Ok(Self { http, url: url.to_owned(), token, key })
    }

    /// Whose account it is.
    pub(crate) async fn workspace_id(&self) -> Result<Uuid> {
        Ok(text(&self.fresh("/api/v1/auth/me").await?, "workspace_id")?.parse()?)
    }

    /// Asks as a person who pressed the refresh button.
    pub(crate) async fn fresh(&self, path: &str) -> Result<Value> {
        self.get(path, "no-cache").await
    }

    /// Asks as the dashboard does.
    pub(crate) async fn ask(&self, path: &str) -> Result<Value> {
        self.get(path, "max-age=0").await
    }

    async fn get(&self, path: &str, caching: &str) -> Result<Value> {
        let request = self.http.get(format!("{}{path}", self.url)).bearer_auth(&self.token);
        let answer = request.header(header::CACHE_CONTROL, caching).send().await?;
        Ok(answer.error_for_status()?.json().await?)
    }

    /// Sends a batch and waits until it is acknowledged.
    pub(crate) async fn send(&self, body: String) -> Result<()> {
        self.post("/api/v1/traces/batch", "application/json", body.into()).await
    }

    /// Sends spans of OTLP, in protobuf, and waits until they are acknowledged.
    pub(crate) async fn export(&self, body: Vec<u8>) -> Result<()> {
        self.post("/v1/traces", "application/x-protobuf", body.into()).await
    }

    async fn post(&self, path: &str, content_type: &str, body: Bytes) -> Result<()> {
        loop {
            let request = self.http.post(format!("{}{path}", self.url)).bearer_auth(&self.key);
            let answer = request.header(header::CONTENT_TYPE, content_type).body(body.clone()).send().await?;
            if answer.status() == StatusCode::SERVICE_UNAVAILABLE {
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            }
            answer.error_for_status()?;
            return Ok(());
        }
    }
}

fn text(answer: &Value, field: &str) -> Result<String> {
    Ok(answer[field].as_str().ok_or_else(|| format!("the answer has no {field}"))?.to_owned())
}
