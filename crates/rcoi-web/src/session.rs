//! Sessions and login back-off. Both live in memory: a restart asks people to log in again and loses no work.

use rcoi_model::{Role, UserId};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// A logged-in person.
#[derive(Debug, Clone)]
pub struct Session {
    pub user: UserId,
    pub login: String,
    pub role: Role,
    /// Token that every changing request must repeat.
    pub csrf: String,
    born: Instant,
    seen: Instant,
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

/// Live sessions, found by the hash of their token: a memory dump of the map gives no cookie away.
#[derive(Debug, Default)]
pub struct Sessions {
    params: SessionParams,
    live: Mutex<HashMap<[u8; 32], Session>>,
}

impl Sessions {
    #[must_use]
    pub fn new(params: SessionParams) -> Self {
        Self { params, live: Mutex::default() }
    }

    /// Opens a session and returns the token for the cookie. A login always gets a fresh token.
    pub fn open(&self, user: UserId, login: &str, role: Role, now: Instant) -> (String, Session) {
        let token = random_token();
        let session = Session { user, login: login.to_owned(), role, csrf: random_token(), born: now, seen: now };
        let mut live = self.lock();
        live.retain(|_, s| fresh(s, now, self.params));
        live.insert(key(&token), session.clone());
        (token, session)
    }

    /// The session of a token, touched; `None` when unknown or lapsed.
    pub fn find(&self, token: &str, now: Instant) -> Option<Session> {
        let mut live = self.lock();
        let key = key(token);
        let session = live.get_mut(&key)?;
        if fresh(session, now, self.params) {
            session.seen = now;
            Some(session.clone())
        } else {
            live.remove(&key);
            None
        }
    }

    /// Ends one session.
    pub fn end(&self, token: &str) {
        self.lock().remove(&key(token));
    }

    /// Ends every session of a login (disabled by the administrator).
    pub fn end_all(&self, login: &str) {
        self.lock().retain(|_, s| s.login != login);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<[u8; 32], Session>> {
        self.live.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn fresh(session: &Session, now: Instant, params: SessionParams) -> bool {
    now.saturating_duration_since(session.seen) < params.idle && now.saturating_duration_since(session.born) < params.whole
}

fn key(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
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
    fn a_session_lapses_when_idle_and_when_too_old() {
        let sessions = Sessions::default();
        let start = Instant::now();
        let user = UserId::derived(&["v"]);
        let (token, _) = sessions.open(user, "v", Role::Verifier, start);
        assert!(sessions.find(&token, start + Duration::from_secs(1799)).is_some());
        assert!(sessions.find(&token, start + Duration::from_secs(1799 + 1801)).is_none());
        let (token, _) = sessions.open(user, "v", Role::Verifier, start);
        let mut at = start;
        for _ in 0..28 {
            at += Duration::from_secs(1500);
            assert!(sessions.find(&token, at).is_some());
        }
        assert!(sessions.find(&token, at + Duration::from_secs(1500)).is_none());
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
