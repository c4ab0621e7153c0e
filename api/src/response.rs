//! Whole lists, and responses with a status other than 200. They name the type of their body, unlike an `HttpResponse`.

use actix_web::{
    HttpRequest, HttpResponse, Responder,
    http::{
        StatusCode,
        header::{HeaderValue, LOCATION},
    },
    web::Json,
};
use shared::page::ItemList;
use uuid::Uuid;

/// A 201 response, with the `Location` of what was created.
#[derive(Debug)]
pub struct Created<R> {
    body: R,
    id: Uuid,
}

impl<R> Created<R> {
    /// Creates the response for a new item of the requested collection.
    pub fn new(id: Uuid, body: R) -> Self {
        Self { body, id }
    }
}

/// A 202 response.
#[derive(Debug)]
pub struct Accepted<R>(pub R);

/// A 204 response.
#[derive(Debug)]
pub struct NoContent;

impl<R: Responder> Responder for Created<R> {
    type Body = R::Body;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse<Self::Body> {
        let mut response = with_status(self.body, StatusCode::CREATED, request);
        if let Ok(location) = HeaderValue::from_str(&format!("{}/{}", request.path(), self.id)) {
            response.headers_mut().insert(LOCATION, location);
        }
        response
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

/// Returns a whole list.
pub fn whole_list<T>(items: Vec<T>) -> Json<ItemList<T>> {
    let total = items.len() as u64;
    Json(ItemList { items, total })
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
