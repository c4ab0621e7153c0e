//! What is kept on disk. Stores know no HTTP; nothing outside this module knows SQL.

pub mod account;
pub mod trace;
