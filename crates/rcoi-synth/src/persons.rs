//! Registration forms that say otherwise than the register: new papers, and slips of the pen.

use crate::people::pick;
use crate::plan::ExamSpec;
use crate::sheet::Sheet;
use crate::words::SURNAMES;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rcoi_model::{ExamPlan, Participant, PersonTruth};
use std::collections::{BTreeMap, BTreeSet};

/// Told apart from every other draw of the exam: more or fewer such people change no other sheet.
const STREAM: u64 = 0x5045_5253_4f4e;

/// What stands on the forms of those people, by number in the plan.
pub(crate) fn choose(spec: &ExamSpec, plan: &ExamPlan, absent: &BTreeSet<usize>) -> BTreeMap<usize, PersonTruth> {
    let mut rng = ChaCha8Rng::seed_from_u64(spec.seed ^ STREAM);
    let mut order: Vec<usize> = (0..plan.participants.len()).filter(|number| !absent.contains(number)).collect();
    order.shuffle(&mut rng);
    let (renamed, slips) = (spec.renamed as usize, spec.slips as usize);
    let chosen = order.into_iter().take(renamed + slips).enumerate();
    chosen
        .map(|(turn, number)| {
            let (person, listed) = (&plan.participants[number], turn < renamed);
            let fields = if listed { renewed(person, &mut rng) } else { slipped(person, &mut rng) };
            (number, PersonTruth { participant: person.code.clone(), fields, listed })
        })
        .collect()
}

/// Writes on the form what such a person writes there.
pub(crate) fn write(sheet: &mut Sheet, truth: &PersonTruth) {
    for (field, value) in &truth.fields {
        sheet.write(field, value);
    }
}

/// A new surname with the new passport that follows from it, or a new passport alone.
fn renewed(person: &Participant, rng: &mut ChaCha8Rng) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::new();
    if rng.random_bool(0.5) {
        let ending = if person.surname.ends_with('А') { "А" } else { "" };
        let surname = |word: &str| word.split('-').map(|part| format!("{part}{ending}")).collect::<Vec<_>>().join("-");
        let mut taken = surname(pick(&SURNAMES, rng));
        while taken == person.surname {
            taken = surname(pick(&SURNAMES, rng));
        }
        fields.insert("surname".to_owned(), taken);
    }
    let old: u32 = person.document_number.parse().unwrap_or(0);
    fields.insert("document-number".to_owned(), format!("{:06}", (old + rng.random_range(111_111..888_888)) % 1_000_000));
    fields
}

/// A letter of the name left out, or two neighbouring digits of the passport in the wrong order.
fn slipped(person: &Participant, rng: &mut ChaCha8Rng) -> BTreeMap<String, String> {
    let mut digits: Vec<char> = person.document_number.chars().collect();
    let swaps: Vec<usize> = (1..digits.len()).filter(|i| digits[i - 1] != digits[*i]).collect();
    if let (false, Some(at)) = (rng.random_bool(0.5), swaps.get(rng.random_range(0..swaps.len().max(1)))) {
        digits.swap(at - 1, *at);
        return BTreeMap::from([("document-number".to_owned(), digits.into_iter().collect())]);
    }
    let letters: Vec<char> = person.patronymic.chars().collect();
    let without = rng.random_range(1..letters.len().max(3) - 1);
    let kept = letters.iter().enumerate().filter(|(i, _)| *i != without).map(|(_, c)| *c);
    BTreeMap::from([("patronymic".to_owned(), kept.collect())])
}
