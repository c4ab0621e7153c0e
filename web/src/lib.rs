//! The single-page application: everything but the start, so that the component tests can reach it.
//!
//! Data comes through `api` and nothing else talks HTTP; `hooks::poll` is the one way a view gets it. Components get
//! what they show as properties and ask for nothing; pages put the two together.

mod alert;
mod api;
mod app;
mod auth;
mod chart;
pub mod components;
mod format;
mod hooks;
mod intl;
mod json;
pub mod pages;
mod query;
mod route;
mod router;
mod same;
mod trace;

/// Draws the application into the page's body.
pub fn run() {
    yew::Renderer::<app::App>::new().render();
}
