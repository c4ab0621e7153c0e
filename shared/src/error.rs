//! The one shape of every error answer, and the codes a client may match on.

use serde::{Deserialize, Serialize};

/// What every 4xx and 5xx answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErrorBody {
    /// A sentence for people.
    pub detail: String,
    /// A stable word for programs: see [`ErrorCode`].
    pub code: ErrorCode,
    /// Which fields were wrong, where the error is about fields.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldError>,
}

/// One wrong field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldError {
    /// The field's path, like `email` or `spans[2].kind`.
    pub field: String,
    /// What is wrong with it and what is expected.
    pub detail: String,
}

impl FieldError {
    /// `field` is wrong in the way `detail` says.
    pub fn new(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { field: field.into(), detail: detail.into() }
    }
}

/// The stable, machine-readable reason of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// 400: the request cannot be read (bad JSON, bad cursor, bad query).
    BadRequest,
    /// 400: `range`, `start` or `end` does not name a window.
    InvalidTimeRange,
    /// 401: no credentials, or such that do not hold.
    Unauthorized,
    /// 401: the token was good but its time is over.
    TokenExpired,
    /// 401: e-mail and password do not fit together.
    InvalidCredentials,
    /// 403: known, but not allowed (another workspace's data; an API key where a login is needed).
    Forbidden,
    /// 404: nothing here by that name.
    NotFound,
    /// 405: the path exists, the method does not.
    MethodNotAllowed,
    /// 409: an account with that e-mail exists.
    EmailTaken,
    /// 413: the body is larger than this endpoint takes.
    PayloadTooLarge,
    /// 415: the body's content type is not one this endpoint reads.
    UnsupportedMediaType,
    /// 422: readable, but fields are wrong; see `fields`.
    ValidationFailed,
    /// 429: over the rate limit; `Retry-After` says when to come back.
    RateLimited,
    /// 503: the ingestion queue is full; `Retry-After` says when to come back.
    QueueFull,
    /// 503: something this answer needs is down; `Retry-After` says when to come back.
    Unavailable,
    /// 500: our fault; the log has the cause under the request id.
    Internal,
}
