//! Calls every endpoint that requires a login, as listed in the OpenAPI document, with every kind of invalid credentials.
//! A new endpoint fails here until the table contains a sample request for it. Long, because it is that table.

use std::{collections::BTreeMap, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::Method;
use serde_json::{Value, json};
use shared::{Timestamp, alert::Severity};

use test_support::{
    client::Client,
    response::Response,
    sample::{full, merged, trace},
    server::{Member, Server, alert, builder, noon},
};

/// Operations on accounts and members that end the caller's session or need objects of their own; the modules `people` and
/// `role` test them.
const ELSEWHERE: [&str; 14] = [
    "account_delete",
    "invitation_accept",
    "invitation_delete",
    "login_session_delete",
    "login_session_end",
    "login_session_end_all",
    "member_delete",
    "member_leave",
    "member_update",
    "password_update",
    "workspace_create",
    "workspace_switch",
    "workspace_update",
    "invitation_create",
];

const SECRET: &str = "the secret of these tests, 32 bytes";
/// The secret of a signer that does not know [`SECRET`].
const OTHER_SECRET: &str = "some other secret of at least 32 bytes";

/// A valid request: the path with its query, the body, and the expected status.
struct Sample {
    path: String,
    body: Option<Value>,
    status: u16,
}

/// A price that every workspace in the scene has.
fn price() -> Value {
    json!({"model": "m", "input_usd_per_million": 1, "output_usd_per_million": 2})
}

/// The ids of objects in one workspace.
struct Ids {
    key: String,
    price: String,
    alert: String,
    rule: String,
    channel: String,
}

impl Ids {
    fn all(&self) -> [&str; 5] {
        [&self.key, &self.price, &self.alert, &self.rule, &self.channel]
    }
}

/// A valid alert rule.
fn rule() -> Value {
    json!({"name": "errors", "warning": 5})
}

/// A valid alert channel.
fn channel() -> Value {
    json!({"name": "ops", "kind": "email", "to": ["ops@example.com"]})
}

/// Returns a sample for each endpoint. Paths with an id refer to objects in the workspace `of`.
fn samples(of: &str, ids: &Ids) -> BTreeMap<(&'static str, &'static str), Sample> {
    let Ids { key, price: price_id, alert, rule: rule_id, channel: channel_id } = ids;
    let get = |path: &str| Sample { path: path.to_owned(), body: None, status: 200 };
    let post = |path: &str, body: Value, status| Sample { path: path.to_owned(), body: Some(body), status };
    let delete = |path: &str| Sample { path: path.to_owned(), body: None, status: 204 };
    let sent = trace(&format!("sent-to-{of}"), noon(), json!({}));
    let window = json!({"start": noon() - Duration::from_secs(60), "end": noon()});
    BTreeMap::from([
        (("post", "/api/v1/auth/refresh"), post("/api/v1/auth/refresh", json!(null), 200)),
        (("get", "/api/v1/auth/me"), get("/api/v1/auth/me")),
        (("patch", "/api/v1/auth/me"), post("/api/v1/auth/me", json!({"full_name": "New"}), 200)),
        (("get", "/api/v1/auth/sessions"), get("/api/v1/auth/sessions")),
        (("get", "/api/v1/workspaces"), get("/api/v1/workspaces")),
        (("get", "/api/v1/members"), get("/api/v1/members")),
        (("get", "/api/v1/invitations"), get("/api/v1/invitations")),
        (("get", "/api/v1/audit"), get("/api/v1/audit")),
        (("get", "/api/v1/api-keys"), get("/api/v1/api-keys")),
        (("post", "/api/v1/api-keys"), post("/api/v1/api-keys", json!({"name": "new"}), 201)),
        (("delete", "/api/v1/api-keys/{id}"), delete(&format!("/api/v1/api-keys/{key}"))),
        (("get", "/api/v1/metrics/home-kpis"), get("/api/v1/metrics/home-kpis?range=7d")),
        (
            ("get", "/api/v1/metrics/timeseries"),
            get("/api/v1/metrics/timeseries?metric=p95_latency_ms&group_by=agent"),
        ),
        (("get", "/api/v1/metrics/breakdown"), get("/api/v1/metrics/breakdown?by=model")),
        (("get", "/api/v1/alerts/recent"), get("/api/v1/alerts/recent")),
        (("get", "/api/v1/alerts"), get("/api/v1/alerts?state=open")),
        (("get", "/api/v1/alerts/{id}"), get(&format!("/api/v1/alerts/{alert}"))),
        (("get", "/api/v1/alerts/{id}/deliveries"), get(&format!("/api/v1/alerts/{alert}/deliveries"))),
        (
            ("post", "/api/v1/alerts/{id}/acknowledge"),
            post(&format!("/api/v1/alerts/{alert}/acknowledge"), json!(null), 200),
        ),
        (("get", "/api/v1/alert-rules"), get("/api/v1/alert-rules")),
        (("post", "/api/v1/alert-rules"), post("/api/v1/alert-rules", rule(), 201)),
        (("post", "/api/v1/alert-rules/preview"), post("/api/v1/alert-rules/preview", rule(), 200)),
        (("get", "/api/v1/alert-rules/{id}"), get(&format!("/api/v1/alert-rules/{rule_id}"))),
        (
            ("patch", "/api/v1/alert-rules/{id}"),
            post(&format!("/api/v1/alert-rules/{rule_id}"), json!({"warning": 1}), 200),
        ),
        (("delete", "/api/v1/alert-rules/{id}"), delete(&format!("/api/v1/alert-rules/{rule_id}"))),
        (("get", "/api/v1/alert-channels"), get("/api/v1/alert-channels")),
        (("post", "/api/v1/alert-channels"), post("/api/v1/alert-channels", channel(), 201)),
        (("get", "/api/v1/alert-channels/{id}"), get(&format!("/api/v1/alert-channels/{channel_id}"))),
        (
            ("patch", "/api/v1/alert-channels/{id}"),
            post(&format!("/api/v1/alert-channels/{channel_id}"), json!({"enabled": false}), 200),
        ),
        (("delete", "/api/v1/alert-channels/{id}"), delete(&format!("/api/v1/alert-channels/{channel_id}"))),
        (
            ("post", "/api/v1/alert-channels/{id}/test"),
            post(&format!("/api/v1/alert-channels/{channel_id}/test"), json!(null), 202),
        ),
        (
            ("get", "/api/v1/alert-channels/{id}/deliveries"),
            get(&format!("/api/v1/alert-channels/{channel_id}/deliveries")),
        ),
        (("get", "/api/v1/activity/stream"), get("/api/v1/activity/stream?limit=5")),
        (("get", "/api/v1/prices"), get("/api/v1/prices")),
        (("post", "/api/v1/prices"), post("/api/v1/prices", price(), 200)),
        (("delete", "/api/v1/prices/{id}"), delete(&format!("/api/v1/prices/{price_id}"))),
        (("get", "/api/v1/prices/lookup"), get("/api/v1/prices/lookup?model=gpt-4o")),
        (("get", "/api/v1/prices/reprice"), get("/api/v1/prices/reprice")),
        (("post", "/api/v1/prices/reprice"), post("/api/v1/prices/reprice", window, 202)),
        (("get", "/api/v1/traces"), get("/api/v1/traces?limit=5")),
        (("post", "/api/v1/traces"), post("/api/v1/traces", sent.clone(), 202)),
        (("post", "/api/v1/traces/batch"), post("/api/v1/traces/batch", json!({"traces": [sent]}), 202)),
        (("get", "/api/v1/traces/{trace_id}"), get(&format!("/api/v1/traces/run-of-{of}"))),
        (
            ("get", "/api/v1/traces/{trace_id}/spans/{span_id}"),
            get(&format!("/api/v1/traces/run-of-{of}/spans/llm")),
        ),
        (
            ("get", "/api/v1/traces/{trace_id}/search"),
            get(&format!("/api/v1/traces/run-of-{of}/search?q=secret")),
        ),
        (("post", "/v1/traces"), post("/v1/traces", json!({"resourceSpans": []}), 200)),
        (("get", "/api/v1/sessions"), get("/api/v1/sessions?range=7d")),
        (("get", "/api/v1/sessions/{session_id}"), get("/api/v1/sessions/session-SECRET?limit=5")),
        (("get", "/api/v1/users"), get("/api/v1/users?limit=5")),
        (("get", "/api/v1/users/{user_id}"), get("/api/v1/users/user-SECRET")),
        (
            ("post", "/api/v1/traces/{trace_id}/scores"),
            post(&format!("/api/v1/traces/run-of-{of}/scores"), json!({"score": 1}), 202),
        ),
    ])
}

/// Returns the protected endpoints of the OpenAPI document: method, path, and whether an API key for ingestion is accepted.
async fn protected(server: &Server) -> Vec<(String, String, bool)> {
    let document = server.anonymous_client().get("/openapi.json").await.expect(200).json();
    let mut found = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let Some(security) = operation["security"].as_array().filter(|schemes| !schemes.is_empty())
            else {
                continue;
            };
            if ELSEWHERE.contains(&operation["operationId"].as_str().unwrap()) {
                continue;
            }
            let accepts = |scheme: &Value| {
                scheme["api_key"].as_array().is_some_and(|scopes| scopes.contains(&json!("ingest")))
            };
            let accepts_keys = security.iter().any(accepts);
            found.push((method.clone(), path.clone(), accepts_keys));
        }
    }
    found
}

