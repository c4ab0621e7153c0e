//! Reading. Each file has public operations of the store and the questions to a
//! [`ReadTransaction`](super::transaction::ReadTransaction) that they need.

mod count;
mod detail;
mod group;
pub mod list;
mod page;
mod payload;
mod plan;
pub(super) mod scan;
mod search;
pub mod session;
pub(super) mod tally;
mod total;
mod usage;
mod window;
