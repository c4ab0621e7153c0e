//! Writes groups for a worker, two at a time if they do not conflict: while the database executes one, the other is
//! encoded and sent.

use std::{collections::HashMap, panic};

use domain::error::chain;
use tokio::{
    sync::mpsc,
    task::{Id, JoinSet},
};

use super::{
    conflict::Footprint,
    group::{Group, GroupContext, Stopped},
    worker_state::WorkerState,
};

/// The maximum number of groups in flight. More would only wait, because updates of rollups lock their workspaces.
const MAX_GROUPS: usize = 2;

/// Runs until the reader has ended and all groups are written or released.
pub(super) async fn run(shared: WorkerState, mut groups: mpsc::Receiver<Group>) {
    let mut in_flight = GroupsInFlight { tasks: JoinSet::new(), footprints: HashMap::new() };
    let mut has_stopped = false;
    while let Some(group) = groups.recv().await {
        while !has_stopped && !in_flight.has_room_for(&group) {
            has_stopped = matches!(in_flight.finish_one().await, Some(Err(Stopped)));
        }
        if has_stopped {
            // A group could not be finished before the stop, and neither can the later ones.
            release(&shared.context, &group).await;
        } else {
            in_flight.start(shared.clone(), group);
        }
    }
    while in_flight.finish_one().await.is_some() {}
}

struct GroupsInFlight {
    tasks: JoinSet<Result<(), Stopped>>,
    footprints: HashMap<Id, Footprint>,
}

impl GroupsInFlight {
    fn has_room_for(&self, group: &Group) -> bool {
        self.footprints.len() < MAX_GROUPS
            && !self.footprints.values().any(|footprint| group.footprint().conflicts_with(footprint))
    }

    fn start(&mut self, shared: WorkerState, mut group: Group) {
        let footprint = group.take_footprint();
        let task = self.tasks.spawn(async move {
            let streams: Vec<usize> = group.deliveries().iter().map(|delivery| delivery.stream).collect();
            let result = group.write(&shared.context).await;
            shared.in_flight.remove(&streams);
            if result.is_err() {
                release(&shared.context, &group).await;
            }
            result
        });
        self.footprints.insert(task.id(), footprint);
    }

    /// Waits until one group is written; returns `None` if none is in flight.
    async fn finish_one(&mut self) -> Option<Result<(), Stopped>> {
        match self.tasks.join_next_with_id().await? {
            Ok((id, result)) => {
                self.footprints.remove(&id);
                Some(result)
            }
            // A panic is passed on, so that the worker restarts its tasks.
            Err(error) => match error.try_into_panic() {
                Ok(panic) => panic::resume_unwind(panic),
                Err(_) => Some(Err(Stopped)),
            },
        }
    }
}

async fn release(context: &GroupContext, group: &Group) {
    if let Err(failure) = context.consumer.release_messages(&group.deliveries()).await {
        tracing::warn!(error = chain(&failure), "failed to release messages, they count as delivered");
    }
}
