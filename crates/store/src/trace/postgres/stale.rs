//! Hours in which TimescaleDB's aggregates may lack traces and scores.
//!
//! Aggregates are refreshed up to three hours ago. Up to there they return what is materialized, and after it what they
//! compute from the traces. A trace or score that is written into an older hour is therefore missing until the next refresh.
//! Writers record such hours, with a margin, in the transaction that changes them. Readers read the traces of recorded hours
//! instead of the aggregates. [`super::maintain`] refreshes recorded hours and deletes them from the list.

use std::{collections::BTreeSet, time::Duration};

use domain::rollup::plan::{Source, StaleBuckets};
use shared::{Timestamp, time_range::Window};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{database::timestamp::SqlTimestamp, error::StoreError};

/// The age at which a bucket may be refreshed: the `end_offset` of the policies.
pub(super) const REFRESHED_AFTER: Duration = Duration::from_secs(3 * 3600);

/// Records the hours of these times that ended more than an hour ago. The margin of two hours before a refresh allows
/// for long transactions and clock skew.
pub(in crate::trace) async fn mark(
    connection: &mut PgConnection,
    times: impl Iterator<Item = (Uuid, Timestamp)>,
) -> Result<(), StoreError> {
    let hours: BTreeSet<_> =
        times.map(|(workspace_id, moment)| (workspace_id, moment.floor(Source::Hourly.bucket()))).collect();
    sqlx::query(
        "INSERT INTO traces_stale (workspace_id, hour) \
         SELECT * FROM UNNEST($1::UUID[], $2::TIMESTAMPTZ[]) AS written (workspace_id, hour) \
         WHERE hour < now() - INTERVAL '2 hours'",
    )
    .bind(hours.iter().map(|&(workspace_id, _)| workspace_id).collect::<Vec<_>>())
    .bind(hours.iter().map(|&(_, hour)| SqlTimestamp(hour)).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

/// Returns the buckets of a window that the aggregates do not contain. The newest days are read by hour: their hours are
/// materialized except for the last ones, while the day would be computed from all of its traces.
pub(in crate::trace) async fn stale_buckets(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    window: Window,
) -> Result<StaleBuckets, StoreError> {
    let (hours, days_from): (Vec<SqlTimestamp>, SqlTimestamp) = sqlx::query_as(
        "SELECT ARRAY(SELECT DISTINCT hour FROM traces_stale WHERE workspace_id = $1 AND hour >= $2 AND hour < $3), \
         now() - INTERVAL '2 days'",
    )
    .bind(workspace_id)
    // The first hour may start before the window.
    .bind(SqlTimestamp(window.start.floor(Source::Hourly.bucket())))
    .bind(SqlTimestamp(window.end))
    .fetch_one(connection)
    .await?;
    let hours = hours.into_iter().map(|SqlTimestamp(hour)| hour).collect();
    Ok(StaleBuckets { hours, days_from: Some(days_from.0) })
}
