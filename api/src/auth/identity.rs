//! The caller's identity, as extractors: a handler without one cannot access the data of a workspace, and a handler
//! with one cannot skip the check.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload, web::Query};
use serde::Deserialize;
use shared::access::{Permission, Role, Scope};
use uuid::Uuid;

use super::jwt::JwtError;
use crate::error::ApiError;

/// An authenticated caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// A person with a token.
    User(Login),
    /// A program with an API key.
    ApiKey(Program),
}

impl Identity {
    /// Returns the workspace that the caller may access.
    #[must_use]
    pub fn workspace_id(&self) -> Uuid {
        match self {
            Self::User(login) => login.workspace_id,
            Self::ApiKey(program) => program.workspace_id,
        }
    }

    /// Returns the name of the caller for people: the e-mail, or that it is an API key.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::User(login) => &login.email,
            Self::ApiKey(_) => "API key",
        }
    }

    /// Returns whether the caller has a permission in the workspace.
    #[must_use]
    pub fn permits(&self, permission: Permission) -> bool {
        match self {
            Self::User(login) => login.role.permits(permission),
            Self::ApiKey(program) => program.scopes.iter().any(|scope| scope.permits(permission)),
        }
    }
}

/// The result of authentication, stored on the request for the extractors.
pub type Authentication = Result<Identity, CredentialError>;

/// Why credentials are rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialError {
    /// There are no credentials.
    Missing,
    /// The credentials are invalid or were revoked.
    Invalid,
    /// The token has expired.
    Expired,
    /// The account is a member of the workspace no longer, or is disabled.
    NoAccess,
    /// The request did not come from the gateway.
    MissingProof,
    /// The operation is not in the table of permissions.
    Denied,
}

impl From<JwtError> for CredentialError {
    fn from(error: JwtError) -> Self {
        match error {
            JwtError::Expired => Self::Expired,
            JwtError::Invalid => Self::Invalid,
        }
    }
}

impl From<CredentialError> for ApiError {
    fn from(error: CredentialError) -> Self {
        match error {
            CredentialError::Missing => Self::Unauthorized(
                "Credentials are missing; log in, or send an API key as Authorization: Bearer …",
            ),
            CredentialError::Invalid => Self::Unauthorized("The credentials are not valid"),
            CredentialError::Expired => Self::TokenExpired,
            CredentialError::NoAccess => Self::Unauthorized(
                "The session has ended, or the account has no access to this workspace; log in again",
            ),
            CredentialError::Denied => Self::Forbidden("This operation is not permitted"),
            CredentialError::MissingProof => Self::Forbidden("Only the gateway may call this service"),
        }
    }
}

/// A person with a token. Handlers that require it reject API keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// The account.
    pub user_id: Uuid,
    /// The current workspace.
    pub workspace_id: Uuid,
    /// The e-mail at the time of the login.
    pub email: Box<str>,
    /// The role in the workspace.
    pub role: Role,
    /// The login session. Absent behind the gateway.
    pub session_id: Option<Uuid>,
}

/// A program with an API key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The API key.
    pub key_id: Uuid,
    /// The workspace of the key.
    pub workspace_id: Uuid,
    /// What the key may do.
    pub scopes: Vec<Scope>,
    /// The key's own limit, in requests per minute. Absent behind the gateway.
    pub rate_limit: Option<u32>,
}

impl FromRequest for Identity {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(identity(request))
    }
}

impl FromRequest for Login {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(identity(request).and_then(|identity| match identity {
            Identity::User(login) => Ok(login),
            Identity::ApiKey(_) => Err(ApiError::Forbidden("API keys cannot do this; log in")),
        }))
    }
}

fn identity(request: &HttpRequest) -> Result<Identity, ApiError> {
    #[derive(Deserialize)]
    struct Named {
        workspace_id: Option<String>,
    }
    let found =
        request.extensions().get::<Authentication>().cloned().unwrap_or(Err(CredentialError::Missing));
    let identity = found?;
    // The credentials determine the workspace; a different one in the query is rejected.
    if request.query_string().contains("workspace_id") {
        let named = Query::<Named>::from_query(request.query_string())
            .ok()
            .and_then(|query| query.into_inner().workspace_id);
        if named.is_some_and(|named| named.parse() != Ok(identity.workspace_id())) {
            return Err(ApiError::Forbidden("These credentials are for another workspace"));
        }
    }
    Ok(identity)
}
