//! Users. Nobody is deleted: verdicts and audit rows name them.

use crate::audit::{self, event};
use crate::db::{Row, args};
use crate::error::{Result, StoreError};
use crate::rows::{NewUser, User};
use crate::store::Store;
use rcoi_model::{Role, UserId};

impl Store {
    /// Makes a user. A login that exists is refused with [`StoreError::Conflict`].
    pub async fn create_user(&self, user: &NewUser, by: Option<UserId>) -> Result<User> {
        self.insert_user(user, false, by).await
    }

    /// Makes a user who may look and change nothing. Such a user's role is the weakest one.
    pub async fn create_auditor(&self, login: &str, password_hash: &str, by: Option<UserId>) -> Result<User> {
        let user = NewUser { login: login.to_owned(), title: String::new(), role: Role::Operator, password_hash: password_hash.to_owned() };
        self.insert_user(&user, true, by).await
    }

    async fn insert_user(&self, user: &NewUser, auditor: bool, by: Option<UserId>) -> Result<User> {
        let (id, now) = (UserId(uuid::Uuid::now_v7()), self.micros());
        let mut tx = self.db.begin().await?;
        let row = tx
            .one(
                "INSERT INTO users (id, login, title, role, password_hash, auditor, created_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (login) DO NOTHING RETURNING *",
                args![id, &user.login, &user.title, user.role.as_str(), &user.password_hash, auditor, now],
            )
            .await?;
        let row = row.ok_or_else(|| StoreError::Conflict(format!("login '{}' exists already", user.login)))?;
        let role = if auditor { "auditor" } else { user.role.as_str() };
        let detail = serde_json::json!({ "login": user.login, "role": role });
        audit::append(&mut tx, now, &event(by, "user.create", &id.to_string(), &detail)).await?;
        tx.commit().await?;
        read(&row)
    }

    /// One user, or [`StoreError::NotFound`].
    pub async fn user(&self, id: UserId) -> Result<User> {
        let row = self.db.one("SELECT * FROM users WHERE id = $1", args![id]).await?;
        read(&row.ok_or_else(|| missing(id))?)
    }

    /// The user with this login; `None` is not an error, so that a login page can answer alike in both cases.
    pub async fn user_by_login(&self, login: &str) -> Result<Option<User>> {
        self.db.one("SELECT * FROM users WHERE login = $1", args![login]).await?.as_ref().map(read).transpose()
    }

    /// All users by login.
    pub async fn users(&self) -> Result<Vec<User>> {
        self.db.all("SELECT * FROM users ORDER BY login", vec![]).await?.iter().map(read).collect()
    }

    /// Lets a user in or not; a disabled user's sessions end at once and the tasks they hold are free.
    pub async fn set_user_disabled(&self, id: UserId, disabled: bool, by: Option<UserId>) -> Result<()> {
        let now = self.micros();
        let mut tx = self.db.begin().await?;
        if tx.run("UPDATE users SET disabled = $2 WHERE id = $1", args![id, disabled]).await? == 0 {
            return Err(missing(id));
        }
        if disabled {
            tx.run("DELETE FROM sessions WHERE user_id = $1", args![id]).await?;
            tx.run("UPDATE tasks SET claimed_by = NULL, lease_until = NULL WHERE claimed_by = $1 AND state = 'open'", args![id]).await?;
        }
        let detail = serde_json::json!({ "disabled": disabled });
        audit::append(&mut tx, now, &event(by, "user.disable", &id.to_string(), &detail)).await?;
        tx.commit().await
    }

    /// Replaces the password hash; the user's sessions end at once.
    pub async fn set_password_hash(&self, id: UserId, hash: &str, by: Option<UserId>) -> Result<()> {
        let now = self.micros();
        let mut tx = self.db.begin().await?;
        if tx.run("UPDATE users SET password_hash = $2 WHERE id = $1", args![id, hash]).await? == 0 {
            return Err(missing(id));
        }
        tx.run("DELETE FROM sessions WHERE user_id = $1", args![id]).await?;
        audit::append(&mut tx, now, &event(by, "user.password", &id.to_string(), &serde_json::json!({}))).await?;
        tx.commit().await
    }
}

fn missing(id: UserId) -> StoreError {
    StoreError::NotFound(format!("user {id}"))
}

/// A user out of a row of `users`.
pub(crate) fn read(row: &Row) -> Result<User> {
    Ok(User {
        id: row.id("id")?,
        login: row.text("login")?,
        title: row.text("title")?,
        role: row.role("role")?,
        password_hash: row.text("password_hash")?,
        disabled: row.int("disabled")? != 0,
        auditor: row.int("auditor")? != 0,
        created_at: row.moment("created_at")?,
    })
}
