//! Computes previews of alert rules, a few at a time, so that they leave connections and processor time to other requests.

use std::{sync::Arc, time::Duration};

use domain::alert::preview::PreviewPlan;
use shared::{
    Timestamp,
    alert_rule::{AlertPreview, AlertRuleRequest},
};
use store::trace::{StoreError, TraceStore};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::{JoinError, spawn_blocking},
    time::timeout,
};
use uuid::Uuid;

use super::read::readings;

/// The number of previews computed at once: each may read days of traces.
const MAX_CONCURRENT: usize = 2;
/// The maximum time a preview waits for a free slot.
const SLOT_TIMEOUT: Duration = Duration::from_secs(3);

/// Why a preview could not be computed.
#[derive(Debug, thiserror::Error)]
pub enum PreviewError {
    /// Too many other previews are being computed.
    #[error("too many previews are being computed")]
    Busy,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The computation was aborted.
    #[error("the preview was aborted")]
    Unfinished(#[from] JoinError),
}

/// Computes previews, a few at a time.
#[derive(Clone, Debug)]
pub struct Previews {
    slots: Arc<Semaphore>,
    timeout: Duration,
}

impl Default for Previews {
    fn default() -> Self {
        Self { slots: Arc::new(Semaphore::new(MAX_CONCURRENT)), timeout: SLOT_TIMEOUT }
    }
}

impl Previews {
    /// Evaluates a rule over the last days, as [`PreviewPlan::new`] describes, once a slot is free.
    ///
    /// # Errors
    /// Returns [`PreviewError::Busy`] if no slot becomes free in time, or an error if the store fails.
    pub async fn get(
        &self,
        traces: &TraceStore,
        workspace_id: Uuid,
        rule: AlertRuleRequest,
        now: Timestamp,
    ) -> Result<AlertPreview, PreviewError> {
        let slot = self.slot().await?;
        let plan = PreviewPlan::new(rule, now);
        let rules = std::iter::once((&plan.rule, plan.times.as_slice()));
        let readings = readings(traces, workspace_id, rules).await?;
        // The work holds the slot until it ends, even if the request was cancelled.
        let work = spawn_blocking(move || {
            let preview = plan.compute(&readings);
            drop(slot);
            preview
        });
        Ok(work.await?)
    }

    async fn slot(&self) -> Result<OwnedSemaphorePermit, PreviewError> {
        let slot = timeout(self.timeout, Arc::clone(&self.slots).acquire_owned()).await;
        // The semaphore is never closed.
        slot.ok().and_then(Result::ok).ok_or(PreviewError::Busy)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_preview_waits_for_a_free_slot_but_not_long() {
        let previews = Previews { timeout: Duration::from_millis(20), ..Previews::default() };
        let first = previews.slot().await.unwrap();
        let _second = previews.slot().await.unwrap();
        assert!(matches!(previews.slot().await, Err(PreviewError::Busy)));
        drop(first);
        drop(previews.slot().await.unwrap());
    }
}