/// A server with a workspace that contains secrets, and a second workspace that must not read them.
struct Scene {
    server: Server,
    victim: Member,
    victims: Ids,
    other: Member,
    samples: Vec<(bool, Method, Sample)>,
}

impl Scene {
    async fn new() -> Self {
        let server = builder().with("JWT_SECRET", SECRET).spawn().await;
        let (victim, other) = (server.member("victim").await, server.member("other").await);
        let (victims_key, _) = server.key_of(&victim).await;
        let created = victim.post("/api/v1/api-keys", &json!({"name": "SECRET"})).await.expect(201).json();
        assert!(created["key"].is_string());
        let run = full("run-of-victim", noon() - Duration::from_secs(60), "SECRET");
        victim.ingest(&[run, full("SECRET-id", noon() - Duration::from_secs(61), "SECRET")]).await;
        victim.score("run-of-victim", &json!({"score": 75, "comment": "SECRET"})).await.expect(202);
        let alert = alert(victim.user.workspace_id, "SECRET", Severity::Critical, noon());
        server.insert_alerts(std::slice::from_ref(&alert)).await;
        let id_of = |created: &Value| created["id"].as_str().unwrap().to_owned();
        let rule = merged(rule(), json!({"name": "SECRET", "agent_id": "SECRET"}));
        let rule = id_of(&victim.post("/api/v1/alert-rules", &rule).await.expect(201).json());
        // The host does not resolve: test messages do not leave this machine.
        let channel = json!({"name": "SECRET", "url": "https://agent-observability.invalid/SECRET"});
        let channel = id_of(&victim.post("/api/v1/alert-channels", &channel).await.expect(201).json());
        other.ingest(&[full("run-of-other", noon() - Duration::from_secs(60), "mine")]).await;
        for member in [&victim, &other] {
            member.post("/api/v1/prices", &price()).await.expect(201);
        }
        let mut secret = price();
        secret["model"] = json!("SECRET");
        let created_price = victim.post("/api/v1/prices", &secret).await.expect(201).json();
        server.clock.advance(Duration::from_secs(2));

        let alert = alert.id.to_string();
        let victims = Ids { key: victims_key, price: id_of(&created_price), alert, rule, channel };
        let mut table = samples("victim", &victims);
        let mut samples = Vec::new();
        for (method, path, accepts_keys) in protected(&server).await {
            let entry = table.keys().find(|(m, p)| (*m, *p) == (method.as_str(), path.as_str())).copied();
            let entry = entry.unwrap_or_else(|| panic!("{method} {path} needs a sample in the table"));
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            samples.push((accepts_keys, method, table.remove(&entry).unwrap()));
        }
        assert!(table.is_empty(), "not in the document, or no login required: {:?}", table.keys());
        // Deletions come last: the other samples need the objects.
        samples.sort_by_key(|(_, method, _)| *method == Method::DELETE);
        Self { server, victim, victims, other, samples }
    }

