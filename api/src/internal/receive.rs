//! Middleware of the roles behind the gateway: reads the caller's identity from the headers if they prove that the
//! gateway sent the request.

use actix_web::{
    Error, HttpMessage,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
    web::Data,
};

use super::proof::ProofKey;
use crate::{
    auth::identity::{Authentication, CredentialError},
    clock::Clock,
};

/// The key and the clock for checking proofs.
#[derive(Debug)]
pub struct State {
    /// The key derived from the shared secret.
    pub key: ProofKey,
    /// The clock.
    pub clock: Clock,
}

/// Stores the proven identity on the request; without one the extractors return 403.
///
/// # Errors
/// Returns the errors of the request.
pub async fn receive(
    state: Data<State>,
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let identity = state.key.check(request.headers(), request.method(), path, state.clock.now());
    let authentication: Authentication = identity.ok_or(CredentialError::MissingProof);
    request.extensions_mut().insert(authentication);
    next.call(request).await
}
