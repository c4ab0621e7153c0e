//! Divides windows into segments of rollups.

use domain::rollup::plan::{self, Segment, Source, StaleBuckets};
use shared::{Timestamp, time_range::Window};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    database::{Transaction, timestamp::SqlTimestamp},
    error::StoreError,
    trace::{
        postgres::{Layout, stale},
        transaction::ReadTransaction,
    },
};

impl ReadTransaction {
    /// Cuts windows into segments of the totals.
    pub(super) async fn cut_totals(
        &mut self,
        workspace_id: Uuid,
        windows: &[Window],
        rollups: &[Source],
    ) -> Result<Vec<Vec<Segment>>, StoreError> {
        let ends: Vec<_> = windows.iter().map(|window| window.end).collect();
        let next = self.next_starts(workspace_id, &ends).await?;
        let rounded =
            windows.iter().zip(next).map(|(&window, next)| plan::round_up_end(window, next, rollups));
        Ok(rounded.map(|window| plan::segments(window, rollups)).collect())
    }

    /// Cuts a window into segments of the rollups by agent and model.
    pub(super) async fn cut_groups(
        &mut self,
        workspace_id: Uuid,
        window: Window,
        rollups: &[Source],
    ) -> Result<Vec<Segment>, StoreError> {
        let next = self.next_starts(workspace_id, &[window.end]).await?.pop().flatten();
        let window = plan::round_up_end(window, next, rollups);
        let stale_buckets = self.stale_buckets(workspace_id, window).await?;
        Ok(plan::segments_without_stale(window, rollups, &stale_buckets))
    }

    /// Returns the start of the first trace at or after each moment. The result may be earlier, by less than a minute, if it
    /// is the start of a minute.
    pub(super) async fn next_starts(
        &mut self,
        workspace_id: Uuid,
        times: &[Timestamp],
    ) -> Result<Vec<Option<Timestamp>>, StoreError> {
        let mut found: Vec<Option<SqlTimestamp>> = Vec::with_capacity(times.len());
        match &mut self.transaction {
            Transaction::Postgres(connection) => {
                found = postgres_next_starts(connection, workspace_id, times).await?;
            }
            Transaction::Sqlite(_) => {
                for &moment in times {
                    let next = self
                        .transaction
                        .sql("SELECT MIN(timestamp) FROM traces WHERE workspace_id = $1 AND timestamp >= $2");
                    found.push(next.bind(workspace_id).bind(SqlTimestamp(moment)).fetch_scalar().await?);
                }
            }
        }
        Ok(found.into_iter().map(|next| next.map(|next| next.0)).collect())
    }

    /// Returns the buckets by agent and model that the rollups of a window do not contain yet. Rollups that are tables
    /// contain everything.
    pub(super) async fn stale_buckets(
        &mut self,
        workspace_id: Uuid,
        window: Window,
    ) -> Result<StaleBuckets, StoreError> {
        match (&mut self.transaction, self.layout) {
            (Transaction::Postgres(connection), Layout::Timescale) => {
                stale::stale_buckets(connection, workspace_id, window).await
            }
            _ => Ok(StaleBuckets::default()),
        }
    }
}

/// Reads the traces of the current minute, and from the next minute on the totals, which are fewer.
async fn postgres_next_starts(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    times: &[Timestamp],
) -> Result<Vec<Option<SqlTimestamp>>, StoreError> {
    let minute = |moment: &Timestamp| SqlTimestamp(moment.ceil(Source::Minutely.bucket()));
    let next = sqlx::query_scalar(
        "SELECT COALESCE( \
         (SELECT MIN(timestamp) FROM traces WHERE workspace_id = $1 AND timestamp >= e.moment AND timestamp < e.minute), \
         (SELECT MIN(bucket) FROM totals_minutely WHERE workspace_id = $1 AND bucket >= e.minute)) \
         FROM UNNEST($2::TIMESTAMPTZ[], $3::TIMESTAMPTZ[]) WITH ORDINALITY AS e (moment, minute, n) ORDER BY n",
    )
    .bind(workspace_id)
    .bind(times.iter().map(|&moment| SqlTimestamp(moment)).collect::<Vec<_>>())
    .bind(times.iter().map(minute).collect::<Vec<_>>())
    .fetch_all(connection)
    .await?;
    Ok(next)
}
