//! The single-page application, as a library, so that component tests can use it.
//!
//! Modules depend on each other in one direction only: `by_pointer`, `event`, `intl`, `route` and `sort`, then `api`, `auth`,
//! `hooks`, the domain modules `trace`, `chart`, `alert` and `account`, `components`, `pages`, and `app`. Only `api` sends
//! requests, and only `hooks::poll` polls. Components show their properties; pages fetch the data and compose the
//! components.

mod account;
mod alert;
mod api;
mod app;
mod auth;
mod by_pointer;
mod chart;
pub mod components;
mod event;
mod hooks;
mod intl;
pub mod pages;
mod route;
mod sort;
mod trace;

/// Renders the application into the body of the document.
pub fn run() {
    yew::Renderer::<app::App>::new().render();
}
