//! What happens to traces after they were taken in: written in groups, then the answers they change are dropped. `sink`
//! does that for whichever queue; `worker` is the process' side of the queue in Redis. `reprice` computes costs of what is
//! stored anew, `alert` evaluates the rules that watch it, and `deliver` tells channels of what they find.

pub mod alert;
pub mod deliver;
mod group;
mod hand;
mod keeper;
pub mod memory;
mod order;
mod reader;
pub mod reprice;
pub mod sink;
pub mod worker;
mod writer;
