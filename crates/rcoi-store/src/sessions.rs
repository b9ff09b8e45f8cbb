//! Login sessions. The token itself is never stored, only its hash.

use crate::db::args;
use crate::error::Result;
use crate::rows::{Session, User};
use crate::store::Store;
use crate::users;

impl Store {
    /// Stores a session.
    pub async fn create_session(&self, session: &Session) -> Result<()> {
        let mut tx = self.db.begin().await?;
        tx.run(
            "INSERT INTO sessions (token_hash, user_id, csrf, expires_at) VALUES ($1, $2, $3, $4)",
            args![&session.token_hash, session.user, &session.csrf, session.expires_at.as_microsecond()],
        )
        .await?;
        tx.commit().await
    }

    /// The session with its user; `None` when it is not there, has expired, or the user is disabled.
    pub async fn session(&self, token_hash: &str) -> Result<Option<(Session, User)>> {
        let row = self
            .db
            .one(
                "SELECT s.token_hash, s.csrf, s.expires_at, u.* FROM sessions s JOIN users u ON u.id = s.user_id
                 WHERE s.token_hash = $1 AND s.expires_at > $2 AND u.disabled = 0",
                args![token_hash, self.micros()],
            )
            .await?;
        let Some(row) = row else { return Ok(None) };
        let user = users::read(&row)?;
        let session =
            Session { token_hash: row.text("token_hash")?, user: user.id, csrf: row.text("csrf")?, expires_at: row.moment("expires_at")? };
        Ok(Some((session, user)))
    }

    /// Ends a session.
    pub async fn delete_session(&self, token_hash: &str) -> Result<()> {
        let mut tx = self.db.begin().await?;
        tx.run("DELETE FROM sessions WHERE token_hash = $1", args![token_hash]).await?;
        tx.commit().await
    }

    /// Deletes expired sessions; how many there were.
    pub async fn purge_sessions(&self) -> Result<u64> {
        let mut tx = self.db.begin().await?;
        let gone = tx.run("DELETE FROM sessions WHERE expires_at <= $1", args![self.micros()]).await?;
        tx.commit().await?;
        Ok(gone)
    }
}
