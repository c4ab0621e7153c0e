//! Four roles as processes of their own, over a real PostgreSQL and a real Redis, several of each where it matters:
//! whatever breaks, nothing that was acknowledged is lost and nothing is counted twice. With `--nocapture` each fault
//! prints a row of a table: what clients saw, how long it took, and the counts.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod browser;
mod database;
mod load;
mod migrate;
mod partition;
mod processes;
mod proxy;
mod queue;
mod redis_away;
mod share;
mod stack;
mod tls;

#[path = "../api/answer.rs"]
#[expect(dead_code, reason = "the HTTP tests use the rest")]
mod answer;
#[path = "../api/child.rs"]
#[expect(dead_code, reason = "the HTTP tests use the rest")]
mod child;
#[path = "../browser/chromium.rs"]
mod chromium;
#[path = "../api/client.rs"]
#[expect(dead_code, reason = "the HTTP tests use the rest")]
mod client;
#[path = "../services/nginx.rs"]
#[expect(dead_code, reason = "the tests of nginx use the rest")]
mod nginx;
#[path = "../browser/page.rs"]
#[expect(dead_code, reason = "the tests of the pages use the rest")]
mod page;
#[path = "../services/postgres.rs"]
mod postgres;
#[path = "../services/redis.rs"]
#[expect(dead_code, reason = "the tests of the cache use the rest")]
mod redis;
#[path = "../api/sample.rs"]
#[expect(dead_code, reason = "the HTTP tests use the rest")]
mod sample;
