//! Sessions and users: in lists, and each with its traces.

use shared::{
    page::ItemList,
    session::{Thread, ThreadSummary},
    time_range::TimeRange,
};

use super::{ApiError, Asked, Client, client::segment};

/// What the traces of a thread have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThreadKind {
    /// The conversation.
    Session,
    /// The person.
    User,
}

impl ThreadKind {
    const fn path(self) -> &'static str {
        match self {
            Self::Session => "/api/v1/sessions",
            Self::User => "/api/v1/users",
        }
    }
}

impl Client {
    /// The sessions or users of `range`, the most recently active first, at most `limit`.
    pub fn threads(&self, kind: ThreadKind, range: TimeRange, limit: u32) -> Asked<ItemList<ThreadSummary>> {
        let query = range.to_query();
        self.get(
            kind.path(),
            &[
                ("range", query.range.as_deref()),
                ("start", query.start.as_deref()),
                ("end", query.end.as_deref()),
                ("limit", Some(&*limit.to_string())),
            ],
        )
    }

    /// A session or user with the first `pages` pages of its traces, of `limit` each, and where the next one begins.
    pub async fn thread(
        &self,
        kind: ThreadKind,
        id: &str,
        limit: u32,
        pages: usize,
    ) -> Result<Thread, ApiError> {
        let path = format!("{}/{}", kind.path(), segment(id));
        let limit = limit.to_string();
        let mut thread: Thread = self.get(&path, &[("limit", Some(&*limit))]).await?;
        for _ in 1..pages {
            let Some(cursor) = thread.next_cursor.take() else { break };
            let next: Thread =
                self.get(&path, &[("limit", Some(&*limit)), ("cursor", Some(&*cursor))]).await?;
            thread.items.extend(next.items);
            thread.next_cursor = next.next_cursor;
        }
        Ok(thread)
    }
}
