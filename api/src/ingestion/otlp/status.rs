//! Errors of OTLP endpoints: a `google.rpc.Status` in the encoding of the request.

use actix_web::{
    Error, HttpResponse,
    body::{BoxBody, MessageBody, to_bytes_limited},
    dev::{ServiceRequest, ServiceResponse},
    http::header::{self, HeaderValue},
    middleware::Next,
};
use ingest::otlp::{encoding::Encoding, status::Status};
use shared::error::ErrorBody;

use super::encoding;

/// The maximum size of an error body.
const ERROR_BYTES: usize = 256 * 1024;

/// Middleware that converts this server's JSON errors into `google.rpc.Status`.
///
/// # Errors
/// Returns the errors of the request.
pub async fn convert_errors(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let encoding = encoding::requested(request.request()).unwrap_or(Encoding::Json);
    let response = next.call(request).await?.map_into_boxed_body();
    let json = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/json");
    if !json || !(response.status().is_client_error() || response.status().is_server_error()) {
        return Ok(response);
    }
    let (request, response) = response.into_parts();
    let (response, body) = response.into_parts();
    let body = match to_bytes_limited(body, ERROR_BYTES).await {
        Ok(Ok(body)) => body,
        _ => Default::default(),
    };
    // An error that the gateway forwards from ingestion is a `google.rpc.Status` already.
    let body = match serde_json::from_slice::<ErrorBody>(&body) {
        Ok(error) => encoding.encode_error(&Status::from(&error)),
        Err(_) => body.to_vec(),
    };
    let mut response: HttpResponse<BoxBody> = response.set_body(BoxBody::new(body));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(encoding.content_type()));
    Ok(ServiceResponse::new(request, response))
}
