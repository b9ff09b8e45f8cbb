//! Times reconciliation, packaging and verifying over a copy of a data folder: `timing COPY-OF-DATA/demo`.
//!
//! The folder is changed (an open exam is reconciled); give it a copy. Copying the pictures is timed in the same run.

use rcoi_model::{ExamId, PageReading};
use rcoi_pipeline::{PageReader, Params, Parts, Pipeline, Reader, package};
use rcoi_queue::Queue;
use rcoi_recognize::{Known, Picture};
use rcoi_store::{Blobs, Store, TaskFilter};
use std::error::Error;
use std::fs::File;
use std::io::{BufReader, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Nothing is read here.
struct Nobody;

impl PageReader for Nobody {
    fn engine_version(&self) -> &str {
        "nobody"
    }

    fn read_page(&self, _: &Picture, _: &dyn Known) -> PageReading {
        PageReading {
            engine: "nobody".into(),
            template: None,
            placement: None,
            sheet_code: None,
            fields: vec![],
            findings: vec![],
            width: 0,
            height: 0,
        }
    }
}

fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}

/// Milliseconds of processor that this process has taken: what a busy machine does not falsify.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // After the name in brackets; the kernel counts in hundredths of a second.
    let ticks = stat.rsplit(") ").next().unwrap_or_default().split(' ').skip(11).take(2);
    ticks.filter_map(|t| t.parse::<f64>().ok()).sum::<f64>() * 10.0
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let data = std::env::args().nth(1).ok_or("expected a copy of a data folder")?;
    let data = Path::new(&data);
    let store = Store::open(&format!("sqlite:{}", data.join("rcoi.db").display())).await?;
    let pipeline = Pipeline::new(Parts {
        store,
        blobs: Blobs::open(data.join("blobs")).await?,
        queue: Queue::memory(rcoi_queue::Params::default()),
        reader: Reader::Here(Arc::new(Nobody)),
        templates: rcoi_template::builtin(),
        policy: Pipeline::default_policy()?,
        params: Params { settle: Duration::ZERO, ..Params::default() },
    });
    for exam in pipeline.store().exams().await? {
        reconciling(&pipeline, exam.id).await?;
        packaging(&pipeline, exam.id, data).await?;
    }
    Ok(())
}

/// The first one loads what a restart forgot; beside it, what reading all verdicts and tasks each time would cost.
async fn reconciling(pipeline: &Pipeline, exam: ExamId) -> Result<(), Box<dyn Error>> {
    let start = Instant::now();
    let verdicts = pipeline.store().verdicts(exam).await?.len();
    println!("{verdicts} verdicts decoded: {:.1} ms", ms(start));
    let start = Instant::now();
    let tasks = pipeline.store().tasks(&TaskFilter { exam: Some(exam), ..TaskFilter::default() }).await?.len();
    println!("{tasks} tasks decoded: {:.1} ms", ms(start));
    for round in 0..6 {
        let start = Instant::now();
        pipeline.reconcile(exam).await?;
        println!("reconcile {round}: {:.1} ms", ms(start));
    }
    Ok(())
}

async fn packaging(pipeline: &Pipeline, exam: ExamId, data: &Path) -> Result<(), Box<dyn Error>> {
    let key = package::generate()?;
    let images: Vec<_> = pipeline.store().pages_of_exam(exam).await?.into_iter().filter_map(|p| pipeline.blobs().path(&p.blob)).collect();
    let start = Instant::now();
    let facts = pipeline.package_facts(exam, 1).await?;
    println!("facts of {} packets: {:.0} ms", facts.packets.len(), ms(start));
    for round in 0..3 {
        let (copies, one) = (data.join("copies"), data.join("one.bin"));
        std::fs::create_dir_all(&copies)?;
        let start = Instant::now();
        let mut bytes = 0;
        for (n, image) in images.iter().enumerate() {
            let to = copies.join(n.to_string());
            bytes += std::fs::copy(image, &to)?;
            File::open(&to)?.sync_all()?;
        }
        let each = ms(start);
        let (start, used) = (Instant::now(), cpu());
        let mut out = File::create(&one)?;
        for image in &images {
            out.write_all(&std::fs::read(image)?)?;
        }
        out.sync_all()?;
        let (joined, joined_cpu) = (ms(start), cpu() - used);
        let (start, used) = (Instant::now(), cpu());
        let mut writer = pipeline.blobs().writer()?;
        let mut open = |hash: &rcoi_model::BlobHash| pipeline.blobs().reader(hash).map_err(std::io::Error::other);
        package::build(&facts, &key, &mut open, &mut writer)?;
        let written = ms(start);
        let (hash, size) = writer.finish()?;
        let (made, made_cpu) = (ms(start), cpu() - used);
        let (start, used) = (Instant::now(), cpu());
        let made_at = pipeline.blobs().path(&hash).ok_or("blobs are no files")?;
        let file = BufReader::new(File::open(&made_at)?);
        let checked = package::verify(file, &key.verifying_key()).map_err(|faults| format!("{faults:?}"))?;
        let (verified, verified_cpu) = (ms(start), cpu() - used);
        println!("processor: copying into one file {joined_cpu:.0} ms, package {made_cpu:.0} ms, verifying {verified_cpu:.0} ms");
        println!(
            "round {round}: {} sheets, {bytes} bytes of images copied file by file {each:.0} ms, into one file {joined:.0} ms; \
             package of {size} bytes made {made:.0} ms ({written:.0} before the last sync), verified {verified:.0} ms; \
             package + verify / copying: {:.2} file by file, {:.2} into one file",
            checked.sheets,
            (made + verified) / each,
            (made + verified) / joined
        );
        std::fs::remove_dir_all(&copies)?;
        std::fs::remove_file(&one)?;
        std::fs::remove_file(&made_at)?;
    }
    Ok(())
}
