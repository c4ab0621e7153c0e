//! Traces, spans, scores and rollups on SQLite, PostgreSQL, and PostgreSQL with TimescaleDB. Every operation runs in a
//! transaction: `read` has the operations that read, `write` those that write. `bulk` builds statements over many rows for both
//! engines. `sqlite` and `postgres` have the schemas and the statements that only one engine has.

mod bulk;
mod column;
mod open;
mod postgres;
mod read;
mod row;
mod sqlite;
mod table;
mod transaction;
mod write;

use shared::Timestamp;
use tracing::instrument;
use uuid::Uuid;

pub use self::{
    postgres::{Layout, Lifecycle},
    read::{
        list,
        scan::{ScanPart, TraceScan},
        session,
        tally::Tally,
    },
    write::WriteSummary,
};
use crate::database::{Database, retrying, timestamp::SqlTimestamp};
pub use crate::error::StoreError;

/// The traces of all workspaces. Clones share the connections.
#[derive(Clone, Debug)]
pub struct TraceStore {
    database: Database,
    layout: Layout,
    /// How to maintain the database, on PostgreSQL. SQLite files need no maintenance.
    maintenance: Option<postgres::Maintenance>,
}

impl TraceStore {
    /// Returns the connections to the database, for the stores of its other tables.
    #[must_use]
    pub fn database(&self) -> Database {
        self.database.clone()
    }

    /// Returns the layout of the rollups by agent and model.
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// Refreshes rollups and deletes traces that are older than the retention. Call it every few minutes; if several
    /// replicas do, only one works at a time. Does nothing on SQLite, which keeps all traces.
    ///
    /// # Errors
    /// Returns an error if the database is not available. Finished steps are not undone.
    #[instrument(level = "debug", skip_all, fields(db.system.name = self.system(), db.operation.name = "DELETE"))]
    pub async fn maintain(&self, now: Timestamp) -> Result<(), StoreError> {
        match &self.maintenance {
            Some(maintenance) => postgres::maintain(maintenance, self.layout, now).await,
            None => Ok(()),
        }
    }

    /// Returns the start of the newest trace of a workspace.
    ///
    /// # Errors
    /// Returns an error if the database is not available.
    pub async fn newest(&self, workspace_id: Uuid) -> Result<Option<Timestamp>, StoreError> {
        let newest: Option<SqlTimestamp> = retrying!(
            self.database
                .sql("SELECT MAX(timestamp) FROM traces WHERE workspace_id = $1")
                .bind(workspace_id)
                .fetch_scalar()
        )?;
        Ok(newest.map(|newest| newest.0))
    }

    /// Checks that the database responds.
    ///
    /// # Errors
    /// Returns an error if it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        // Reads a table: SQLite does not read the file for `SELECT 1`.
        self.database.sql("SELECT 1 FROM traces LIMIT 1").execute().await?;
        Ok(())
    }

    /// Waits for statements in flight and closes the connections.
    pub async fn close(&self) {
        self.database.close().await;
    }

    /// Returns the engine as OpenTelemetry's `db.system.name`.
    fn system(&self) -> &'static str {
        self.database.system()
    }
}
