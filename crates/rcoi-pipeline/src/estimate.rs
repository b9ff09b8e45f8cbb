//! What an exam costs people, way by way: with and without each station, beside whole forms read by hand.

use crate::error::Result;
use crate::pipeline::Pipeline;
use crate::policies::{Load, checked};
use rcoi_model::ExamId;
use rcoi_rules::policy::Row;
use rcoi_rules::{Pace, PolicyTable, See};
use serde::Serialize;

/// How fields could be verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// As the exam's policy says.
    AsItIs,
    /// The same without boards: characters are seen with their fields.
    NoBoards,
    /// The same without the blind sample.
    NoSample,
    /// The same, with every doubtful field read by two people.
    Twice,
    /// Every field, doubtful or not, at the fields station.
    EveryField,
}

/// What people do in an exam, with the paces of its policy.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Estimate {
    /// Sheets that the loads are of.
    pub looked_at: u64,
    /// Sheets of the exam.
    pub sheets: u64,
    pub pace: Pace,
    pub ways: Vec<(Way, Load)>,
    /// Persons whose form and register differed, in the whole exam.
    pub persons: u64,
    /// Sheets and rooms that came to the senior, in the whole exam.
    pub troubles: u64,
}

impl Estimate {
    /// Seconds of people's time for one sheet.
    #[must_use]
    pub fn of_sheet(&self, load: &Load) -> f64 {
        if self.looked_at == 0 { 0.0 } else { load.seconds / self.looked_at as f64 }
    }

    /// The same at the station for personal data, and at the senior station.
    #[must_use]
    pub fn of_sheet_apart(&self) -> (f64, f64) {
        let each = |n: u64, pace: f64| if self.sheets == 0 { 0.0 } else { n as f64 * pace / self.sheets as f64 };
        (each(self.persons, self.pace.person), each(self.troubles, self.pace.sheet))
    }
}

impl Pipeline {
    /// What the exam costs people, as far as it has been read.
    ///
    /// # Errors
    /// The store does not answer, or the exam's policy is of a newer program.
    pub async fn estimate(&self, exam: ExamId) -> Result<Estimate> {
        let table = self.policy_of(exam).await?.table().clone();
        let ways = [Way::AsItIs, Way::NoBoards, Way::NoSample, Way::Twice, Way::EveryField];
        let policies = ways.iter().map(|way| checked(&changed(table.clone(), *way))).collect::<Result<Vec<_>>>()?;
        let (looked_at, loads) = self.loads(exam, &policies.iter().collect::<Vec<_>>()).await?;
        let (persons, troubles) = self.inner.store.troubles(exam).await?;
        Ok(Estimate {
            looked_at,
            sheets: self.pages_in_work(exam).await?,
            pace: table.pace,
            ways: ways.into_iter().zip(loads).collect(),
            persons,
            troubles,
        })
    }
}

/// The table as it would be.
fn changed(mut table: PolicyTable, way: Way) -> PolicyTable {
    let rows = |table: &mut PolicyTable, change: &dyn Fn(&mut Row)| table.class.iter_mut().chain(&mut table.field).for_each(change);
    let no_sample = |table: &mut PolicyTable| (table.sampling.filled, table.sampling.empty) = (0.0, 0.0);
    match way {
        Way::AsItIs => {}
        Way::NoBoards => rows(&mut table, &|row| row.symbols = false),
        Way::NoSample => no_sample(&mut table),
        Way::Twice => rows(&mut table, &|row| row.double |= matches!(row.see, See::Doubt | See::WhenSet)),
        Way::EveryField => {
            no_sample(&mut table);
            rows(&mut table, &|row| {
                row.symbols = false;
                if matches!(row.see, See::Doubt | See::WhenSet | See::Mismatch) {
                    row.see = See::Always;
                }
            });
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcoi_rules::policy::DEFAULT_POLICY;

    #[test]
    fn every_way_is_a_policy_that_could_be_set() {
        let table = PolicyTable::parse(DEFAULT_POLICY).unwrap();
        for way in [Way::AsItIs, Way::NoBoards, Way::NoSample, Way::Twice, Way::EveryField] {
            checked(&changed(table.clone(), way)).unwrap();
        }
        let every = changed(table.clone(), Way::EveryField);
        let of = |table: &PolicyTable, name: &str| table.class.iter().find(|r| r.name == name).unwrap().clone();
        assert_eq!((of(&every, "answer").see, of(&every, "signature").see), (See::Always, See::Never), "what nobody reads stays so");
        assert!(of(&table, "answer").symbols && !of(&changed(table.clone(), Way::NoBoards), "answer").symbols);
        assert!(of(&changed(table, Way::Twice), "answer").double);
    }

    #[test]
    fn seconds_are_shared_out_over_the_sheets() {
        let load = Load { seconds: 120.0, ..Load::default() };
        let estimate = Estimate { looked_at: 60, sheets: 100, pace: Pace::default(), ways: vec![], persons: 5, troubles: 2 };
        assert!((estimate.of_sheet(&load) - 2.0).abs() < 1e-9);
        assert_eq!(estimate.of_sheet_apart(), (1.0, 0.9));
        assert_eq!(Estimate { looked_at: 0, sheets: 0, ..estimate }.of_sheet(&load), 0.0);
    }
}
