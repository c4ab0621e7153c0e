//! Sums and latency histograms by agent or model: what grouped charts, percentiles and top lists are made of.

use std::time::Duration;

use futures_util::TryStreamExt;
use shared::{Timestamp, metric::Dimension, time_range::Window};
use sqlx::{Row, sqlite::SqliteRow};
use uuid::Uuid;

use super::{SqliteTraces, round_up_end, row};
use crate::store::trace::{
    StoreError,
    plan::{self, Source},
    sums::{Distribution, GroupedSums, Sums},
};

impl SqliteTraces {
    pub(in crate::store::trace) async fn sums_by_group(
        &self,
        workspace_id: Uuid,
        window: Window,
        step: Option<Duration>,
        group: Option<Dimension>,
    ) -> Result<GroupedSums, StoreError> {
        let rollups =
            step.map_or_else(|| Source::GROUPS.to_vec(), |step| plan::within_step(Source::GROUPS, step));
        let step_of = |moment: Timestamp| step.map_or(window.start, |step| moment.floor(step));
        let mut snapshot = self.reader.begin().await?;
        let rounded = round_up_end(&mut snapshot, workspace_id, window, &rollups).await?;
        let mut found = GroupedSums::new();
        for segment in plan::segments(rounded, &rollups) {
            let mut rows = sqlx::query(match segment.source {
                Source::Daily => "SELECT bucket, agent_id, model, requests, errors, timeouts, latency, tokens, cost, scored, quality, histogram FROM traces_daily WHERE workspace_id = $1 AND bucket >= $2 AND bucket < $3",
                Source::Hourly => "SELECT bucket, agent_id, model, requests, errors, timeouts, latency, tokens, cost, scored, quality, histogram FROM traces_hourly WHERE workspace_id = $1 AND bucket >= $2 AND bucket < $3",
                Source::Minutely | Source::Raw => "SELECT timestamp, agent_id, COALESCE(model, ''), 1, status = 1, status = 2, latency, COALESCE(tokens_total, 0), COALESCE(cost, 0), quality IS NOT NULL, COALESCE(quality, 0) FROM traces WHERE workspace_id = $1 AND timestamp >= $2 AND timestamp < $3",
            })
            .bind(workspace_id)
            .bind(segment.start.as_micros())
            .bind(segment.end.as_micros())
            .fetch(&mut *snapshot);
            while let Some(row) = rows.try_next().await? {
                let steps = found.entry(key(&row, group)?).or_default();
                let distribution = steps.entry(step_of(Timestamp::from_micros(row.try_get(0)?))).or_default();
                add(distribution, &row, segment.source)?;
            }
        }
        Ok(found)
    }
}

fn key(row: &SqliteRow, group: Option<Dimension>) -> Result<Option<String>, StoreError> {
    let key: &str = match group {
        None => return Ok(None),
        Some(Dimension::Agent) => row.try_get(1)?,
        Some(Dimension::Model) => row.try_get(2)?,
    };
    Ok((!key.is_empty()).then(|| key.to_owned()))
}

fn add(distribution: &mut Distribution, row: &SqliteRow, source: Source) -> Result<(), StoreError> {
    let sums: Sums = row::sums(row, 3)?;
    distribution.sums += sums;
    if source == Source::Raw {
        distribution.latencies.record(sums.latency);
        return Ok(());
    }
    distribution.latencies.merge_encoded(row.try_get(11)?)
}
