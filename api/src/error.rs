//! The error type of all handlers and its HTTP response.

use std::{fmt::Display, sync::Arc, time::Duration};

use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header},
};
use domain::error::chain;
use ingest::error::DecodeError;
use shared::{
    error::{ErrorBody, ErrorCode, FieldError},
    limit,
    time_range::InvalidTimeRange,
};
use store::{account::AccountError, trace::StoreError};

/// An error response. 5xx responses are opaque; the log has the cause and the request id.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// 400: the request is malformed.
    #[error("{0}")]
    BadRequest(String),
    /// 400: the query does not name a valid time range.
    #[error(transparent)]
    InvalidTimeRange(#[from] InvalidTimeRange),
    /// 401: credentials are missing or invalid.
    #[error("{0}")]
    Unauthorized(&'static str),
    /// 401: the token has expired.
    #[error("The token has expired; log in again")]
    TokenExpired,
    /// 401: unknown e-mail or wrong password; the same response for both.
    #[error("Invalid e-mail or password")]
    InvalidCredentials,
    /// 403: the caller is not allowed to do this.
    #[error("{0}")]
    Forbidden(&'static str),
    /// 403: people log in over OpenID Connect only.
    #[error("Passwords are disabled on this server; log in with single sign-on")]
    PasswordLoginDisabled,
    /// 403: the identity provider did not send an e-mail address.
    #[error("The identity provider did not send an e-mail address")]
    EmailMissing,
    /// 403: only invited people, or nobody, may register.
    #[error("Registration is closed; ask an owner of the workspace for an invitation")]
    RegistrationClosed,
    /// 403: the account is a member of no workspace, or not of this one.
    #[error("This account is not a member of the workspace; ask an owner for an invitation")]
    NoWorkspace,
    /// 404: the resource does not exist.
    #[error("{0}")]
    NotFound(&'static str),
    /// 405: the path exists, but only with these methods.
    #[error("Method not allowed")]
    MethodNotAllowed(String),
    /// 408: the body was not received in time.
    #[error("The body was not received in time; send smaller requests")]
    BodyTimeout,
    /// 409: the e-mail is registered already.
    #[error("An account with this e-mail already exists")]
    EmailTaken,
    /// 409: a workspace would have no owner.
    #[error("The workspace needs another owner first")]
    LastOwner,
    /// 410: a link was used already, or has expired.
    #[error("The link was used already, or has expired")]
    LinkExpired,
    /// 413: the body exceeds the limit of the endpoint.
    #[error("The body is larger than {0} bytes")]
    PayloadTooLarge(usize),
    /// 415: the content type or encoding is not supported.
    #[error("{0}")]
    UnsupportedMediaType(&'static str),
    /// 422: fields are invalid.
    #[error("{}", describe(.0))]
    ValidationFailed(Vec<FieldError>),
    /// 429: a limit is exceeded.
    #[error("{detail}")]
    RateLimited {
        /// Which limit.
        detail: &'static str,
        /// How long to wait before the next request.
        retry_after: Duration,
    },
    /// 501: HTTP does not define the method.
    #[error("Unknown HTTP method")]
    UnknownMethod,
    /// 503: the ingestion queue is full.
    #[error("The ingestion queue is full; retry in a moment")]
    QueueFull,
    /// 503: a dependency is down.
    #[error("Temporarily unavailable; retry in a moment")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// 500: an internal error.
    #[error("Internal error")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The error of a computation that several requests shared.
    #[error(transparent)]
    Shared(#[from] Arc<ApiError>),
}

impl ApiError {
    /// The response to spans at a wrong path, such as `/v1/traces/v1/traces` or `/api/public/otel/v1/traces`.
    pub const WRONG_TRACES_PATH: Self = Self::NotFound(
        "Spans are accepted at /v1/traces: set OTEL_EXPORTER_OTLP_ENDPOINT to the URL of this server without a path, or \
         OTEL_EXPORTER_OTLP_TRACES_ENDPOINT to the URL with /v1/traces",
    );

    /// Returns the status and the code of the response.
    fn kind(&self) -> (StatusCode, ErrorCode) {
        match self {
            Self::BadRequest(_) => (StatusCode::BAD_REQUEST, ErrorCode::BadRequest),
            Self::InvalidTimeRange(_) => (StatusCode::BAD_REQUEST, ErrorCode::InvalidTimeRange),
            Self::Unauthorized(_) => (StatusCode::UNAUTHORIZED, ErrorCode::Unauthorized),
            Self::TokenExpired => (StatusCode::UNAUTHORIZED, ErrorCode::TokenExpired),
            Self::InvalidCredentials => (StatusCode::UNAUTHORIZED, ErrorCode::InvalidCredentials),
            Self::Forbidden(_) | Self::PasswordLoginDisabled | Self::EmailMissing => {
                (StatusCode::FORBIDDEN, ErrorCode::Forbidden)
            }
            Self::RegistrationClosed => (StatusCode::FORBIDDEN, ErrorCode::RegistrationClosed),
            Self::NoWorkspace => (StatusCode::FORBIDDEN, ErrorCode::NoWorkspace),
            Self::LastOwner => (StatusCode::CONFLICT, ErrorCode::LastOwner),
            Self::LinkExpired => (StatusCode::GONE, ErrorCode::LinkExpired),
            Self::NotFound(_) => (StatusCode::NOT_FOUND, ErrorCode::NotFound),
            Self::MethodNotAllowed(_) => (StatusCode::METHOD_NOT_ALLOWED, ErrorCode::MethodNotAllowed),
            Self::BodyTimeout => (StatusCode::REQUEST_TIMEOUT, ErrorCode::RequestTimeout),
            Self::EmailTaken => (StatusCode::CONFLICT, ErrorCode::EmailTaken),
            Self::PayloadTooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, ErrorCode::PayloadTooLarge),
            Self::UnsupportedMediaType(_) => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, ErrorCode::UnsupportedMediaType)
            }
            Self::ValidationFailed(_) => (StatusCode::UNPROCESSABLE_ENTITY, ErrorCode::ValidationFailed),
            Self::RateLimited { .. } => (StatusCode::TOO_MANY_REQUESTS, ErrorCode::RateLimited),
            Self::UnknownMethod => (StatusCode::NOT_IMPLEMENTED, ErrorCode::NotImplemented),
            Self::QueueFull => (StatusCode::SERVICE_UNAVAILABLE, ErrorCode::QueueFull),
            Self::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, ErrorCode::Unavailable),
            Self::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, ErrorCode::Internal),
            Self::Shared(error) => error.kind(),
        }
    }

    /// Returns the `Retry-After` in seconds, if a retry can succeed.
    #[must_use]
    pub fn retry_after(&self) -> Option<u64> {
        match self {
            Self::RateLimited { retry_after, .. } => Some(retry_after.as_secs_f64().ceil() as u64),
            Self::QueueFull => Some(1),
            Self::Unavailable(_) => Some(5),
            Self::Shared(error) => error.retry_after(),
            _ => None,
        }
    }

    /// Logs the cause of a 5xx response, which the client does not see.
    pub fn log(&self) {
        match self {
            Self::Unavailable(cause) | Self::Internal(cause) => {
                tracing::error!(error = chain(cause.as_ref()), "request failed");
            }
            Self::Shared(error) => error.log(),
            _ => {}
        }
    }

    /// Returns the error of something that should not fail.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(cause.into())
    }

    /// Returns the error of one invalid field.
    pub fn invalid(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::ValidationFailed(vec![FieldError::new(field, detail)])
    }

    /// Returns the error of a workspace that has the maximum number of `items`.
    pub fn too_many(field: &str, maximum: impl Display, items: &str) -> Self {
        Self::too_many_of(field, "workspace", maximum, items)
    }

    fn too_many_of(field: &str, owner: &str, maximum: impl Display, items: &str) -> Self {
        Self::invalid(field, format!("the {owner} has the maximum of {maximum} {items}; delete one first"))
    }

    /// Returns an error if there are any field errors.
    ///
    /// # Errors
    /// Returns [`ApiError::ValidationFailed`] with all field errors.
    pub fn check(errors: Vec<FieldError>) -> Result<(), Self> {
        if errors.is_empty() { Ok(()) } else { Err(Self::ValidationFailed(errors)) }
    }

    /// Returns the response body.
    #[must_use]
    pub fn body(&self) -> ErrorBody {
        let fields = if let Self::ValidationFailed(fields) = self { fields.clone() } else { Vec::new() };
        ErrorBody { detail: self.to_string(), code: self.kind().1, fields }
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.kind().0
    }

    fn error_response(&self) -> HttpResponse {
        if let Self::Shared(error) = self {
            return error.error_response();
        }
        self.log();
        let mut response = HttpResponse::build(self.status_code());
        if self.status_code() == StatusCode::UNAUTHORIZED {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        if let Self::MethodNotAllowed(methods) = self {
            response.insert_header((header::ALLOW, methods.as_str()));
        }
        if let Some(seconds) = self.retry_after() {
            response.insert_header((header::RETRY_AFTER, seconds.max(1)));
        }
        response.insert_header((header::CACHE_CONTROL, "no-store")).json(self.body())
    }
}

