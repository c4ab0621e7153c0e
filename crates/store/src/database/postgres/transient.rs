//! Transient errors and retries.

use std::time::Duration;

use sqlx::error::DatabaseError;

/// The number of attempts of a transaction.
const MAX_ATTEMPTS: u32 = 5;
/// The first pause between attempts. Each further pause is twice as long.
const INITIAL_DELAY: Duration = Duration::from_millis(25);

/// Returns whether a retry may succeed: the server is unreachable, stopping, starting, or out of resources, or two
/// transactions conflicted.
#[must_use]
pub fn is_transient(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        // This process is stopping; another one may succeed.
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(error) => {
            let code = error.code().unwrap_or_default();
            // By class: connection exceptions, insufficient resources, system errors. 53400 is a configured limit that the
            // same statement exceeds every time.
            code.starts_with("08")
                || code.starts_with("53") && code != "53400"
                || code.starts_with("58")
                || is_interrupted(code.as_ref())
                || is_conflict(code.as_ref())
        }
        _ => false,
    }
}

/// Returns whether the server is stopping (57P01, 57P02), starting (57P03), closed an idle session (57P05), cancelled the
/// statement, e.g. after its timeout (57014), did not grant a lock (55P03), or is read-only, e.g. after a failover (25006).
fn is_interrupted(code: &str) -> bool {
    matches!(code, "57P01" | "57P02" | "57P03" | "57P05" | "57014" | "55P03" | "25006")
}

/// Returns whether this is a serialization failure or a deadlock.
fn is_conflict(code: &str) -> bool {
    matches!(code, "40001" | "40P01")
}

/// Returns whether to retry a transaction at once. Timeouts are not retried: the caller has waited long enough.
fn is_retryable(error: &sqlx::Error) -> bool {
    match error {
        // An idle connection of the pool broke.
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) => true,
        sqlx::Error::Database(error) => {
            let code = error.code().unwrap_or_default();
            code.starts_with("08")
                || matches!(code.as_ref(), "57P01" | "57P02" | "57P03")
                || is_conflict(&code)
        }
        _ => false,
    }
}

/// Counts the attempts of one transaction, which must be safe to run twice: if the connection breaks at the commit, the
/// transaction may have been committed.
#[derive(Debug, Default)]
pub(crate) struct Retries {
    failed: u32,
}

impl Retries {
    /// Records a failure and returns, after a delay, whether to try again.
    pub(crate) async fn should_retry(&mut self, error: &sqlx::Error) -> bool {
        self.failed += 1;
        if self.failed >= MAX_ATTEMPTS || !is_retryable(error) {
            return false;
        }
        tracing::warn!(%error, failed = self.failed, "transaction failed, retrying");
        tokio::time::sleep(INITIAL_DELAY * 2_u32.pow(self.failed - 1)).await;
        true
    }
}

/// Returns whether an error is a violation of the constraint with this name.
pub(crate) fn violates(error: &sqlx::Error, constraint: &str) -> bool {
    error.as_database_error().and_then(DatabaseError::constraint) == Some(constraint)
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[tokio::test]
    async fn retries_after_a_lost_connection() {
        let mut retries = Retries::default();
        let lost = sqlx::Error::Io(io::ErrorKind::ConnectionReset.into());
        let mut attempts = 1;
        while retries.should_retry(&lost).await {
            attempts += 1;
        }
        assert_eq!(attempts, MAX_ATTEMPTS);
    }

    #[tokio::test]
    async fn does_not_retry_permanent_errors() {
        for error in [sqlx::Error::RowNotFound, sqlx::Error::PoolTimedOut, sqlx::Error::PoolClosed] {
            assert!(!Retries::default().should_retry(&error).await, "{error}");
        }
    }

    #[test]
    fn a_full_or_closed_pool_is_transient() {
        assert!(is_transient(&sqlx::Error::PoolTimedOut));
        assert!(is_transient(&sqlx::Error::PoolClosed));
        assert!(!is_transient(&sqlx::Error::ColumnNotFound("x".to_owned())));
    }
}
