//! Sums of all traces together: what the key figures and the plain charts are made of.

use std::{collections::BTreeMap, time::Duration};

use shared::{Timestamp, time_range::Window};
use sqlx::{Row, SqliteConnection};
use uuid::Uuid;

use super::{
    SqliteTraces, round_up_end,
    row::{self, raw_sums_columns, sums_columns},
};
use crate::store::trace::{
    StoreError,
    plan::{self, Segment, Source},
    sums::Sums,
};

impl SqliteTraces {
    pub(in crate::store::trace) async fn sums(
        &self,
        workspace_id: Uuid,
        windows: &[Window],
    ) -> Result<Vec<Sums>, StoreError> {
        // One transaction, so that all parts are read from the same state of the file.
        let mut snapshot = self.reader.begin().await?;
        let mut found = Vec::with_capacity(windows.len());
        for &window in windows {
            found.push(window_sums(&mut snapshot, workspace_id, window).await?);
        }
        Ok(found)
    }

    pub(in crate::store::trace) async fn sums_by_step(
        &self,
        workspace_id: Uuid,
        window: Window,
        step: Duration,
    ) -> Result<Vec<(Timestamp, Sums)>, StoreError> {
        let rollups = plan::within_step(Source::TOTALS, step);
        let mut snapshot = self.reader.begin().await?;
        let window = round_up_end(&mut snapshot, workspace_id, window, &rollups).await?;
        let mut steps: BTreeMap<Timestamp, Sums> = BTreeMap::new();
        for segment in plan::segments(window, &rollups) {
            let rows = sqlx::query(match segment.source {
                Source::Daily => concat!("SELECT bucket / $4 * $4, ", sums_columns!(), " FROM totals_daily WHERE workspace_id = $1 AND bucket >= $2 AND bucket < $3 GROUP BY 1"),
                Source::Hourly => concat!("SELECT bucket / $4 * $4, ", sums_columns!(), " FROM totals_hourly WHERE workspace_id = $1 AND bucket >= $2 AND bucket < $3 GROUP BY 1"),
                Source::Minutely => concat!("SELECT bucket / $4 * $4, ", sums_columns!(), " FROM totals_minutely WHERE workspace_id = $1 AND bucket >= $2 AND bucket < $3 GROUP BY 1"),
                Source::Raw => concat!("SELECT timestamp / $4 * $4, ", raw_sums_columns!(), " FROM traces WHERE workspace_id = $1 AND timestamp >= $2 AND timestamp < $3 GROUP BY 1"),
            })
            .bind(workspace_id)
            .bind(segment.start.as_micros())
            .bind(segment.end.as_micros())
            .bind(i64::try_from(step.as_micros()).unwrap_or(i64::MAX))
            .fetch_all(&mut *snapshot)
            .await?;
            for row in rows {
                *steps.entry(Timestamp::from_micros(row.try_get(0)?)).or_default() += row::sums(&row, 1)?;
            }
        }
        Ok(steps.into_iter().collect())
    }
}

/// The sums of one window, in the caller's snapshot.
pub(super) async fn window_sums(
    snapshot: &mut SqliteConnection,
    workspace_id: Uuid,
    window: Window,
) -> Result<Sums, StoreError> {
    let window = round_up_end(&mut *snapshot, workspace_id, window, Source::TOTALS).await?;
    let mut sums = Sums::default();
    for segment in plan::segments(window, Source::TOTALS) {
        sums += segment_sums(&mut *snapshot, workspace_id, segment).await?;
    }
    Ok(sums)
}

async fn segment_sums(
    snapshot: &mut SqliteConnection,
    workspace_id: Uuid,
    segment: Segment,
) -> Result<Sums, StoreError> {
    let row = sqlx::query(match segment.source {
        Source::Daily => concat!(
            "SELECT ",
            sums_columns!(),
            " FROM totals_daily WHERE workspace_id = $1 AND bucket >= $2 AND bucket < $3"
        ),
        Source::Hourly => concat!(
            "SELECT ",
            sums_columns!(),
            " FROM totals_hourly WHERE workspace_id = $1 AND bucket >= $2 AND bucket < $3"
        ),
        Source::Minutely => concat!(
            "SELECT ",
            sums_columns!(),
            " FROM totals_minutely WHERE workspace_id = $1 AND bucket >= $2 AND bucket < $3"
        ),
        Source::Raw => concat!(
            "SELECT ",
            raw_sums_columns!(),
            " FROM traces WHERE workspace_id = $1 AND timestamp >= $2 AND timestamp < $3"
        ),
    })
    .bind(workspace_id)
    .bind(segment.start.as_micros())
    .bind(segment.end.as_micros())
    .fetch_one(snapshot)
    .await?;
    row::sums(&row, 0)
}
