//! A POST of JSON to an address that a workspace entered: without redirects, without a proxy, without private addresses,
//! and without believing that the other side answers in time, briefly or at all.

use std::{
    error::Error,
    sync::{Arc, OnceLock},
    time::Duration,
};

use domain::error::chain;
use reqwest::{
    Client, Response, StatusCode, Url,
    header::{CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION, RETRY_AFTER},
};

use super::{
    Failure,
    host::check_host,
    resolve::{PrivateAddress, Resolver},
    said,
};
use crate::http;

/// Bytes of an answer that are read, to say why something was refused.
const READ_BYTES: usize = 1024;
/// How long the other side may ask to be left alone.
const LONGEST_REST: Duration = Duration::from_secs(3600);

/// What posts.
#[derive(Debug)]
pub(super) struct Poster {
    plain: Client,
    /// Made when it is needed: it reads all root certificates that the system has. Where there are none, this says so.
    encrypted: OnceLock<Result<Client, String>>,
    allow_private: bool,
    patience: Duration,
}

impl Poster {
    pub(super) fn new(allow_private: bool, patience: Duration) -> Result<Self, reqwest::Error> {
        let plain = client("http:", allow_private, patience)?;
        Ok(Self { plain, encrypted: OnceLock::new(), allow_private, patience })
    }

    fn client(&self, url: &Url) -> Result<&Client, Failure> {
        if url.scheme() == "http" {
            return Ok(&self.plain);
        }
        let make = || client("https:", self.allow_private, self.patience).map_err(|error| chain(&error));
        let encrypted = self.encrypted.get_or_init(make).as_ref();
        encrypted.map_err(|error| Failure::passing(None, format!("TLS cannot be spoken: {error}")))
    }

    /// Sends a message, and answers the status of an answer that takes it.
    pub(super) async fn post(
        &self,
        url: &str,
        mut headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<u16, Failure> {
        let wrong = |error: String| Failure::lasting(None, format!("the url {error}"));
        let url = Url::parse(url).map_err(|error| wrong(format!("is none: {error}")))?;
        check_host(&url, self.allow_private).map_err(wrong)?;
        let client = self.client(&url)?;
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        match client.post(url).headers(headers).body(body).send().await {
            Ok(response) if response.status().is_success() => Ok(response.status().as_u16()),
            Ok(response) => Err(refused(response).await),
            Err(error) => Err(self.failed(error)),
        }
    }

    /// There was no answer.
    fn failed(&self, error: reqwest::Error) -> Failure {
        // The address may be a secret, and who reads this knows it.
        let error = error.without_url();
        let causes = || std::iter::successors(error.source(), |&cause| cause.source());
        if let Some(private) = causes().find_map(|cause| cause.downcast_ref::<PrivateAddress>()) {
            return Failure::lasting(None, private.to_string());
        }
        // What lies at the bottom says it best: that a name is unknown, a connection refused, a certificate not believed.
        let cause = causes().last().map_or_else(|| error.to_string(), ToString::to_string);
        let text = if error.is_timeout() {
            format!("there was no answer within {} s", self.patience.as_secs_f32())
        } else if error.is_connect() {
            format!("it cannot be reached: {cause}")
        } else {
            format!("there was no answer: {cause}")
        };
        Failure::passing(None, said(&text))
    }
}

fn client(scheme: &str, allow_private: bool, patience: Duration) -> Result<Client, reqwest::Error> {
    http::client(scheme)
        .no_proxy()
        .dns_resolver(Arc::new(Resolver { allow_private }))
        .pool_max_idle_per_host(0)
        .timeout(patience)
        .user_agent(concat!("agent-obs/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// There was an answer, which did not take the message.
async fn refused(response: Response) -> Failure {
    let status = response.status();
    let code = Some(status.as_u16());
    if status.is_redirection() {
        let to = header(&response, &LOCATION).map(|to| format!(" to {}", said(to))).unwrap_or_default();
        let error = format!(
            "answered {}{to}: redirects are not followed, the channel needs the address that it leads to",
            status.as_u16()
        );
        return Failure::lasting(code, error);
    }
    let rest = header(&response, &RETRY_AFTER).and_then(|text| text.trim().parse().ok());
    let body = said(&String::from_utf8_lossy(&beginning(response).await));
    let error =
        if body.is_empty() { format!("answered {status}") } else { format!("answered {status}: {body}") };
    let is_passing = status.is_server_error()
        || matches!(
            status,
            StatusCode::REQUEST_TIMEOUT
                | StatusCode::CONFLICT
                | StatusCode::TOO_EARLY
                | StatusCode::TOO_MANY_REQUESTS
        );
    if is_passing {
        let retry_after = rest.map(|seconds| Duration::from_secs(seconds).min(LONGEST_REST));
        Failure { retry_after, ..Failure::passing(code, error) }
    } else {
        Failure::lasting(code, error)
    }
}

fn header<'a>(response: &'a Response, name: &reqwest::header::HeaderName) -> Option<&'a str> {
    response.headers().get(name).and_then(|value| value.to_str().ok())
}

/// What an answer begins with.
async fn beginning(mut response: Response) -> Vec<u8> {
    let mut read = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        read.extend_from_slice(&chunk[..chunk.len().min(READ_BYTES - read.len())]);
        if read.len() >= READ_BYTES {
            break;
        }
    }
    read
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use tokio::{io::AsyncReadExt, net::TcpListener};

    use super::*;

    /// A name may mean something else when it is resolved than when it was looked at: that decides.
    #[tokio::test]
    async fn a_name_that_stands_for_this_machine_is_refused_before_anything_is_connected_to() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://localhost:{}/", listener.local_addr().unwrap().port());
        let poster = Poster::new(false, Duration::from_secs(20)).unwrap();
        // Past the check of the name itself.
        let error = poster.plain.post(&url).send().await.unwrap_err();
        let failure = poster.failed(error);
        assert!(failure.is_final, "{failure:?}");
        assert!(
            failure.error.starts_with("localhost is at ") && failure.error.contains("a loopback address")
        );
        let reached = Poster::new(true, Duration::from_secs(20)).unwrap().plain.post(&url).send();
        tokio::select! {
            biased;
            connection = listener.accept() => assert!(connection.is_ok()),
            answer = reached => panic!("nobody answers: {answer:?}"),
        }
    }

    #[tokio::test]
    async fn an_encrypted_address_is_spoken_to_encrypted() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://127.0.0.1:{}/", listener.local_addr().unwrap().port());
        let poster = Poster::new(true, Duration::from_secs(20)).unwrap();
        let posting = poster.post(&url, HeaderMap::new(), Vec::new());
        let answering = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.read_u8().await.unwrap()
        };
        let (failure, first) = tokio::join!(posting, answering);
        assert_eq!(first, 22, "a handshake of TLS, not a P");
        assert!(!failure.unwrap_err().is_final);
    }
}
