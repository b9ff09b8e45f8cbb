//! The binary as people start it: in a data folder of its own, with its output, its end and its memory kept.
#![allow(dead_code, reason = "each test binary uses its part")]

pub(crate) mod drawn;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// No verb of these tests may take longer.
const LIMIT: Duration = Duration::from_secs(240);

/// A finished run.
#[derive(Debug)]
pub(crate) struct Ran {
    /// `None`: killed by a signal.
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
    /// Largest memory seen, megabytes.
    pub(crate) peak: u64,
}

impl Ran {
    /// Panics with the whole output unless the run ended with this code.
    #[track_caller]
    pub(crate) fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.out, self.err);
        self
    }

    /// Lines of stderr that hold this text.
    pub(crate) fn lines_with(&self, text: &str) -> Vec<&str> {
        self.err.lines().filter(|line| line.contains(text)).collect()
    }
}

/// A run that goes on. Dropped, it is killed.
pub(crate) struct Running {
    child: Child,
    out: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<String>>,
    peak: u64,
}

/// Starts `rcoi --data DATA ARGS`.
pub(crate) fn start(data: &Path, args: &[&str]) -> Running {
    start_command(Command::new(env!("CARGO_BIN_EXE_rcoi")), data, args)
}

/// As [`start`], with a command that ends in the binary (a shell that sets limits first).
pub(crate) fn start_command(command: Command, data: &Path, args: &[&str]) -> Running {
    start_with(command, data, args, &[])
}

/// As [`start_command`], with settings in the environment.
pub(crate) fn start_with(mut command: Command, data: &Path, args: &[&str], settings: &[(&str, String)]) -> Running {
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("RCOI_")) {
        command.env_remove(name);
    }
    command.envs(settings.iter().map(|(name, value)| (name, value)));
    command.arg("--data").arg(data).args(args).env("RCOI_LISTEN", "127.0.0.1:0");
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    let out = Arc::new(Mutex::new(String::new()));
    let (stdout, mut stderr) = (child.stdout.take().expect("a pipe"), child.stderr.take().expect("a pipe"));
    let so_far = Arc::clone(&out);
    let readers = vec![
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                so_far.lock().expect("no panic in here").push_str(&format!("{line}\n"));
            }
            String::new()
        }),
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            // A killed run ends its pipe; what came until then counts.
            let _ = stderr.read_to_end(&mut bytes);
            String::from_utf8_lossy(&bytes).into_owned()
        }),
    ];
    Running { child, out, readers, peak: 0 }
}

/// Runs `rcoi --data DATA ARGS` to its end.
pub(crate) fn run(data: &Path, args: &[&str]) -> Ran {
    start(data, args).wait()
}

impl Running {
    /// True when the output so far holds this text.
    pub(crate) fn has_said(&self, text: &str) -> bool {
        self.out.lock().expect("no panic in there").contains(text)
    }

    /// What stands behind `beginning` in the first line of the output that begins so.
    pub(crate) fn said_line(&self, beginning: &str) -> Option<String> {
        let out = self.out.lock().expect("no panic in there");
        out.lines().find_map(|line| line.strip_prefix(beginning)).map(str::to_owned)
    }

    /// True while it runs. Looks at its memory too.
    pub(crate) fn is_alive(&mut self) -> bool {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let peak = status.lines().find_map(|l| l.strip_prefix("VmHWM:")?.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
        self.peak = self.peak.max(peak.unwrap_or(0) / 1024);
        self.child.try_wait().expect("the child is ours").is_none()
    }

    /// Waits until `sign` is there; false when the run ended before.
    pub(crate) fn wait_for(&mut self, mut sign: impl FnMut(&Self) -> bool) -> bool {
        let begun = Instant::now();
        while self.is_alive() {
            if sign(self) {
                return true;
            }
            assert!(begun.elapsed() < LIMIT, "nothing came: {}", self.out.lock().expect("no panic in there"));
            std::thread::sleep(Duration::from_millis(1));
        }
        sign(self)
    }

    /// SIGKILL; true when it was still alive.
    pub(crate) fn kill(mut self) -> (bool, Ran) {
        let alive = self.is_alive();
        self.child.kill().expect("the child is ours");
        (alive, self.wait())
    }

    /// SIGTERM: it may finish what it has in work.
    pub(crate) fn terminate(self) -> Ran {
        let asked = Command::new("kill").arg(self.child.id().to_string()).status().expect("kill is there");
        assert!(asked.success());
        self.wait()
    }

    pub(crate) fn wait(mut self) -> Ran {
        let begun = Instant::now();
        while self.is_alive() {
            if begun.elapsed() > LIMIT {
                self.child.kill().expect("the child is ours");
            }
            std::thread::sleep(Duration::from_millis(3));
        }
        let code = self.child.wait().expect("the child is ours").code();
        let err = std::mem::take(&mut self.readers).into_iter().map(|r| r.join().expect("a reader")).collect();
        let out = self.out.lock().expect("no panic in there").clone();
        Ran { code, out, err, peak: self.peak }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Ended already: nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The one package that the demo left in its folder.
pub(crate) fn demo_package(demo: &Path) -> PathBuf {
    let found: Vec<_> = std::fs::read_dir(demo.join("packages")).expect("packages").flatten().map(|e| e.path()).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].clone()
}

/// Two packages are the same byte for byte; if not, says where they part.
pub(crate) fn same_bytes(made: &Path, expected: &Path) {
    let (made, expected) = (std::fs::read(made).unwrap(), std::fs::read(expected).unwrap());
    if made == expected {
        return;
    }
    let (made, expected) = (entries("", made), entries("", expected));
    // The sums differ whenever something does: they come last.
    let (sums, content): (Vec<_>, Vec<_>) =
        made.keys().chain(expected.keys()).partition(|name| name.contains("SHA256SUMS") || name.ends_with("manifest.json"));
    for name in content.into_iter().chain(sums) {
        let [one, two] = [&made, &expected].map(|of| of.get(name).map_or("", String::as_str));
        if let Some((line, (a, b))) = one.lines().zip(two.lines()).enumerate().find(|(_, (a, b))| a != b) {
            let from = a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count().saturating_sub(150);
            let shown = |text: &str| text.chars().skip(from).take(300).collect::<String>();
            panic!("the packages differ: {name}, line {}\nmade     {}\nexpected {}", line + 1, shown(a), shown(b));
        }
    }
    panic!("the packages differ in length or order: {:?} and {:?}", made.keys(), expected.keys());
}

/// The files of an archive, and of the archives in it, as text.
fn entries(within: &str, bytes: Vec<u8>) -> BTreeMap<String, String> {
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut all = BTreeMap::new();
    for at in 0..zip.len() {
        let (mut file, mut bytes) = (zip.by_index(at).unwrap(), Vec::new());
        file.read_to_end(&mut bytes).unwrap();
        let name = format!("{within}{}", file.name().unwrap());
        if name.ends_with(".zip") {
            all.extend(entries(&format!("{name}/"), bytes));
        } else {
            all.insert(name, String::from_utf8_lossy(&bytes).into_owned());
        }
    }
    all
}

/// `rcoi package verify` of a file with the key of a data folder.
pub(crate) fn verify(demo: &Path, file: &Path) -> Ran {
    let key = demo.join("keys/signing.pem.pub");
    run(demo, &["package", "verify", &file.to_string_lossy(), "--key", &key.to_string_lossy()])
}

/// Numbers that look random and are the same in every run (SplitMix64).
pub(crate) struct Seeded(pub(crate) u64);

impl Seeded {
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }
}
