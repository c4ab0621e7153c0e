//! The rules of the product: traces, spans and their assembly, histograms, window plans, alert rules and their state,
//! prices. No I/O, no SQL, no HTTP, no clock: everything here is a function of its arguments.

pub mod alert;
pub mod error;
pub mod price;
pub mod rollup;
pub mod secret;
pub mod trace;
