//! Waiting after failed logins: by login and address, by login from anywhere, by address for any login.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long the next try waits after failures of one kind.
struct Rule {
    /// Tries before waiting begins.
    free: u32,
    /// Longest wait, seconds.
    longest: u64,
}

/// One person who mistypes: a longest wait that can still be waited out.
const PAIR: Rule = Rule { free: 4, longest: 300 };
/// One login from many addresses. The owner of the login waits, too, so the wait stays short: it makes guessing hopeless
/// (sixty tries an hour) and locks nobody out.
const LOGIN: Rule = Rule { free: 20, longest: 60 };
/// One address and many logins: a whole shift of a centre may sit behind one address.
const ADDRESS: Rule = Rule { free: 60, longest: 60 };
/// After this long without a try the count starts again.
const FORGET: Duration = Duration::from_secs(3600);
/// Entries kept before forgotten ones are swept out, and never more: the oldest go first.
const SWEEP_AT: usize = 4096;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Of {
    Pair(String, String),
    Login(String),
    Address(String),
}

impl Of {
    fn all(login: &str, address: &str) -> [(Self, Rule); 3] {
        [
            (Self::Pair(login.to_owned(), address.to_owned()), PAIR),
            (Self::Login(login.to_owned()), LOGIN),
            (Self::Address(address.to_owned()), ADDRESS),
        ]
    }
}

/// Failed logins, in memory: an attack ends with a restart as little as it begins anew with one.
#[derive(Debug, Default)]
pub(crate) struct BackOff {
    failures: Mutex<HashMap<Of, (u32, Instant)>>,
}

impl BackOff {
    /// Seconds to wait before the next try, 0 = go ahead.
    pub(crate) fn wait(&self, login: &str, address: &str, now: Instant) -> u64 {
        let failures = self.lock();
        let one = |(of, rule): (Of, Rule)| {
            let (count, last) = failures.get(&of)?;
            let over = count.checked_sub(rule.free)?;
            let pause = 2u64.saturating_pow(over.min(16)).min(rule.longest);
            Some(pause.saturating_sub(now.saturating_duration_since(*last).as_secs()))
        };
        Of::all(login, address).into_iter().filter_map(one).max().unwrap_or(0)
    }

    /// Notes a failed try.
    pub(crate) fn failed(&self, login: &str, address: &str, now: Instant) {
        let mut failures = self.lock();
        if failures.len() >= SWEEP_AT {
            failures.retain(|_, (_, last)| now.saturating_duration_since(*last) < FORGET);
        }
        if failures.len() >= SWEEP_AT {
            let mut ages: Vec<Instant> = failures.values().map(|(_, last)| *last).collect();
            ages.sort_unstable();
            let middle = ages[ages.len() / 2];
            failures.retain(|_, (_, last)| *last > middle);
        }
        for (of, _) in Of::all(login, address) {
            let entry = failures.entry(of).or_insert((0, now));
            if now.saturating_duration_since(entry.1) >= FORGET {
                entry.0 = 0;
            }
            *entry = (entry.0 + 1, now);
        }
    }

    /// A good login takes its try back and clears the count of this person at this place.
    pub(crate) fn passed(&self, login: &str, address: &str) {
        let mut failures = self.lock();
        for (of, _) in Of::all(login, address) {
            match &of {
                Of::Pair(..) => drop(failures.remove(&of)),
                Of::Login(_) | Of::Address(_) => {
                    if let Some(entry) = failures.get_mut(&of) {
                        entry.0 = entry.0.saturating_sub(1);
                    }
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Of, (u32, Instant)>> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fifth_wrong_password_waits_and_another_address_does_not() {
        let back_off = BackOff::default();
        let now = Instant::now();
        for _ in 0..PAIR.free - 1 {
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
    fn guessing_from_many_addresses_waits_too_and_locks_nobody_out_for_long() {
        let (back_off, now) = (BackOff::default(), Instant::now());
        for n in 0..40 {
            back_off.failed("v", &format!("10.0.0.{n}"), now);
        }
        assert_eq!(back_off.wait("v", "10.9.9.9", now), 60);
        assert_eq!(back_off.wait("v", "10.9.9.9", now + Duration::from_secs(60)), 0);
        assert_eq!(back_off.wait("w", "10.9.9.9", now), 0);
    }

    #[test]
    fn one_password_tried_on_many_logins_waits() {
        let (back_off, now) = (BackOff::default(), Instant::now());
        for n in 0..70 {
            back_off.failed(&format!("v{n}"), "10.0.0.1", now);
        }
        assert!(back_off.wait("fresh", "10.0.0.1", now) > 0);
        assert_eq!(back_off.wait("fresh", "10.0.0.2", now), 0);
    }

    #[test]
    fn a_shift_that_signs_in_at_once_behind_one_address_never_waits() {
        let (back_off, now) = (BackOff::default(), Instant::now());
        for n in 0..500 {
            let login = format!("v{n}");
            assert_eq!(back_off.wait(&login, "10.0.0.1", now), 0);
            back_off.failed(&login, "10.0.0.1", now);
            back_off.passed(&login, "10.0.0.1");
        }
    }

    #[test]
    fn a_flood_of_logins_does_not_fill_the_memory() {
        let (back_off, now) = (BackOff::default(), Instant::now());
        for n in 0..20_000u64 {
            back_off.failed(&format!("v{n}"), &format!("a{n}"), now + Duration::from_millis(n));
        }
        assert!(back_off.lock().len() <= SWEEP_AT + 3);
    }
}
