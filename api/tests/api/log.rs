//! The log of the real binary has a line per request and never contains request data.

use reqwest::Method;
use serde_json::json;

use test_support::{
    child::Process,
    sample::{full, merged},
    server::PASSWORD,
};

/// Sends valid and invalid requests of every kind, with `mark` in every field that may contain private data. Returns the
/// credentials that it used.
async fn send_requests(process: &Process, mark: &str) -> Vec<String> {
    let anonymous = process.anonymous_client();
    let password = format!("pass-{mark}");
    anonymous.register("ada@example.com", &password).await.expect(201);
    anonymous.register("ada@example.com", &password).await.expect_error(409, "email_taken");
    anonymous.register("no e-mail", &password).await.expect_error(422, "validation_failed");
    anonymous
        .register("eve@example.com", &format!("{mark}{}", "x".repeat(1024)))
        .await
        .expect_error(422, "validation_failed");
    anonymous
        .login("ada@example.com", &format!("wrong-{mark}"))
        .await
        .expect_error(401, "invalid_credentials");
    anonymous
        .post("/api/v1/auth/login", &json!({"email": 7, "password": mark}))
        .await
        .expect_error(422, "validation_failed");
    anonymous
        .post_text("/api/v1/auth/login", format!("{{\"password\": \"{mark}\" oops"))
        .await
        .expect_error(400, "bad_request");
    let token = anonymous.login("ada@example.com", &password).await.expect(200).json();
    let token = token["access_token"].as_str().unwrap().to_owned();
    let ada = anonymous.with_token(&token);
    let created = ada.post("/api/v1/api-keys", &json!({"name": "agents"})).await.expect(201).json();
    let key = created["key"].as_str().unwrap().to_owned();
    let agent = anonymous.with_token(&key);

    let run = full("run", api::clock::Clock::system().now(), mark);
    agent.send_trace(&run).await.expect(202);
    agent
        .send_batch(&[run.clone(), merged(run.clone(), json!({"latency_ms": mark})), json!(mark)])
        .await
        .expect(202);
    for (member, value) in [("latency_ms", json!(mark)), ("status", json!(mark)), ("tags", json!([mark, 1]))]
    {
        agent
            .send_trace(&merged(run.clone(), json!({member: value})))
            .await
            .expect_error(422, "validation_failed");
    }
    agent
        .post_text("/api/v1/traces", format!("{{\"input\": \"{mark}\", oops"))
        .await
        .expect_error(400, "bad_request");
    agent
        .post_text("/api/v1/traces/batch", format!("{{\"traces\": \"{mark}\"}}"))
        .await
        .expect_error(422, "validation_failed");
    let text = agent
        .request(Method::POST, "/api/v1/traces")
        .header("content-type", "text/plain")
        .body(mark.to_owned());
    agent.send(text).await.expect_error(415, "unsupported_media_type");
    agent.score("run", &json!({"score": 7, "comment": mark})).await.expect(202);
    agent.score("run", &json!({"score": mark})).await.expect_error(422, "validation_failed");
    for path in
        ["/api/v1/traces", "/api/v1/traces/run", "/api/v1/activity/stream", "/api/v1/metrics/home-kpis"]
    {
        ada.get(path).await.expect(200);
        agent.get(path).await.expect_error(403, "forbidden");
    }
    ada.get(&format!("/api/v1/traces?agent_id={mark}&cursor={mark}")).await.expect_error(400, "bad_request");
    ada.get(&format!("/api/v1/traces?model={mark}")).await.expect(200);
    anonymous
        .with_token(&format!("{token}{mark}"))
        .get("/api/v1/traces")
        .await
        .expect_error(401, "unauthorized");
    let basic =
        anonymous.request(Method::GET, "/api/v1/traces").header("authorization", format!("Basic {mark}"));
    anonymous.send(basic.header("cookie", format!("session={mark}"))).await.expect_error(401, "unauthorized");
    let header = anonymous
        .request(Method::GET, "/api/v1/auth/me")
        .header("x-request-id", format!("{mark} is not an id"));
    anonymous.send(header.header("x-api-key", mark)).await.expect_error(401, "unauthorized");
    let named = ada.request(Method::GET, "/api/v1/auth/me").header("x-request-id", "a-request-of-this-test");
    ada.send(named).await.expect(200);
    vec![token, key, password]
}

#[tokio::test(flavor = "multi_thread")]
async fn no_log_line_contains_request_data_at_any_level() {
    let mark = "zq7-private-zq7";
    for (level, format) in [("debug", "json"), ("trace", "pretty")] {
        let directory = tempfile::tempdir().unwrap();
        let settings = [("LOG_LEVEL", level), ("LOG_FORMAT", format), ("RUST_BACKTRACE", "1")];
        let process = Process::start(directory.path(), &settings);
        let credentials = send_requests(&process, mark).await;
        let (status, output) = tokio::task::spawn_blocking(|| process.terminate()).await.unwrap();
        assert_eq!(status.code(), Some(0), "{output}");
        let leaks: Vec<_> = output.lines().filter(|line| line.contains(mark)).collect();
        assert!(leaks.is_empty(), "{level}: {leaks:#?}");
        for secret in &credentials {
            // Half of a credential must not appear either.
            let (_, end) = secret.split_at(secret.len() / 2);
            assert!(!output.contains(secret.as_str()) && !output.contains(end), "{level}: {end}");
        }
        assert!(
            !output.contains(PASSWORD) && !output.contains("$2b$") && !output.contains("panicked"),
            "{output}"
        );
        // Requests are still logged.
        let line = output
            .lines()
            .find(|line| line.contains("request completed") && line.contains("a-request-of-this-test"))
            .unwrap_or_default();
        assert!(line.contains("/api/v1/auth/me") && line.contains("200"), "{level}: {output}");
        assert!(output.lines().filter(|line| line.contains("request completed")).count() >= 30, "{output}");
        if format == "json" {
            for line in output.lines().filter(|line| line.starts_with('{')) {
                serde_json::from_str::<serde_json::Value>(line).unwrap();
            }
        }
    }
}
