//! The processing limit: day 0 is the exam day, calendar days count, the last day runs to midnight.

use jiff::ToSpan;
use jiff::civil::{Date, DateTime};
use serde::{Deserialize, Serialize};

/// Shipped table of limits.
pub const DEFAULT_LIMITS: &str = include_str!("../data/limits.toml");

/// Where the exam stands against its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClockState {
    /// The exam day has not come.
    Before,
    Running,
    /// Today is the last day.
    LastDay,
    Overdue,
}

/// The limit of one exam at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    pub state: ClockState,
    /// Last calendar day of processing.
    pub last_day: Date,
    /// Calendar days since the exam day; 0 on that day, negative before it.
    pub day: i32,
    /// Whole hours to the end of the last day; negative when it has passed.
    pub hours_left: i64,
}

/// Reads the clock at `now` (civil time of the region). Saturates at the ends of the calendar.
#[must_use]
pub fn clock(exam_day: Date, limit_days: u32, now: DateTime) -> Clock {
    let last_day = exam_day.checked_add(i64::from(limit_days).days()).unwrap_or(Date::MAX);
    let today = now.date();
    let day = days_between(exam_day, today);
    let end = last_day.checked_add(1.day()).unwrap_or(Date::MAX).to_datetime(jiff::civil::Time::midnight());
    let seconds = now.duration_until(end).as_secs();
    let state = if today < exam_day {
        ClockState::Before
    } else if today > last_day {
        ClockState::Overdue
    } else if today == last_day {
        ClockState::LastDay
    } else {
        ClockState::Running
    };
    Clock { state, last_day, day, hours_left: seconds.div_euclid(3600) }
}

fn days_between(from: Date, to: Date) -> i32 {
    from.duration_until(to).as_hours().div_euclid(24) as i32
}

/// Limits by period and subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    rows: Vec<LimitRow>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitRow {
    period: String,
    subject: String,
    days: u32,
    #[serde(default, rename = "note")]
    _note: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitFile {
    limit: Vec<LimitRow>,
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum LimitError {
    #[error("limits: {0}")]
    Syntax(String),
    #[error("limits: row {row}: period '{value}': expected main, early, additional or *")]
    Period { row: usize, value: String },
    #[error("limits: row {row}: subject '{value}': expected two digits or *")]
    Subject { row: usize, value: String },
    #[error("limits: row {row}: {value} days: expected 1 to 60")]
    Days { row: usize, value: u32 },
    #[error("limits: row {row} repeats period '{period}', subject '{subject}'")]
    Repeated { row: usize, period: String, subject: String },
}

impl Limits {
    /// Parses and checks a table; the first fault is reported with its row, counted from 1.
    pub fn parse(text: &str) -> Result<Self, LimitError> {
        let file: LimitFile = toml::from_str(text).map_err(|e| LimitError::Syntax(e.to_string().trim().to_owned()))?;
        for (i, limit) in file.limit.iter().enumerate() {
            let row = i + 1;
            if !["main", "early", "additional", "*"].contains(&limit.period.as_str()) {
                return Err(LimitError::Period { row, value: limit.period.clone() });
            }
            let digits = limit.subject.len() == 2 && limit.subject.bytes().all(|b| b.is_ascii_digit());
            if !digits && limit.subject != "*" {
                return Err(LimitError::Subject { row, value: limit.subject.clone() });
            }
            if !(1..=60).contains(&limit.days) {
                return Err(LimitError::Days { row, value: limit.days });
            }
            if file.limit[..i].iter().any(|other| other.period == limit.period && other.subject == limit.subject) {
                return Err(LimitError::Repeated { row, period: limit.period.clone(), subject: limit.subject.clone() });
            }
        }
        Ok(Self { rows: file.limit })
    }

    /// Days allowed; `None` when no row fits.
    #[must_use]
    pub fn days(&self, period: &str, subject: &str) -> Option<u32> {
        self.rows
            .iter()
            .filter(|r| (r.period == period || r.period == "*") && (r.subject == subject || r.subject == "*"))
            .max_by_key(|r| (r.subject != "*", r.period != "*"))
            .map(|r| r.days)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    #[test]
    fn the_shipped_table_gives_the_days_of_the_rules() {
        let limits = Limits::parse(DEFAULT_LIMITS).unwrap();
        assert_eq!(limits.days("main", "01"), Some(6));
        assert_eq!(limits.days("main", "02"), Some(4));
        assert_eq!(limits.days("main", "22"), Some(3));
        assert_eq!(limits.days("early", "01"), Some(3));
        assert_eq!(limits.days("special", "01"), None);
    }

    #[test]
    fn a_bad_row_is_named() {
        let bad = "[[limit]]\nperiod='main'\nsubject='1'\ndays=6\n";
        assert_eq!(Limits::parse(bad).unwrap_err().to_string(), "limits: row 1: subject '1': expected two digits or *");
        let twice = "[[limit]]\nperiod='main'\nsubject='01'\ndays=6\n[[limit]]\nperiod='main'\nsubject='01'\ndays=5\n";
        assert!(matches!(Limits::parse(twice), Err(LimitError::Repeated { row: 2, .. })));
    }

    #[test]
    fn the_exam_day_is_day_zero_and_the_last_day_runs_to_midnight() {
        let exam = date(2026, 5, 28);
        let at = |d, h| clock(exam, 6, date(2026, 6, d).at(h, 0, 0, 0));
        assert_eq!(clock(exam, 6, exam.at(10, 0, 0, 0)).day, 0);
        assert_eq!(at(3, 23).state, ClockState::LastDay);
        assert_eq!(at(3, 23).hours_left, 1);
        assert_eq!(at(4, 0).state, ClockState::Overdue);
        assert_eq!(at(2, 12).state, ClockState::Running);
    }

    proptest! {
        #[test]
        fn hours_left_and_state_never_contradict(offset in -400i64..400, limit in 1u32..30, hour in 0i8..24) {
            let exam = date(2026, 5, 28);
            let now = exam.checked_add(offset.days()).unwrap().at(hour, 30, 0, 0);
            let clock = clock(exam, limit, now);
            prop_assert_eq!(i64::from(clock.day), offset);
            prop_assert_eq!(clock.state == ClockState::Overdue, clock.hours_left < 0);
            prop_assert_eq!(clock.state == ClockState::Before, offset < 0);
            prop_assert_eq!(clock.state == ClockState::LastDay, offset == i64::from(limit));
        }
    }
}
