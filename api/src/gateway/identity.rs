//! Who is asking, as extractors: a handler that names none of them cannot reach a workspace's data, and one that does
//! cannot forget to check.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload, web::Query};
use serde::Deserialize;
use uuid::Uuid;

use super::jwt::JwtError;
use crate::error::ApiError;

/// Somebody who proved who they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// A person with a token.
    User {
        /// The account.
        user_id: Uuid,
        /// The workspace the token is for.
        workspace_id: Uuid,
        /// Their e-mail when they logged in.
        email: Box<str>,
    },
    /// A program with an API key.
    ApiKey {
        /// The workspace the key is for.
        workspace_id: Uuid,
    },
}

impl Identity {
    /// The workspace whose data may be touched.
    #[must_use]
    pub fn workspace_id(&self) -> Uuid {
        match self {
            Self::User { workspace_id, .. } | Self::ApiKey { workspace_id } => *workspace_id,
        }
    }

    /// The account, where it is a person.
    #[must_use]
    pub fn user_id(&self) -> Option<Uuid> {
        match self {
            Self::User { user_id, .. } => Some(*user_id),
            Self::ApiKey { .. } => None,
        }
    }

    /// Their e-mail; empty where it is a program.
    #[must_use]
    pub fn email(&self) -> &str {
        match self {
            Self::User { email, .. } => email,
            Self::ApiKey { .. } => "",
        }
    }
}

/// What the authentication found, left on the request for the extractors.
pub type Authentication = Result<Identity, Rejected>;

/// Why credentials do not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejected {
    /// There are none.
    Missing,
    /// They are not ours, or were revoked.
    Invalid,
    /// They were good once.
    Expired,
    /// The request came past the gateway.
    Unproven,
}

impl From<JwtError> for Rejected {
    fn from(error: JwtError) -> Self {
        match error {
            JwtError::Expired => Self::Expired,
            JwtError::Invalid => Self::Invalid,
        }
    }
}

impl From<Rejected> for ApiError {
    fn from(rejected: Rejected) -> Self {
        match rejected {
            Rejected::Missing => Self::Unauthorized("Log in, or send an API key as Authorization: Bearer …"),
            Rejected::Invalid => Self::Unauthorized("The credentials are not valid"),
            Rejected::Expired => Self::TokenExpired,
            Rejected::Unproven => Self::Forbidden("Only the gateway is answered here: ask there"),
        }
    }
}

/// A person who is logged in: what everything but ingestion asks for.
#[derive(Clone, Debug)]
pub struct Login {
    /// The account.
    pub user_id: Uuid,
    /// The workspace whose data may be seen.
    pub workspace_id: Uuid,
    /// Their e-mail when they logged in.
    pub email: Box<str>,
}

/// Anybody who may send traces: a person, or a program with an API key.
#[derive(Clone, Copy, Debug)]
pub struct Sender {
    /// The workspace the traces will be in.
    pub workspace_id: Uuid,
}

impl FromRequest for Login {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(identity(request).and_then(|identity| match identity {
            Identity::User { user_id, workspace_id, email } => Ok(Self { user_id, workspace_id, email }),
            Identity::ApiKey { .. } => {
                Err(ApiError::Forbidden("API keys only send traces: log in to read them"))
            }
        }))
    }
}

impl FromRequest for Sender {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(identity(request).map(|identity| Self { workspace_id: identity.workspace_id() }))
    }
}

fn identity(request: &HttpRequest) -> Result<Identity, ApiError> {
    #[derive(Deserialize)]
    struct Named {
        workspace_id: Option<String>,
    }
    let found = request.extensions().get::<Authentication>().cloned().unwrap_or(Err(Rejected::Missing));
    let identity = found?;
    // The credentials say which workspace it is; naming another one is not a way in.
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
