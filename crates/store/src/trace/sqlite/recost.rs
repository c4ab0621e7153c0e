//! What traces used, and costs that become others.

use std::sync::LazyLock;

use domain::trace::usage::{Recost, TraceUsage};
use sqlx::Arguments;
use uuid::Uuid;

use super::{
    SqliteTraces,
    bulk::Bulk,
    writing::{SqliteWriting, span_counts},
};
use crate::{
    error::StoreError,
    trace::{
        recost::{self, UsagePage, usage_columns},
        stored::{Record, record_columns},
    },
};

static SELECT_SPANS: LazyLock<Bulk> = LazyLock::new(|| {
    let tail = concat!(
        ") SELECT ",
        usage_columns!(),
        " FROM k CROSS JOIN spans ON trace = k.number ORDER BY trace, span_id"
    );
    Bulk::new("WITH k (number) AS (VALUES", 1, tail, false)
});

impl SqliteTraces {
    pub(in crate::trace) async fn usages(&self, page: UsagePage) -> Result<Vec<TraceUsage>, StoreError> {
        let mut transaction = self.begin_read().await?;
        let cursor = page.cursor();
        let rows = sqlx::query(concat!(
            "SELECT ",
            record_columns!(),
            " FROM traces WHERE workspace_id = $1 AND timestamp >= $2 AND timestamp < $3 AND (timestamp > $4 OR id > $5) \
             ORDER BY timestamp, id LIMIT $6"
        ))
        .bind(page.workspace_id)
        .bind(page.start().as_micros())
        .bind(page.window.end.as_micros())
        .bind(cursor.timestamp.as_micros())
        .bind(cursor.id)
        .bind(page.limit)
        .fetch_all(&mut *transaction)
        .await?;
        let mut records = rows.iter().map(Record::read).collect::<Result<Vec<_>, _>>()?;
        let all: Vec<i64> = records.iter().map(|record| record.id).collect();
        recost::within_bound(&mut records, &span_counts(&mut transaction, &all).await?);
        let ids = all[..records.len()].to_vec();
        let mut spans = Vec::new();
        for piece in SELECT_SPANS.pieces(&ids, |arguments, id| arguments.add(*id)) {
            for row in piece?.query().fetch_all(&mut *transaction).await? {
                spans.push(recost::span_usage(&row)?);
            }
        }
        Ok(recost::with_spans(records, spans))
    }

    pub(in crate::trace) async fn recost(
        &self,
        workspace_id: Uuid,
        recosts: &[Recost],
    ) -> Result<usize, StoreError> {
        let mut transaction = self.begin_write().await?;
        let changed = recost::recost(&mut SqliteWriting(&mut transaction), workspace_id, recosts).await?;
        transaction.commit().await?;
        Ok(changed)
    }
}
