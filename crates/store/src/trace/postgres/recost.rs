//! What traces used, and costs that become others.

use domain::trace::usage::{Recost, TraceUsage};
use uuid::Uuid;

use super::{
    PostgresTraces,
    write::lock_workspaces,
    writing::{PostgresWriting, span_counts},
};
use crate::{
    database::{moment::Moment, postgres::Retries},
    error::StoreError,
    trace::{
        recost::{self, UsagePage, usage_columns},
        stored::{Record, record_columns},
    },
};

impl PostgresTraces {
    pub(in crate::trace) async fn usages(&self, page: UsagePage) -> Result<Vec<TraceUsage>, StoreError> {
        let mut retries = Retries::default();
        loop {
            match self.try_usages(page).await {
                Err(StoreError::Database(error)) if retries.again(&error).await => {}
                done => return done,
            }
        }
    }

    async fn try_usages(&self, page: UsagePage) -> Result<Vec<TraceUsage>, StoreError> {
        let mut transaction = self.begin_read().await?;
        let cursor = page.cursor();
        let rows = sqlx::query(concat!(
            "SELECT ",
            record_columns!(),
            " FROM traces WHERE workspace_id = $1 AND timestamp >= $2 AND timestamp < $3 AND (timestamp > $4 OR id > $5) \
             ORDER BY timestamp, id LIMIT $6"
        ))
        .bind(page.workspace_id)
        .bind(Moment(page.start()))
        .bind(Moment(page.window.end))
        .bind(Moment(cursor.timestamp))
        .bind(cursor.id)
        .bind(page.limit)
        .fetch_all(&mut *transaction)
        .await?;
        let mut records = rows.iter().map(Record::read).collect::<Result<Vec<_>, _>>()?;
        let all: Vec<i64> = records.iter().map(|record| record.id).collect();
        recost::within_bound(&mut records, &span_counts(&mut transaction, &all).await?);
        let ids = all[..records.len()].to_vec();
        let rows = sqlx::query(concat!(
            "SELECT ",
            usage_columns!(),
            " FROM spans WHERE trace = ANY($1) ORDER BY trace, span_id"
        ))
        .bind(ids)
        .fetch_all(&mut *transaction)
        .await?;
        let spans = rows.iter().map(recost::span_usage).collect::<Result<Vec<_>, _>>()?;
        Ok(recost::with_spans(records, spans))
    }

    pub(in crate::trace) async fn recost(
        &self,
        workspace_id: Uuid,
        recosts: &[Recost],
    ) -> Result<usize, StoreError> {
        let mut retries = Retries::default();
        loop {
            match self.try_recost(workspace_id, recosts).await {
                Err(StoreError::Database(error)) if retries.again(&error).await => {}
                done => return done,
            }
        }
    }

    async fn try_recost(&self, workspace_id: Uuid, recosts: &[Recost]) -> Result<usize, StoreError> {
        let mut transaction = self.begin_write().await?;
        lock_workspaces(&mut transaction, std::iter::once(workspace_id)).await?;
        let mut writing = PostgresWriting::new(&mut transaction, self.layout);
        let changed = recost::recost(&mut writing, workspace_id, recosts).await?;
        transaction.commit().await?;
        Ok(changed)
    }
}
