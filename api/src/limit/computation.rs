//! Limits the computations of a workspace that run at once, so that one workspace cannot use all connections to the database
//! and delay the others. Further computations wait, up to a limit.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};
use uuid::Uuid;

/// The maximum number of waiting computations of a workspace.
const MAX_WAITING: usize = 32;
/// The maximum time that a computation waits.
const MAX_WAIT: Duration = Duration::from_secs(10);

/// The computations that run and wait, by workspace.
#[derive(Clone, Debug)]
pub struct Computations {
    limit: usize,
    waiting: usize,
    workspaces: Arc<Mutex<HashMap<Uuid, Workspace>>>,
}

#[derive(Debug)]
struct Workspace {
    permits: Arc<Semaphore>,
    /// The number of computations that run or wait.
    computations: usize,
}

/// Too many computations of a workspace are waiting, or this one has waited too long.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error("too many requests of this workspace are being computed")]
pub struct TooManyComputations;

/// The permission to compute, until it is dropped.
#[derive(Debug)]
pub struct ComputationPermit {
    // Dropped before the place, so that a workspace without computations has all of its permits.
    _permit: OwnedSemaphorePermit,
    _place: Place,
}

/// A computation that runs or waits.
#[derive(Debug)]
struct Place {
    workspaces: Arc<Mutex<HashMap<Uuid, Workspace>>>,
    workspace_id: Uuid,
}

impl Computations {
    /// Creates a limit for a database with this number of connections: a quarter of them, and at least one of several.
    #[must_use]
    pub fn for_connections(connections: u32) -> Self {
        let connections = usize::try_from(connections).unwrap_or(usize::MAX);
        Self::new((connections / 4).max(2).min(connections.saturating_sub(1)).max(1), MAX_WAITING)
    }

    /// Creates a limit of running and of waiting computations of a workspace.
    #[must_use]
    pub fn new(limit: usize, waiting: usize) -> Self {
        Self { limit, waiting, workspaces: Arc::default() }
    }

    /// Waits until a computation of the workspace may run.
    ///
    /// # Errors
    /// Returns an error if too many computations of the workspace are waiting, or if this one has waited too long.
    pub async fn start(&self, workspace_id: Uuid) -> Result<ComputationPermit, TooManyComputations> {
        let (place, permits) = self.enter(workspace_id).ok_or(TooManyComputations)?;
        // The semaphore is never closed.
        let permit = timeout(MAX_WAIT, permits.acquire_owned()).await.ok().and_then(Result::ok);
        Ok(ComputationPermit { _permit: permit.ok_or(TooManyComputations)?, _place: place })
    }

    fn enter(&self, workspace_id: Uuid) -> Option<(Place, Arc<Semaphore>)> {
        let mut workspaces = lock(&self.workspaces);
        let workspace = workspaces
            .entry(workspace_id)
            .or_insert_with(|| Workspace { permits: Arc::new(Semaphore::new(self.limit)), computations: 0 });
        if workspace.computations >= self.limit + self.waiting {
            return None;
        }
        workspace.computations += 1;
        let place = Place { workspaces: Arc::clone(&self.workspaces), workspace_id };
        Some((place, Arc::clone(&workspace.permits)))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut workspaces = lock(&self.workspaces);
        if let Some(workspace) = workspaces.get_mut(&self.workspace_id) {
            workspace.computations -= 1;
            if workspace.computations == 0 {
                workspaces.remove(&self.workspace_id);
            }
        }
    }
}

fn lock(workspaces: &Mutex<HashMap<Uuid, Workspace>>) -> MutexGuard<'_, HashMap<Uuid, Workspace>> {
    // A panic in another thread cannot leave the counts in an inconsistent state.
    workspaces.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn limit(connections: u32) -> usize {
        Computations::for_connections(connections).limit
    }

    #[test]
    fn a_workspace_leaves_connections_to_others() {
        assert_eq!([1, 2, 3, 4, 10, 20].map(limit), [1, 1, 2, 2, 2, 5]);
    }

    #[tokio::test(start_paused = true)]
    async fn further_computations_wait_and_are_rejected_beyond_the_limit() {
        let computations = Computations::new(2, 1);
        let (busy, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let first = computations.start(busy).await.unwrap();
        let second = computations.start(busy).await.unwrap();
        let waiting = tokio::spawn({
            let computations = computations.clone();
            async move { computations.start(busy).await }
        });
        tokio::task::yield_now().await;
        assert!(computations.start(busy).await.is_err());
        computations.start(other).await.unwrap();
        drop(first);
        drop(waiting.await.unwrap().unwrap());
        // A computation that waits too long is rejected as well, and leaves no trace.
        let third = computations.start(busy).await.unwrap();
        assert!(computations.start(busy).await.is_err());
        drop((third, second));
        assert!(lock(&computations.workspaces).is_empty());
    }
}
