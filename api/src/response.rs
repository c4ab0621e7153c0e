//! Responses with a status other than 200. They name the type of their body, unlike an `HttpResponse`.

use actix_web::{HttpRequest, HttpResponse, Responder, http::StatusCode};

/// A 201 response.
#[derive(Debug)]
pub struct Created<R>(pub R);

/// A 202 response.
#[derive(Debug)]
pub struct Accepted<R>(pub R);

/// A 204 response.
#[derive(Debug)]
pub struct NoContent;

impl<R: Responder> Responder for Created<R> {
    type Body = R::Body;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse<Self::Body> {
        with_status(self.0, StatusCode::CREATED, request)
    }
}

impl<R: Responder> Responder for Accepted<R> {
    type Body = R::Body;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse<Self::Body> {
        with_status(self.0, StatusCode::ACCEPTED, request)
    }
}

impl Responder for NoContent {
    type Body = actix_web::body::BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::NoContent().finish()
    }
}

fn with_status<R: Responder>(
    responder: R,
    status: StatusCode,
    request: &HttpRequest,
) -> HttpResponse<R::Body> {
    let mut response = responder.respond_to(request);
    // A body that cannot be serialized is a 500.
    if response.status().is_success() {
        *response.status_mut() = status;
    }
    response
}
