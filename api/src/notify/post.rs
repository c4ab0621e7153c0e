//! Posts JSON to the URL of a channel, which is untrusted: without redirects, proxies or private addresses, and with
//! limits on the time and size of the response.

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
    host::check_host,
    outcome::{Failure, quote},
    resolve::{PrivateAddress, Resolver},
};
use crate::http;

/// The number of bytes of a response that are read to report an error.
const READ_BYTES: usize = 1024;
/// The longest accepted `Retry-After`.
const LONGEST_REST: Duration = Duration::from_secs(3600);

/// Posts messages.
#[derive(Debug)]
pub(super) struct Poster {
    plain: Client,
    /// Created on first use, because it loads the root certificates of the system. Holds the error if there are none.
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
        encrypted.map_err(|error| Failure::temporary(None, format!("TLS is unavailable: {error}")))
    }

    /// Posts a message, and returns the status of a successful response.
    pub(super) async fn post(
        &self,
        url: &str,
        mut headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<u16, Failure> {
        let wrong = |detail: String| Failure::permanent(None, format!("the url {detail}"));
        let url = Url::parse(url).map_err(|error| wrong(format!("is not valid: {error}")))?;
        check_host(&url, self.allow_private).map_err(wrong)?;
        let client = self.client(&url)?;
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        match client.post(url).headers(headers).body(body).send().await {
            Ok(response) if response.status().is_success() => Ok(response.status().as_u16()),
            Ok(response) => Err(refused(response).await),
            Err(error) => Err(self.failed(error)),
        }
    }

    /// Describes an attempt without a response.
    fn failed(&self, error: reqwest::Error) -> Failure {
        // The URL may be a secret, and the owner of the channel knows it.
        let error = error.without_url();
        let causes = || std::iter::successors(error.source(), |&cause| cause.source());
        if let Some(private) = causes().find_map(|cause| cause.downcast_ref::<PrivateAddress>()) {
            return Failure::permanent(None, private.to_string());
        }
        // The innermost cause is the clearest: unknown name, connection refused, untrusted certificate.
        let cause = causes().last().map_or_else(|| error.to_string(), ToString::to_string);
        let text = if error.is_timeout() {
            format!("no response within {} s", self.patience.as_secs_f32())
        } else if error.is_connect() {
            format!("cannot connect: {cause}")
        } else {
            format!("no response: {cause}")
        };
        Failure::temporary(None, quote(&text))
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

/// Describes a response that did not accept the message.
async fn refused(response: Response) -> Failure {
    let status = response.status();
    let code = Some(status.as_u16());
    if status.is_redirection() {
        let to = header(&response, &LOCATION).map(|to| format!(" to {}", quote(to))).unwrap_or_default();
        let error = format!(
            "responded {}{to}: redirects are not followed; change the url of the channel",
            status.as_u16()
        );
        return Failure::permanent(code, error);
    }
    let rest = header(&response, &RETRY_AFTER).and_then(|text| text.trim().parse().ok());
    let body = quote(&String::from_utf8_lossy(&beginning(response).await));
    let error =
        if body.is_empty() { format!("responded {status}") } else { format!("responded {status}: {body}") };
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
        Failure { retry_after, ..Failure::temporary(code, error) }
    } else {
        Failure::permanent(code, error)
    }
}

fn header<'a>(response: &'a Response, name: &reqwest::header::HeaderName) -> Option<&'a str> {
    response.headers().get(name).and_then(|value| value.to_str().ok())
}

/// Returns the beginning of a response body.
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

    /// A name may resolve to another address than when it was checked; the resolution at the time of the request
    /// counts.
    #[tokio::test]
    async fn rejects_a_name_of_a_loopback_address_before_connecting() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://localhost:{}/", listener.local_addr().unwrap().port());
        let poster = Poster::new(false, Duration::from_secs(20)).unwrap();
        // Bypasses the check of the name itself.
        let error = poster.plain.post(&url).send().await.unwrap_err();
        let failure = poster.failed(error);
        assert!(failure.is_final, "{failure:?}");
        assert!(
            failure.error.starts_with("localhost resolves to ")
                && failure.error.contains("a loopback address")
        );
        let reached = Poster::new(true, Duration::from_secs(20)).unwrap().plain.post(&url).send();
        tokio::select! {
            biased;
            connection = listener.accept() => assert!(connection.is_ok()),
            answer = reached => panic!("nothing was sent: {answer:?}"),
        }
    }

    #[tokio::test]
    async fn https_urls_are_called_with_tls() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://127.0.0.1:{}/", listener.local_addr().unwrap().port());
        let poster = Poster::new(true, Duration::from_secs(20)).unwrap();
        let posting = poster.post(&url, HeaderMap::new(), Vec::new());
        let answering = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.read_u8().await.unwrap()
        };
        let (failure, first) = tokio::join!(posting, answering);
        assert_eq!(first, 22, "a TLS handshake, not an HTTP request");
        assert!(!failure.unwrap_err().is_final);
    }
}
