//! Processing of queued records and the jobs that work on stored traces. `group_writer` writes records for both queues;
//! `memory` and `worker` read the in-process queue and the one in Redis.

pub mod alert;
mod conflict;
pub mod deliver;
mod group;
pub mod group_writer;
mod in_flight;
mod lease_keeper;
pub mod maintenance;
pub mod memory;
mod part;
pub mod promotion;
mod reader;
mod recipient;
pub mod reprice;
pub mod worker;
mod worker_state;
mod writer;
