//! The rules of the house that a compiler does not check: sizes, headers, arrows, who may name what.

use crate::machine;
use anyhow::{Context, Result, bail};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use walkdir::WalkDir;

/// No handwritten file is longer.
const MAX_LINES: usize = 700;

/// Crates that never touch the outside world.
const PURE: [&str; 4] = ["rcoi-recognize", "rcoi-rules", "rcoi-template", "rcoi-model"];

/// Which crates of ours each crate may depend on: arrows only downward.
const ARROWS: [(&str, &[&str]); 11] = [
    ("rcoi-model", &[]),
    ("rcoi-template", &["rcoi-model"]),
    ("rcoi-rules", &["rcoi-model"]),
    ("rcoi-store", &["rcoi-model"]),
    ("rcoi-queue", &["rcoi-model"]),
    ("rcoi-recognize", &["rcoi-model", "rcoi-template"]),
    ("rcoi-synth", &["rcoi-model", "rcoi-template"]),
    ("rcoi-pipeline", &["rcoi-model", "rcoi-template", "rcoi-recognize", "rcoi-rules", "rcoi-store", "rcoi-queue"]),
    ("rcoi-web", &["rcoi-model", "rcoi-template", "rcoi-rules", "rcoi-store", "rcoi-pipeline"]),
    (
        "rcoi",
        &[
            "rcoi-model",
            "rcoi-template",
            "rcoi-recognize",
            "rcoi-rules",
            "rcoi-store",
            "rcoi-queue",
            "rcoi-pipeline",
            "rcoi-web",
            "rcoi-synth",
        ],
    ),
    ("xtask", &[]),
];

/// A rule about words: `words` may stand only where `allowed` says yes.
struct WordRule {
    words: &'static [&'static str],
    because: &'static str,
    allowed: fn(&Place<'_>) -> bool,
}

/// Where a line stands.
struct Place<'a> {
    krate: &'a str,
    /// Path below the crate's folder, with `/`.
    path: &'a str,
}

impl Place<'_> {
    fn is_test(&self) -> bool {
        self.path.starts_with("tests/")
            || self.path.starts_with("benches/")
            || self.path.starts_with("examples/")
            || self.path.contains("/tests")
    }
}

const WORD_RULES: [WordRule; 6] = [
    WordRule {
        words: &["tokio::", "sqlx::", "axum::", "lapin::", "std::fs", "std::env::", "SystemTime", "Instant::now"],
        because: "this crate is pure: bytes and values in, values out",
        allowed: |at| !PURE.contains(&at.krate) || at.is_test(),
    },
    WordRule {
        words: &["\"SELECT ", "\"INSERT INTO", "\"UPDATE ", "\"DELETE FROM", "sqlx::"],
        because: "only rcoi-store speaks SQL",
        allowed: |at| at.krate == "rcoi-store" || at.krate == "xtask",
    },
    WordRule {
        words: &["lapin"],
        because: "only rcoi-queue/src/rabbit names lapin",
        allowed: |at| at.path.starts_with("src/rabbit/") || at.krate == "xtask",
    },
    WordRule {
        words: &["opencv"],
        because: "only a crate's cv.rs names OpenCV",
        allowed: |at| at.path == "src/cv.rs" || at.path.starts_with("src/cv/") || at.krate == "xtask",
    },
    WordRule {
        words: &["std::env::", "env::var"],
        because: "only the binary reads the environment",
        allowed: |at| at.krate == "rcoi" || at.krate == "xtask" || at.is_test(),
    },
    WordRule {
        words: &["todo!(", "unimplemented!(", "dbg!(", "#[ignore"],
        because: "unfinished work does not land",
        allowed: |at| at.krate == "xtask",
    },
];

pub(crate) fn run() -> Result<()> {
    let root = machine::root();
    let mut faults = Vec::new();
    check_sources(root, &mut faults)?;
    check_arrows(root, &mut faults)?;
    check_migrations(root, &mut faults)?;
    if faults.is_empty() {
        return Ok(());
    }
    bail!("the house is not tidy:\n{}", faults.join("\n"))
}

fn check_sources(root: &Path, faults: &mut Vec<String>) -> Result<()> {
    let ours =
        ["crates", "fuzz/src", "fuzz/fuzz_targets", "fuzz/seeds"].into_iter().flat_map(|f| WalkDir::new(root.join(f)).sort_by_file_name());
    for entry in ours {
        let entry = entry?;
        let ending = entry.path().extension().and_then(|e| e.to_str()).unwrap_or_default();
        if !entry.file_type().is_file() || !matches!(ending, "rs" | "js" | "css" | "html") {
            continue;
        }
        let shown = entry.path().strip_prefix(root)?.to_string_lossy().replace('\\', "/");
        let text = fs::read_to_string(entry.path()).with_context(|| format!("cannot read {shown}"))?;
        let lines = text.lines().count();
        if lines > MAX_LINES {
            faults.push(format!("{shown}: {lines} lines, at most {MAX_LINES} are allowed"));
        }
        if ending == "rs" {
            check_rust(&shown, &text, faults);
        }
    }
    Ok(())
}

fn check_rust(shown: &str, text: &str, faults: &mut Vec<String>) {
    let purpose = text.lines().next().and_then(|l| l.strip_prefix("//! ")).unwrap_or_default();
    if purpose.len() < 10 {
        faults.push(format!("{shown}:1: the first line must say what the file is for (`//! …`)"));
    }
    let Some((krate, path)) = shown.strip_prefix("crates/").and_then(|p| p.split_once('/')) else {
        return;
    };
    let place = Place { krate, path };
    for (number, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("//") {
            continue;
        }
        for rule in &WORD_RULES {
            if let Some(word) = rule.words.iter().find(|w| line.contains(**w))
                && !(rule.allowed)(&place)
            {
                faults.push(format!("{shown}:{}: `{word}`: {}", number + 1, rule.because));
            }
        }
    }
}

fn check_arrows(root: &Path, faults: &mut Vec<String>) -> Result<()> {
    let allowed: BTreeMap<_, _> = ARROWS.into_iter().collect();
    for entry in fs::read_dir(root.join("crates"))? {
        let folder = entry?.path();
        let Some(name) = folder.file_name().and_then(|n| n.to_str()) else {
            continue;
        };
        let Some(below) = allowed.get(name) else {
            faults.push(format!("crates/{name}: not in the list of crates and their arrows (xtask/src/tidy.rs)"));
            continue;
        };
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).with_context(|| format!("crates/{name}/Cargo.toml"))?;
        // Tests may look upward; what ships may not.
        let shipped = manifest.split("[dev-dependencies]").next().unwrap_or_default();
        for line in shipped.lines().filter(|l| l.starts_with("rcoi-")) {
            let dependency = line.split(['.', ' ', '=']).next().unwrap_or_default();
            if !below.contains(&dependency) {
                faults.push(format!("crates/{name}/Cargo.toml: depends on {dependency}, which does not lie below it"));
            }
        }
    }
    Ok(())
}

fn check_migrations(root: &Path, faults: &mut Vec<String>) -> Result<()> {
    let names = |driver: &str| -> Result<BTreeSet<String>> {
        let folder = root.join("migrations").join(driver);
        fs::read_dir(&folder)
            .with_context(|| format!("cannot list {}", folder.display()))?
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect()
    };
    let (sqlite, postgres) = (names("sqlite")?, names("postgres")?);
    for odd in sqlite.symmetric_difference(&postgres) {
        faults.push(format!("migrations: {odd} exists for one database only"));
    }
    Ok(())
}