fn describe(fields: &[FieldError]) -> String {
    fields.iter().map(|error| format!("{}: {}", error.field, error.detail)).collect::<Vec<_>>().join("; ")
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::CorruptData(_) => Self::Internal(error.into()),
            StoreError::Database(_) | StoreError::Migrate(_) => Self::Unavailable(error.into()),
        }
    }
}

impl From<AccountError> for ApiError {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::EmailTaken => Self::EmailTaken,
            AccountError::EmailMissing => Self::EmailMissing,
            AccountError::RegistrationClosed => Self::RegistrationClosed,
            AccountError::NotFound => Self::NotFound("Not found: no such member or invitation"),
            AccountError::LinkExpired => Self::LinkExpired,
            AccountError::WrongEmail => Self::Forbidden("The invitation is for another e-mail address"),
            AccountError::LastOwner => Self::LastOwner,
            AccountError::TooManyWorkspaces => {
                Self::too_many_of("name", "account", limit::WORKSPACES, "workspaces")
            }
            AccountError::TooManyInvitations => {
                Self::too_many("email", limit::INVITATIONS, "pending invitations")
            }
            AccountError::Database(error) => error.into(),
        }
    }
}

impl From<DecodeError> for ApiError {
    fn from(error: DecodeError) -> Self {
        match error {
            DecodeError::Unreadable(detail) => Self::BadRequest(detail),
            DecodeError::TooLarge(limit) => Self::PayloadTooLarge(limit),
            DecodeError::Internal(error) => Self::Internal(error.into()),
        }
    }
}
