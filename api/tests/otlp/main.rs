//! OpenTelemetry as real libraries send it: from PyPI and npm, against a server of each test's own, and with a stand-in for
//! the model that they call. The libraries are installed by `make setup-test`.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod ai_sdk;
mod by_hand;
mod fault;
mod gate;
mod library;
mod openinference;
mod openllmetry;
mod price;
mod report;
mod semantic_conventions;
mod stage;
mod stand_in;
mod stand_in_responses;
