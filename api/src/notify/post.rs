//! The HTTP client for the URLs of channels. It follows no redirects, uses no proxy, does not connect to private addresses,
//! and limits the time and size of responses.

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
    address::private_kind,
    excerpt,
    host::check_host,
    private::PrivateTargets,
    resolve::{PrivateAddress, Resolver},
};
use crate::http;

/// The maximum number of bytes that are read of an error response.
const READ_BYTES: usize = 1024;
/// The maximum accepted `Retry-After`.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(3600);

/// Sends POST requests.
#[derive(Debug)]
pub(super) struct Poster {
    plain: Client,
    /// Created on first use, because it loads all root certificates of the system, and fails if there are none.
    encrypted: OnceLock<Result<Client, String>>,
    private: Arc<PrivateTargets>,
    timeout: Duration,
}

impl Poster {
    pub(super) fn new(private: PrivateTargets, timeout: Duration) -> Result<Self, reqwest::Error> {
        let private = Arc::new(private);
        let plain = client("http:", &private, timeout)?;
        Ok(Self { plain, encrypted: OnceLock::new(), private, timeout })
    }

    fn client(&self, url: &Url) -> Result<&Client, Failure> {
        if url.scheme() == "http" {
            return Ok(&self.plain);
        }
        let make = || client("https:", &self.private, self.timeout).map_err(|error| chain(&error));
        let encrypted = self.encrypted.get_or_init(make).as_ref();
        encrypted.map_err(|error| Failure::temporary(None, format!("TLS is not available: {error}")))
    }

    /// Sends a message and returns the status of a successful response.
    pub(super) async fn post(
        &self,
        url: &str,
        mut headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<u16, Failure> {
        let invalid = |error: String| Failure::permanent(None, format!("the URL {error}"));
        let url = Url::parse(url).map_err(|error| invalid(format!("is invalid: {error}")))?;
        check_host(&url, &self.private).map_err(invalid)?;
        let client = self.client(&url)?;
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        match client.post(url).headers(headers).body(body).send().await {
            Ok(response) if response.status().is_success() => Ok(response.status().as_u16()),
            Ok(response) => {
                // The workspace must not read from a network that only this server can reach.
                let is_public = response.remote_addr().is_some_and(|peer| private_kind(peer.ip()).is_none());
                Err(rejected(response, is_public).await)
            }
            Err(error) => Err(self.failed(error)),
        }
    }

    /// Describes a request without a response.
    fn failed(&self, error: reqwest::Error) -> Failure {
        // The URL may contain a secret.
        let error = error.without_url();
        let causes = || std::iter::successors(error.source(), |&cause| cause.source());
        if let Some(private) = causes().find_map(|cause| cause.downcast_ref::<PrivateAddress>()) {
            return Failure::permanent(None, private.to_string());
        }
        // The root cause is the most specific: an unknown name, a refused connection, an untrusted certificate.
        let cause = causes().last().map_or_else(|| error.to_string(), ToString::to_string);
        let text = if error.is_timeout() {
            format!("no response within {} s", self.timeout.as_secs_f32())
        } else if error.is_connect() {
            format!("cannot connect: {cause}")
        } else {
            format!("no response: {cause}")
        };
        Failure::temporary(None, excerpt(&text))
    }
}

fn client(scheme: &str, private: &Arc<PrivateTargets>, timeout: Duration) -> Result<Client, reqwest::Error> {
    http::client(scheme)
        .no_proxy()
        .dns_resolver(Arc::new(Resolver { private: Arc::clone(private) }))
        .pool_max_idle_per_host(0)
        .timeout(timeout)
        .user_agent(concat!("agent-obs/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// Describes an error response: by its status, and by what it says if `is_shown`.
async fn rejected(response: Response, is_shown: bool) -> Failure {
    let status = response.status();
    let code = Some(status.as_u16());
    if status.is_redirection() {
        let to = header(&response, &LOCATION).filter(|_| is_shown);
        let to = to.map(|to| format!(" to {}", excerpt(to))).unwrap_or_default();
        let error = format!(
            "responded {}{to}: redirects are not followed; set the URL of the channel to the target",
            status.as_u16()
        );
        return Failure::permanent(code, error);
    }
    let retry_after = header(&response, &RETRY_AFTER).and_then(|text| text.trim().parse().ok());
    let body = if is_shown { beginning(response).await } else { Vec::new() };
    let body = excerpt(&String::from_utf8_lossy(&body));
    let error =
        if body.is_empty() { format!("responded {status}") } else { format!("responded {status}: {body}") };
    let is_temporary = status.is_server_error()
        || matches!(
            status,
            StatusCode::REQUEST_TIMEOUT
                | StatusCode::CONFLICT
                | StatusCode::TOO_EARLY
                | StatusCode::TOO_MANY_REQUESTS
        );
    if is_temporary {
        let retry_after = retry_after.map(|seconds| Duration::from_secs(seconds).min(MAX_RETRY_AFTER));
        Failure { retry_after, ..Failure::temporary(code, error) }
    } else {
        Failure::permanent(code, error)
    }
}

fn header<'a>(response: &'a Response, name: &reqwest::header::HeaderName) -> Option<&'a str> {
    response.headers().get(name).and_then(|value| value.to_str().ok())
}

/// Reads the beginning of a response.
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
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    /// The name passes the check of the URL and is then resolved to a private address.
    #[tokio::test]
    async fn does_not_connect_to_a_name_that_resolves_to_this_machine() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://localhost:{}/", listener.local_addr().unwrap().port());
        let poster = Poster::new(PrivateTargets::default(), Duration::from_secs(20)).unwrap();
        // Bypasses the check of the URL.
        let error = poster.plain.post(&url).send().await.unwrap_err();
        let failure = poster.failed(error);
        assert!(failure.is_final, "{failure:?}");
        assert!(
            failure.error.starts_with("localhost resolves to ")
                && failure.error.contains("a loopback address")
        );
        let reached =
            Poster::new(PrivateTargets::all(), Duration::from_secs(20)).unwrap().plain.post(&url).send();
        tokio::select! {
            biased;
            connection = listener.accept() => assert!(connection.is_ok()),
            result = reached => panic!("expected a connection: {result:?}"),
        }
    }

