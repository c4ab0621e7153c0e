//! Middleware before all routes: rejects unknown methods, and limits the time in which the body of a request may arrive. While
//! the server handles a request, the time limit of the connection for an idle client is suspended.

use std::{
    io::ErrorKind,
    pin::Pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use actix_web::{
    Error, HttpMessage, ResponseError,
    body::{BodySize, BoxBody, MessageBody},
    dev::{Payload, ServiceRequest, ServiceResponse},
    error::PayloadError,
    middleware::Next,
    web::{Bytes, Data},
};
use futures_util::Stream;
use tokio::time::{Instant, Sleep, sleep_until};

use super::connection::{ClientWait, Suspended};
use crate::{error::ApiError, telemetry::request::is_known};

/// How long a request body may take to arrive.
#[derive(Clone, Copy, Debug)]
pub(super) struct BodyTimeout(pub(super) Duration);

/// Rejects a request with an unknown method, before anything else reads it. The body of a request ends with an error
/// ([`ErrorKind::TimedOut`]) if it does not arrive in time.
pub(super) async fn admit(
    timeout: Data<BodyTimeout>,
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let wait = request.conn_data::<ClientWait>().cloned().unwrap_or_default();
    let handled = wait.suspend();
    match request.take_payload() {
        Payload::None => {}
        payload => {
            wait.set_unread_body(true);
            let deadline = Instant::now() + timeout.0;
            let payload: Pin<Box<dyn Stream<Item = _>>> =
                Box::pin(TimedPayload { payload, deadline, timer: None, wait });
            request.set_payload(Payload::Stream { payload });
        }
    }
    let response = if is_known(request.method()) {
        next.call(request).await?.map_into_boxed_body()
    } else {
        request.into_response(ApiError::UnknownMethod.error_response())
    };
    Ok(response.map_body(|_, body| HandledBody { body, _handled: handled }))
}

/// The body of a response, until it has been sent.
struct HandledBody {
    body: BoxBody,
    _handled: Suspended,
}

impl MessageBody for HandledBody {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(context)
    }
}

/// A body that must be complete at `deadline`.
struct TimedPayload {
    payload: Payload,
    deadline: Instant,
    /// Created when the body is waited for, so that most requests need no timer.
    timer: Option<Pin<Box<Sleep>>>,
    wait: ClientWait,
}

impl Drop for TimedPayload {
    /// Skips what has arrived. If that is the rest, the connection is ready for the next request.
    fn drop(&mut self) {
        let mut context = Context::from_waker(Waker::noop());
        while let Poll::Ready(next) = Pin::new(&mut self.payload).poll_next(&mut context) {
            if !matches!(next, Some(Ok(_))) {
                self.wait.set_unread_body(false);
                break;
            }
        }
    }
}

impl Stream for TimedPayload {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = Pin::new(&mut self.payload).poll_next(context);
        if matches!(next, Poll::Ready(None | Some(Err(_)))) {
            self.wait.set_unread_body(false);
            return next;
        }
        // The timer is also checked if there are bytes: a slow client always sends some.
        if next.is_pending() && self.timer.is_none() {
            self.timer = Some(Box::pin(sleep_until(self.deadline)));
        }
        let elapsed = self.timer.as_mut().is_some_and(|timer| timer.as_mut().poll(context).is_ready());
        if elapsed { Poll::Ready(Some(Err(PayloadError::Io(ErrorKind::TimedOut.into())))) } else { next }
    }
}
