//! A PostgreSQL for the tests: the one that answers, or a private one on a free port that is stopped again.

use crate::machine::{self, Need};
use anyhow::{Context, Result, bail};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A server that lives as long as this value.
pub(crate) struct Postgres {
    url: String,
    private: Option<Private>,
}

struct Private {
    folder: PathBuf,
    binaries: PathBuf,
    port: u16,
}

impl Postgres {
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Ends a server of our own without a word to anybody, as a power cut would, and starts it again.
    pub(crate) fn crash(&self) -> Result<()> {
        let private = self.private.as_ref().context("this PostgreSQL is not ours to restart")?;
        private.run(&format!("pg_ctl -D '{}/data' -m immediate stop", private.folder.display()))?;
        private.start()
    }
}

/// Finds or starts a server. `RCOI_TEST_POSTGRES` names one of your own.
pub(crate) fn ensure() -> Result<Postgres> {
    if let Ok(url) = std::env::var("RCOI_TEST_POSTGRES") {
        return Ok(Postgres { url, private: None });
    }
    if lets_postgres_in("127.0.0.1:5432") {
        return Ok(Postgres { url: "postgres://postgres@127.0.0.1:5432/postgres".to_owned(), private: None });
    }
    start_private()
}

/// True when a server there accepts the role `postgres` without a password: the start-up packet of the
/// wire protocol (PostgreSQL documentation, "Message Formats") is answered by `AuthenticationOk`.
fn lets_postgres_in(address: &str) -> bool {
    let attempt = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect_timeout(&address.parse().map_err(std::io::Error::other)?, Duration::from_secs(2))?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        let body = b"\x00\x03\x00\x00user\0postgres\0database\0postgres\0\0";
        stream.write_all(&(body.len() as u32 + 4).to_be_bytes())?;
        stream.write_all(body)?;
        let mut reply = [0_u8; 9];
        stream.read_exact(&mut reply)?;
        Ok(reply == *b"R\0\0\0\x08\0\0\0\0")
    };
    attempt().unwrap_or(false)
}

/// Starts one of our own: it may be restarted.
pub(crate) fn start_private() -> Result<Postgres> {
    machine::ensure(&Need::POSTGRES)?;
    let binaries = ["/usr/lib/postgresql/15/bin", "/usr/lib/postgresql/17/bin"]
        .into_iter()
        .map(PathBuf::from)
        .find(|p| p.join("initdb").exists())
        .context("no PostgreSQL binaries found")?;
    let port = machine::free_ports()?;
    let folder = std::env::temp_dir().join(format!("rcoi-postgres-{port}"));
    std::fs::create_dir_all(&folder)?;
    let private = Private { folder, binaries, port };
    if machine::is_root() {
        machine::shell(&format!("chown postgres '{}'", private.folder.display()))?;
    }
    let data = private.folder.join("data");
    println!("== starting a private PostgreSQL on port {port}");
    private.run(&format!("initdb -D '{}' -U postgres -A trust --no-sync", data.display()))?;
    private.start()?;
    if !lets_postgres_in(&format!("127.0.0.1:{port}")) {
        bail!("the private PostgreSQL on port {port} does not answer; its log: {}/log", private.folder.display());
    }
    Ok(Postgres { url: format!("postgres://postgres@127.0.0.1:{port}/postgres"), private: Some(private) })
}

impl Private {
    fn start(&self) -> Result<()> {
        let (folder, port) = (self.folder.display(), self.port);
        self.run(&format!("pg_ctl -D '{folder}/data' -w -l '{folder}/log' -o '-p {port} -c listen_addresses=127.0.0.1 -k {folder}' start"))
    }

    /// PostgreSQL refuses to run as root, so root hands the command to the user `postgres`.
    fn run(&self, command: &str) -> Result<()> {
        let line = format!("{}/{command} >/dev/null 2>'{}/err'", self.binaries.display(), self.folder.display());
        let line = if machine::is_root() { format!("runuser -u postgres -- sh -c \"{line}\"") } else { line };
        machine::shell(&line).with_context(|| read(&self.folder.join("err")))
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let Some(private) = &self.private else { return };
        if let Err(error) = private.run(&format!("pg_ctl -D '{}/data' -m immediate stop", private.folder.display())) {
            eprintln!("the private PostgreSQL in {} did not stop: {error}", private.folder.display());
            return;
        }
        // A folder that cannot be removed lies in the temporary folder and harms nobody.
        let _ = std::fs::remove_dir_all(&private.folder);
    }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}