    /// Returns the contents of the victim's workspace, to assert that they do not change.
    async fn state(&self) -> Value {
        let keys = self.victim.get("/api/v1/api-keys").await.expect(200).json();
        let (mut ids, total) = self.victim.all_trace_ids().await;
        ids.sort();
        let run = self.victim.trace("run-of-victim").await;
        let prices = self.victim.get("/api/v1/prices").await.expect(200).json();
        let reprices = self.victim.get("/api/v1/prices/reprice").await.expect(200).json();
        let mut state = json!({"keys": keys, "ids": ids, "total": total, "run": run, "prices": prices, "reprices": reprices["total"]});
        for path in ["/api/v1/alert-rules", "/api/v1/alert-channels", "/api/v1/alerts"] {
            state[path] = self.victim.get(path).await.expect(200).json();
        }
        state
    }
}

/// Asserts that a request was rejected in the error format of its endpoint: OTLP has its own format.
#[track_caller]
fn expect_rejected(response: Response, path: &str, status: u16, code: &str) -> Response {
    if !path.starts_with("/v1/") {
        return response.expect_error(status, code);
    }
    let number = if status == 401 { 16 } else { 7 };
    assert_eq!(
        (response.status, &response.json()["code"]),
        (status, &json!(number)),
        "{code}: {}",
        response.text
    );
    assert!(response.json()["message"].as_str().is_some_and(|text| !text.is_empty()), "{}", response.text);
    response
}

