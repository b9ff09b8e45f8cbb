//! The installation that everything happens to: two servers, a centre, two workers, an intake that is started until it ends well.

use super::PAGE_SECONDS;
use super::wire::Wire;
use crate::postgres::Postgres;
use crate::{machine, rabbit};
use anyhow::{Context, Result, bail};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Workers, each with one page at a time.
const WORKERS: usize = 2;
/// All pages must be read so long after the storm.
const PATIENCE: Duration = Duration::from_secs(1800);

/// The program with a data folder and settings.
pub(super) struct Rcoi {
    pub(super) data: PathBuf,
    settings: Vec<(&'static str, String)>,
}

impl Rcoi {
    pub(super) fn new(data: &Path) -> Self {
        Self { data: data.to_owned(), settings: Vec::new() }
    }

    fn command(&self, data: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(machine::root().join("target/debug/rcoi"));
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("RCOI_")) {
            command.env_remove(name);
        }
        let listen = [("RCOI_LISTEN", "127.0.0.1:0".to_owned()), ("RCOI_PAGE_SECONDS", PAGE_SECONDS.to_owned())];
        command.envs(listen).envs(self.settings.iter().map(|(name, value)| (name, value)));
        command.arg("--data").arg(data).args(args).stdin(Stdio::null());
        command
    }

    /// Runs it to its end, which must be a good one; what it said.
    pub(super) fn must(&self, args: &[&str], more: &[&str]) -> Result<String> {
        let args = [args, more].concat();
        let out = self.command(&self.data, &args).output().context("cannot start rcoi")?;
        let (said, told) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        if !out.status.success() {
            bail!("rcoi {} ended with {}\n{said}{told}", args.join(" "), out.status);
        }
        Ok(said.into_owned())
    }

    /// Starts it in the background; what it says goes to a log of that name.
    fn start(&self, name: &str, args: &[&str]) -> Result<Child> {
        let log = File::options().create(true).append(true).open(self.data.join(format!("{name}.log")))?;
        let data = self.data.join(name);
        let data = if name.starts_with("worker") { data } else { self.data.clone() };
        Ok(self.command(&data, args).stdout(log.try_clone()?).stderr(log).spawn()?)
    }
}

pub(super) struct Centre {
    pub(super) rcoi: Rcoi,
    input: PathBuf,
    postgres: Postgres,
    rabbit: rabbit::Private,
    wire: Wire,
    blobs: PathBuf,
    /// The pictures lie on a disk of their own, which may be filled.
    small_disk: bool,
    serve: Option<Child>,
    workers: [Option<Child>; WORKERS],
    intake: Option<Child>,
    /// The last intake took everything.
    taken: bool,
    until_full: Option<Instant>,
}

impl Centre {
    pub(super) fn new(data: &Path, input: &Path, keys: &Path, postgres: Postgres, rabbit: rabbit::Private) -> Result<Self> {
        if data.exists() {
            std::fs::remove_dir_all(data)?;
        }
        let blobs = data.join("blobs");
        std::fs::create_dir_all(&blobs)?;
        machine::shell(&format!(
            "cp -rl '{}' '{}'; cp -r '{}' '{}'",
            input.display(),
            data.join("input").display(),
            keys.display(),
            data.join("keys").display()
        ))?;
        let bytes: u64 = walkdir::WalkDir::new(input).into_iter().flatten().filter_map(|e| e.metadata().ok()).map(|m| m.len()).sum();
        // The pictures, and the package that holds them once more.
        let megabytes = bytes / 1_000_000 * 5 / 2 + 200;
        let mount = format!("mount -t tmpfs -o size={megabytes}m rcoi-faults '{}'", blobs.display());
        let small_disk = machine::is_root() && machine::shell(&mount).is_ok();
        let (server, _) = postgres.url().rsplit_once('/').context("an address without a database")?;
        let wire = Wire::to(rabbit.port())?;
        let settings = vec![
            ("RCOI_DATABASE", format!("{server}/rcoi")),
            ("RCOI_QUEUE", rabbit::url(wire.port)),
            ("RCOI_BLOBS", blobs.to_string_lossy().into_owned()),
            ("RCOI_SERVE_READS", "false".to_owned()),
            ("RCOI_LOG", "info".to_owned()),
        ];
        let rcoi = Rcoi { data: data.to_owned(), settings };
        rcoi.must(&["migrate"], &[])?;
        rcoi.must(&["exam", "import", &input.join("exam.json").to_string_lossy()], &[])?;
        Ok(Self {
            rcoi,
            input: input.to_owned(),
            postgres,
            rabbit,
            wire,
            blobs,
            small_disk,
            serve: None,
            workers: [None, None],
            intake: None,
            taken: false,
            until_full: None,
        })
    }

    pub(super) fn start(&mut self) -> Result<()> {
        self.tend()
    }

