//! Sums and latency histograms by agent or model, for grouped charts, percentiles and top lists.

use std::time::Duration;

use domain::rollup::{
    group::{GroupRow, Groups, Latencies},
    plan::{self, Segment, Source},
    sums::GroupedSums,
};
use shared::{metric::Dimension, time_range::Window};
use sqlx::{
    Decode, Postgres, Sqlite, Type,
    error::BoxDynError,
    postgres::{PgTypeInfo, PgValueRef},
    sqlite::{SqliteTypeInfo, SqliteValueRef},
};
use tracing::instrument;
use uuid::Uuid;

use crate::{
    database::{in_read, timestamp::SqlTimestamp},
    error::StoreError,
    trace::{TraceStore, row::SumsRow, table::groups_table, transaction::ReadTransaction},
};

impl TraceStore {
    /// Returns the sums and latency histograms of each group (all traces together if `None`) and each step (the whole
    /// window if `None`).
    ///
    /// # Errors
    /// Returns an error if the database is not available or a histogram cannot be read.
    #[instrument(level = "debug", skip_all, fields(db.system.name = self.system(), db.operation.name = "SELECT"))]
    pub async fn sums_by_group(
        &self,
        workspace_id: Uuid,
        window: Window,
        step: Option<Duration>,
        group: Option<Dimension>,
    ) -> Result<GroupedSums, StoreError> {
        in_read!(self, transaction => transaction.sums_by_group(workspace_id, window, step, group))
    }
}

/// A bucket of one agent and model, or a single trace. It borrows from the row: charts read thousands of them.
#[derive(sqlx::FromRow)]
struct GroupColumns<'r> {
    moment: SqlTimestamp,
    agent_id: &'r str,
    model: &'r str,
    #[sqlx(flatten)]
    sums: SumsRow,
    /// `None` for a single trace.
    histogram: Option<HistogramColumn<'r>>,
}

/// The histogram of a bucket: encoded in tables that the store writes, an array of counts in TimescaleDB's aggregates.
enum HistogramColumn<'r> {
    Encoded(&'r [u8]),
    Counts(Vec<i32>),
}

impl ReadTransaction {
    async fn sums_by_group(
        &mut self,
        workspace_id: Uuid,
        window: Window,
        step: Option<Duration>,
        group: Option<Dimension>,
    ) -> Result<GroupedSums, StoreError> {
        let rollups =
            step.map_or_else(|| Source::GROUPS.to_vec(), |step| plan::within_step(Source::GROUPS, step));
        let segments = self.cut_groups(workspace_id, window, &rollups).await?;
        let mut groups = Groups::new(window.start, step, group);
        self.for_each_group(workspace_id, &segments, |row| Ok(groups.add(row)?)).await?;
        Ok(groups.finish())
    }

    /// Calls `add` with each row of the segments.
    pub(super) async fn for_each_group(
        &mut self,
        workspace_id: Uuid,
        segments: &[Segment],
        mut add: impl FnMut(&GroupRow<'_>) -> Result<(), StoreError> + Send,
    ) -> Result<(), StoreError> {
        for segment in segments {
            let is_raw = matches!(segment.source, Source::Raw | Source::Minutely);
            let mut select = self.transaction.sql(if is_raw {
                "SELECT timestamp AS moment, agent_id, COALESCE(model, '') AS model, CAST(1 AS BIGINT) AS requests, \
                 CAST(CASE WHEN status = 1 THEN 1 ELSE 0 END AS BIGINT) AS errors, \
                 CAST(CASE WHEN status = 2 THEN 1 ELSE 0 END AS BIGINT) AS timeouts, latency, \
                 COALESCE(tokens_total, 0) AS tokens, COALESCE(cost, 0) AS cost, \
                 CAST(CASE WHEN quality IS NULL THEN 0 ELSE 1 END AS BIGINT) AS scored, \
                 COALESCE(quality, 0) AS quality, NULL AS histogram FROM "
            } else {
                "SELECT bucket AS moment, agent_id, model, requests, errors, timeouts, latency, tokens, cost, scored, \
                 quality, histogram FROM "
            });
            select.push(groups_table(segment.source)).push(if is_raw {
                " WHERE workspace_id = $1 AND timestamp >= $2 AND timestamp < $3"
            } else {
                " WHERE workspace_id = $1 AND bucket >= $2 AND bucket < $3"
            });
            let select =
                select.bind(workspace_id).bind(SqlTimestamp(segment.start)).bind(SqlTimestamp(segment.end));
            select
                .for_each_row(|row| {
                    let columns: GroupColumns<'_> = row.read()?;
                    add(&GroupRow {
                        source: segment.source,
                        moment: columns.moment.0,
                        agent_id: columns.agent_id,
                        model: columns.model,
                        sums: columns.sums.into(),
                        latencies: match &columns.histogram {
                            None => Latencies::One,
                            Some(HistogramColumn::Encoded(bytes)) => Latencies::Encoded(bytes),
                            // The first count is that of latencies below bucket 0, which do not exist.
                            Some(HistogramColumn::Counts(counts)) => {
                                Latencies::Dense(counts.get(1..).unwrap_or_default())
                            }
                        },
                    })
                })
                .await?;
        }
        Ok(())
    }
}

impl Type<Sqlite> for HistogramColumn<'_> {
    fn type_info() -> SqliteTypeInfo {
        <[u8] as Type<Sqlite>>::type_info()
    }
}

impl<'r> Decode<'r, Sqlite> for HistogramColumn<'r> {
    fn decode(value: SqliteValueRef<'r>) -> Result<Self, BoxDynError> {
        Ok(Self::Encoded(Decode::<Sqlite>::decode(value)?))
    }
}

impl Type<Postgres> for HistogramColumn<'_> {
    fn type_info() -> PgTypeInfo {
        <[u8] as Type<Postgres>>::type_info()
    }

    fn compatible(ty: &PgTypeInfo) -> bool {
        [<[u8] as Type<Postgres>>::type_info(), <[i32] as Type<Postgres>>::type_info()].contains(ty)
    }
}

impl<'r> Decode<'r, Postgres> for HistogramColumn<'r> {
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        let is_encoded = *sqlx::ValueRef::type_info(&value) == <[u8] as Type<Postgres>>::type_info();
        Ok(if is_encoded {
            Self::Encoded(Decode::<Postgres>::decode(value)?)
        } else {
            Self::Counts(Decode::<Postgres>::decode(value)?)
        })
    }
}
