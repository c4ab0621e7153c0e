//! Making traces of all those that have waited long enough: how to go on after each part of them, whatever the engine.
//! What is done is told even where the rest fails, and a trace that cannot be promoted holds up none behind it.

use uuid::Uuid;

use super::StoreError;

/// Waiting traces that are promoted in one transaction at most.
const AT_ONCE: i64 = 256;

/// How far a promotion has come.
#[derive(Default)]
pub(super) struct Promotion {
    workspaces: Vec<Uuid>,
    /// Something failed: one trace at a time from then on, to find which it is.
    one_by_one: bool,
}

/// What is to be done next.
pub(super) enum Next {
    /// The next part.
    Promote,
    /// The first that is due is to wait on, as if something of it had just come.
    PutOff,
    /// Nothing: these are the workspaces whose traces were promoted.
    End(Vec<Uuid>),
}

impl Promotion {
    /// How many traces the next part is to have at most.
    pub(super) fn at_once(&self) -> i64 {
        if self.one_by_one { 1 } else { AT_ONCE }
    }

    /// What follows from what became of a part: whose traces were promoted, nothing where none were left.
    ///
    /// # Errors
    /// Where nothing was done, and nothing can be at the moment.
    pub(super) fn after(&mut self, done: Result<Option<Vec<Uuid>>, StoreError>) -> Result<Next, StoreError> {
        match done {
            Ok(Some(changed)) => self.workspaces.extend(changed),
            Ok(None) => return Ok(self.end()),
            Err(error) if error.is_transient() && self.workspaces.is_empty() => return Err(error),
            // What was done is to be told; the next call meets the same error.
            Err(error) if error.is_transient() => {
                tracing::warn!(?error, "not all traces that wait were promoted, trying again later");
                return Ok(self.end());
            }
            Err(_) if !self.one_by_one => self.one_by_one = true,
            Err(error) => {
                tracing::error!(?error, "a trace that waits cannot be promoted");
                return Ok(Next::PutOff);
            }
        }
        Ok(Next::Promote)
    }

    fn end(&mut self) -> Next {
        self.workspaces.sort_unstable();
        self.workspaces.dedup();
        Next::End(std::mem::take(&mut self.workspaces))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn what_was_promoted_is_told_where_the_next_part_fails() {
        let away = || Err(StoreError::Database(sqlx::Error::PoolTimedOut));
        let workspace_id = Uuid::new_v4();
        let mut promotion = Promotion::default();
        assert!(promotion.after(away()).is_err(), "there is nothing to tell");
        promotion.after(Ok(Some(vec![workspace_id, workspace_id]))).unwrap();
        let Next::End(told) = promotion.after(away()).unwrap() else { panic!("the engine is away") };
        assert_eq!(told, [workspace_id]);
    }

    #[test]
    fn after_a_failure_one_at_a_time_is_promoted_or_put_off() {
        let broken = || Err(StoreError::corrupt("it is".to_owned()));
        let mut promotion = Promotion::default();
        assert!(promotion.at_once() > 1);
        assert!(matches!(promotion.after(broken()).unwrap(), Next::Promote));
        assert_eq!(promotion.at_once(), 1);
        assert!(matches!(promotion.after(broken()).unwrap(), Next::PutOff));
        assert!(matches!(promotion.after(Ok(None)).unwrap(), Next::End(_)));
    }
}
