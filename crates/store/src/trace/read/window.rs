//! Sums and latency histograms by agent and model of many windows at once, for alert rules.

use std::collections::{BTreeSet, HashMap};

use domain::rollup::{
    plan::{self, Segment, Source},
    window::{NewestLookup, WindowReader, WindowSums},
};
use shared::{Timestamp, time_range::Window};
use sqlx::PgConnection;
use tracing::instrument;
use uuid::Uuid;

use crate::{
    database::{Transaction, in_read, timestamp::SqlTimestamp},
    error::StoreError,
    trace::{TraceStore, transaction::ReadTransaction},
};

impl TraceStore {
    /// Returns the sums and latency histograms of many windows by agent and model, read in one transaction, and the
    /// start of the newest trace of each agent and model in the windows of `newest_of`.
    ///
    /// # Errors
    /// Returns an error if the database is not available or a histogram cannot be read.
    #[instrument(level = "debug", skip_all, fields(db.system.name = self.system(), db.operation.name = "SELECT"))]
    pub async fn window_sums(
        &self,
        workspace_id: Uuid,
        windows: &[Window],
        newest_of: &[Window],
    ) -> Result<WindowSums, StoreError> {
        in_read!(self, transaction => transaction.window_sums(workspace_id, windows, newest_of))
    }
}

impl ReadTransaction {
    async fn window_sums(
        &mut self,
        workspace_id: Uuid,
        windows: &[Window],
        newest_of: &[Window],
    ) -> Result<WindowSums, StoreError> {
        let distinct: BTreeSet<_> = windows.iter().map(|window| (window.end, window.start)).collect();
        let distinct: Vec<_> = distinct.into_iter().map(|(end, start)| Window { start, end }).collect();
        let cut = self.cut_group_windows(workspace_id, &distinct).await?;
        let mut reader = WindowReader::new(&distinct, &cut);
        let segments = reader.segments();
        self.for_each_group(workspace_id, &segments, |row| Ok(reader.add(row)?)).await?;

        let mut sums = reader.finish();
        let unknown = sums.unknown_newest(newest_of);
        let newest = self.newest_of(workspace_id, &sums.newest_lookups(&unknown)).await?;
        sums.fill_newest(&unknown, newest);
        Ok(sums)
    }

    /// Cuts windows into segments of the rollups by agent and model.
    async fn cut_group_windows(
        &mut self,
        workspace_id: Uuid,
        windows: &[Window],
    ) -> Result<Vec<Vec<Segment>>, StoreError> {
        // An end on the hour is the end of a bucket already.
        let hour = Source::Hourly.bucket();
        let ragged: BTreeSet<_> =
            windows.iter().map(|window| window.end).filter(|end| end.floor(hour) != *end).collect();
        let ragged: Vec<_> = ragged.into_iter().collect();
        let next = self.next_starts(workspace_id, &ragged).await?;
        let next: HashMap<_, _> = ragged.into_iter().zip(next).collect();
        let rounded: Vec<_> = windows
            .iter()
            .map(|&window| {
                let next = next.get(&window.end).copied().unwrap_or(Some(window.end));
                plan::round_up_end(window, next, Source::GROUPS)
            })
            .collect();
        let start = rounded.iter().map(|window| window.start).min();
        let end = rounded.iter().map(|window| window.end).max();
        let Some((start, end)) = start.zip(end) else { return Ok(Vec::new()) };
        let stale_buckets = self.stale_buckets(workspace_id, Window { start, end }).await?;
        let cut = |window| plan::segments_without_stale(window, Source::GROUPS, &stale_buckets);
        Ok(rounded.into_iter().map(cut).collect())
    }

    /// Returns the start of the newest trace for each lookup.
    async fn newest_of(
        &mut self,
        workspace_id: Uuid,
        lookups: &[NewestLookup<'_>],
    ) -> Result<Vec<Option<Timestamp>>, StoreError> {
        if lookups.is_empty() {
            return Ok(Vec::new());
        }
        if let Transaction::Postgres(connection) = &mut self.transaction {
            return postgres_newest_of(connection, workspace_id, lookups).await;
        }
        let mut found = Vec::with_capacity(lookups.len());
        for NewestLookup { pair, window } in lookups {
            let newest: Option<(SqlTimestamp,)> = self
                .transaction
                .sql(
                    "SELECT timestamp FROM traces WHERE workspace_id = $1 AND agent_id = $2 \
                     AND COALESCE(model, '') = $3 AND timestamp >= $4 AND timestamp < $5 \
                     ORDER BY timestamp DESC LIMIT 1",
                )
                .bind(workspace_id)
                .bind(pair.agent_id.as_str())
                .bind(pair.model.as_str())
                .bind(SqlTimestamp(window.start))
                .bind(SqlTimestamp(window.end))
                .fetch_optional()
                .await?;
            found.push(newest.map(|(newest,)| newest.0));
        }
        Ok(found)
    }
}

/// Runs all lookups with one statement.
async fn postgres_newest_of(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    lookups: &[NewestLookup<'_>],
) -> Result<Vec<Option<Timestamp>>, StoreError> {
    let newest: Vec<Option<SqlTimestamp>> = sqlx::query_scalar(
        "SELECT (SELECT timestamp FROM traces WHERE workspace_id = $1 AND agent_id = s.agent_id \
         AND COALESCE(model, '') = s.model AND timestamp >= s.first AND timestamp < s.last \
         ORDER BY timestamp DESC LIMIT 1) \
         FROM UNNEST($2::TEXT[], $3::TEXT[], $4::TIMESTAMPTZ[], $5::TIMESTAMPTZ[]) WITH ORDINALITY \
         AS s (agent_id, model, first, last, n) ORDER BY n",
    )
    .bind(workspace_id)
    .bind(lookups.iter().map(|lookup| lookup.pair.agent_id.as_str()).collect::<Vec<_>>())
    .bind(lookups.iter().map(|lookup| lookup.pair.model.as_str()).collect::<Vec<_>>())
    .bind(lookups.iter().map(|lookup| SqlTimestamp(lookup.window.start)).collect::<Vec<_>>())
    .bind(lookups.iter().map(|lookup| SqlTimestamp(lookup.window.end)).collect::<Vec<_>>())
    .fetch_all(connection)
    .await?;
    Ok(newest.into_iter().map(|newest| newest.map(|newest| newest.0)).collect())
}
