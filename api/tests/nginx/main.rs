//! nginx.conf in the real nginx: what it adds to the gateway's answers and what it answers itself. The pages are a stand-in
//! of the shape that trunk makes, so that nothing has to be built before. What it needs: nginx and setpriv.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod behind;
mod beside;
mod spa;

#[path = "../api/answer.rs"]
#[expect(dead_code, reason = "the HTTP tests use the rest")]
mod answer;
#[path = "../api/client.rs"]
#[expect(dead_code, reason = "the HTTP tests use the rest")]
mod client;
#[path = "../api/deployment.rs"]
mod deployment;
#[path = "../services/nginx.rs"]
#[expect(dead_code, reason = "the tests of the roles use the rest")]
mod nginx;
#[path = "../api/server.rs"]
#[expect(dead_code, reason = "the HTTP tests use the rest")]
mod server;
