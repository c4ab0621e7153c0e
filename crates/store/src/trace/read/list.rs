//! Requests for lists of traces, and their results.

use domain::trace::cursor::Cursor;
use shared::{
    Timestamp,
    time_range::Window,
    trace::{Trace, TraceStatus},
};
use uuid::Uuid;

/// A request for a page of traces.
#[derive(Clone, Debug)]
pub struct ListRequest {
    /// The workspace.
    pub workspace_id: Uuid,
    /// The window in which the traces start.
    pub window: Window,
    /// The filter that the traces match.
    pub filter: TraceFilter,
    /// The maximum number of traces.
    pub limit: u32,
    /// The start of the page.
    pub from: Start,
}

impl ListRequest {
    /// Requests the newest traces of a window.
    #[must_use]
    pub fn first(workspace_id: Uuid, window: Window, limit: u32) -> Self {
        Self { workspace_id, window, filter: TraceFilter::default(), limit, from: Start::Offset(0) }
    }
}

/// A filter of traces. `None` matches everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TraceFilter {
    /// The agent.
    pub agent_id: Option<String>,
    /// The model; an empty name matches traces without a model.
    pub model: Option<String>,
    /// The status.
    pub status: Option<TraceStatus>,
    /// The session.
    pub session_id: Option<String>,
    /// The end user.
    pub user_id: Option<String>,
}

impl TraceFilter {
    /// Returns whether every trace matches.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns whether matches are counted row by row, through an index: rollups contain agents, models and statuses, but not
    /// sessions and end users, which have few traces each.
    pub(super) fn is_by_row(&self) -> bool {
        !Self { agent_id: None, model: None, status: None, ..self.clone() }.is_empty()
    }

    /// Returns whether matches are counted in the rollups by agent and model instead of the totals.
    pub(super) fn is_grouped(&self) -> bool {
        self.agent_id.is_some() || self.model.is_some()
    }
}

/// The start of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// After this number of traces.
    Offset(u64),
    /// After this trace.
    After(Cursor),
}

/// A page of traces.
#[derive(Clone, Debug)]
pub struct ListPage {
    /// The traces, newest first.
    pub items: Vec<Trace>,
    /// The number of traces that match.
    pub total: u64,
    /// The start of the next page, or `None` on the last page.
    pub next: Option<Cursor>,
}

/// A range of the matching traces, newest first.
#[derive(Clone, Copy)]
pub(super) struct Part {
    pub(super) window: Window,
    /// Only traces after this one. The window then ends just after its start.
    pub(super) after: Option<Cursor>,
    /// The number of traces to skip.
    pub(super) offset: u64,
    pub(super) limit: usize,
}

/// The number of matching traces in a bucket.
pub(super) type BucketCount = (Timestamp, u64);
