//! `rcoi eval --synthetic`: draws exams and tests in memory, reads them, counts what is silently wrong and what people would see.

use super::Done;
use super::eval::write_calibration;
use crate::args::EvalArgs;
use crate::config::Config;
use crate::eval::{PageFacts, Tally, Truth, TruthPage, compare_page, tally_json, tally_text, unread_page};
use anyhow::{Context, Result, bail};
use jiff::civil::date;
use rayon::prelude::*;
use rcoi_model::{ExamPlan, FieldReading, PageReading};
use rcoi_pipeline::ExamKnowledge;
use rcoi_recognize::source::{self, Limits};
use rcoi_recognize::{FormReader, Nothing, Params};
use rcoi_rules::policy::DEFAULT_POLICY;
use rcoi_rules::reconcile::{EXTRA_FORM, LEDGER_FORM};
use rcoi_rules::{Expectations, KnownSheet, Policy, needs};
use rcoi_synth::{DrawnExam, DrawnTest, ExamSpec, Job, SynthError, TestSpec, exam, test};
use rcoi_template::TemplateSet;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::time::Instant;

pub(crate) fn run(args: &EvalArgs, config: &Config) -> Result<Done> {
    let seeds = seeds(args.synthetic.as_deref().unwrap_or_default())?;
    let policy = if config.policy.is_empty() {
        DEFAULT_POLICY.to_owned()
    } else {
        std::fs::read_to_string(&config.policy).with_context(|| format!("cannot read the policy {}", config.policy))?
    };
    let templates = rcoi_template::builtin();
    let lab = Lab {
        reader: FormReader::new(templates.clone(), Params::default())?,
        templates,
        policy: Policy::parse(&policy)?,
        nobody: exam(&ExamSpec { participants: 0, ..spec(0, 4) }).plan,
        list: args.list,
    };
    let begun = Instant::now();
    let mut tally = Tally::default();
    for seed in seeds.clone() {
        tally = tally.and(lab.exam(seed, args.participants)?).and(lab.test(seed, args.participants.div_ceil(8))?);
        eprintln!("seed {seed}: {} pages, {:.0} s", tally.pages, begun.elapsed().as_secs_f32());
    }
    if args.json {
        println!("{}", tally_json(&tally));
    } else {
        print!("{}", tally_text(&tally));
    }
    if let Some(out) = &args.calibration {
        write_calibration(&tally.reliability, out, &format!("Drawn exams, seeds {} to {}", seeds.start(), seeds.end()))?;
    }
    Ok(Done::Well)
}

/// `10` = the first ten; `11-20` = these.
fn seeds(text: &str) -> Result<RangeInclusive<u64>> {
    let (from, to) = text.split_once('-').unwrap_or(("1", text));
    match (from.trim().parse(), to.trim().parse()) {
        (Ok(from), Ok(to)) if from <= to => Ok(from..=to),
        _ => bail!("--synthetic {text}: expected a number of seeds, such as 10, or a range, such as 11-20"),
    }
}

/// An exam of this size with every trouble of reading there is; sheets that the senior takes out as a whole are not measured.
fn spec(seed: u64, participants: u32) -> ExamSpec {
    let part = |of_hundred: u32| (of_hundred * participants).div_ceil(100);
    ExamSpec {
        points: 1,
        rooms: participants.div_ceil(8).max(2),
        participants,
        extras: part(10),
        removed: part(2),
        not_finished: part(2),
        absent: part(3),
        duplicates: 0,
        foreign: 0,
        unreadable: part(2),
        overruns: part(4),
        corrected: part(4),
        astray: part(4),
        empty: part(2),
        cancelled: part(2),
        // Reading is measured here; what differs from the register is the persons station's.
        renamed: 0,
        slips: 0,
        faxed: part(3),
        fax_rooms: 1,
        miscounted: 1,
        ..ExamSpec::demo(seed, date(2027, 6, 3))
    }
}

/// Who draws a file, and what is odd about its pages.
trait Drawn: Sync {
    fn draw(&self, job: &Job) -> Result<Vec<u8>, SynthError>;
    fn defects(&self, source: &str, index: u32) -> Vec<&'static str>;
}

impl Drawn for DrawnExam {
    fn draw(&self, job: &Job) -> Result<Vec<u8>, SynthError> {
        Self::draw(self, job)
    }
    fn defects(&self, source: &str, index: u32) -> Vec<&'static str> {
        Self::defects(self, source, index)
    }
}

impl Drawn for DrawnTest {
    fn draw(&self, job: &Job) -> Result<Vec<u8>, SynthError> {
        Self::draw(self, job)
    }
    fn defects(&self, source: &str, index: u32) -> Vec<&'static str> {
        Self::defects(self, source, index)
    }
}

/// What reads and judges.
struct Lab {
    reader: FormReader,
    templates: TemplateSet,
    policy: Policy,
    /// The plan of tests, which no exam knows of.
    nobody: ExamPlan,
    list: bool,
}

