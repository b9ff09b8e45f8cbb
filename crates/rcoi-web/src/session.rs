//! Sessions, kept in the store, so a restart logs nobody out.

use crate::backend::{Answer, BackendError};
use crate::roles::Post;
use futures::FutureExt;
use rcoi_model::{BlobHash, UserId};
use rcoi_store::Store;
use sha2::{Digest, Sha256};
use std::time::Duration;

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
    /// The session, `noted` as seen or only looked at; `None` when it is unknown, revoked, too old or idle for too long.
    fn find(&self, hash: String, idle: Duration, noted: bool) -> Answer<'_, Option<Session>>;
    /// Would [`SessionBook::find`] find it? Does not count as a sign of life.
    fn lives(&self, hash: String, idle: Duration) -> Answer<'_, bool>;
    /// Hashes of a user's sessions, each with the moment of its last request; the latest first.
    fn list(&self, user: UserId) -> Answer<'_, Vec<(String, jiff::Timestamp)>>;
    /// Ends every session of a user but this one.
    fn end_others(&self, user: UserId, but: String) -> Answer<'_, ()>;
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

    fn find(&self, hash: String, idle: Duration, noted: bool) -> Answer<'_, Option<Session>> {
        async move {
            let found = self.session(&hash, idle, noted).await?;
            Ok(found.map(|(session, user)| Session {
                user: user.id,
                post: crate::mapping::post_of(&user),
                login: user.login,
                csrf: session.csrf,
            }))
        }
        .boxed()
    }

    fn lives(&self, hash: String, idle: Duration) -> Answer<'_, bool> {
        async move { Ok(self.session_lives(&hash, idle).await?) }.boxed()
    }

    fn list(&self, user: UserId) -> Answer<'_, Vec<(String, jiff::Timestamp)>> {
        async move { Ok(self.sessions_of(user).await?) }.boxed()
    }

    fn end_others(&self, user: UserId, but: String) -> Answer<'_, ()> {
        async move { Ok(self.delete_other_sessions(user, &but).await.map(|_| ())?) }.boxed()
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
    fn texts_of_different_length_or_content_differ() {
        assert!(same_text("abc", "abc"));
        assert!(!same_text("abc", "abd"));
        assert!(!same_text("abc", "abcd"));
    }
}
