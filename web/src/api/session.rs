//! Sessions and end users: the lists, and each with its traces.

use shared::{
    page::ItemList,
    session::{SessionDetail, SessionListQuery, SessionQuery, SessionSummary},
    time_range::TimeRange,
};

use super::{ApiError, ApiRequest, Client, client::item};

/// The property that groups traces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionKind {
    /// The traces of one session.
    Session,
    /// The traces of one end user.
    EndUser,
}

impl SessionKind {
    const fn path(self) -> &'static str {
        match self {
            Self::Session => "/api/v1/sessions",
            Self::EndUser => "/api/v1/users",
        }
    }
}

impl Client {
    /// Lists at most `limit` sessions or end users of `range`, the most recently active first.
    pub fn list_sessions(
        &self,
        kind: SessionKind,
        range: TimeRange,
        limit: u32,
    ) -> ApiRequest<ItemList<SessionSummary>> {
        self.get_list(kind.path(), &SessionListQuery { time_range: range.to_query(), limit: Some(limit) })
    }

    /// Gets a session or end user with the first `pages` pages of its traces, `limit` traces each, and the cursor of the
    /// next page.
    pub async fn get_session(
        &self,
        kind: SessionKind,
        id: &str,
        limit: u32,
        pages: usize,
    ) -> Result<SessionDetail, ApiError> {
        let path = item(kind.path(), id, "");
        let page = |cursor| self.get::<SessionDetail>(&path, &SessionQuery { limit: Some(limit), cursor });
        let mut session = page(None).await?;
        for _ in 1..pages {
            let Some(cursor) = session.next_cursor.take() else { break };
            let next = page(Some(cursor)).await?;
            session.items.extend(next.items);
            session.next_cursor = next.next_cursor;
        }
        Ok(session)
    }
}
