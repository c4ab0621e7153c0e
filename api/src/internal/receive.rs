//! The middleware of a role behind the gateway: takes the caller's identity from the headers, where they prove that the
//! gateway sent them.

use actix_web::{
    Error, HttpMessage,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
    web::Data,
};

use super::proof::ProofKey;
use crate::{
    clock::Clock,
    gateway::identity::{Authentication, Rejected},
};

/// What proofs are checked with, and when.
#[derive(Debug)]
pub struct State {
    /// Made of the secret that all roles share.
    pub key: ProofKey,
    /// What time it is.
    pub clock: Clock,
}

/// Puts the proven identity on the request; without one the extractors answer 403.
///
/// # Errors
/// What the request itself fails with.
pub async fn receive(
    state: Data<State>,
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let identity = state.key.check(request.headers(), request.method(), path, state.clock.now());
    let authentication: Authentication = identity.ok_or(Rejected::Unproven);
    request.extensions_mut().insert(authentication);
    next.call(request).await
}
