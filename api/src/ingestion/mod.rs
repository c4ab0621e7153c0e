//! Taking traces in: reading, checking, handing them to the writer. Nothing here touches the store.

pub mod body;
pub mod json;
pub mod parse;
pub mod rest;
