//! Hours that TimescaleDB's aggregates may hold without their newest traces and scores.
//!
//! An aggregate answers what it has refreshed from what it has stored, and everything after that from the traces
//! themselves. It refreshes up to three hours ago. So what is written into an hour that ended longer ago than that may not
//! show until the next refresh. Writers note such hours, with a margin, in the transaction that changes them; readers
//! leave noted hours out of the aggregates and read their traces; [`super::maintain`] refreshes them and strikes them off.

use std::{collections::BTreeSet, time::Duration};

use domain::rollup::plan::{Source, Unsettled};
use shared::{Timestamp, time_range::Window};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{database::moment::Moment, error::StoreError};

/// What ended longer ago may be refreshed: the `end_offset` of the policies.
pub(super) const REFRESHED_AFTER: Duration = Duration::from_secs(3 * 3600);

/// Notes the hours of these moments that ended more than an hour ago. The two hours between that and the refreshes are
/// for transactions that take long, and for clocks.
pub(super) async fn note(
    connection: &mut PgConnection,
    moments: impl Iterator<Item = (Uuid, Timestamp)>,
) -> Result<(), StoreError> {
    let hours: BTreeSet<_> =
        moments.map(|(workspace_id, moment)| (workspace_id, moment.floor(Source::Hourly.bucket()))).collect();
    sqlx::query(
        "INSERT INTO traces_stale (workspace_id, hour) \
         SELECT * FROM UNNEST($1::UUID[], $2::TIMESTAMPTZ[]) AS written (workspace_id, hour) \
         WHERE hour < now() - INTERVAL '2 hours'",
    )
    .bind(hours.iter().map(|&(workspace_id, _)| workspace_id).collect::<Vec<_>>())
    .bind(hours.iter().map(|&(_, hour)| Moment(hour)).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

/// What the aggregates of this window do not hold. Days that may not be refreshed yet are put together of hours, most of
/// which are: otherwise such a day would be computed from all its traces.
pub(super) async fn unsettled(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    window: Window,
) -> Result<Unsettled, StoreError> {
    let (hours, days_from): (Vec<Moment>, Moment) = sqlx::query_as(
        "SELECT ARRAY(SELECT DISTINCT hour FROM traces_stale WHERE workspace_id = $1 AND hour >= $2 AND hour < $3), \
         now() - INTERVAL '2 days'",
    )
    .bind(workspace_id)
    // The first hour of the window may begin before it.
    .bind(Moment(window.start.floor(Source::Hourly.bucket())))
    .bind(Moment(window.end))
    .fetch_one(connection)
    .await?;
    let hours = hours.into_iter().map(|Moment(hour)| hour).collect();
    Ok(Unsettled { hours, days_from: Some(days_from.0) })
}
