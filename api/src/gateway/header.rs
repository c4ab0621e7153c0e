//! The headers that every answer carries.

use actix_web::middleware::DefaultHeaders;

/// What an answer that is no page may do in a browser: nothing. Pages bring their own policy.
const API_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

/// Security headers for all answers that do not set their own.
#[must_use]
pub fn security() -> DefaultHeaders {
    DefaultHeaders::new()
        .add(("Content-Security-Policy", API_POLICY))
        .add(("X-Content-Type-Options", "nosniff"))
        .add(("X-Frame-Options", "DENY"))
        .add(("Referrer-Policy", "same-origin"))
        .add(("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"))
        .add(("Cross-Origin-Opener-Policy", "same-origin"))
        .add(("Cross-Origin-Resource-Policy", "same-origin"))
}
