//! End-to-end tests of the web application in Chromium, driven over WebDriver, against servers in this process. One file
//! per subject, in a single binary to link only once. Requires chromedriver and chromium (on the `PATH`, or set in
//! `CHROMEDRIVER` and `CHROMIUM`), and the built application in `web/dist` or `AGENT_OBS_WEB_DIST`.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod alert;
mod alert_channel;
mod alert_rule;
mod dashboard;
mod every_page;
mod guard;
mod invitation;
mod keyboard;
mod login;
mod oidc;
mod people;
mod polling;
mod register;
mod session;
mod settings;
mod stage;
mod start;
mod trace_detail;
mod trace_list;
mod trace_steps;
