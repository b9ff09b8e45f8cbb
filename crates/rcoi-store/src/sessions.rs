//! Login sessions. The token itself is never stored, only its hash; a revoked session is a row that is gone.

use crate::audit::{self, event};
use crate::db::args;
use crate::error::Result;
use crate::rows::{Session, User};
use crate::store::Store;
use crate::users;
use jiff::Timestamp;
use rcoi_model::UserId;
use std::time::Duration;

/// A request within this time after the noted one is not noted again: one small write a minute, not one a click.
const NOTED_EVERY: Duration = Duration::from_secs(60);

impl Store {
    /// Stores a session, seen just now.
    pub async fn create_session(&self, session: &Session) -> Result<()> {
        let mut tx = self.db.begin().await?;
        tx.run(
            "INSERT INTO sessions (token_hash, user_id, csrf, expires_at, seen_at) VALUES ($1, $2, $3, $4, $5)",
            args![&session.token_hash, session.user, &session.csrf, session.expires_at.as_microsecond(), self.micros()],
        )
        .await?;
        audit::append(&mut tx, self.micros(), &event(Some(session.user), "session.open", "", &serde_json::json!({}))).await?;
        tx.commit().await
    }

    /// The session with its user, `noted` as seen or only looked at; `None` when it is not there, has expired, was idle for longer than
    /// `idle`, or the user is disabled.
    pub async fn session(&self, token_hash: &str, idle: Duration, noted: bool) -> Result<Option<(Session, User)>> {
        let now = self.micros();
        let before = |time: Duration| now.saturating_sub(i64::try_from(time.as_micros()).unwrap_or(i64::MAX));
        let row = self
            .db
            .one(
                "SELECT s.token_hash, s.csrf, s.expires_at, s.seen_at, u.* FROM sessions s JOIN users u ON u.id = s.user_id
                 WHERE s.token_hash = $1 AND s.expires_at > $2 AND s.seen_at > $3 AND u.disabled = 0",
                args![token_hash, now, before(idle)],
            )
            .await?;
        let Some(row) = row else { return Ok(None) };
        let user = users::read(&row)?;
        let session =
            Session { token_hash: row.text("token_hash")?, user: user.id, csrf: row.text("csrf")?, expires_at: row.moment("expires_at")? };
        if noted && row.int("seen_at")? < before(NOTED_EVERY.min(idle / 4)) {
            let mut tx = self.db.begin().await?;
            tx.run("UPDATE sessions SET seen_at = $2 WHERE token_hash = $1 AND seen_at < $2", args![token_hash, now]).await?;
            tx.commit().await?;
        }
        Ok(Some((session, user)))
    }

    /// Would [`Store::session`] find it? Notes nothing, so a page that is left open does not keep its session alive.
    pub async fn session_lives(&self, token_hash: &str, idle: Duration) -> Result<bool> {
        let now = self.micros();
        let lapsed = now.saturating_sub(i64::try_from(idle.as_micros()).unwrap_or(i64::MAX));
        let sql = "SELECT 1 AS lives FROM sessions s JOIN users u ON u.id = s.user_id
                   WHERE s.token_hash = $1 AND s.expires_at > $2 AND s.seen_at > $3 AND u.disabled = 0";
        Ok(self.db.one(sql, args![token_hash, now, lapsed]).await?.is_some())
    }

    /// The hashes of a user's sessions that have not expired, each with the moment it was seen last; the latest first.
    pub async fn sessions_of(&self, user: UserId) -> Result<Vec<(String, Timestamp)>> {
        let sql = "SELECT token_hash, seen_at FROM sessions WHERE user_id = $1 AND expires_at > $2 ORDER BY seen_at DESC, token_hash";
        let rows = self.db.all(sql, args![user, self.micros()]).await?;
        rows.iter().map(|row| Ok((row.text("token_hash")?, row.moment("seen_at")?))).collect()
    }

    /// Ends every session of a user but one; how many there were.
    pub async fn delete_other_sessions(&self, user: UserId, but: &str) -> Result<u64> {
        let mut tx = self.db.begin().await?;
        let gone = tx.run("DELETE FROM sessions WHERE user_id = $1 AND token_hash <> $2", args![user, but]).await?;
        tx.commit().await?;
        Ok(gone)
    }

    /// Ends a session.
    pub async fn delete_session(&self, token_hash: &str) -> Result<()> {
        let mut tx = self.db.begin().await?;
        tx.run("DELETE FROM sessions WHERE token_hash = $1", args![token_hash]).await?;
        tx.commit().await
    }

    /// Ends every session of a user; how many there were.
    pub async fn delete_sessions_of(&self, user: UserId) -> Result<u64> {
        let mut tx = self.db.begin().await?;
        let gone = tx.run("DELETE FROM sessions WHERE user_id = $1", args![user]).await?;
        tx.commit().await?;
        Ok(gone)
    }

    /// Deletes sessions that have expired or were idle for longer than `idle`; how many there were.
    pub async fn purge_sessions(&self, idle: Duration) -> Result<u64> {
        let now = self.micros();
        let lapsed = now.saturating_sub(i64::try_from(idle.as_micros()).unwrap_or(i64::MAX));
        let mut tx = self.db.begin().await?;
        let gone = tx.run("DELETE FROM sessions WHERE expires_at <= $1 OR seen_at <= $2", args![now, lapsed]).await?;
        tx.commit().await?;
        Ok(gone)
    }
}
