//! Write operations. Each file contains public operations of the store and the statements of a
//! [`WriteTransaction`](super::transaction::WriteTransaction) that they need. Statements over many rows are built by
//! [`bulk`](super::bulk).

mod assemble;
pub(super) mod batch;
mod frame;
pub(super) mod incoming;
pub(super) mod insert;
pub(super) mod pending;
mod promote;
pub(super) mod record;
mod reprice;
mod rollup;
mod score;
mod summary;
mod trace;

use domain::{
    rollup::change::RollupChange,
    trace::record::{IncomingSpan, NewTrace},
};
use tracing::instrument;

pub(super) use self::promote::DueTrace;
use self::{batch::TraceBatch, incoming::SpanBatch};
use super::{TraceStore, transaction::WriteTransaction};
use crate::{database::retrying, error::StoreError};

/// The result of a write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WriteSummary {
    /// The number of traces or incoming spans that were not stored before.
    pub new: usize,
    /// The number of incoming spans that were dropped because their trace has too many spans.
    pub dropped: usize,
}

impl TraceStore {
    /// Writes traces with their spans and rollups in one transaction. Traces that exist already (by workspace and trace id,
    /// in the store or earlier in `traces`) are not changed and do not count.
    ///
    /// # Errors
    /// Returns an error if the transaction was not committed.
    #[instrument(level = "debug", skip_all, fields(db.system.name = self.system(), db.operation.name = "INSERT"))]
    pub async fn write(&self, traces: &[&NewTrace]) -> Result<WriteSummary, StoreError> {
        let mut batch = TraceBatch::new(traces)?;
        // If the first attempt was committed after all, the second finds that every trace exists.
        retrying!(async { self.begin_write().await?.write(&mut batch).await })
    }

    /// Writes incoming spans and assembles their traces again, in one transaction. Spans that exist already (by workspace,
    /// trace and span id) are not changed. A trace is pending until its root span arrives, and counts from then on.
    ///
    /// # Errors
    /// Returns an error if the transaction was not committed.
    #[instrument(level = "debug", skip_all, fields(db.system.name = self.system(), db.operation.name = "INSERT"))]
    pub async fn write_spans(&self, spans: &[&IncomingSpan]) -> Result<WriteSummary, StoreError> {
        let mut batch = SpanBatch::new(spans)?;
        // If the first attempt was committed after all, the second finds that every span exists.
        retrying!(async { self.begin_write().await?.write_spans(&mut batch).await })
    }
}

impl WriteTransaction {
    async fn write(mut self, batch: &mut TraceBatch<'_>) -> Result<WriteSummary, StoreError> {
        let new = self.insert_batch(batch).await?;
        if new.is_empty() {
            return Ok(WriteSummary::default());
        }
        self.change_rollups(RollupChange::of_new(&new)).await?;
        self.apply_pending_scores(&new).await?;
        self.transaction.commit().await?;
        Ok(WriteSummary { new: new.len(), dropped: 0 })
    }

    async fn write_spans(mut self, batch: &mut SpanBatch<'_>) -> Result<WriteSummary, StoreError> {
        self.prepare_spans(batch).await?;
        let written = self.assemble(batch).await?;
        self.transaction.commit().await?;
        Ok(written)
    }
}