async fn send(client: &Client, method: &Method, path: &str, body: Option<&Value>) -> Response {
    let request = client.request(method.clone(), path);
    let request = if let Some(body) = body { request.json(body) } else { request };
    client.send(request).await
}

fn claims(member: &Member, exp: Timestamp) -> Value {
    let own = URL_SAFE_NO_PAD.decode(member.token().split('.').nth(1).unwrap()).unwrap();
    let own: Value = serde_json::from_slice(&own).unwrap();
    json!({
        "session_id": own["session_id"],
        "user_id": member.user.id, "workspace_id": member.user.workspace_id, "email": member.user.email,
        "exp": exp.as_micros() / 1_000_000, "iat": noon().as_micros() / 1_000_000 - 100,
    })
}

fn signed(algorithm: Algorithm, secret: &str, claims: &Value) -> String {
    jsonwebtoken::encode(&Header::new(algorithm), claims, &EncodingKey::from_secret(secret.as_bytes()))
        .unwrap()
}

/// Replaces the header of a token and keeps or removes its signature.
fn with_header(token: &str, header: &Value, keep_signature: bool) -> String {
    let parts: Vec<&str> = token.split('.').collect();
    let header = URL_SAFE_NO_PAD.encode(header.to_string());
    format!("{header}.{}.{}", parts[1], if keep_signature { parts[2] } else { "" })
}

