//! Reading: key figures, charts, alerts, activity and traces. Every answer goes through the cache; nothing here writes.

pub mod activity;
pub mod alert;
pub mod answer;
pub mod chart;
pub mod kpi;
pub mod trace;
