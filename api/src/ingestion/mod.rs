//! Taking traces in: reading, checking, handing them to the writer. Nothing here touches the store.

pub mod body;
mod field;
mod json;
pub mod parse;
mod payload;
pub mod rest;
