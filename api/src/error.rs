//! The one error of every handler, and how it looks to a client.

use std::{sync::Arc, time::Duration};

use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header},
};
use shared::{
    error::{ErrorBody, ErrorCode, FieldError},
    time_range::InvalidTimeRange,
};

use crate::store::{account::AccountError, trace::StoreError};

/// Why a request was not answered. 5xx answers are opaque: the log has the cause and the request id.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// 400: the request cannot be read.
    #[error("{0}")]
    BadRequest(String),
    /// 400: the query names no window.
    #[error(transparent)]
    InvalidTimeRange(#[from] InvalidTimeRange),
    /// 401: no credentials, or such that do not hold.
    #[error("{0}")]
    Unauthorized(&'static str),
    /// 401: the token's time is over.
    #[error("The token has expired: log in again")]
    TokenExpired,
    /// 401: the same for an unknown e-mail and a wrong password.
    #[error("E-mail or password is wrong")]
    InvalidCredentials,
    /// 403: known, but not allowed.
    #[error("{0}")]
    Forbidden(&'static str),
    /// 404: nothing here by that name.
    #[error("{0}")]
    NotFound(&'static str),
    /// 405: the path exists, the method does not.
    #[error("This path does not take that method")]
    MethodNotAllowed,
    /// 409: an account with that e-mail exists.
    #[error("An account with this e-mail exists already")]
    EmailTaken,
    /// 413: the body is larger than this endpoint takes.
    #[error("The body is larger than {0} bytes")]
    PayloadTooLarge(usize),
    /// 415: the body is of a type that this endpoint does not read.
    #[error("{0}")]
    UnsupportedMediaType(&'static str),
    /// 422: readable, but fields are wrong.
    #[error("{}", describe(.0))]
    ValidationFailed(Vec<FieldError>),
    /// 429: over a limit.
    #[error("{detail}")]
    RateLimited {
        /// Which limit.
        detail: &'static str,
        /// When to come back.
        retry_after: Duration,
    },
    /// 503: the ingestion queue is full.
    #[error("Too much is waiting to be written: send this again in a moment")]
    QueueFull,
    /// 503: something this answer needs is down.
    #[error("Not available at the moment: try again")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// 500: our fault.
    #[error("Something went wrong on our side")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// What a computation failed with that several requests waited for.
    #[error(transparent)]
    Shared(#[from] Arc<ApiError>),
}

impl ApiError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::BadRequest(_) => ErrorCode::BadRequest,
            Self::InvalidTimeRange(_) => ErrorCode::InvalidTimeRange,
            Self::Unauthorized(_) => ErrorCode::Unauthorized,
            Self::TokenExpired => ErrorCode::TokenExpired,
            Self::InvalidCredentials => ErrorCode::InvalidCredentials,
            Self::Forbidden(_) => ErrorCode::Forbidden,
            Self::NotFound(_) => ErrorCode::NotFound,
            Self::MethodNotAllowed => ErrorCode::MethodNotAllowed,
            Self::EmailTaken => ErrorCode::EmailTaken,
            Self::PayloadTooLarge(_) => ErrorCode::PayloadTooLarge,
            Self::UnsupportedMediaType(_) => ErrorCode::UnsupportedMediaType,
            Self::ValidationFailed(_) => ErrorCode::ValidationFailed,
            Self::RateLimited { .. } => ErrorCode::RateLimited,
            Self::QueueFull => ErrorCode::QueueFull,
            Self::Unavailable(_) => ErrorCode::Unavailable,
            Self::Internal(_) => ErrorCode::Internal,
            Self::Shared(error) => error.code(),
        }
    }

    /// Seconds until it is worth trying again.
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

    /// Logs the cause of what the client is told nothing about.
    pub fn log(&self) {
        match self {
            Self::Unavailable(cause) | Self::Internal(cause) => {
                tracing::error!(error = chain(cause.as_ref()), "request failed");
            }
            Self::Shared(error) => error.log(),
            _ => {}
        }
    }

    /// 422 where anything was found wrong.
    ///
    /// # Errors
    /// [`ApiError::ValidationFailed`] with all of it.
    pub fn check(errors: Vec<FieldError>) -> Result<(), Self> {
        if errors.is_empty() { Ok(()) } else { Err(Self::ValidationFailed(errors)) }
    }

    /// What the client gets to read.
    #[must_use]
    pub fn body(&self) -> ErrorBody {
        let fields = if let Self::ValidationFailed(fields) = self { fields.clone() } else { Vec::new() };
        ErrorBody { detail: self.to_string(), code: self.code(), fields }
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::BadRequest(_) | Self::InvalidTimeRange(_) => StatusCode::BAD_REQUEST,
            Self::Unauthorized(_) | Self::TokenExpired | Self::InvalidCredentials => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::EmailTaken => StatusCode::CONFLICT,
            Self::PayloadTooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::ValidationFailed(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::RateLimited { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::QueueFull | Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Shared(error) => error.status_code(),
        }
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
        if let Some(seconds) = self.retry_after() {
            response.insert_header((header::RETRY_AFTER, seconds.max(1)));
        }
        response.insert_header((header::CACHE_CONTROL, "no-store")).json(self.body())
    }
}

/// An error and its causes in one line, for the log.
#[must_use]
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        // Some errors say what their cause says.
        if !text.ends_with(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

fn describe(fields: &[FieldError]) -> String {
    fields.iter().map(|error| format!("{}: {}", error.field, error.detail)).collect::<Vec<_>>().join("; ")
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Corrupt(_) => Self::Internal(error.into()),
            StoreError::Database(_) | StoreError::Migrate(_) => Self::Unavailable(error.into()),
        }
    }
}

impl From<AccountError> for ApiError {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::EmailTaken => Self::EmailTaken,
            error => Self::Unavailable(error.into()),
        }
    }
}
