//! Sessions and login back-off. Sessions are kept in the store, so a restart logs nobody out; the back-off in memory.

use crate::backend::{Answer, BackendError};
use crate::roles::Post;
use futures::FutureExt;
use rcoi_model::{BlobHash, UserId};
use rcoi_store::Store;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// A logged-in person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub user: UserId,
    pub login: String,
    pub post: Post,
    /// Token that every changing request must repeat.
    pub csrf: String,
}

/// How long a session lives.
#[derive(Debug, Clone, Copy)]
pub struct SessionParams {
    /// Without any request. Half an hour: longer than a break, shorter than a shift.
    pub idle: Duration,
    /// In all. Twelve hours: one night shift.
    pub whole: Duration,
}

impl Default for SessionParams {
    fn default() -> Self {
        Self { idle: Duration::from_secs(30 * 60), whole: Duration::from_secs(12 * 3600) }
    }
}

/// Where sessions are kept, found by the hash of their token: a copy of the book gives no cookie away.
pub trait SessionBook: Send + Sync + 'static {
    /// Notes a new session that ends after `whole` at the latest.
    fn open(&self, hash: String, user: UserId, csrf: String, whole: Duration) -> Answer<'_, ()>;
    /// The session, noted as seen; `None` when it is unknown, revoked, too old or idle for too long.
    fn find(&self, hash: String, idle: Duration) -> Answer<'_, Option<Session>>;
    fn end(&self, hash: String) -> Answer<'_, ()>;
    /// Ends every session of a user (disabled by the administrator).
    fn end_all(&self, user: UserId) -> Answer<'_, ()>;
    /// Forgets sessions that have lapsed.
    fn sweep(&self, idle: Duration) -> Answer<'_, ()>;
}

impl SessionBook for Store {
    fn open(&self, hash: String, user: UserId, csrf: String, whole: Duration) -> Answer<'_, ()> {
        async move {
            let whole = jiff::SignedDuration::try_from(whole).map_err(|e| BackendError::Internal(e.to_string()))?;
            let expires_at = self.now().checked_add(whole).map_err(|e| BackendError::Internal(e.to_string()))?;
            Ok(self.create_session(&rcoi_store::Session { token_hash: hash, user, csrf, expires_at }).await?)
        }
        .boxed()
    }

    fn find(&self, hash: String, idle: Duration) -> Answer<'_, Option<Session>> {
        async move {
            let found = self.session(&hash, idle).await?;
            Ok(found.map(|(session, user)| Session {
                user: user.id,
                post: crate::mapping::post_of(&user),
                login: user.login,
                csrf: session.csrf,
            }))
        }
        .boxed()
    }

    fn end(&self, hash: String) -> Answer<'_, ()> {
        async move { Ok(self.delete_session(&hash).await?) }.boxed()
    }

    fn end_all(&self, user: UserId) -> Answer<'_, ()> {
        async move { Ok(self.delete_sessions_of(user).await.map(|_| ())?) }.boxed()
    }

    fn sweep(&self, idle: Duration) -> Answer<'_, ()> {
        async move { Ok(self.purge_sessions(idle).await.map(|_| ())?) }.boxed()
    }
}

/// What the book knows a token by.
#[must_use]
pub fn token_hash(token: &str) -> String {
    let hash: [u8; 32] = Sha256::digest(token.as_bytes()).into();
    BlobHash::from_bytes(&hash).to_string()
}

/// 244 random bits from the system as hexadecimal text.
#[must_use]
pub fn random_token() -> String {
    format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple())
}

/// Compares without telling by time where the first difference is.
#[must_use]
pub fn same_text(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0u8, |sum, (x, y)| sum | (x ^ y)) == 0
}

/// Failed logins per login and address.
#[derive(Debug, Default)]
pub struct BackOff {
    failures: Mutex<HashMap<(String, String), (u32, Instant)>>,
}

/// Free tries before waiting begins: a mistyped password is no attack.
const FREE_TRIES: u32 = 4;
/// Longest wait, seconds: a person can still wait it out.
const LONGEST: u64 = 300;
/// After this long without a try the count starts again.
const FORGET: Duration = Duration::from_secs(3600);
/// Entries kept before forgotten ones are swept out.
const SWEEP_AT: usize = 4096;

impl BackOff {
    /// Seconds to wait before the next try, 0 = go ahead.
    pub fn wait(&self, login: &str, address: &str, now: Instant) -> u64 {
        let failures = self.lock();
        let Some((count, last)) = failures.get(&(login.to_owned(), address.to_owned())) else { return 0 };
        let Some(over) = count.checked_sub(FREE_TRIES) else { return 0 };
        let pause = 2u64.saturating_pow(over.min(16)).min(LONGEST);
        pause.saturating_sub(now.saturating_duration_since(*last).as_secs())
    }

    /// Notes a failed try.
    pub fn failed(&self, login: &str, address: &str, now: Instant) {
        let mut failures = self.lock();
        if failures.len() >= SWEEP_AT {
            failures.retain(|_, (_, last)| now.saturating_duration_since(*last) < FORGET);
        }
        let entry = failures.entry((login.to_owned(), address.to_owned())).or_insert((0, now));
        if now.saturating_duration_since(entry.1) >= FORGET {
            entry.0 = 0;
        }
        *entry = (entry.0 + 1, now);
    }

    /// A good login clears the count.
    pub fn passed(&self, login: &str, address: &str) {
        self.lock().remove(&(login.to_owned(), address.to_owned()));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<(String, String), (u32, Instant)>> {
        self.failures.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_known_by_its_hash_only() {
        let token = random_token();
        assert_eq!(token_hash(&token).len(), 64);
        assert!(token_hash(&token) != token && token_hash(&token) != token_hash(&random_token()));
    }

    #[test]
    fn the_fifth_wrong_password_waits_and_another_address_does_not() {
        let back_off = BackOff::default();
        let now = Instant::now();
        for _ in 0..FREE_TRIES - 1 {
            back_off.failed("v", "10.0.0.1", now);
            assert_eq!(back_off.wait("v", "10.0.0.1", now), 0);
        }
        for _ in 0..4 {
            back_off.failed("v", "10.0.0.1", now);
        }
        assert_eq!(back_off.wait("v", "10.0.0.1", now), 8);
        assert_eq!(back_off.wait("v", "10.0.0.1", now + Duration::from_secs(8)), 0);
        assert_eq!(back_off.wait("v", "10.0.0.2", now), 0);
        back_off.passed("v", "10.0.0.1");
        assert_eq!(back_off.wait("v", "10.0.0.1", now), 0);
    }

    #[test]
    fn texts_of_different_length_or_content_differ() {
        assert!(same_text("abc", "abc"));
        assert!(!same_text("abc", "abd"));
        assert!(!same_text("abc", "abcd"));
    }
}
