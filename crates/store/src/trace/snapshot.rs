//! What an engine can tell about one state of its traces. Every answer is put together from these by what stands beside
//! this module, once for all engines, and all parts of an answer come from one snapshot.

use std::time::Duration;

use domain::{
    rollup::{
        group::GroupRow,
        plan::{self, Segment, Source, Unsettled},
        sums::Sums,
        window::Sought,
    },
    trace::cursor::Cursor,
};
use shared::{
    Timestamp,
    time_range::Window,
    trace::{Score, Trace},
};
use uuid::Uuid;

use super::{
    StoreError,
    detail::{StoredSpan, StoredTrace},
    list::{ListRequest, TraceFilter},
    thread::{ThreadListRequest, ThreadRequest, ThreadSums},
};

/// Which of the matching rows to read, newest first.
#[derive(Clone, Copy)]
pub(super) struct Part {
    pub(super) window: Window,
    /// Only those after this one; the window ends with its moment.
    pub(super) after: Option<Cursor>,
    /// Without so many of the newest.
    pub(super) offset: u64,
    pub(super) limit: usize,
}

/// What takes rows of rollups by agent and model.
pub(super) type AddGroup<'a> = dyn FnMut(&GroupRow<'_>) -> Result<(), StoreError> + Send + 'a;

/// A listed trace and its place in the order of lists.
pub(super) type Listed = (Trace, Cursor);

/// One state of one engine's traces. The futures are `Send`, since some answers are computed in tasks.
pub(super) trait Snapshot: Send {
    /// When the first trace at or after each of the moments starts. May be told as early as the last edge of a minute
    /// before it.
    fn next_starts(
        &mut self,
        workspace_id: Uuid,
        moments: &[Timestamp],
    ) -> impl Future<Output = Result<Vec<Option<Timestamp>>, StoreError>> + Send;

    /// What the rollups by agent and model of this window do not hold. Where they are kept in the transaction that
    /// writes the traces they hold everything.
    fn unsettled(
        &mut self,
        _workspace_id: Uuid,
        _window: Window,
    ) -> impl Future<Output = Result<Unsettled, StoreError>> + Send {
        async { Ok(Unsettled::default()) }
    }

    /// The sums of each segment.
    fn sums(
        &mut self,
        workspace_id: Uuid,
        segments: &[Segment],
    ) -> impl Future<Output = Result<Vec<Sums>, StoreError>> + Send;

    /// The sums of each step in the segments; a step that lies in several segments may be there several times.
    fn steps(
        &mut self,
        workspace_id: Uuid,
        segments: &[Segment],
        step: Duration,
    ) -> impl Future<Output = Result<Vec<(Timestamp, Sums)>, StoreError>> + Send;

    /// Hands over what each segment's rollup by agent and model holds, row by row.
    fn add_groups(
        &mut self,
        workspace_id: Uuid,
        segments: &[Segment],
        add: &mut AddGroup<'_>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// When the newest trace of each agent and model in each window started.
    fn newest_of(
        &mut self,
        workspace_id: Uuid,
        sought: &[Sought<'_>],
    ) -> impl Future<Output = Result<Vec<Option<Timestamp>>, StoreError>> + Send;

    /// How many traces of each of a segment's buckets match, newest first; a segment of raw rows is one bucket.
    fn counts(
        &mut self,
        workspace_id: Uuid,
        filter: &TraceFilter,
        segment: Segment,
    ) -> impl Future<Output = Result<Vec<(Timestamp, u64)>, StoreError>> + Send;

    /// Reads a part of the traces that match, row by row.
    fn rows(
        &mut self,
        request: &ListRequest,
        part: Part,
    ) -> impl Future<Output = Result<Vec<Listed>, StoreError>> + Send;

    /// The trace with this id.
    fn trace(
        &mut self,
        workspace_id: Uuid,
        trace_id: &str,
    ) -> impl Future<Output = Result<Option<StoredTrace>, StoreError>> + Send;

    /// The spans of the trace with this number, in the order of their start, then as they were sent.
    fn spans(&mut self, trace: i64) -> impl Future<Output = Result<Vec<StoredSpan>, StoreError>> + Send;

    /// The span with this id in the trace with this number.
    fn span(
        &mut self,
        trace: i64,
        span_id: &str,
    ) -> impl Future<Output = Result<Option<StoredSpan>, StoreError>> + Send;

    /// The scores of a trace, by name.
    fn scores(
        &mut self,
        workspace_id: Uuid,
        trace_id: &str,
    ) -> impl Future<Output = Result<Vec<Score>, StoreError>> + Send;

    /// What the traces of a session or user add up to, where it has any.
    fn thread_sums(
        &mut self,
        request: &ThreadRequest,
    ) -> impl Future<Output = Result<Option<ThreadSums>, StoreError>> + Send;

    /// A page of its traces, and one more where there are more.
    fn thread_rows(
        &mut self,
        request: &ThreadRequest,
    ) -> impl Future<Output = Result<Vec<StoredTrace>, StoreError>> + Send;

    /// Sessions or users with what they add up to, and how many there are in all.
    fn threads(
        &mut self,
        request: &ThreadListRequest,
    ) -> impl Future<Output = Result<(Vec<(String, ThreadSums)>, u64), StoreError>> + Send;

    /// A frame of payloads, as it was written.
    fn frame(&mut self, id: i64) -> impl Future<Output = Result<Option<Vec<u8>>, StoreError>> + Send;
}

/// Cuts windows into the segments in which the rollups of all traces answer them.
pub(super) async fn cut_totals(
    snapshot: &mut impl Snapshot,
    workspace_id: Uuid,
    windows: &[Window],
    rollups: &[Source],
) -> Result<Vec<Vec<Segment>>, StoreError> {
    let ends: Vec<_> = windows.iter().map(|window| window.end).collect();
    let next = snapshot.next_starts(workspace_id, &ends).await?;
    let rounded = windows.iter().zip(next).map(|(&window, next)| plan::round_up_end(window, next, rollups));
    Ok(rounded.map(|window| plan::segments(window, rollups)).collect())
}

/// Cuts a window into the segments in which the rollups by agent and model answer it.
pub(super) async fn cut_groups(
    snapshot: &mut impl Snapshot,
    workspace_id: Uuid,
    window: Window,
    rollups: &[Source],
) -> Result<Vec<Segment>, StoreError> {
    let next = snapshot.next_starts(workspace_id, &[window.end]).await?.pop().flatten();
    let window = plan::round_up_end(window, next, rollups);
    let unsettled = snapshot.unsettled(workspace_id, window).await?;
    Ok(plan::segments_around(window, rollups, &unsettled))
}
