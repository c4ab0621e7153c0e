//! What an engine can do in one transaction that changes traces. What is to be done stands beside this module, once for all
//! engines.

use std::collections::{HashMap, HashSet};

use domain::{
    rollup::change::Recount,
    trace::{assembly::Fact, record::NewTrace},
};

use super::{
    StoreError,
    recost::SpanCost,
    stored::{Numbered, Record, SpanRow, TraceName, TraceRow, Waiting},
};

/// One transaction on one engine, which nobody else that changes the same traces comes between. The futures are `Send`,
/// since they run in tasks.
pub(super) trait Writing: Send {
    /// The number of each of these traces and what there is of it, in their order. New ones get a number.
    fn numbered(
        &mut self,
        traces: &[TraceName<'_>],
    ) -> impl Future<Output = Result<Vec<Numbered>, StoreError>> + Send;

    /// How many spans the traces with these numbers have; nothing for those that have none.
    fn span_counts(
        &mut self,
        ids: &[i64],
    ) -> impl Future<Output = Result<HashMap<i64, usize>, StoreError>> + Send;

    /// What the spans of the traces with these numbers say.
    fn facts(
        &mut self,
        ids: &[i64],
    ) -> impl Future<Output = Result<HashMap<i64, Vec<Fact<'static>>>, StoreError>> + Send;

    /// Why a span of the trace with this number failed.
    fn error(
        &mut self,
        id: i64,
        span_id: &str,
    ) -> impl Future<Output = Result<Option<String>, StoreError>> + Send;

    /// Inserts spans, none of which is there, and the frames of their payloads.
    fn insert_spans(
        &mut self,
        rows: &[SpanRow<'_>],
        frames: &[(i64, &[u8])],
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Gives spans other costs, and answers the numbers of the traces in which one was not so before.
    fn recost_spans(
        &mut self,
        costs: &[SpanCost<'_>],
    ) -> impl Future<Output = Result<HashSet<i64>, StoreError>> + Send;

    /// Lets traces wait for their outermost span, or notes when the last span of one that does arrived.
    fn wait(&mut self, waiting: &[Waiting<'_>]) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Traces wait no more.
    fn end_waiting(
        &mut self,
        traces: &[TraceName<'_>],
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Inserts traces, none of which is there. Their numbers are known as theirs already.
    fn insert(&mut self, rows: &[TraceRow<'_>]) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Puts what comes second in the place of what comes first: the same trace, with its number and its quality.
    fn replace(
        &mut self,
        changes: &[(Record, Record)],
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Brings the rollups to what changed.
    fn recount(&mut self, recount: Recount<'_>) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Gives new traces the scores that came before them.
    fn score(&mut self, new: &[&NewTrace]) -> impl Future<Output = Result<(), StoreError>> + Send;
}
