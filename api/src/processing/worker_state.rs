//! The state that the tasks of a queue worker share.

use std::{collections::BTreeSet, sync::Arc};

use tokio::sync::{Mutex, watch};

use super::{group::GroupContext, in_flight::MessagesInFlight};
use crate::queue::Leases;

/// The state that the three tasks share.
#[derive(Clone, Debug)]
pub(super) struct WorkerState {
    pub(super) context: GroupContext,
    pub(super) in_flight: MessagesInFlight,
    pub(super) leases: watch::Sender<Leases>,
    /// Streams that may have pending messages which are not in flight in any consumer.
    pub(super) unclaimed: Arc<Mutex<BTreeSet<usize>>>,
}
