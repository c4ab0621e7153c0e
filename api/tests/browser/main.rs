//! The SPA in Chromium, on real servers in this process, driven over WebDriver. One binary, so that it is linked once; a
//! file per subject. What it needs: chromedriver and chromium on the PATH or in `CHROMEDRIVER` and `CHROMIUM`, and the
//! built SPA in web/dist or where `AGENT_OBS_WEB_DIST` says.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod alert;
mod alert_channel;
mod alert_rule;
mod chromium;
mod dashboard;
mod every_page;
mod guard;
mod keyboard;
mod login;
mod page;
mod polling;
mod register;
mod settings;
mod stage;
mod start;
mod thread;
mod trace_detail;
mod trace_list;
mod trace_steps;

#[path = "../api/answer.rs"]
#[expect(dead_code, reason = "the HTTP tests use the rest")]
mod answer;
#[path = "../api/client.rs"]
#[expect(dead_code, reason = "the HTTP tests use the rest")]
mod client;
#[path = "../api/deployment.rs"]
mod deployment;
#[path = "../notify/receiver.rs"]
#[expect(dead_code, reason = "the tests of channels use the rest")]
mod receiver;
#[path = "../api/sample.rs"]
mod sample;
#[path = "../api/server.rs"]
#[expect(dead_code, reason = "the HTTP tests use the rest")]
mod server;
#[path = "../notify/tls.rs"]
#[expect(dead_code, reason = "the tests of channels use the rest")]
mod tls;
