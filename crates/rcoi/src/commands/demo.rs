//! `rcoi demo`: the main job on a drawn exam: stations with ready-made logins, or a robot that works through the HTTP API.

use super::serve::{self, Centre};
use super::{Done, exam, ingest, package};
use crate::args::DemoArgs;
use crate::config::Config;
use crate::demo_input::{self, Input};
use crate::robot::{self, Login};
use crate::score::{self, Score};
use crate::wiring;
use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use rcoi_model::{ExamId, ExamPlan, ExamState, Role};
use rcoi_pipeline::Pipeline;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// Ready-made people of the demo; real installations have none.
const LOGINS: [(Role, &str); 5] =
    [(Role::Operator, "operator"), (Role::Verifier, "verifier"), (Role::Senior, "senior"), (Role::Head, "head"), (Role::Admin, "admin")];
const PASSWORD: &str = "demo-demo-demo";

pub(crate) fn run(args: &DemoArgs, config: &Config) -> Result<Done> {
    let config = if args.configured { config.clone() } else { config.with_data(&config.data.join("demo")) };
    if args.fresh && config.data.exists() {
        std::fs::remove_dir_all(&config.data).with_context(|| format!("cannot remove {}", config.data.display()))?;
    }
    let drawing = Instant::now();
    let today = jiff::Zoned::now().date();
    let input = demo_input::ensure(&config.data.join("input"), args.seed, args.participants, today)?;
    println!("exam: {} sheets in {} ({:.1} s)", input.truth.pages.len(), input.packets.display(), drawing.elapsed().as_secs_f64());
    if args.draw {
        return Ok(Done::Well);
    }
    wiring::block_on(async {
        let pipeline = wiring::open_pipeline(&config).await?;
        if args.configured {
            nobody_else(&pipeline, &input).await?;
        }
        let exam = exam::import_plan(&pipeline, &input.plan).await?;
        for (role, login) in LOGINS {
            rcoi_web::ensure_user(pipeline.store(), login, PASSWORD, role).await?;
        }
        let started = Instant::now();
        let centre = Centre::start(pipeline.clone(), &config).await?;
        println!("stations: http://{}/", centre.address);
        let taken = ingest::take_in(&pipeline, exam, &input.packets).await?;
        wait_until_read(&pipeline, exam).await?;
        let seconds = started.elapsed().as_secs_f64();
        println!(
            "intake and reading: {} pages, {} of them new, {seconds:.1} s, {:.1} pages/s",
            taken.pages,
            taken.new_pages,
            taken.new_pages as f64 / seconds
        );
        let done = if args.robot { by_robot(&centre, exam, &input, &config).await? } else { by_people(&centre).await? };
        centre.stop().await?;
        Ok(done)
    })
}

/// Refuses an installation that people use.
async fn nobody_else(pipeline: &Pipeline, input: &Input) -> Result<()> {
    let plan = std::fs::read(&input.plan).with_context(|| format!("cannot read {}", input.plan.display()))?;
    let plan: ExamPlan = serde_json::from_slice(&plan).with_context(|| input.plan.display().to_string())?;
    let exams = pipeline.store().exams().await?.into_iter().filter(|row| row.id != plan.id()).count();
    let people = pipeline.store().users().await?.into_iter().filter(|user| LOGINS.iter().all(|(_, login)| *login != user.login)).count();
    if exams + people > 0 {
        bail!("the configured database holds {exams} other exams and {people} other people: the demo is only for an empty one");
    }
    Ok(())
}

/// Shows how far the reading is.
async fn wait_until_read(pipeline: &Pipeline, exam: ExamId) -> Result<()> {
    let bar = if std::io::stderr().is_terminal() { ProgressBar::new(0) } else { ProgressBar::hidden() };
    if let Ok(style) = ProgressStyle::with_template("reading {bar:30} {pos}/{len} pages, {eta} left") {
        bar.set_style(style);
    }
    loop {
        let Some(stats) = pipeline.store().exam_stats().await?.into_iter().find(|s| s.exam == exam) else {
            bail!("the exam {exam} is not in the store");
        };
        bar.set_length(stats.scanned);
        bar.set_position(stats.scanned - stats.received);
        if stats.received == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    bar.finish_and_clear();
    pipeline.wait_until_quiet().await?;
    Ok(())
}

async fn by_people(centre: &Centre) -> Result<Done> {
    println!("\nopen http://{}/ in a browser; everybody's password is {PASSWORD}", centre.address);
    for (role, login) in LOGINS {
        println!("  {login:<10} {}", role.as_str());
    }
    println!("Ctrl-C stops; the same command goes on where it was.");
    serve::wait_for_stop().await?;
    Ok(Done::Well)
}

async fn by_robot(centre: &Centre, exam: ExamId, input: &Input, config: &Config) -> Result<Done> {
    let pipeline = &centre.pipeline;
    let working = Instant::now();
    if pipeline.store().exam(exam).await?.state == ExamState::Open {
        let login = |role: Role| Login { login: LOGINS.iter().find(|(r, _)| *r == role).map_or("", |(_, l)| l), password: PASSWORD };
        let report = robot::run(centre.address, exam, &input.truth, &login).await?;
        println!("robot: {report} ({:.1} s)", working.elapsed().as_secs_f64());
    }
    let row = pipeline.package(exam, &wiring::signing_key(config)?, None).await?;
    let file = config.data.join("packages").join(&row.package.name);
    pipeline.blobs().copy_out(&row.package.blob, &file).await?;
    let score = score::of_exam(pipeline, exam, &input.truth).await?;
    print_score(&score);
    score.write_wrong(&config.data.join("wrong.csv"))?;
    println!("package: {} ({} bytes, SHA-256 {})", file.display(), row.package.size, row.package.blob);
    let key = package::public_path(&config.signing_key());
    println!("verify it: rcoi package verify {} --key {}", file.display(), key.display());
    let verified = package::check(&file, &key)?;
    if score.wrong_by_people > 0 {
        eprintln!("{} fields that a person confirmed are wrong: see {}", score.wrong_by_people, config.data.join("wrong.csv").display());
        return Ok(Done::WithFaults);
    }
    Ok(verified)
}

fn print_score(score: &Score) {
    let share = |part: u64, whole: u64| if whole == 0 { 0.0 } else { 100.0 * part as f64 / whole as f64 };
    println!("sheets in the package: {}; fields: {} of them filled {}", score.sheets, score.fields, score.filled);
    println!("shown to people: {} fields = {:.2} % of the filled ones", score.shown, share(score.shown, score.filled));
    println!(
        "wrong fields left: {} that a person confirmed, {} that only the machine read ({:.3} % of the filled ones)",
        score.wrong_by_people,
        score.wrong_by_machine,
        share(score.wrong_by_machine, score.filled)
    );
}
