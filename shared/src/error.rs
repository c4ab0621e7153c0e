//! The body of every error response, and the error codes.

use serde::{Deserialize, Serialize};

/// The body of every response with a 4xx or 5xx status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErrorBody {
    /// A description for people.
    pub detail: String,
    /// A stable code for programs.
    pub code: ErrorCode,
    /// The invalid fields, if the code is `validation_failed`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldError>,
}

/// An invalid field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldError {
    /// The path of the field, such as `email` or `spans[2].kind`.
    pub field: String,
    /// What was expected.
    pub detail: String,
}

impl FieldError {
    /// Creates an error for `field`. `detail` is a predicate, such as `must be from 0 to 90`.
    pub fn new(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { field: field.into(), detail: detail.into() }
    }

    /// Returns an error for every field whose check failed.
    pub fn all<F: Into<String>, D: Into<String>>(
        checks: impl IntoIterator<Item = (F, Result<(), D>)>,
    ) -> Vec<Self> {
        checks.into_iter().filter_map(|(field, check)| Some(Self::new(field, check.err()?))).collect()
    }
}

/// Returns `detail` as the error of a field that is not valid.
pub(crate) fn check(is_valid: bool, detail: &'static str) -> Result<(), &'static str> {
    if is_valid { Ok(()) } else { Err(detail) }
}

/// The stable code of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// 400: the request is malformed (invalid JSON, cursor or query).
    BadRequest,
    /// 400: `range`, `start` or `end` is invalid.
    InvalidTimeRange,
    /// 401: credentials are absent or invalid.
    Unauthorized,
    /// 401: the token has expired.
    TokenExpired,
    /// 401: the e-mail address or the password is wrong.
    InvalidCredentials,
    /// 403: the caller has no access (data of another workspace, a role or scope too low, or an API key instead of a login).
    Forbidden,
    /// 403: registration is closed, or requires an invitation.
    RegistrationClosed,
    /// 403: the account is a member of no workspace; it needs an invitation.
    NoWorkspace,
    /// 404: not found.
    NotFound,
    /// 405: the path does not support the method.
    MethodNotAllowed,
    /// 408: the body was not received in time.
    RequestTimeout,
    /// 409: an account with this e-mail address exists.
    EmailTaken,
    /// 409: the workspace needs an owner.
    LastOwner,
    /// 410: the link was used already, or has expired.
    LinkExpired,
    /// 413: the body is too large for this endpoint.
    PayloadTooLarge,
    /// 415: the endpoint does not support the content type.
    UnsupportedMediaType,
    /// 422: fields are invalid; see `fields`.
    ValidationFailed,
    /// 429: the rate limit is exceeded; retry after `Retry-After`.
    RateLimited,
    /// 501: HTTP does not define the method.
    NotImplemented,
    /// 503: the ingestion queue is full; retry after `Retry-After`.
    QueueFull,
    /// 503: a dependency is unavailable; retry after `Retry-After`.
    Unavailable,
    /// 500: internal error; the log contains the cause with the request id.
    Internal,
}
