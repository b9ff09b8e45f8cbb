//! Passwords: argon2id with the library's defaults (19 MiB, two passes), off the async threads.

use crate::said::Said;
use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use std::sync::LazyLock;
use tokio::sync::Semaphore;

/// At most two hashes at a time: 19 MiB each, and a flood of logins must not starve the stations.
static SLOTS: Semaphore = Semaphore::const_new(2);

/// What an unknown login is checked against, so that it costs the same time as a known one.
static NOBODY: LazyLock<String> = LazyLock::new(|| hash("никто").unwrap_or_default());

/// Shortest password accepted for a new user, characters.
pub const SHORTEST: usize = 8;

/// Longest password, bytes.
const LONGEST: usize = 256;
/// Different characters a password needs.
const DIFFERENT: usize = 4;

/// What is wrong with a new password: too short or long, few different characters, or the login in it.
#[must_use]
pub fn refused(password: &str, login: &str) -> Option<Said> {
    let different: std::collections::BTreeSet<char> = password.chars().collect();
    if password.chars().count() < SHORTEST || password.len() > LONGEST {
        return Some(Said::text(|t| t.no_short_password));
    }
    let weak = different.len() < DIFFERENT || password.to_lowercase().contains(&login.to_lowercase());
    weak.then(|| Said::text(|t| t.no_weak_password))
}

/// Why a password could not be hashed.
#[derive(Debug, thiserror::Error)]
#[error("password could not be hashed: {0}")]
pub struct PasswordError(String);

/// PHC string of a password. Takes tens of milliseconds: in async code use [`hash_in_background`].
///
/// # Errors
/// When the hasher fails.
pub fn hash(password: &str) -> Result<String, PasswordError> {
    let hash: PasswordHash = Argon2::default().hash_password(password.as_bytes()).map_err(|e| PasswordError(e.to_string()))?;
    Ok(hash.to_string())
}

fn check(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|parsed| Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok())
}

/// PHC string of a password, made on a blocking thread.
///
/// # Errors
/// When the hasher or its thread fails.
pub async fn hash_in_background(password: &str) -> Result<String, PasswordError> {
    let password = password.to_owned();
    tokio::task::spawn_blocking(move || hash(&password)).await.map_err(|e| PasswordError(e.to_string()))?
}

/// Does the password fit? `None` (no such user) takes as long as a real check and says no.
pub async fn fits(password: &str, hash: Option<&str>) -> bool {
    let Ok(_slot) = SLOTS.acquire().await else { return false };
    let (password, known) = (password.to_owned(), hash.map(str::to_owned));
    tokio::task::spawn_blocking(move || match known {
        Some(hash) => check(&password, &hash),
        None => {
            let _ = check(&password, &NOBODY);
            false
        }
    })
    .await
    .unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_a_dull_and_a_telling_password_are_refused() {
        for bad in ["1234567", "aaaaaaaaaa", "xPetrov2026", "12121212", &"я".repeat(200)] {
            assert!(refused(bad, "petrov").is_some(), "{bad}");
        }
        for fine in ["сирень за окном", "k4-Rz81-mmq"] {
            assert!(refused(fine, "petrov").is_none(), "{fine}");
        }
    }

    #[tokio::test]
    async fn only_the_right_password_fits_and_nobody_never_does() {
        let hash = hash("тайна-12345").unwrap();
        assert!(hash.starts_with("$argon2id$"));
        assert!(fits("тайна-12345", Some(&hash)).await);
        assert!(!fits("тайна-12346", Some(&hash)).await);
        assert!(!fits("никто", None).await);
        assert!(!fits("x", Some("not a hash")).await);
    }
}
