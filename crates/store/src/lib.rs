//! What is kept on disk. Stores know no HTTP; nothing outside this module knows SQL.

pub mod account;
mod migration;
mod moment;
pub mod postgres;
pub mod sqlite;
pub mod trace;
