//! The same API over HTTP as in `tests/api`, against four roles that run apart: the tests are those of that folder, and
//! only what they stand on differs.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

#[path = "../api/access.rs"]
mod access;
#[path = "../api/account.rs"]
mod account;
#[path = "../api/activity.rs"]
mod activity;
#[path = "../api/alert.rs"]
mod alert;
#[path = "../api/alert_channel.rs"]
mod alert_channel;
#[path = "../api/alert_rule.rs"]
mod alert_rule;
#[path = "../api/answer.rs"]
mod answer;
#[path = "../api/api_key.rs"]
mod api_key;
#[path = "../api/cache.rs"]
mod cache;
#[path = "../api/chart.rs"]
mod chart;
#[path = "../api/client.rs"]
mod client;
mod deployment;
#[path = "../api/error_shape.rs"]
mod error_shape;
#[path = "../api/guard.rs"]
mod guard;
#[path = "../api/ingest.rs"]
mod ingest;
#[path = "../api/kpi.rs"]
mod kpi;
#[path = "../api/otlp.rs"]
mod otlp;
#[path = "../api/otlp_grpc.rs"]
mod otlp_grpc;
#[path = "../api/otlp_hostile.rs"]
mod otlp_hostile;
#[path = "../api/payload.rs"]
mod payload;
#[path = "../services/postgres.rs"]
#[expect(dead_code, reason = "the tests of faults use the rest")]
mod postgres;
#[path = "../api/price.rs"]
mod price;
#[path = "../services/redis.rs"]
#[expect(dead_code, reason = "the tests of faults use the rest")]
mod redis;
#[path = "../api/refuse.rs"]
mod refuse;
#[path = "../api/reprice.rs"]
mod reprice;
#[path = "../api/sample.rs"]
mod sample;
#[path = "../api/score.rs"]
mod score;
#[path = "../api/server.rs"]
mod server;
#[path = "../api/size.rs"]
mod size;
#[path = "../api/stop.rs"]
mod stop;
#[path = "../api/thread.rs"]
mod thread;
#[path = "../api/trace_detail.rs"]
mod trace_detail;
#[path = "../api/trace_list.rs"]
mod trace_list;
#[path = "../api/trace_span.rs"]
mod trace_span;
