//! Sends the same requests to the binary and to nginx in front of it; the allowed differences are listed here.

use std::io::Read;

use reqwest::{
    Method,
    header::{ACCEPT, ACCEPT_ENCODING},
};

use crate::spa;
use test_support::{
    client::Client,
    nginx::Nginx,
    response::Response,
    server::{Server, builder},
};

/// Headers that may differ: those of a single response or connection, and those for pages of other origins.
const MAY_DIFFER: [&str; 11] = [
    "access-control-expose-headers",
    "vary",
    "accept-ranges",
    "connection",
    "content-length",
    "date",
    "etag",
    "last-modified",
    "server",
    "x-request-id",
    "transfer-encoding",
];

/// Starts a server and nginx in front of it, both with the same pages.
async fn both() -> (Server, Nginx) {
    let directory = spa::directory();
    let server = builder().with("WEB_DIR", directory.path().to_str().unwrap()).spawn().await;
    let nginx = Nginx::start(&server.url, directory.path());
    (server, nginx)
}

async fn send(url: &str, method: &str, path: &str, accept: &str) -> Response {
    let client = Client::new(url);
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    client.send(client.request(method, path).header(ACCEPT, accept)).await
}

fn headers(response: &Response) -> Vec<String> {
    let mut headers: Vec<_> = response
        .headers
        .iter()
        .filter(|(name, _)| !MAY_DIFFER.contains(&name.as_str()))
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    headers.sort();
    headers
}

#[tokio::test]
async fn pages_files_and_errors_have_the_same_headers_as_in_the_binary() {
    let (server, nginx) = both().await;
    let pages = [("GET", "/"), ("GET", "/traces/run-1"), ("GET", "/dashboard/"), ("HEAD", "/alerts")];
    let files = spa::files().map(|(name, _)| ("GET", name));
    let errors =
        [("GET", "/nothing"), ("GET", "/web-aaaaaaaaaaaaaaaa.js"), ("POST", "/favicon.svg"), ("PUT", "/")];
    let cases = pages
        .map(|case| (case, "text/html,*/*"))
        .into_iter()
        .chain(files.map(|case| (case, "*/*")))
        .chain(errors.map(|case| (case, "*/*")));
    for ((method, path), accept) in cases {
        let (direct, through) =
            tokio::join!(send(&server.url, method, path, accept), send(&nginx.url, method, path, accept));
        assert_eq!(headers(&through), headers(&direct), "{method} {path}");
        assert_eq!((through.status, through.text), (direct.status, direct.text), "{method} {path}");
    }
}

#[tokio::test]
async fn responses_of_the_gateway_pass_unchanged() {
    let (server, nginx) = both().await;
    let paths =
        ["/health", "/ready", "/openapi.json", "/docs/", "/docs/swagger-ui.css", "/api/v1/auth/me", "/v1/x"];
    for path in paths {
        let (direct, through) =
            tokio::join!(send(&server.url, "GET", path, "*/*"), send(&nginx.url, "GET", path, "*/*"));
        assert_eq!(headers(&through), headers(&direct), "{path}");
        assert_eq!((through.status, through.text), (direct.status, direct.text), "{path}");
        assert_eq!(through.headers.get_all("x-request-id").iter().count(), 1, "{path}");
    }
}

#[tokio::test]
async fn metrics_are_not_public() {
    let (_server, nginx) = both().await;
    send(&nginx.url, "GET", "/metrics", "text/html").await.expect_error(404, "not_found");
}

#[tokio::test]
async fn login_and_ingestion_work_through_nginx() {
    let (server, nginx) = both().await;
    let member = server.member("ada").await;
    let client = Client::new(&nginx.url).with_token(member.token());
    client.get("/api/v1/auth/me").await.expect(200);
    let trace = serde_json::json!({"agent_id": "bot", "status": "success", "latency_ms": 1});
    client.send_trace(&trace).await.expect(202);
}

#[tokio::test]
async fn files_have_the_smallest_encoding_that_the_client_accepts() {
    let (_server, nginx) = both().await;
    let client = Client::new(&nginx.url);
    for (name, contents) in spa::files() {
        let get = async |accepted: &str| {
            let request = client.request(Method::GET, name).header(ACCEPT_ENCODING, accepted);
            let response = request.send().await.unwrap();
            assert_eq!(response.headers()["vary"], "Accept-Encoding", "{name}");
            let coding =
                response.headers().get("content-encoding").map(|name| name.to_str().unwrap().to_owned());
            (coding, response.bytes().await.unwrap())
        };
        let (coding, bytes) = get("gzip, deflate").await;
        let mut text = String::new();
        flate2::read::GzDecoder::new(&bytes[..]).read_to_string(&mut text).unwrap();
        assert_eq!((coding.as_deref(), text), (Some("gzip"), contents.clone()), "{name}");

        for unsupported in ["", "identity", "br;q=0", "gzip;q=0", "brotli", "x-br"] {
            let (coding, bytes) = get(unsupported).await;
            assert_eq!((coding, &bytes[..]), (None, contents.as_bytes()), "{name} {unsupported}");
        }
        // Without brotli on this machine, gzip is the smallest.
        let (coding, bytes) = get("gzip, deflate, br").await;
        assert!(matches!(coding.as_deref(), Some("br" | "gzip")), "{name}: {coding:?}");
        assert_ne!(&bytes[..], contents.as_bytes(), "{name}");
    }
}
