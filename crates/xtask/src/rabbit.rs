//! A RabbitMQ for the tests: the one that answers, or a private one on a free port that is stopped again.

use crate::machine::{self, Need};
use anyhow::{Context, Result, bail};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Where Debian puts the server's programs.
const PROGRAMS: &str = "/usr/lib/rabbitmq/bin";
/// The longest that a broker may take to start: Erlang on a busy machine.
const START: Duration = Duration::from_secs(120);

/// A broker that lives as long as this value.
pub(crate) struct Rabbit {
    url: String,
    /// Stopped with this value.
    _private: Option<Private>,
}

/// One of our own: it may be restarted and emptied.
pub(crate) struct Private {
    folder: PathBuf,
    port: u16,
    server: Option<Child>,
}

impl Rabbit {
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

/// Finds or starts a broker. `RCOI_TEST_RABBIT` names one of your own.
pub(crate) fn ensure() -> Result<Rabbit> {
    if let Ok(url) = std::env::var("RCOI_TEST_RABBIT") {
        return Ok(Rabbit { url, _private: None });
    }
    if speaks_amqp(5672) {
        return Ok(Rabbit { url: url(5672), _private: None });
    }
    let private = Private::start()?;
    Ok(Rabbit { url: private.url(), _private: Some(private) })
}

impl Private {
    pub(crate) fn start() -> Result<Self> {
        machine::ensure(&Need::RABBIT)?;
        let port = machine::free_ports()?;
        let folder = std::env::temp_dir().join(format!("rcoi-rabbit-{port}"));
        std::fs::create_dir_all(&folder)?;
        println!("== starting a private RabbitMQ on port {port}");
        let mut private = Self { folder, port, server: None };
        private.run()?;
        Ok(private)
    }

    pub(crate) fn url(&self) -> String {
        url(self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Starts the server over what its folder holds, and waits until it answers.
    pub(crate) fn run(&mut self) -> Result<()> {
        let log = std::fs::File::options().create(true).append(true).open(self.folder.join("log"))?;
        let mut command = Command::new(Path::new(PROGRAMS).join("rabbitmq-server"));
        command
            .env("RABBITMQ_NODENAME", format!("rcoi{}@localhost", self.port))
            .env("RABBITMQ_NODE_PORT", self.port.to_string())
            // Erlang's own protocol.
            .env("RABBITMQ_DIST_PORT", (self.port + 1).to_string())
            .env("RABBITMQ_MNESIA_BASE", self.folder.join("data"))
            .env("RABBITMQ_LOG_BASE", self.folder.join("logs"))
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", self.folder.join("plugins"))
            .env("RABBITMQ_CONFIG_FILE", self.folder.join("none"))
            .env("HOME", &self.folder)
            // What a dying Erlang leaves (its own dump and that of its database) stays in its folder.
            .env("ERL_CRASH_DUMP", self.folder.join("erl_crash.dump"))
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        self.server = Some(command.spawn().context("cannot start rabbitmq-server")?);
        let begun = Instant::now();
        while !speaks_amqp(self.port) {
            if begun.elapsed() > START {
                bail!("the private RabbitMQ on port {} does not answer; its log: {}", self.port, self.folder.join("log").display());
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        Ok(())
    }

    /// Ends the server as a power cut would.
    pub(crate) fn kill(&mut self) {
        let Some(mut server) = self.server.take() else { return };
        // The script's child is the Erlang machine, which listens on our port.
        let pattern = format!("rcoi{}@localhost", self.port);
        let _gone = server.kill();
        let _gone = server.wait();
        // Some moments later it is gone with all its threads, and writes no more.
        for _ in 0..100 {
            let found = Command::new("pkill").args(["-9", "-f", &pattern]).status();
            if !found.is_ok_and(|status| status.success()) {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Private {
    /// Takes away everything that it kept. It must not be running.
    pub(crate) fn wipe(&self) -> Result<()> {
        remove(&self.folder.join("data")).context("cannot remove the broker's data")
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        self.kill();
        // A folder that cannot be removed lies in the temporary folder and harms nobody.
        let _ = remove(&self.folder);
    }
}

/// Removes a folder in which helpers of a dead broker may still tidy up for a moment.
fn remove(folder: &Path) -> std::io::Result<()> {
    let mut tries = 0;
    loop {
        match std::fs::remove_dir_all(folder) {
            Err(_) if folder.exists() && tries < 50 => tries += 1,
            Err(error) if folder.exists() => return Err(error),
            _ => return Ok(()),
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Address of a broker on this machine.
pub(crate) fn url(port: u16) -> String {
    format!("amqp://guest:guest@127.0.0.1:{port}/%2f")
}

/// True when an AMQP broker answers there: it replies to the protocol header with a method frame (AMQP 0-9-1, 4.2.2).
fn speaks_amqp(port: u16) -> bool {
    let attempt = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect_timeout(&([127, 0, 0, 1], port).into(), Duration::from_secs(2))?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        stream.write_all(b"AMQP\x00\x00\x09\x01")?;
        let mut first = [0_u8; 1];
        stream.read_exact(&mut first)?;
        Ok(first == [1])
    };
    attempt().unwrap_or(false)
}
