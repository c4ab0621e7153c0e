//! Updates the rollups in the transaction that writes the traces. On TimescaleDB, continuous aggregates contain the sums by
//! agent and model: only stale hours are recorded for them.

use domain::rollup::{
    change::{QualityChange, RollupChange},
    plan::Source,
};

use crate::{
    database::{Transaction, moment::Moment},
    error::StoreError,
    trace::{
        postgres::{self, Layout, stale},
        sqlite,
        table::{groups_table, totals_table},
        transaction::WriteTransaction,
    },
};

impl WriteTransaction {
    /// Updates every rollup. The workspaces must be locked.
    pub(super) async fn change_rollups(&mut self, change: RollupChange<'_>) -> Result<(), StoreError> {
        let shrinks = !change.removed.is_empty();
        for &source in finest_first(Source::TOTALS) {
            let sums = change.totals(source);
            match &mut self.transaction {
                Transaction::Sqlite(connection) => {
                    sqlite::rollup::change_totals(connection, source, &sums, shrinks).await?;
                }
                Transaction::Postgres(connection) => {
                    postgres::rollup::change_totals(connection, source, &sums, shrinks).await?;
                }
            }
        }
        if let (Transaction::Postgres(connection), Layout::Timescale) = (&mut self.transaction, self.layout) {
            return stale::mark(connection, change.starts()).await;
        }
        for &source in finest_first(Source::GROUPS) {
            let mut changes = change.groups(source);
            match &mut self.transaction {
                Transaction::Sqlite(connection) => {
                    sqlite::rollup::change_groups(connection, source, &mut changes, shrinks).await?;
                }
                Transaction::Postgres(connection) => {
                    postgres::rollup::change_groups(connection, source, &mut changes, shrinks).await?;
                }
            }
        }
        Ok(())
    }

    /// Updates the quality in every rollup. The workspace must be locked.
    pub(super) async fn change_quality(&mut self, change: &QualityChange<'_>) -> Result<(), StoreError> {
        for &source in finest_first(Source::TOTALS) {
            self.change_bucket_quality(change, source, totals_table(source), false).await?;
        }
        if let (Transaction::Postgres(connection), Layout::Timescale) = (&mut self.transaction, self.layout) {
            return stale::mark(connection, [(change.workspace_id, change.timestamp)].into_iter()).await;
        }
        for &source in finest_first(Source::GROUPS) {
            self.change_bucket_quality(change, source, groups_table(source), true).await?;
        }
        Ok(())
    }

    async fn change_bucket_quality(
        &mut self,
        change: &QualityChange<'_>,
        source: Source,
        table: &'static str,
        is_grouped: bool,
    ) -> Result<(), StoreError> {
        let mut update = self.transaction.sql("UPDATE ");
        update.push(table).push(" SET scored = scored + ").push_bind(change.scored);
        update.push(", quality = quality + ").push_bind(change.quality);
        update.push(" WHERE workspace_id = ").push_bind(change.workspace_id);
        update.push(" AND bucket = ").push_bind(Moment(change.timestamp.floor(source.bucket())));
        if is_grouped {
            update.push(" AND agent_id = ").push_bind(change.agent_id);
            update.push(" AND model = ").push_bind(change.model);
        }
        update.execute().await?;
        Ok(())
    }
}

/// Returns the rollups in the order in which they are written. It is always the same, so that writers do not deadlock.
fn finest_first(rollups: &[Source]) -> impl Iterator<Item = &Source> {
    rollups.iter().rev()
}
