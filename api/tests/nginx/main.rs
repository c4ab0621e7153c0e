//! nginx.conf in the real nginx: the headers that it adds to the gateway's responses, and the responses that it generates
//! itself. The pages are a small fake with the layout of a trunk build, so that nothing has to be built. Requires nginx
//! and setpriv.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod gateway;
mod parity;
mod spa;
