//! Hashing and checking passwords with bcrypt, away from the threads that serve requests. Knows no accounts: who is
//! unknown is told apart by the missing hash alone.

use std::{fmt, sync::Arc, thread::available_parallelism};

use tokio::{
    sync::Semaphore,
    task::{JoinError, spawn_blocking},
};

use crate::store::account::PasswordHash;

/// bcrypt's work factor in production: a quarter of a second or so.
pub const COST: u32 = 12;
/// Bytes that bcrypt reads; what comes after them would not count.
const MAX_BYTES: usize = shared::limit::PASSWORD_MAX_BYTES;

/// Why a password was not hashed or checked.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Longer than 72 bytes, or with a NUL in it: bcrypt would not tell it from others.
    #[error("the password cannot be hashed: it is longer than {MAX_BYTES} bytes or contains NUL")]
    Unhashable,
    /// The kept hash is damaged, the cost not allowed, or the system gives no random bytes.
    #[error("bcrypt failed")]
    Bcrypt(#[from] bcrypt::BcryptError),
    /// The server is going down.
    #[error("the work was stopped")]
    Stopped(#[from] JoinError),
}

/// Does the work, at most as much at once as there are cores, so that a flood of logins leaves the other blocking
/// threads alone. Clones share that bound.
#[derive(Clone)]
pub struct Passwords {
    cost: u32,
    /// What an unknown user's password is checked against.
    nobody: PasswordHash,
    turns: Arc<Semaphore>,
}

impl Passwords {
    /// Works at `cost` (4–31; [`COST`] in production): each step more doubles the time.
    #[must_use]
    pub fn new(cost: u32) -> Self {
        let cores = available_parallelism().map_or(1, usize::from);
        // Of the right form and cost, so that checking it takes the whole time. Making a real one would cost the start a
        // quarter of a second, and no password is known to fit this one either; `verify` does not rely on that.
        let nobody = PasswordHash::new(format!("$2b${cost:02}${}", ".".repeat(53)));
        Self { cost, nobody, turns: Arc::new(Semaphore::new(cores)) }
    }

    /// Hashes `password` with a new salt.
    ///
    /// # Errors
    /// [`PasswordError::Unhashable`] before any work; else where bcrypt fails or the server goes down.
    pub async fn hash(&self, password: &str) -> Result<PasswordHash, PasswordError> {
        if !hashable(password) {
            return Err(PasswordError::Unhashable);
        }
        let (password, cost) = (password.to_owned(), self.cost);
        let text = self.in_turn(move || bcrypt::hash(password, cost)).await??;
        Ok(PasswordHash::new(text))
    }

    /// Whether `password` fits `hash`. Where there is no hash, because there is no such user, the answer is no and takes
    /// just as long. A password that cannot have been hashed fits nothing, at once, whoever the user is.
    ///
    /// # Errors
    /// Where bcrypt fails, because the hash is damaged, or the server goes down.
    pub async fn verify(&self, password: &str, hash: Option<&PasswordHash>) -> Result<bool, PasswordError> {
        if !hashable(password) {
            return Ok(false);
        }
        let (password, known) = (password.to_owned(), hash.is_some());
        let hash = hash.unwrap_or(&self.nobody).clone();
        let fits = self.in_turn(move || bcrypt::verify(password, hash.as_str())).await??;
        Ok(fits && known)
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, JoinError> {
        // The semaphore is never closed. The work takes the permit along: when the caller goes away, the thread goes on
        // working, and its turn must not be given to another before it is done.
        let permit = Arc::clone(&self.turns).acquire_owned().await.ok();
        spawn_blocking(move || {
            let done = work();
            drop(permit);
            done
        })
        .await
    }
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passwords").field("cost", &self.cost).finish_non_exhaustive()
    }
}

/// bcrypt reads the password round and round with a NUL after it: one with a NUL inside may equal another.
fn hashable(password: &str) -> bool {
    password.len() <= MAX_BYTES && !password.contains('\0')
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        time::{Duration, Instant},
    };

    use super::*;

    #[tokio::test]
    async fn a_password_fits_its_own_hash_alone() {
        let passwords = Passwords::new(4);
        let hash = passwords.hash("correct horse").await.unwrap();
        assert!(hash.as_str().starts_with("$2b$04$"));
        assert!(passwords.verify("correct horse", Some(&hash)).await.unwrap());
        assert!(!passwords.verify("correct horsf", Some(&hash)).await.unwrap());
        assert!(!passwords.verify("correct horse", None).await.unwrap());
        assert_ne!(hash, passwords.hash("correct horse").await.unwrap());
    }

    #[tokio::test]
    async fn seventy_two_bytes_count_and_more_are_refused() {
        let passwords = Passwords::new(4);
        let longest = "x".repeat(72);
        let hash = passwords.hash(&longest).await.unwrap();
        assert!(passwords.verify(&longest, Some(&hash)).await.unwrap());
        assert!(!passwords.verify(&format!("{}y", &longest[..71]), Some(&hash)).await.unwrap());
        let longer = longest + "x";
        assert!(matches!(passwords.hash(&longer).await, Err(PasswordError::Unhashable)));
        assert!(!passwords.verify(&longer, Some(&hash)).await.unwrap());
    }

    #[tokio::test]
    async fn a_nul_does_not_make_one_password_equal_another() {
        let passwords = Passwords::new(4);
        let hash = passwords.hash("ab").await.unwrap();
        assert!(bcrypt::verify("ab\0ab", hash.as_str()).unwrap(), "bcrypt itself cannot tell them apart");
        assert!(!passwords.verify("ab\0ab", Some(&hash)).await.unwrap());
        assert!(matches!(passwords.hash("ab\0ab").await, Err(PasswordError::Unhashable)));
    }

    #[tokio::test]
    async fn a_damaged_hash_is_an_error_and_not_a_no() {
        let damaged = PasswordHash::new("$2b$04$short".to_owned());
        let answer = Passwords::new(4).verify("password", Some(&damaged)).await;
        assert!(matches!(answer, Err(PasswordError::Bcrypt(_))));
    }

    #[tokio::test]
    async fn an_unknown_user_takes_as_long_as_a_wrong_password() {
        let passwords = Passwords::new(9);
        let nobody: bcrypt::HashParts = passwords.nobody.as_str().parse().unwrap();
        assert_eq!(nobody.get_cost(), 9);
        let hash = passwords.hash("correct horse").await.unwrap();
        let fastest = async |hash: Option<&PasswordHash>| {
            let mut fastest = Duration::MAX;
            for _ in 0..5 {
                let start = Instant::now();
                assert!(!passwords.verify("wrong", hash).await.unwrap());
                fastest = fastest.min(start.elapsed());
            }
            fastest
        };
        let ratio = fastest(None).await.as_secs_f64() / fastest(Some(&hash)).await.as_secs_f64();
        assert!((0.4..2.5).contains(&ratio), "unknown / wrong = {ratio}");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn no_more_work_is_done_at_once_than_there_are_cores_even_for_callers_that_left() {
        let passwords = Passwords::new(4);
        let cores = available_parallelism().unwrap().get();
        let (working, most, done) = <(Arc<AtomicUsize>, Arc<AtomicUsize>, Arc<AtomicUsize>)>::default();
        let calls: Vec<_> = (0..cores * 8)
            .map(|call| {
                let (passwords, working, most, done) =
                    (passwords.clone(), working.clone(), most.clone(), done.clone());
                tokio::spawn(async move {
                    let work = passwords.in_turn(move || {
                        most.fetch_max(working.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        std::thread::yield_now();
                        bcrypt::hash("password", 6).unwrap();
                        working.fetch_sub(1, Ordering::SeqCst);
                        done.fetch_add(1, Ordering::SeqCst);
                    });
                    if call % 2 == 0 {
                        // Leaves as soon as its work has begun or a turn of the scheduler has passed.
                        tokio::select! { biased; _ = work => {}, () = tokio::task::yield_now() => {} }
                    } else {
                        work.await.unwrap();
                    }
                })
            })
            .collect();
        for call in calls {
            call.await.unwrap();
        }
        assert!(done.load(Ordering::SeqCst) >= cores * 4);
        assert!((1..=cores).contains(&most.load(Ordering::SeqCst)), "{most:?} at once on {cores} cores");
    }
}
