//! Middleware of the roles behind the gateway: reads the caller's identity from the headers if they prove that the
//! gateway sent the request, and compares the body with the proof while a handler reads it.

use std::{
    io::ErrorKind,
    pin::Pin,
    task::{Context, Poll},
};

use actix_web::{
    Error, HttpMessage,
    body::MessageBody,
    dev::{Payload, ServiceRequest, ServiceResponse},
    error::PayloadError,
    middleware::Next,
    web::{Bytes, Data},
};
use futures_util::Stream;
use sha2::{Digest, Sha256};

use super::proof::{BodyDigest, ProofKey, SignedRequest};
use crate::{
    auth::identity::{Authentication, CredentialError},
    clock::Clock,
    role::Role,
};

/// The key and the clock for checking proofs.
#[derive(Debug)]
pub struct State {
    /// The key derived from the shared secret.
    pub key: ProofKey,
    /// The role of this process.
    pub role: Role,
    /// The clock.
    pub clock: Clock,
}

/// Stores the proven identity on the request; without one the extractors return 403. The body ends with an error
/// ([`ErrorKind::PermissionDenied`]) if it is not the one in the proof.
///
/// # Errors
/// Returns the errors of the request.
pub async fn receive(
    state: Data<State>,
    mut request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let signed = SignedRequest { role: state.role, method: request.method(), path };
    let proven = state.key.check(request.headers(), signed, state.clock.now());
    let authentication: Authentication = match proven {
        Some((identity, expected)) => match request.take_payload() {
            Payload::None if expected != BodyDigest::from(Sha256::digest([])) => {
                Err(CredentialError::MissingProof)
            }
            Payload::None => Ok(identity),
            payload => {
                let payload: Pin<Box<dyn Stream<Item = _>>> =
                    Box::pin(ProvenPayload { payload, digest: Some(Sha256::new()), expected });
                request.set_payload(Payload::Stream { payload });
                Ok(identity)
            }
        },
        None => Err(CredentialError::MissingProof),
    };
    request.extensions_mut().insert(authentication);
    next.call(request).await
}

/// A body that must have the digest in the proof. It is hashed as it arrives, so that it is buffered only once, by its
/// handler. Handlers do not use an incomplete body.
struct ProvenPayload {
    payload: Payload,
    /// `None` at the end of the body.
    digest: Option<Sha256>,
    expected: BodyDigest,
}

impl Stream for ProvenPayload {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = Pin::new(&mut self.payload).poll_next(context);
        match (&next, &mut self.digest) {
            (Poll::Ready(Some(Ok(bytes))), Some(digest)) => digest.update(bytes),
            (Poll::Ready(None), digest) => {
                let found = digest.take().map(Sha256::finalize);
                if found.is_some_and(|found| found[..] != self.expected) {
                    return Poll::Ready(Some(Err(PayloadError::Io(ErrorKind::PermissionDenied.into()))));
                }
            }
            _ => {}
        }
        next
    }
}
