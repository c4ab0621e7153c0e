//! What happens to traces after they were taken in: written in groups, then the answers they change are dropped.

pub mod writer;
