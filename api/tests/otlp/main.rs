//! OpenTelemetry data as libraries from PyPI and npm send it. Each test starts its own server, and a fake model API
//! responds to the libraries' calls. `make setup-test` installs the libraries.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod ai_sdk;
mod by_hand;
mod fake_model_api;
mod fake_model_responses;
mod fault;
mod openinference;
mod openllmetry;
mod price;
mod proxy;
mod report;
mod script;
mod semantic_conventions;
mod stage;
