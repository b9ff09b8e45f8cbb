//! What a Debian machine must have, and how to get it: apt as root or with sudo, else the exact line to run.

use anyhow::{Context, Result, bail};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

/// A thing the machine must have and the Debian packages that bring it.
pub(crate) struct Need {
    /// Any of these files proves that it is there (`*` may stand for one path part's text).
    pub(crate) proof: &'static [&'static str],
    pub(crate) packages: &'static [&'static str],
}

impl Need {
    /// To compile: OpenCV's headers and libraries, and clang to read the headers.
    pub(crate) const BUILD: [Self; 4] = [
        Self { proof: &["/usr/bin/cc"], packages: &["build-essential"] },
        Self {
            proof: &[
                "/usr/lib/llvm-14/lib/libclang.so",
                "/usr/lib/llvm-15/lib/libclang.so",
                "/usr/lib/llvm-16/lib/libclang.so",
                "/usr/lib/llvm-19/lib/libclang.so",
            ],
            packages: &["clang", "libclang-dev"],
        },
        Self { proof: &["/usr/include/opencv4/opencv2/core.hpp"], packages: &["libopencv-core-dev"] },
        Self { proof: &["/usr/include/opencv4/opencv2/imgproc.hpp"], packages: &["libopencv-imgproc-dev"] },
    ];
    /// For the browser tests.
    pub(crate) const BROWSER: [Self; 2] = [
        Self { proof: &["/usr/bin/chromium"], packages: &["chromium"] },
        Self { proof: &["/usr/bin/chromedriver"], packages: &["chromium-driver"] },
    ];
    pub(crate) const POSTGRES: [Self; 1] =
        [Self { proof: &["/usr/lib/postgresql/15/bin/initdb", "/usr/lib/postgresql/17/bin/initdb"], packages: &["postgresql"] }];

    pub(crate) const RABBIT: [Self; 1] = [Self { proof: &["/usr/lib/rabbitmq/bin/rabbitmq-server"], packages: &["rabbitmq-server"] }];

    fn is_met(&self) -> bool {
        self.proof.iter().any(|path| Path::new(path).exists())
    }
}

/// Installs what is missing, or says which line to run.
pub(crate) fn ensure(needs: &[Need]) -> Result<()> {
    let missing: Vec<&str> = needs.iter().filter(|n| !n.is_met()).flat_map(|n| n.packages.iter().copied()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let line = format!("apt-get install -y --no-install-recommends {}", missing.join(" "));
    let Some(prefix) = root_prefix() else {
        bail!("these Debian packages are missing; run as root:\n\n    apt-get update && {line}\n");
    };
    println!("== installing: {}", missing.join(" "));
    shell(&format!("{prefix}apt-get update -qq"))?;
    shell(&format!("{prefix}env DEBIAN_FRONTEND=noninteractive {line}"))
        .with_context(|| format!("could not install the system packages; try by hand: {line}"))?;
    if let Some(unmet) = needs.iter().find(|n| !n.is_met()) {
        bail!("{} was installed, yet none of {:?} is there", unmet.packages.join(" "), unmet.proof);
    }
    Ok(())
}

/// `""` as root, `"sudo -n "` when sudo works without a password, else nothing.
fn root_prefix() -> Option<&'static str> {
    if is_root() {
        return Some("");
    }
    let works = Command::new("sudo").args(["-n", "true"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    works.is_ok_and(|s| s.success()).then_some("sudo -n ")
}

/// A free port, and a free one next to it, below those that systems give to outgoing connections: while a server of ours is
/// down nobody else gets its port.
pub(crate) fn free_ports() -> Result<u16> {
    let free = |port: u16| TcpListener::bind(("127.0.0.1", port)).is_ok();
    let first = 20_000 + u16::try_from(std::process::id() % 10_000).unwrap_or(0);
    (first..32_000).step_by(2).find(|port| free(*port) && free(*port + 1)).context("no free port between 20000 and 32000")
}

pub(crate) fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|out| out.stdout.trim_ascii() == b"0")
}

/// Runs one line of shell; its output of apt is shown only when it fails.
pub(crate) fn shell(line: &str) -> Result<()> {
    let out = Command::new("sh").args(["-c", line]).output().with_context(|| format!("cannot start: {line}"))?;
    if out.status.success() {
        return Ok(());
    }
    bail!("{line}\nended with {}\n{}{}", out.status, String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr))
}

/// Runs cargo in the workspace; output goes straight to the terminal.
pub(crate) fn cargo(args: &[&str], env: &[(&str, &str)]) -> Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo).args(args).envs(env.iter().copied()).current_dir(root()).status().context("cannot start cargo")?;
    if !status.success() {
        bail!("cargo {} failed ({status})", args.join(" "));
    }
    Ok(())
}

/// The top folder of the workspace.
pub(crate) fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().and_then(Path::parent).unwrap_or(here)
}