    /// What systemd does: starts again what has ended. And the operator: takes the folder in until nothing is refused.
    pub(super) fn tend(&mut self) -> Result<()> {
        if self.until_full.is_some_and(|until| until < Instant::now()) {
            self.until_full = None;
            std::fs::remove_file(self.blobs.join("filler"))?;
        }
        if !is_alive(&mut self.serve)? {
            self.serve = Some(self.rcoi.start("serve", &["serve"])?);
        }
        for n in 0..WORKERS {
            if !is_alive(&mut self.workers[n])? {
                self.workers[n] = Some(self.rcoi.start(&format!("worker-{n}"), &["work", "--threads", "1"])?);
            }
        }
        if !self.taken && !is_alive(&mut self.intake)? {
            if let Some(mut ended) = self.intake.take() {
                // 3: the poison and its like were named; 1: the database or the disk was away.
                self.taken = matches!(ended.wait()?.code(), Some(0 | 3));
            }
            if !self.taken {
                let packets = self.input.join("packets").to_string_lossy().into_owned();
                self.intake = Some(self.rcoi.start("ingest", &["ingest", "--no-wait", &packets])?);
            }
        }
        Ok(())
    }

    pub(super) fn can_fill(&self) -> bool {
        self.small_disk
    }

    pub(super) fn kill_worker(&mut self, n: usize) -> Result<()> {
        kill(&mut self.workers[n])
    }

    pub(super) fn kill_serve(&mut self) -> Result<()> {
        kill(&mut self.serve)
    }

    pub(super) fn restart_rabbit(&mut self, wipe: bool) -> Result<()> {
        self.rabbit.kill();
        if wipe {
            self.rabbit.wipe()?;
        }
        self.rabbit.run()
    }

    pub(super) fn restart_postgres(&mut self) -> Result<()> {
        self.postgres.crash()
    }

    pub(super) fn cut_database(&mut self) -> Result<()> {
        self.ask("SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'rcoi'").map(|_| ())
    }

    pub(super) fn cut_broker(&mut self) -> Result<()> {
        self.wire.cut();
        Ok(())
    }

    /// Takes all the room on the disk of the pictures for a while.
    pub(super) fn fill_disk(&mut self, how_long: Duration) -> Result<()> {
        let filler = self.blobs.join("filler");
        // It ends with "no space left": that is the point.
        let _full =
            Command::new("dd").args(["if=/dev/zero", "bs=64k"]).arg(format!("of={}", filler.display())).stderr(Stdio::null()).status()?;
        self.until_full = Some(Instant::now() + how_long);
        Ok(())
    }

    /// Makes the relay publish again what is in the queue and in work already.
    pub(super) fn duplicate(&mut self) -> Result<()> {
        self.ask("UPDATE pages SET published_until = NULL WHERE state = 'received'").map(|_| ())
    }

    /// One decoder dies while it works; its page gets a second one.
    pub(super) fn kill_decoder(&mut self) -> Result<()> {
        let Some(worker) = &self.workers[0] else { return Ok(()) };
        let _none_there = Command::new("pkill").args(["-9", "-o", "-P", &worker.id().to_string()]).status()?;
        Ok(())
    }

    /// Asks the database past the program; waits for it.
    pub(super) fn ask(&self, sql: &str) -> Result<String> {
        let (server, _) = self.postgres.url().rsplit_once('/').context("an address without a database")?;
        let out = Command::new("psql").args(["-qtA", "-c", sql, &format!("{server}/rcoi")]).output().context("cannot start psql")?;
        if !out.status.success() {
            bail!("psql: {sql}: {}", String::from_utf8_lossy(&out.stderr));
        }
        Ok(String::from_utf8_lossy(&out.stdout).into_owned())
    }

    /// Files of the exam.
    pub(super) fn files(&self) -> Result<u64> {
        let files = walkdir::WalkDir::new(self.input.join("packets")).into_iter().flatten().filter(|e| e.file_type().is_file());
        Ok(files.count() as u64)
    }

    /// How far it is, for people.
    pub(super) fn standing(&self) -> String {
        let counted = self.ask("SELECT COUNT(*) FILTER (WHERE state <> 'received') || ' of ' || COUNT(*) || ' pages done' FROM pages");
        counted.map_or_else(|_| "the database is away".to_owned(), |said| said.trim().to_owned())
    }

    pub(super) fn wait_until_read(&mut self) -> Result<()> {
        let until = Instant::now() + PATIENCE;
        loop {
            self.tend()?;
            let left = self.ask("SELECT COUNT(*) FROM pages WHERE state = 'received'").unwrap_or_default();
            if self.taken && self.until_full.is_none() && left.trim() == "0" {
                return Ok(());
            }
            if Instant::now() > until {
                bail!("{} pages are still not read; the logs are in {}", left.trim(), self.rcoi.data.display());
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// Ends the processes; the servers go on.
    pub(super) fn stop(&mut self) {
        let all = self.workers.iter_mut().chain([&mut self.serve, &mut self.intake]);
        for mut child in all.filter_map(Option::take) {
            // Gone already: nothing to end.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Centre {
    fn drop(&mut self) {
        self.stop();
        if self.small_disk {
            let _busy = machine::shell(&format!("umount -l '{}'", self.blobs.display()));
        }
    }
}

fn is_alive(child: &mut Option<Child>) -> Result<bool> {
    Ok(match child {
        Some(child) => child.try_wait()?.is_none(),
        None => false,
    })
}

fn kill(child: &mut Option<Child>) -> Result<()> {
    if let Some(mut child) = child.take() {
        child.kill()?;
        child.wait()?;
    }
    Ok(())
}
