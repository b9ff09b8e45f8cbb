//! `rcoi servant` (hidden): the process in which files of strangers are decoded and pages read; its parent ends it.

use super::{Done, files};
use crate::args::ServantArgs;
use crate::config::Config;
use crate::wiring::Engine;
use anyhow::{Context, Result, anyhow};
use rcoi_pipeline::{Answer, Pixels, Question, Said, Servant, cut, read_page, refusal, serve};
use rcoi_recognize::source::{self, Limits};
use rcoi_recognize::{FormReader, Params};
use rcoi_template::builtin;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::path::{Path, PathBuf};
use std::process::exit;
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

/// Memory that one process may take. The largest page that is let in, 80 million pixels in colour in a progressive
/// JPEG, needs 900 MB.
const MEMORY: u64 = 2 << 30;
/// The parent ends a process at its limit; when the parent itself is gone, the process ends itself so much later.
const GRACE: Duration = Duration::from_secs(5);

/// How this program starts itself as a servant that reads with the templates of `--templates`, else of the configuration.
pub(crate) fn of(config: &Config, templates: Option<&Path>) -> Result<Servant> {
    // This very program, even when its file was replaced meanwhile.
    let itself = PathBuf::from("/proc/self/exe");
    let program = if itself.exists() { itself } else { std::env::current_exe().context("cannot find this program's own file")? };
    let mut args = vec!["servant".into(), "--seconds".into(), config.page_seconds.max(1).to_string().into()];
    let configured = (!config.templates.is_empty()).then(|| Path::new(&config.templates));
    if let Some(path) = templates.or(configured) {
        args.extend(["--templates".into(), path.into()]);
    }
    Ok(Servant { program, args })
}

pub(crate) fn run(args: &ServantArgs) -> Result<Done> {
    let limit = getrlimit(Resource::Data);
    setrlimit(Resource::Data, Rlimit { current: Some(limit.maximum.map_or(MEMORY, |most| most.min(MEMORY))), ..limit })
        .context("cannot limit the memory")?;
    // What a panic says stands in the answer.
    std::panic::set_hook(Box::new(|_| {}));
    let (begin, begun) = channel();
    let longest = Duration::from_secs(args.seconds) + GRACE;
    std::thread::spawn(move || watch(&begun, longest));
    let engine = OnceLock::new();
    let limits = Limits::default();
    // The page that was just read: pictures of it may be wanted.
    let mut last = None;
    let ask = |question, bytes: Vec<u8>| -> Said {
        let _watched = begin.send(true);
        let before = last.take();
        let said = match question {
            Question::Pages => source::page_count(&bytes, &limits).map(Answer::Pages).map_err(|e| refusal(&e)),
            Question::Picture(index) => source::decode(&bytes, index, &limits).map_err(|e| refusal(&e)).map(|picture| {
                let (width, height) = picture.gray.dimensions();
                Answer::Picture(Pixels { width, height, samples: picture.gray.into_raw() })
            }),
            Question::Cut(wanted) => {
                before.map(|page| Answer::Cut(cut(&page, &wanted))).ok_or_else(|| "no page was read before".to_owned())
            }
            Question::Page(index, known) => match engine.get_or_init(|| load(args.templates.as_deref())) {
                Ok(engine) => read_page(engine, &bytes, index, known.as_deref(), &limits).map(|(reading, gray)| {
                    last = Some(gray);
                    Answer::Page(Box::new(reading))
                }),
                // Templates that were fine when the parent started: it is told by the end of this process.
                Err(error) => {
                    eprintln!("rcoi servant: {error:#}");
                    exit(1)
                }
            },
        };
        let _watched = begin.send(false);
        said
    };
    serve(std::io::stdin().lock(), std::io::stdout().lock(), ask).map_err(|e| anyhow!("the pipe to the parent broke: {e}"))?;
    Ok(Done::Well)
}

fn load(templates: Option<&Path>) -> Result<Engine> {
    let templates = match templates {
        Some(path) => files::templates_at(path)?,
        None => builtin(),
    };
    Ok(Engine(FormReader::new(templates, Params::default())?))
}

/// Ends the process when a question takes longer than `longest`: `true` begins one, `false` ends it.
fn watch(begun: &Receiver<bool>, longest: Duration) {
    while begun.recv().is_ok() {
        if begun.recv_timeout(longest) == Err(RecvTimeoutError::Timeout) {
            exit(1);
        }
    }
}
