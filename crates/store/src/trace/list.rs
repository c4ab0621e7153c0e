//! What a list of traces is asked for, and what it answers.

use domain::trace::cursor::Cursor;
use shared::{
    Timestamp,
    time_range::Window,
    trace::{Trace, TraceStatus},
};
use uuid::Uuid;

/// Which traces, and which page of them.
#[derive(Clone, Debug)]
pub struct ListRequest {
    /// Whose.
    pub workspace_id: Uuid,
    /// Those that started in here.
    pub window: Window,
    /// Those that match this.
    pub filter: TraceFilter,
    /// How many at most.
    pub limit: u32,
    /// Where to begin.
    pub from: Start,
}

impl ListRequest {
    /// The newest traces of a window.
    #[must_use]
    pub fn first(workspace_id: Uuid, window: Window, limit: u32) -> Self {
        Self { workspace_id, window, filter: TraceFilter::default(), limit, from: Start::Offset(0) }
    }
}

/// What a trace must be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TraceFilter {
    /// Of this agent.
    pub agent_id: Option<String>,
    /// Of this model; the empty name means of none.
    pub model: Option<String>,
    /// Ended so.
    pub status: Option<TraceStatus>,
    /// Of this session.
    pub session_id: Option<String>,
    /// Of this user.
    pub user_id: Option<String>,
}

impl TraceFilter {
    /// Whether every trace matches.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether matches are found through an index of the rows: no rollup knows sessions and users, and neither has so many
    /// traces that reading its own would take long.
    pub(super) fn is_by_row(&self) -> bool {
        self.session_id.is_some() || self.user_id.is_some()
    }
}

/// Where a page begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// After this many traces.
    Offset(u64),
    /// After this trace.
    After(Cursor),
}

/// A page of traces.
#[derive(Clone, Debug)]
pub struct ListPage {
    /// The traces.
    pub items: Vec<Trace>,
    /// How many match in all.
    pub total: u64,
    /// Where the next page begins; nothing after the last one.
    pub next: Option<Cursor>,
}
