//! End-to-end tests of the web application in Chromium, driven over WebDriver, against servers in this process. One file
//! per subject, in a single binary to link only once. Requires chromedriver and chromium (on the `PATH`, or set in
//! `CHROMEDRIVER` and `CHROMIUM`), and the built application in `web/dist` or `AGENT_OBS_WEB_DIST`.

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
mod session;
mod settings;
mod stage;
mod start;
mod trace_detail;
mod trace_list;
mod trace_steps;

#[path = "../api/answer.rs"]
#[expect(dead_code, reason = "used by the HTTP tests")]
mod answer;
#[path = "../api/client.rs"]
#[expect(dead_code, reason = "used by the HTTP tests")]
mod client;
#[path = "../api/deployment.rs"]
mod deployment;
#[path = "../notify/receiver.rs"]
#[expect(dead_code, reason = "used by the tests of channels")]
mod receiver;
#[path = "../api/sample.rs"]
mod sample;
#[path = "../api/server.rs"]
#[expect(dead_code, reason = "used by the HTTP tests")]
mod server;
#[path = "../notify/tls.rs"]
#[expect(dead_code, reason = "used by the tests of channels")]
mod tls;
