//! `cargo xtask api`: a demo centre held against its own OpenAPI file by schemathesis, as every role.

use crate::machine::{self, Need};
use anyhow::{Context, Result, bail};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

/// As every demo has it.
const PASSWORD: &str = "demo-demo-demo";
/// Version of the tool: another one may call other things a failure.
const TOOL: &str = "schemathesis==4.32.5";
const PYTHON: [Need; 1] = [Need {
    proof: &["/usr/lib/python3.11/ensurepip/__init__.py", "/usr/lib/python3.13/ensurepip/__init__.py"],
    packages: &["python3-venv"],
}];

/// The demo, ended when it is dropped.
struct Demo {
    child: Child,
    folder: PathBuf,
    /// Kept open: a process that may not write any more ends.
    said: Option<BufReader<ChildStdout>>,
}

impl Drop for Demo {
    fn drop(&mut self) {
        // It holds nothing that anybody needs.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

pub(crate) fn run(mut args: impl Iterator<Item = String>) -> Result<()> {
    let seconds = match (args.next().as_deref(), args.next()) {
        (None, _) => "60".to_owned(),
        (Some("--seconds"), Some(n)) if n.parse::<u32>().is_ok_and(|n| n > 0) => n,
        _ => bail!("cargo xtask api [--seconds N]   N for each role, 60 if not told"),
    };
    machine::ensure(&Need::BUILD)?;
    machine::cargo(&["build", "--workspace", "--bin", "rcoi"], &[])?;
    let python = tool()?;
    let port = machine::free_ports()?;
    let demo = start(port)?;
    println!("== schemathesis, {seconds} s for each role");
    let check = machine::root().join("tools/api/check.py");
    let status = Command::new(python).arg(check).args([&format!("http://127.0.0.1:{port}"), PASSWORD, &seconds]).status();
    drop(demo);
    if !status.context("cannot start python")?.success() {
        bail!("the API and its description differ: see above");
    }
    Ok(())
}

/// Python with schemathesis in a place of its own below `target`.
fn tool() -> Result<PathBuf> {
    let place = machine::root().join("target/schemathesis");
    let python = place.join("bin/python");
    if works_with(&python, "import schemathesis") {
        return Ok(python);
    }
    if !works_with(Path::new("python3"), "import venv, ensurepip") {
        machine::ensure(&PYTHON)?;
    }
    println!("== installing {TOOL}");
    let place = place.display();
    machine::shell(&format!("python3 -m venv '{place}' && '{place}/bin/pip' install --quiet {TOOL}"))?;
    Ok(python)
}

fn works_with(python: &Path, line: &str) -> bool {
    Command::new(python).args(["-c", line]).stderr(Stdio::null()).status().is_ok_and(|s| s.success())
}

/// Draws a small exam and waits until its stations are open.
fn start(port: u16) -> Result<Demo> {
    let folder = std::env::temp_dir().join(format!("rcoi-api-{port}"));
    println!("== drawing a small exam");
    let mut child = Command::new(machine::root().join("target/debug/rcoi"))
        .args(["demo", "--participants", "8", "--data"])
        .arg(&folder)
        .env("RCOI_LISTEN", format!("127.0.0.1:{port}"))
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start the demo")?;
    let mut said = BufReader::new(child.stdout.take().context("the demo has no output")?);
    let mut demo = Demo { child, folder, said: None };
    let mut open = false;
    for line in said.by_ref().lines() {
        // The last line of the greeting: everything is read.
        if line?.starts_with("Ctrl-C") {
            open = true;
            break;
        }
    }
    demo.said = Some(said);
    if open { Ok(demo) } else { bail!("the demo ended before its stations were open") }
}
