//! The HTTP client of the gateway for the other roles: signs requests, reuses connections, and tries the next replica if
//! one is unreachable.

use std::{io, sync::Arc, time::Duration};

use actix_web::{http::Method, web::Bytes};
use domain::error::chain;
use http_body_util::Full;
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use tokio::time::timeout;
use tonic::codegen::http::{
    HeaderMap, HeaderName, HeaderValue, Request, Response, Uri, method::InvalidMethod,
};

use super::{
    body::HashedBody,
    proof::{ProofKey, SignedRequest},
    upstream::Upstream,
};
use crate::{auth::identity::Identity, clock::Clock, error::ApiError};

/// The timeout of connecting; the roles are close to each other.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long idle connections are kept: less than on the other side, so that no closed connection is used.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// The other roles, and the key that authenticates this process to them.
#[derive(Clone, Debug)]
pub struct Peers {
    /// The replicas of the query role.
    pub query: Upstream,
    /// The replicas of the ingestion role.
    pub ingestion: Upstream,
    /// The key derived from the shared secret.
    pub key: ProofKey,
    /// How long a response may take to begin.
    pub timeout: Duration,
    /// The clock.
    pub clock: Clock,
}

impl Peers {
    /// Returns whether a replica has an https URL.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.query.origins().chain(self.ingestion.origins()).any(|origin| origin.starts_with("https:"))
    }
}

/// Connections to the other roles. Clones share them.
#[derive(Clone, Debug)]
pub struct PeerClient {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    pub(super) peers: Peers,
}

/// A request to another role.
pub(super) struct PeerRequest<'a> {
    pub(super) identity: &'a Identity,
    pub(super) method: &'a Method,
    /// The path with the query.
    pub(super) path: &'a str,
    pub(super) headers: HeaderMap,
    pub(super) body: HashedBody,
    /// Whether the request may be sent again if it is unknown whether a replica has handled it.
    pub(super) is_repeatable: bool,
}

/// A response whose body is still arriving.
pub(super) type PeerResponse = Response<hyper::body::Incoming>;

impl PeerClient {
    /// Creates connections to `peers`.
    ///
    /// # Errors
    /// Returns an error if a replica has an https URL and the root certificates cannot be loaded.
    pub fn new(peers: Peers) -> io::Result<Self> {
        let mut tcp = HttpConnector::new();
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        tcp.set_nodelay(true);
        tcp.enforce_http(false);
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls(peers.is_encrypted())?)
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(KEEP_ALIVE)
            .pool_timer(TokioTimer::new())
            .build(connector);
        Ok(Self { client, peers })
    }

    /// Returns a client with connections of its own, which no other thread drives.
    #[must_use]
    pub fn for_worker(&self) -> Self {
        Self::new(self.peers.clone()).unwrap_or_else(|_| self.clone())
    }

    /// Sends a request and returns the response as soon as it begins.
    ///
    /// # Errors
    /// Returns 503 if no replica responds.
    pub(super) async fn send(
        &self,
        upstream: &Upstream,
        request: PeerRequest<'_>,
    ) -> Result<PeerResponse, ApiError> {
        let mut rotation = upstream.rotation(self.peers.clock.now());
        if request.is_repeatable {
            // The only replica may just have closed an idle connection.
            rotation.extend(rotation.first().copied());
        }
        let mut failure = ApiError::Unavailable("no replica is configured".into());
        for replica in rotation {
            let sending = self.client.request(self.request(upstream, replica, &request)?);
            let (error, is_late, is_unsent) = match timeout(self.peers.timeout, sending).await {
                Ok(Ok(response)) => return Ok(response),
                Ok(Err(error)) => (chain(&error), false, error.is_connect()),
                Err(_) => ("no response in time".to_owned(), true, false),
            };
            if is_late || is_unsent {
                upstream.unreachable(replica, self.peers.clock.now());
            }
            tracing::warn!(replica = upstream.origin(replica), error, "replica unreachable");
            failure = ApiError::Unavailable(error.into());
            // A late replica is busy or lost the request; retrying would double the load.
            if !is_unsent && (is_late || !request.is_repeatable) {
                break;
            }
        }
        Err(failure)
    }

    /// Returns the request for one replica. The path is sent as it was received.
    fn request(
        &self,
        upstream: &Upstream,
        replica: usize,
        request: &PeerRequest<'_>,
    ) -> Result<Request<Full<Bytes>>, ApiError> {
        let uri = format!("{}{}", upstream.origin(replica), request.path);
        let mut sending = Request::new(Full::new(request.body.bytes.clone()));
        *sending.uri_mut() = uri.parse::<Uri>().map_err(ApiError::internal)?;
        *sending.method_mut() =
            request.method.as_str().parse().map_err(|error: InvalidMethod| ApiError::internal(error))?;
        *sending.headers_mut() = request.headers.clone();
        let signed = SignedRequest { role: upstream.role(), method: request.method, path: request.path };
        let (key, now) = (&self.peers.key, self.peers.clock.now());
        for (name, value) in key.headers(request.identity, signed, &request.body.digest, now) {
            let name = HeaderName::from_bytes(name.as_str().as_bytes()).map_err(ApiError::internal)?;
            sending.headers_mut().insert(name, HeaderValue::try_from(value).map_err(ApiError::internal)?);
        }
        Ok(sending)
    }
}

/// Returns the TLS settings, without root certificates if they are not needed: the container has none.
fn tls(is_encrypted: bool) -> io::Result<ClientConfig> {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?;
    let builder = if is_encrypted {
        builder.with_native_roots()?
    } else {
        builder.with_root_certificates(RootCertStore::empty())
    };
    Ok(builder.with_no_client_auth())
}
