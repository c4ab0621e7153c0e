//! Decoding of incoming traces and scores into domain records: JSON documents (`rest`) and OTLP requests (`otlp`).
//! Independent of HTTP and the store.

pub mod error;
pub mod field;
mod json;
pub mod otlp;
mod payload;
pub mod rest;
