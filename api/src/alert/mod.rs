//! Alert rules between the domain and the store: what evaluation and preview read.

pub mod preview;
pub mod read;
