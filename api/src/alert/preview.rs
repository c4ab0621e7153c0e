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
use crate::limit::computation::{ComputationPermit, Computations};

/// The number of previews computed at once: each may read days of traces.
const MAX_CONCURRENT: usize = 2;
/// The number of previews of a workspace computed at once.
const MAX_CONCURRENT_PER_WORKSPACE: usize = 1;
/// The number of waiting previews of a workspace.
const MAX_WAITING_PER_WORKSPACE: usize = 4;
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
    workspaces: Computations,
    timeout: Duration,
}

impl Default for Previews {
    fn default() -> Self {
        Self {
            slots: Arc::new(Semaphore::new(MAX_CONCURRENT)),
            workspaces: Computations::new(MAX_CONCURRENT_PER_WORKSPACE, MAX_WAITING_PER_WORKSPACE),
            timeout: SLOT_TIMEOUT,
        }
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
        let slot = self.slot(workspace_id).await?;
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

    async fn slot(
        &self,
        workspace_id: Uuid,
    ) -> Result<(OwnedSemaphorePermit, ComputationPermit), PreviewError> {
        let slot = async {
            // The previews of one workspace do not wait for a slot together.
            let permit = self.workspaces.start(workspace_id).await.ok()?;
            // The semaphore is never closed.
            Some((Arc::clone(&self.slots).acquire_owned().await.ok()?, permit))
        };
        timeout(self.timeout, slot).await.ok().flatten().ok_or(PreviewError::Busy)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_preview_waits_for_a_free_slot_but_not_long() {
        let previews = Previews { timeout: Duration::from_millis(20), ..Previews::default() };
        let [one, two, three] = [1, 2, 3].map(Uuid::from_u128);
        let first = previews.slot(one).await.unwrap();
        assert!(matches!(previews.slot(one).await, Err(PreviewError::Busy)), "one for each workspace");
        let _second = previews.slot(two).await.unwrap();
        assert!(matches!(previews.slot(three).await, Err(PreviewError::Busy)));
        drop(first);
        drop(previews.slot(three).await.unwrap());
    }
}
