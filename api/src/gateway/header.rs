//! Security headers of all responses, and the default for caching them.

use actix_web::middleware::DefaultHeaders;

/// The content security policy of responses that are not pages; pages have their own.
const API_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

/// Returns the security headers of responses that do not set their own.
#[must_use]
pub fn security() -> DefaultHeaders {
    DefaultHeaders::new()
        .add(("Content-Security-Policy", API_POLICY))
        // Responses contain data of accounts and workspaces, unless they say otherwise.
        .add(("Cache-Control", "no-store"))
        .add(("X-Content-Type-Options", "nosniff"))
        .add(("X-Frame-Options", "DENY"))
        .add(("Referrer-Policy", "same-origin"))
        .add(("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"))
        .add(("Cross-Origin-Opener-Policy", "same-origin"))
        .add(("Cross-Origin-Resource-Policy", "same-origin"))
}