    /// Describes the response of a server on this machine.
    async fn describe(reply: &'static str, is_shown: bool) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let replying = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            // hyper rejects a response that comes before the request.
            stream.read_exact(&mut [0; 4]).await.unwrap();
            stream.write_all(reply.as_bytes()).await.unwrap();
            // Until the client closes the connection.
            while matches!(stream.read(&mut [0; 1024]).await, Ok(1..)) {}
        };
        let poster = Poster::new(PrivateTargets::all(), Duration::from_secs(20)).unwrap();
        let describing = async { rejected(poster.plain.post(&url).send().await.unwrap(), is_shown).await };
        tokio::join!(describing, replying).0.error
    }

    #[tokio::test]
    async fn describes_the_response_of_a_public_target_and_only_the_status_of_a_private_one() {
        let body = "HTTP/1.1 400 Bad Request\r\nContent-Length: 11\r\n\r\nbad payload";
        assert_eq!(describe(body, true).await, "responded 400 Bad Request: bad payload");
        assert_eq!(describe(body, false).await, "responded 400 Bad Request");
        let redirect = "HTTP/1.1 302 Found\r\nLocation: http://inside/\r\nContent-Length: 0\r\n\r\n";
        assert!(describe(redirect, true).await.starts_with("responded 302 to http://inside/: redirects"));
        assert!(describe(redirect, false).await.starts_with("responded 302: redirects"));
        let endless = "HTTP/1.1 500 Internal Server Error\r\nTransfer-Encoding: chunked\r\n\r\n800\r\n";
        let endless: &str = Box::leak(format!("{endless}{}", "x".repeat(2048)).into_boxed_str());
        assert!(describe(endless, true).await.starts_with("responded 500 Internal Server Error: xxxx"));
    }

    #[tokio::test]
    async fn uses_tls_for_https() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://127.0.0.1:{}/", listener.local_addr().unwrap().port());
        let poster = Poster::new(PrivateTargets::all(), Duration::from_secs(20)).unwrap();
        let posting = poster.post(&url, HeaderMap::new(), Vec::new());
        let accepting = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.read_u8().await.unwrap()
        };
        let (failure, first) = tokio::join!(posting, accepting);
        assert_eq!(first, 22, "expected a TLS handshake, not the P of POST");
        assert!(!failure.unwrap_err().is_final);
    }
}
