//! Rollups: sums and histograms per bucket, and plans that read windows from them.

pub mod change;
pub mod group;
pub mod histogram;
pub mod plan;
pub mod sums;
pub mod window;
