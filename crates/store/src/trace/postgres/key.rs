//! Keys of traces: short and of fixed length.

use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Returns the key of a trace: the first half of the SHA-256 of its workspace and its id. Collisions are as unlikely as those
/// of random UUIDs.
pub(in crate::trace) fn trace_key(workspace_id: Uuid, trace_id: &str) -> Uuid {
    let digest = Sha256::new().chain_update(workspace_id.as_bytes()).chain_update(trace_id).finalize();
    let mut key = [0; 16];
    key.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    Uuid::from_bytes(key)
}