/// Returns invalid credentials for the victim's workspace, each with the expected error code.
fn forgeries(member: &Member) -> Vec<(&'static str, String, &'static str)> {
    let hour = Duration::from_secs(3600);
    let good = claims(member, noon() + hour);
    let token = signed(Algorithm::HS256, SECRET, &good);
    let mut without_expiry = good.clone();
    without_expiry.as_object_mut().unwrap().remove("exp");
    let mut expiry_as_text = good.clone();
    expiry_as_text["exp"] = json!("4102444800");
    let bearer = |token: &str| format!("Bearer {token}");
    let unsigned = |alg: &str| bearer(&with_header(&token, &json!({"typ": "JWT", "alg": alg}), false));
    vec![
        (
            "an expired token",
            bearer(&signed(Algorithm::HS256, SECRET, &claims(member, noon() - hour))),
            "token_expired",
        ),
        ("another signer", bearer(&signed(Algorithm::HS256, OTHER_SECRET, &good)), "unauthorized"),
        (
            "another signer, expired",
            bearer(&signed(Algorithm::HS256, OTHER_SECRET, &claims(member, noon() - hour))),
            "unauthorized",
        ),
        ("alg none", unsigned("none"), "unauthorized"),
        ("alg None", unsigned("None"), "unauthorized"),
        ("alg NONE", unsigned("NONE"), "unauthorized"),
        ("alg none, signed", bearer(&with_header(&token, &json!({"alg": "none"}), true)), "unauthorized"),
        (
            "alg RS256",
            bearer(&with_header(&token, &json!({"typ": "JWT", "alg": "RS256"}), true)),
            "unauthorized",
        ),
        ("alg HS512", bearer(&signed(Algorithm::HS512, SECRET, &good)), "unauthorized"),
        ("no expiry", bearer(&signed(Algorithm::HS256, SECRET, &without_expiry)), "unauthorized"),
        ("an expiry as text", bearer(&signed(Algorithm::HS256, SECRET, &expiry_as_text)), "unauthorized"),
        ("an unknown API key", bearer(&format!("ao_{}", "A".repeat(43))), "unauthorized"),
        ("the secret itself", bearer(SECRET), "unauthorized"),
        ("an empty token", "Bearer ".to_owned(), "unauthorized"),
        ("another scheme", format!("Basic {token}"), "unauthorized"),
        ("no scheme", token, "unauthorized"),
    ]
}

#[tokio::test]
async fn every_sample_succeeds_with_a_login() {
    let scene = Scene::new().await;
    for (_, method, sample) in &scene.samples {
        let response = send(&scene.victim, method, &sample.path, sample.body.as_ref()).await;
        assert_eq!(response.status, sample.status, "{method} {}: {}", sample.path, response.text);
    }
    let signed = signed(Algorithm::HS256, SECRET, &claims(&scene.victim, noon() + Duration::from_secs(3600)));
    scene.victim.with_token(&signed).get("/api/v1/auth/me").await.expect(200);
}

#[tokio::test]
async fn every_endpoint_rejects_requests_without_a_token() {
    let scene = Scene::new().await;
    let before = scene.state().await;
    for (_, method, sample) in &scene.samples {
        let response =
            send(&scene.server.anonymous_client(), method, &sample.path, sample.body.as_ref()).await;
        let response = expect_rejected(response, &sample.path, 401, "unauthorized");
        assert_eq!(response.header("www-authenticate"), "Bearer", "{method} {}", sample.path);
        assert!(!response.text.contains("SECRET"), "{method} {}: {}", sample.path, response.text);
    }
    assert_eq!(scene.state().await, before);
}

#[tokio::test]
async fn every_endpoint_rejects_forged_tokens() {
    let scene = Scene::new().await;
    let before = scene.state().await;
    let forgeries = forgeries(&scene.victim);
    for (_, method, sample) in &scene.samples {
        for (what, authorization, code) in &forgeries {
            let request = scene.server.anonymous_client().request(method.clone(), &sample.path);
            let request = request.header("authorization", authorization);
            let request = if let Some(body) = &sample.body { request.json(body) } else { request };
            let response = scene.victim.send(request).await;
            let response = expect_rejected(response, &sample.path, 401, code);
            assert!(!response.text.contains("SECRET"), "{what}: {}", response.text);
        }
    }
    assert_eq!(scene.state().await, before);
}

