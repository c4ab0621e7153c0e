//! Rollups: sums and histograms per bucket, and how windows are answered from them.

pub mod change;
pub mod group;
pub mod histogram;
pub mod plan;
pub mod sums;
pub mod window;
