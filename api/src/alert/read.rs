//! Reads from the store what the domain needs to evaluate and describe alert rules.

use domain::{
    alert::{
        describe::DescriptionData,
        measure::{NeededWindows, Readings},
        subject::Subject,
    },
    rollup::window::WindowSums,
};
use shared::{Timestamp, alert_rule::AlertRuleRequest};
use store::trace::{StoreError, TraceStore};
use uuid::Uuid;

/// Reads the windows that rules need at the given times, each window once.
///
/// # Errors
/// Returns an error if the store fails.
pub async fn readings<'a>(
    traces: &TraceStore,
    workspace_id: Uuid,
    rules: impl Iterator<Item = (&'a AlertRuleRequest, &'a [Timestamp])>,
) -> Result<Readings, StoreError> {
    let needed = NeededWindows::of(rules);
    let totals = match needed.totals.as_slice() {
        [] => Vec::new(),
        windows => traces.sums(workspace_id, windows).await?,
    };
    let pairs = match needed.pairs.as_slice() {
        [] => WindowSums::default(),
        windows => traces.window_sums(workspace_id, windows, &needed.newest_of).await?,
    };
    Ok(Readings::new(&needed, totals, pairs))
}

/// Reads what describing these alerts needs; nothing if there are none.
///
/// # Errors
/// Returns an error if the store fails.
pub async fn description_data(
    traces: &TraceStore,
    workspace_id: Uuid,
    subjects: &[Subject<'_>],
) -> Result<DescriptionData, StoreError> {
    if subjects.is_empty() {
        return Ok(DescriptionData::default());
    }
    let (windows, newest_of) = DescriptionData::needed(subjects);
    Ok(DescriptionData::new(traces.window_sums(workspace_id, &windows, &newest_of).await?))
}
