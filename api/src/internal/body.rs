//! The body of a forwarded request: streamed with backpressure, limited, and still complete if the connection to a
//! replica failed.

use std::{
    cell::RefCell,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use actix_web::{
    HttpRequest,
    error::PayloadError,
    http::header::CONTENT_LENGTH,
    web::{Bytes, Payload},
};
use futures_util::{Stream, StreamExt};

use crate::{error::ApiError, ingestion::body::BodyLimit};

/// The body. Clones continue where the others stopped.
#[derive(Clone)]
pub(super) struct ForwardedBody(Rc<RefCell<Inner>>);

struct Inner {
    payload: Payload,
    length: Option<u64>,
    limit: usize,
    started: bool,
    read: usize,
}

impl ForwardedBody {
    /// Wraps the body of `request`.
    ///
    /// # Errors
    /// Returns 413 if `Content-Length` exceeds the limit.
    pub(super) fn new(request: &HttpRequest, payload: Payload) -> Result<Self, ApiError> {
        let length =
            request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        let limit = BodyLimit::of(request);
        if length.is_some_and(|length| length > limit as u64) {
            return Err(ApiError::PayloadTooLarge(limit));
        }
        Ok(Self(Rc::new(RefCell::new(Inner { payload, length, limit, started: false, read: 0 }))))
    }

    pub(super) fn length(&self) -> Option<u64> {
        self.0.borrow().length
    }

    /// Returns whether any of the body was read, so that it cannot be sent again.
    pub(super) fn has_started(&self) -> bool {
        self.0.borrow().started
    }

    /// Returns 413 if more than the limit was read.
    pub(super) fn too_large(&self) -> Option<ApiError> {
        let inner = self.0.borrow();
        (inner.read > inner.limit).then_some(ApiError::PayloadTooLarge(inner.limit))
    }
}

impl Stream for ForwardedBody {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut inner = self.0.borrow_mut();
        inner.started = true;
        let next = inner.payload.poll_next_unpin(context);
        if let Poll::Ready(Some(Ok(bytes))) = &next {
            inner.read += bytes.len();
            if inner.read > inner.limit {
                return Poll::Ready(Some(Err(PayloadError::Overflow)));
            }
        }
        next
    }
}
