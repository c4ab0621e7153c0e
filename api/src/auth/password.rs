//! Hashes and verifies passwords with bcrypt on blocking threads. Independent of the accounts: an unknown account is a
//! missing hash.

use std::{
    fmt,
    sync::{Arc, LazyLock},
    thread::available_parallelism,
};

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use shared::limit;
use store::account::PasswordHash;
use tokio::{
    sync::Semaphore,
    task::{JoinError, spawn_blocking},
};

use crate::error::ApiError;

/// The work factor of bcrypt in production: about 250 ms.
pub const COST: u32 = 12;
/// The number of bytes that bcrypt reads; it ignores the rest. Longer passwords are hashed before.
const BCRYPT_BYTES: usize = 72;
/// The key of that hash: distinguishes it from other uses of HMAC-SHA-256.
const LONG_PASSWORD_KEY: &[u8] = b"agent-obs long password";
/// The most common passwords of at least 8 characters, one on each line, in lower case and sorted. From Django (BSD-3-Clause),
/// where Royce Williams contributed the list.
const COMMON: &str = include_str!("common_passwords.txt");

/// Why a password could not be hashed or verified.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Contains NUL: bcrypt could not distinguish it from others.
    #[error("the password cannot be hashed: it contains NUL")]
    Unhashable,
    /// The stored hash is damaged, the cost is not allowed, or the system provides no random bytes.
    #[error("bcrypt failed")]
    Bcrypt(#[from] bcrypt::BcryptError),
    /// The server is shutting down.
    #[error("the computation was aborted")]
    Stopped(#[from] JoinError),
}

/// Hashes and verifies passwords, with at most as many computations at once as there are cores, so that a flood of
/// logins does not occupy all blocking threads. Clones share that limit.
#[derive(Clone)]
pub struct Passwords {
    cost: u32,
    /// The hash against which the password of an unknown account is checked.
    dummy: PasswordHash,
    permits: Arc<Semaphore>,
}

impl Passwords {
    /// Creates a hasher with the work factor `cost` (4 to 31; [`COST`] in production). Each step doubles the time.
    #[must_use]
    pub fn new(cost: u32) -> Self {
        let cores = available_parallelism().map_or(1, usize::from);
        // A well-formed hash of the same cost, so that checking it takes the full time. Computing a real one would
        // delay the start by 250 ms. No known password matches it, but `verify` does not rely on that.
        let dummy = PasswordHash::new(format!("$2b${cost:02}${}", ".".repeat(53)));
        Self { cost, dummy, permits: Arc::new(Semaphore::new(cores)) }
    }

    /// Hashes `password` with a new salt.
    ///
    /// # Errors
    /// Returns [`PasswordError::Unhashable`] before any computation, or an error if bcrypt fails or the server shuts
    /// down.
    pub async fn hash(&self, password: &str) -> Result<PasswordHash, PasswordError> {
        if !hashable(password) {
            return Err(PasswordError::Unhashable);
        }
        let (password, cost) = (prepare(password), self.cost);
        let text = self.run(move || bcrypt::hash(password, cost)).await??;
        Ok(PasswordHash::new(text))
    }

    /// Returns whether `password` matches `hash`. Without a hash, for an unknown account or one without a password, returns
    /// false after the same time. A password that cannot be hashed never matches and is rejected immediately for all accounts.
    ///
    /// # Errors
    /// Returns an error if bcrypt fails, because the hash is damaged, or the server shuts down.
    pub async fn verify(&self, password: &str, hash: Option<&PasswordHash>) -> Result<bool, PasswordError> {
        if !hashable(password) {
            return Ok(false);
        }
        let hash = hash.filter(|hash| !hash.is_none());
        let (password, known) = (prepare(password), hash.is_some());
        let hash = hash.unwrap_or(&self.dummy).clone();
        let matches = self.run(move || bcrypt::verify(password, hash.as_str())).await??;
        Ok(matches && known)
    }

    /// Returns whether a password sent by a client matches: as [`Passwords::verify`], but false for what cannot be a password.
    ///
    /// # Errors
    /// Returns an error if bcrypt fails or the server shuts down.
    pub async fn matches(&self, password: &str, hash: Option<&PasswordHash>) -> Result<bool, ApiError> {
        if password.is_empty() || password.chars().count() > limit::PASSWORD_MAX_CHARS {
            return Ok(false);
        }
        self.verify(password, hash).await.map_err(ApiError::internal)
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, JoinError> {
        // The semaphore is never closed. The computation holds the permit: if the caller is cancelled, the thread
        // continues, and its slot must remain occupied until it ends.
        let permit = Arc::clone(&self.permits).acquire_owned().await.ok();
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

/// bcrypt repeats the password with a NUL after it: a password that contains NUL may be equivalent to another one.
fn hashable(password: &str) -> bool {
    !password.contains('\0')
}

/// Returns what bcrypt hashes: the password, or an HMAC of it if it is too long for bcrypt.
fn prepare(password: &str) -> String {
    if password.len() <= BCRYPT_BYTES {
        return password.to_owned();
    }
    let mut block = [0; 64];
    block[..LONG_PASSWORD_KEY.len()].copy_from_slice(LONG_PASSWORD_KEY);
    let mut mac: Hmac<Sha256> = Hmac::new(&block.into());
    mac.update(password.as_bytes());
    STANDARD_NO_PAD.encode(mac.finalize().into_bytes())
}

/// Checks that a new password is not a common one.
///
/// # Errors
/// Returns the message for the form.
pub fn check_uncommon(password: &str) -> Result<(), &'static str> {
    static SORTED: LazyLock<Vec<&str>> = LazyLock::new(|| COMMON.lines().collect());
    match SORTED.binary_search(&password.to_lowercase().as_str()) {
        Ok(_) => Err("is one of the most common passwords; choose another one"),
        Err(_) => Ok(()),
    }
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
    async fn a_password_matches_only_its_own_hash() {
        let passwords = Passwords::new(4);
        let hash = passwords.hash("correct horse").await.unwrap();
        assert!(hash.as_str().starts_with("$2b$04$"));
        assert!(passwords.verify("correct horse", Some(&hash)).await.unwrap());
        assert!(!passwords.verify("correct horsf", Some(&hash)).await.unwrap());
        assert!(!passwords.verify("correct horse", None).await.unwrap());
        assert_ne!(hash, passwords.hash("correct horse").await.unwrap());
    }

    #[tokio::test]
    async fn all_bytes_of_a_long_password_count() {
        let passwords = Passwords::new(4);
        for length in [72, 73, 500] {
            let password = "x".repeat(length);
            let hash = passwords.hash(&password).await.unwrap();
            assert!(passwords.verify(&password, Some(&hash)).await.unwrap(), "{length}");
            for other in [format!("{}y", &password[1..]), format!("{password}x"), "x".repeat(length - 1)] {
                assert!(!passwords.verify(&other, Some(&hash)).await.unwrap(), "{length}");
            }
        }
    }

    #[test]
    fn common_passwords_are_rejected_in_any_case() {
        assert!(COMMON.lines().is_sorted() && COMMON.lines().count() > 8000);
        for common in ["password", "12345678", "PassWord1"] {
            assert!(check_uncommon(common).is_err(), "{common}");
        }
        assert_eq!(check_uncommon("correct horse battery"), Ok(()));
    }

    #[tokio::test]
    async fn a_nul_does_not_make_passwords_equivalent() {
        let passwords = Passwords::new(4);
        let hash = passwords.hash("ab").await.unwrap();
        assert!(bcrypt::verify("ab\0ab", hash.as_str()).unwrap(), "bcrypt itself cannot distinguish them");
        assert!(!passwords.verify("ab\0ab", Some(&hash)).await.unwrap());
        assert!(matches!(passwords.hash("ab\0ab").await, Err(PasswordError::Unhashable)));
    }

    #[tokio::test]
    async fn a_damaged_hash_is_an_error() {
        let damaged = PasswordHash::new("$2b$04$short".to_owned());
        let result = Passwords::new(4).verify("password", Some(&damaged)).await;
        assert!(matches!(result, Err(PasswordError::Bcrypt(_))));
    }

    #[tokio::test]
    async fn an_unknown_account_takes_as_long_as_a_wrong_password() {
        let passwords = Passwords::new(9);
        let dummy: bcrypt::HashParts = passwords.dummy.as_str().parse().unwrap();
        assert_eq!(dummy.get_cost(), 9);
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
    async fn runs_at_most_one_computation_per_core_even_for_cancelled_callers() {
        let passwords = Passwords::new(4);
        let cores = available_parallelism().unwrap().get();
        let (working, most, done) = <(Arc<AtomicUsize>, Arc<AtomicUsize>, Arc<AtomicUsize>)>::default();
        let calls: Vec<_> = (0..cores * 8)
            .map(|call| {
                let (passwords, working, most, done) =
                    (passwords.clone(), working.clone(), most.clone(), done.clone());
                tokio::spawn(async move {
                    let work = passwords.run(move || {
                        most.fetch_max(working.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        std::thread::yield_now();
                        bcrypt::hash("password", 6).unwrap();
                        working.fetch_sub(1, Ordering::SeqCst);
                        done.fetch_add(1, Ordering::SeqCst);
                    });
                    if call % 2 == 0 {
                        // Cancelled once its work has begun or the scheduler has run other tasks.
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
