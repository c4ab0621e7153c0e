//! Writes groups for a worker, two at a time where their order makes no difference: while the database works on one, the
//! other is packed and sent.

use std::{collections::HashMap, panic};

use domain::error::chain;
use tokio::{
    sync::mpsc,
    task::{Id, JoinSet},
};

use super::{
    group::{GivenUp, Group, Tools},
    order::Marks,
    worker::Shared,
};

/// Groups that are written at once. More would only wait: from its rollups on a write has its workspaces to itself.
const AT_ONCE: usize = 2;

/// Runs until the reader is gone and everything that it read is written or handed back.
pub(super) async fn run(shared: Shared, mut groups: mpsc::Receiver<Group>) {
    let mut writing = Writing { tasks: JoinSet::new(), marks: HashMap::new() };
    let mut given_up = false;
    while let Some(group) = groups.recv().await {
        while !given_up && !writing.has_place_for(&group) {
            given_up = matches!(writing.one_ends().await, Some(Err(GivenUp)));
        }
        if given_up {
            // The worker is to stop: what comes now cannot be finished either.
            hand_back(&shared.tools, &group).await;
        } else {
            writing.begin(shared.clone(), group);
        }
    }
    while writing.one_ends().await.is_some() {}
}

struct Writing {
    tasks: JoinSet<Result<(), GivenUp>>,
    marks: HashMap<Id, Marks>,
}

impl Writing {
    fn has_place_for(&self, group: &Group) -> bool {
        self.marks.len() < AT_ONCE && self.marks.values().all(|marks| group.marks().is_apart_from(marks))
    }

    fn begin(&mut self, shared: Shared, mut group: Group) {
        let marks = group.take_marks();
        let task = self.tasks.spawn(async move {
            let streams: Vec<usize> = group.deliveries().iter().map(|delivery| delivery.stream).collect();
            let result = group.write(&shared.tools).await;
            shared.hand.remove(&streams);
            if result.is_err() {
                hand_back(&shared.tools, &group).await;
            }
            result
        });
        self.marks.insert(task.id(), marks);
    }

    /// Waits for one to end; nothing where none is being written.
    async fn one_ends(&mut self) -> Option<Result<(), GivenUp>> {
        match self.tasks.join_next_with_id().await? {
            Ok((id, result)) => {
                self.marks.remove(&id);
                Some(result)
            }
            // As if it had been written here: the worker begins anew.
            Err(error) => match error.try_into_panic() {
                Ok(panic) => panic::resume_unwind(panic),
                Err(_) => Some(Err(GivenUp)),
            },
        }
    }
}

async fn hand_back(tools: &Tools, group: &Group) {
    if let Err(failure) = tools.consumer.hand_back(&group.deliveries()).await {
        tracing::warn!(error = chain(&failure), "messages are left to the next worker as delivered");
    }
}
