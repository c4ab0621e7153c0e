//! Background jobs that users start.

mod reprice;

use crate::database::Database;

pub use self::reprice::{RepriceLease, RepriceStep};

/// The jobs of all workspaces. Clones share the connections.
#[derive(Clone, Debug)]
pub struct JobStore {
    database: Database,
}

impl JobStore {
    /// Creates the store of the jobs in `database`.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}
