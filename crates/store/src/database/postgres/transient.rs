//! Which failures pass by themselves, and trying again after them.

use std::time::Duration;

use sqlx::error::DatabaseError;

/// How often a transaction is tried in all.
const TRIES: u32 = 5;
/// How long the first pause is; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(25);

/// Whether the same is likely to succeed later: the server cannot be reached, is stopping or starting, is full of
/// connections or of data, or two transactions stood in each other's way. Anything else fails again in the same way.
#[must_use]
pub fn is_transient(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        // The process is stopping: another one will do it.
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(error) => {
            let code = error.code().unwrap_or_default();
            // By class: lost connections, out of resources (memory, disk, connections), the system's own I/O.
            // (53400 is a limit that the same statement meets every time.)
            code.starts_with("08")
                || code.starts_with("53") && code != "53400"
                || code.starts_with("58")
                || is_interrupted(code.as_ref())
                || is_conflict(code.as_ref())
        }
        _ => false,
    }
}

/// The server is stopping (57P01, 57P02), starting (57P03), or cut an idle session (57P05); a statement was cancelled, as
/// one is that waits for too long (57014); a lock was not to be had (55P03); the server only reads for now (25006), as
/// one does that has just been replaced.
fn is_interrupted(code: &str) -> bool {
    matches!(code, "57P01" | "57P02" | "57P03" | "57P05" | "57014" | "55P03" | "25006")
}

/// A serialization failure or a deadlock: the other transaction went on, and this one can.
fn is_conflict(code: &str) -> bool {
    matches!(code, "40001" | "40P01")
}

/// Whether a whole transaction that failed so is worth trying again at once. Not where the server was long in coming:
/// whoever waits has waited enough.
fn is_worth_retrying(error: &sqlx::Error) -> bool {
    match error {
        // A connection from the pool that broke while nobody looked.
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

/// Counts the tries of one transaction. It must be whole and safe to do twice: where a connection breaks at the commit,
/// nobody knows whether it was done.
#[derive(Debug, Default)]
pub(crate) struct Retries {
    failed: u32,
}

impl Retries {
    /// Takes a failure; after a pause answers whether to try again.
    pub(crate) async fn again(&mut self, error: &sqlx::Error) -> bool {
        self.failed += 1;
        if self.failed >= TRIES || !is_worth_retrying(error) {
            return false;
        }
        tracing::warn!(%error, failed = self.failed, "a transaction failed, trying it again");
        tokio::time::sleep(FIRST_PAUSE * 2_u32.pow(self.failed - 1)).await;
        true
    }
}

/// Whether the database refused this because of the constraint of that name.
pub(crate) fn breaks(error: &sqlx::Error, constraint: &str) -> bool {
    error.as_database_error().and_then(DatabaseError::constraint) == Some(constraint)
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[tokio::test]
    async fn a_lost_connection_is_tried_again_a_few_times() {
        let mut retries = Retries::default();
        let lost = sqlx::Error::Io(io::ErrorKind::ConnectionReset.into());
        let mut tries = 1;
        while retries.again(&lost).await {
            tries += 1;
        }
        assert_eq!(tries, TRIES);
    }

    #[tokio::test]
    async fn what_would_fail_again_is_not_tried_again() {
        for error in [sqlx::Error::RowNotFound, sqlx::Error::PoolTimedOut, sqlx::Error::PoolClosed] {
            assert!(!Retries::default().again(&error).await, "{error}");
        }
    }

    #[test]
    fn neither_a_full_pool_nor_one_that_is_closed_is_the_fault_of_what_was_to_be_written() {
        assert!(is_transient(&sqlx::Error::PoolTimedOut));
        assert!(is_transient(&sqlx::Error::PoolClosed));
        assert!(!is_transient(&sqlx::Error::ColumnNotFound("x".to_owned())));
    }
}
