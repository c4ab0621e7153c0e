//! A request's body on its way to another role: read only as fast as the other side takes it, bounded, and still whole
//! where the other side could not be reached.

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
use shared::limit;

use crate::error::ApiError;

/// The body. Clones read on where the others stopped.
#[derive(Clone)]
pub(super) struct PassingBody(Rc<RefCell<Inner>>);

struct Inner {
    payload: Payload,
    length: Option<u64>,
    begun: bool,
    read: usize,
}

impl PassingBody {
    /// The body of `request`.
    ///
    /// # Errors
    /// 413 where the request itself says that it is too large.
    pub(super) fn new(request: &HttpRequest, payload: Payload) -> Result<Self, ApiError> {
        let length =
            request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        let body = Self(Rc::new(RefCell::new(Inner { payload, length, begun: false, read: 0 })));
        if length.is_some_and(|length| length > limit::INGEST_BODY_BYTES as u64) {
            return Err(body.too_large());
        }
        Ok(body)
    }

    pub(super) fn length(&self) -> Option<u64> {
        self.0.borrow().length
    }

    /// Whether anything of it was read, so that it cannot be sent again.
    pub(super) fn is_begun(&self) -> bool {
        self.0.borrow().begun
    }

    pub(super) fn is_too_large(&self) -> bool {
        self.0.borrow().read > limit::INGEST_BODY_BYTES
    }

    pub(super) fn too_large(&self) -> ApiError {
        ApiError::PayloadTooLarge(limit::INGEST_BODY_BYTES)
    }
}

impl Stream for PassingBody {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut inner = self.0.borrow_mut();
        inner.begun = true;
        let next = inner.payload.poll_next_unpin(context);
        if let Poll::Ready(Some(Ok(bytes))) = &next {
            inner.read += bytes.len();
            if inner.read > limit::INGEST_BODY_BYTES {
                return Poll::Ready(Some(Err(PayloadError::Overflow)));
            }
        }
        next
    }
}
