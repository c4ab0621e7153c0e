//! The trace store on PostgreSQL, with TimescaleDB where the server has it. Both write the same rows in the same way; what
//! differs is where the rollups by agent and model come from.

mod insert;
mod key;
mod maintain;
mod recost;
mod rollup;
mod schema;
mod score;
mod snapshot;
mod stale;
mod write;
mod writing;

use std::time::Duration;

use shared::Timestamp;
use sqlx::{PgPool, Postgres, Transaction};
use uuid::Uuid;

pub use self::schema::Layout;
use self::snapshot::PostgresSnapshot;
use super::StoreError;
use crate::database::{
    Database,
    moment::Moment,
    postgres::{PostgresSettings, Retries},
};

/// What becomes of traces as they get older.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifecycle {
    /// Traces are dropped when they are this old, in whole days; kept for ever where there is none.
    pub retention: Option<Duration>,
    /// TimescaleDB compresses traces when they are this old; never where there is none.
    pub compress_after: Option<Duration>,
}

impl Default for Lifecycle {
    fn default() -> Self {
        Self { retention: None, compress_after: Some(Duration::from_secs(7 * 86_400)) }
    }
}

/// The traces of all workspaces in one database on a PostgreSQL server.
#[derive(Clone, Debug)]
pub struct PostgresTraces {
    pool: PgPool,
    settings: PostgresSettings,
    lifecycle: Lifecycle,
    layout: Layout,
}

impl PostgresTraces {
    /// Opens the database and migrates it. `layout` is for one that holds no traces yet; one that does keeps its own.
    /// Without a `lifecycle` the policies in the database stay as they are.
    pub(super) async fn open(
        settings: &PostgresSettings,
        lifecycle: Option<Lifecycle>,
        layout: Option<Layout>,
    ) -> Result<Self, StoreError> {
        let (layout, _) = schema::migrate(settings, layout, lifecycle).await?;
        let pool = settings.connect().await?;
        Ok(Self { pool, settings: settings.clone(), lifecycle: lifecycle.unwrap_or_default(), layout })
    }

    /// Applies what is pending and answers what that was.
    pub(super) async fn migrate(settings: &PostgresSettings) -> Result<Vec<String>, StoreError> {
        let (_, applied) = schema::migrate(settings, None, None).await?;
        Ok(applied)
    }

    /// What [`PostgresTraces::migrate`] would apply.
    pub(super) async fn pending(settings: &PostgresSettings) -> Result<Vec<String>, StoreError> {
        schema::pending(settings).await
    }

    /// Where the rollups by agent and model come from.
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.layout
    }

    pub(super) fn database(&self) -> Database {
        Database::Postgres(self.pool.clone())
    }

    async fn begin_write(&self) -> Result<Transaction<'static, Postgres>, StoreError> {
        Ok(self.pool.begin().await?)
    }

    async fn begin_read(&self) -> Result<Transaction<'static, Postgres>, StoreError> {
        Ok(self.pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?)
    }

    /// One state of the database, to be read.
    pub(super) async fn snapshot(&self) -> Result<PostgresSnapshot, StoreError> {
        Ok(PostgresSnapshot { transaction: self.begin_read().await?, layout: self.layout })
    }

    /// When the newest trace of the workspace started.
    pub(super) async fn newest(&self, workspace_id: Uuid) -> Result<Option<Timestamp>, StoreError> {
        let mut retries = Retries::default();
        loop {
            let newest: Result<Option<Moment>, sqlx::Error> =
                sqlx::query_scalar("SELECT MAX(timestamp) FROM traces WHERE workspace_id = $1")
                    .bind(workspace_id)
                    .fetch_one(&self.pool)
                    .await;
            match newest {
                Err(error) if retries.again(&error).await => {}
                newest => return Ok(newest?.map(|Moment(newest)| newest)),
            }
        }
    }

    pub(super) async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1 FROM traces LIMIT 1").execute(&self.pool).await?;
        Ok(())
    }

    pub(super) async fn close(&self) {
        self.pool.close().await;
    }
}