/// The pages of a pile by file.
type Piles = BTreeMap<String, Vec<TruthPage>>;

impl Lab {
    fn exam(&self, seed: u64, participants: u32) -> Result<Tally> {
        let drawn = exam(&spec(seed, participants));
        let pages = Truth::of_exam(drawn.truth.clone());
        self.files(&drawn, &drawn.jobs(), &pages, Some(&Expectations::new(&drawn.plan)))
    }

    fn test(&self, seed: u64, students: u32) -> Result<Tally> {
        let drawn = test(&TestSpec::new(seed, students));
        self.files(&drawn, &drawn.jobs(), &Truth::of_exam(drawn.truth.clone()), None)
    }

    /// Draws and reads file by file; nothing of a file is kept but its counts.
    fn files(&self, drawn: &dyn Drawn, jobs: &[Job], truth: &Truth, expect: Option<&Expectations<'_>>) -> Result<Tally> {
        let mut piles = Piles::new();
        for page in &truth.pages {
            piles.entry(page.image.clone()).or_default().push(page.clone());
        }
        let one = |job: &Job| -> Result<Tally> {
            let bytes = drawn.draw(job)?;
            let pages = piles.get(&job.source).map(Vec::as_slice).unwrap_or_default();
            Ok(pages.iter().map(|page| self.page(drawn, &bytes, page, expect)).fold(Tally::default(), Tally::and))
        };
        jobs.par_iter().map(one).try_reduce(Tally::default, |a, b| Ok(a.and(b)))
    }

    fn page(&self, drawn: &dyn Drawn, bytes: &[u8], page: &TruthPage, expect: Option<&Expectations<'_>>) -> Tally {
        let name = format!("{}#{}", page.image, page.index + 1);
        let defects = drawn.defects(&page.image, page.index);
        let picture = match source::decode(bytes, page.index, &Limits::default()) {
            Ok(picture) => picture,
            Err(why) => {
                let facts = PageFacts { name, defects, reading: None, shown: BTreeSet::new() };
                return Tally::page(&unread_page(page, &self.templates, &why.to_string()), &facts, self.list);
            }
        };
        let (ppe, room) = packet(&page.image);
        let reading = match expect {
            Some(expect) => self.reader.read_page_with(&picture, &ExamKnowledge::of(expect.plan, ppe, room)),
            None => self.reader.read_page_with(&picture, &Nothing),
        };
        let shown = self.shown(&reading, expect, (ppe, room));
        let facts = PageFacts { name, defects, reading: Some(&reading), shown };
        Tally::page(&compare_page(page, &reading, &self.templates), &facts, self.list)
    }

    /// Names of the fields that people would see, as tasks of their own or with the whole sheet.
    fn shown<'r>(&self, reading: &'r PageReading, expect: Option<&Expectations<'_>>, (ppe, room): (&str, &str)) -> BTreeSet<&'r str> {
        let Some(template) = reading.template.as_ref().and_then(|id| self.templates.get(id)) else { return BTreeSet::new() };
        let alone = Expectations::new(&self.nobody);
        let known = expect.unwrap_or(&alone);
        let sheet = KnownSheet::new(known, &template.form, reading.sheet_code.as_deref(), ppe, room);
        let stranger = expect.is_some_and(|e| is_stranger(reading, e.plan, &template.form));
        let with_sheet =
            |field: &&FieldReading| field.class == "sheet-code" && (stranger || !field.doubts.is_empty() || field.value.is_empty());
        let tasks = needs(&self.policy, &sheet, reading).into_iter().map(|(field, _)| field);
        tasks.chain(reading.fields.iter().filter(with_sheet)).map(|field| field.name.as_str()).collect()
    }
}

/// Point and room that a packet's folder names.
fn packet(source: &str) -> (&str, &str) {
    source.split('/').next().and_then(|folder| folder.split_once('-')).unwrap_or_default()
}

/// A sheet whose code is in no kit goes to the senior; extra sheets and ledgers have codes of their own.
fn is_stranger(reading: &PageReading, plan: &ExamPlan, form: &str) -> bool {
    let ours = || plan.participants.iter().flat_map(|p| &p.kit).any(|k| Some(&k.code) == reading.sheet_code.as_ref());
    form != EXTRA_FORM && form != LEDGER_FORM && !ours()
}

#[cfg(test)]
mod tests {
    use super::{seeds, spec};

    #[test]
    fn seeds_are_counted_from_one_or_named() {
        assert_eq!((seeds("10").expect("ten"), seeds("11-20").expect("ten more")), (1..=10, 11..=20));
        assert!(["", "x", "5-3", "-"].iter().all(|bad| seeds(bad).is_err_and(|e| e.to_string().contains("expected"))));
    }

    #[test]
    fn a_small_exam_still_has_every_trouble() {
        let spec = spec(1, 4);
        let troubles = [spec.extras, spec.removed, spec.unreadable, spec.overruns, spec.corrected, spec.astray, spec.fax_rooms];
        assert!(troubles.iter().all(|count| *count > 0));
    }
}