#[tokio::test]
async fn every_endpoint_rejects_a_query_that_names_another_workspace() {
    let scene = Scene::new().await;
    let (other, own) = (scene.other.user.workspace_id, scene.victim.user.workspace_id);
    let before = scene.state().await;
    for (_, method, sample) in &scene.samples {
        let separator = if sample.path.contains('?') { '&' } else { '?' };
        for named in [other.to_string(), "anything".to_owned(), String::new()] {
            let path = format!("{}{separator}workspace_id={named}", sample.path);
            let response = send(&scene.victim, method, &path, sample.body.as_ref()).await;
            expect_rejected(response, &path, 403, "forbidden");
        }
    }
    assert_eq!(scene.state().await, before);
    for (_, method, sample) in &scene.samples {
        let separator = if sample.path.contains('?') { '&' } else { '?' };
        let path = format!("{}{separator}workspace_id={own}", sample.path);
        let response = send(&scene.victim, method, &path, sample.body.as_ref()).await;
        assert_eq!(response.status, sample.status, "{method} {path}: {}", response.text);
    }
}

#[tokio::test]
async fn ids_of_another_workspace_return_404_and_reveal_nothing() {
    let scene = Scene::new().await;
    let before = scene.state().await;
    // Twice, and after the victim has filled the cache: cached responses must not reveal more than computed ones.
    for (_, method, sample) in scene.samples.iter().filter(|(_, method, _)| *method == Method::GET) {
        send(&scene.victim, method, &sample.path, None).await.expect(200);
    }
    for _ in 0..2 {
        for (_, method, sample) in &scene.samples {
            let response = send(&scene.other, method, &sample.path, sample.body.as_ref()).await;
            assert!(!response.text.contains("SECRET"), "{method} {}: {}", sample.path, response.text);
            let private_paths = ["/run-of-victim", "/session-SECRET", "/user-SECRET"];
            let reads_private_path =
                *method == Method::GET && private_paths.iter().any(|name| sample.path.contains(name));
            let targets_victim =
                reads_private_path || scene.victims.all().iter().any(|id| sample.path.contains(id));
            if targets_victim {
                response.expect_error(404, "not_found");
            } else {
                assert_eq!(response.status, sample.status, "{method} {}: {}", sample.path, response.text);
            }
        }
    }
    for path in [
        "/api/v1/traces/SECRET-id",
        "/api/v1/traces/SECRET-id?payloads=false",
        "/api/v1/traces/SECRET-id/spans/llm",
        "/api/v1/traces/run-of-other/search?q=SECRET",
        "/api/v1/traces?agent_id=support-bot-SECRET",
        "/api/v1/traces?model=gpt-4o-SECRET&range=30d",
        "/api/v1/traces?session_id=session-SECRET",
        "/api/v1/traces?user_id=user-SECRET&range=30d",
        "/api/v1/sessions?range=30d",
        "/api/v1/users?range=30d",
        "/api/v1/metrics/timeseries?metric=requests&group_by=model&range=30d",
        "/api/v1/metrics/breakdown?by=agent&range=30d",
    ] {
        let response = scene.other.get(path).await;
        assert!(!response.text.contains("SECRET"), "{path}: {}", response.text);
    }
    assert_eq!(scene.state().await, before, "the other member only changed their own workspace");
}

#[tokio::test]
async fn only_ingestion_endpoints_accept_an_api_key() {
    let scene = Scene::new().await;
    let (_, agent) = scene.server.key_of(&scene.victim).await;
    for (accepts_keys, method, sample) in &scene.samples {
        let response = send(&agent, method, &sample.path, sample.body.as_ref()).await;
        if *accepts_keys {
            assert_eq!(response.status, sample.status, "{method} {}: {}", sample.path, response.text);
        } else {
            let response = expect_rejected(response, &sample.path, 403, "forbidden");
            assert!(!response.text.contains("SECRET"), "{method} {}", sample.path);
        }
    }
}
