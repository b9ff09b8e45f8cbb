//! Participants of a drawn exam: names, papers, kits.

use crate::kit::{Codes, prefix};
use crate::words::{FATHERS, MEN, SURNAMES, WOMEN};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rcoi_model::{KitSheet, Participant, Room};

/// Forms of every kit.
pub(crate) const KIT: [&str; 4] = ["R", "AB", "C1", "C2"];

/// One participant; `number` is counted from 0 over the exam, `seat` over the room.
pub(crate) fn participant(number: usize, seat: usize, room: &Room, region: &str, codes: &mut Codes, rng: &mut ChaCha8Rng) -> Participant {
    let woman = rng.random_bool(0.5);
    let names = if woman { &WOMEN } else { &MEN };
    let ends = |word: &str, man: &str, other: &str| format!("{word}{}", if woman { other } else { man });
    let surname = pick(&SURNAMES, rng).split('-').map(|part| ends(part, "", "А")).collect::<Vec<_>>().join("-");
    let class = format!("11{}", pick(&["А", "Б", "В", "Г"], rng));
    Participant {
        code: format!("{region}{:06}", 1000 + number * 7),
        surname,
        name: pick(names, rng).to_owned(),
        patronymic: ends(pick(&FATHERS, rng), "ИЧ", "НА"),
        document_series: format!("80{:02}", rng.random_range(19..24)),
        document_number: format!("{:06}", 100_000 + (number as u32 * 7919 + rng.random_range(0..7919)) % 900_000),
        school: format!("{region}{:04}", rng.random_range(1001..1040)),
        class,
        ppe: room.ppe.clone(),
        room: room.room.clone(),
        seat: format!("{}{}", seat / 3 + 1, ["А", "Б", "В"][seat % 3]),
        kit: KIT.iter().map(|form| KitSheet { form: (*form).to_owned(), code: codes.take(prefix(form), rng) }).collect(),
    }
}

/// Sheet code of a form in the kit; empty when the kit has none.
pub(crate) fn code_of<'p>(person: &'p Participant, form: &str) -> &'p str {
    person.kit.iter().find(|k| k.form == form).map_or("", |k| k.code.as_str())
}

/// Any one of the words.
pub(crate) fn pick<'w>(words: &[&'w str], rng: &mut ChaCha8Rng) -> &'w str {
    words[rng.random_range(0..words.len())]
}
