//! The key under which a trace is known: short and of one length, whatever its id is.

use sha2::{Digest, Sha256};
use uuid::Uuid;

/// The first half of the SHA-256 of the workspace's and the trace's id. That two traces share one is as unlikely as that
/// two random UUIDs do.
pub(super) fn trace_key(workspace_id: Uuid, trace_id: &str) -> Uuid {
    let digest = Sha256::new().chain_update(workspace_id.as_bytes()).chain_update(trace_id).finalize();
    let mut key = [0; 16];
    key.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    Uuid::from_bytes(key)
}
