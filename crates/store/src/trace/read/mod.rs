//! Read operations. Each file contains public operations of the store and the queries on a
//! [`ReadTransaction`](super::transaction::ReadTransaction) that they use.

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
