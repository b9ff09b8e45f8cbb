//! The same exam on one machine, in the distributed shape (PostgreSQL, RabbitMQ, a centre that does not read, workers that die
//! and leave in the middle), and moved from the one to the other half-way. The packages are the same, byte for byte.

mod common;

use common::drawn::{PEOPLE, SEED, drawn, write_input};
use common::{Ran, Running, demo_package, run, same_bytes, start, start_with, verify};
use rcoi_queue::{Params, Queue};
use rcoi_synth::DrawnExam;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Settings of an installation of its own on the servers of the tests.
struct Installation {
    settings: Vec<(&'static str, String)>,
    queue: String,
}

fn server(variable: &str, usual: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| usual.to_owned())
}

impl Installation {
    fn new(blobs: &Path) -> Self {
        // The store's tests drop databases with such names when they are ten minutes old.
        let name = format!("rcoi_test_{}", uuid::Uuid::now_v7().simple());
        let postgres = server("RCOI_TEST_POSTGRES", "postgres://postgres@127.0.0.1:5432/postgres");
        let (start, _) = postgres.rsplit_once('/').unwrap();
        let settings = vec![
            ("RCOI_DATABASE", format!("{start}/{name}")),
            ("RCOI_QUEUE", broker()),
            ("RCOI_QUEUE_NAME", name.clone()),
            ("RCOI_BLOBS", blobs.to_string_lossy().into_owned()),
            ("RCOI_SERVE_READS", "false".to_owned()),
        ];
        Self { settings, queue: name }
    }

    fn start(&self, data: &Path, args: &[&str]) -> Running {
        start_with(Command::new(env!("CARGO_BIN_EXE_rcoi")), data, args, &self.settings)
    }

    fn run(&self, data: &Path, args: &[&str]) -> Ran {
        self.start(data, args).wait()
    }
}

impl Drop for Installation {
    fn drop(&mut self) {
        let queue = Queue::rabbit(broker().into(), &self.queue, Params::default());
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(queue.remove()).unwrap();
    }
}

fn broker() -> String {
    server("RCOI_TEST_RABBIT", "amqp://guest:guest@127.0.0.1:5672/%2f")
}

/// The arguments of a demo over the drawn exam.
fn demo() -> Vec<String> {
    ["demo", "--robot", "--seed", &SEED.to_string(), "--participants", &PEOPLE.to_string()].map(str::to_owned).to_vec()
}

fn texts<'a>(args: &'a [String], more: &[&'a str]) -> Vec<&'a str> {
    args.iter().map(String::as_str).chain(more.iter().copied()).collect()
}

/// The demo on one machine; its package, and its signing key copied to the other data folders.
fn alone(exam: &DrawnExam, data: &Path, others: &[&Path]) -> PathBuf {
    write_input(exam, &data.join("demo/input"));
    run(data, &texts(&demo(), &[])).ended(0);
    for other in others {
        write_input(exam, &other.join("input"));
        std::fs::create_dir_all(other.join("keys")).unwrap();
        for key in ["signing.pem", "signing.pem.pub"] {
            std::fs::copy(data.join("demo/keys").join(key), other.join("keys").join(key)).unwrap();
        }
    }
    demo_package(&data.join("demo"))
}

/// The package of an installation is the same as the expected one.
fn same_package(installation: &Installation, data: &Path, expected: &Path) {
    let package = demo_package(data);
    verify(data, &package).ended(0);
    same_bytes(&package, expected);
    installation.run(data, &["audit", "verify"]).ended(0);
    let queue = installation.run(data, &["admin", "queue", "--json"]).ended(0).out;
    let queue: serde_json::Value = serde_json::from_str(&queue).unwrap();
    assert_eq!((&queue["pages"]["waiting"], &queue["queue"]["dead"]), (&0.into(), &0.into()), "{queue}");
}

#[test]
fn both_shapes_make_the_same_package_though_workers_die() {
    let folder = tempfile::tempdir().unwrap();
    let many = folder.path().join("many");
    let expected = alone(&drawn(), &folder.path().join("alone"), &[&many]);
    let installation = Installation::new(&folder.path().join("shared"));
    assert!(installation.run(&many, &["migrate"]).ended(0).out.contains("made the database"));
    let work = |n: u32| installation.start(&folder.path().join(format!("worker-{n}")), &["work", "--threads", "1"]);
    let first = work(1);
    let mut centre = installation.start(&many, &texts(&demo(), &["--configured"]));
    assert!(centre.wait_for(|r| r.has_said("stations: ")), "{}", centre.wait().err);
    std::thread::sleep(Duration::from_millis(1500));
    // It dies with a page in its hands; another one comes and goes on, a third leaves as it should.
    assert!(first.kill().0);
    let mut third = work(3);
    let second = work(2);
    assert!(third.wait_for(|r| r.has_said("reading pages")), "{}", third.wait().err);
    assert!(third.terminate().ended(0).out.contains("all pages in work are finished"));
    let ran = centre.wait().ended(0);
    assert!(second.terminate().ended(0).out.contains("all pages in work are finished"));
    assert!(ran.out.contains("robot: "), "{}", ran.out);
    same_package(&installation, &many, &expected);
    a_backup_brings_everything_back(&installation, &many, folder.path(), &expected);

    let other = folder.path().join("other");
    let refused = installation.run(&other, &["demo", "--robot", "--configured", "--participants", "4", "--seed", "9"]).ended(1);
    assert!(refused.err.contains("other exams"), "{}", refused.err);
}

/// `deploy/backup.sh` and `deploy/restore.sh`: into another database and other folders, which make the same package.
fn a_backup_brings_everything_back(installation: &Installation, data: &Path, folder: &Path, expected: &Path) {
    let script = |name: &str, args: &[&str]| {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy").join(name);
        let out = Command::new("sh").arg(script).args(args).output().unwrap();
        assert!(out.status.success(), "{name}: {}", String::from_utf8_lossy(&out.stderr));
    };
    let text = |path: PathBuf| path.to_string_lossy().into_owned();
    let (kept, keys, blobs) = (text(folder.join("kept")), text(data.join("keys")), text(folder.join("shared")));
    script("backup.sh", &[&installation.settings[0].1, &blobs, &keys, &kept]);
    let (back, back_blobs) = (folder.join("back"), folder.join("back-blobs"));
    let restored = Installation::new(&back_blobs);
    let (server, name) = restored.settings[0].1.rsplit_once('/').unwrap();
    script("restore.sh", &[&kept, &format!("{server}/postgres"), name, &text(back_blobs.clone()), &text(back.join("keys"))]);
    restored.run(&back, &["audit", "verify"]).ended(0);
    let made = text(back.join("again.zip"));
    restored.run(&back, &["exam", "package", "-o", &made]).ended(0);
    same_bytes(Path::new(&made), expected);
}

/// Asks a process what it tells those who run the machines; `None` while it does not listen yet.
fn told(port: u16, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

#[test]
fn a_process_tells_whether_it_can_work_and_what_it_did() {
    let folder = tempfile::tempdir().unwrap();
    let exam = drawn();
    let (one, input) = (folder.path().join("one"), folder.path().join("input"));
    write_input(&exam, &input);
    let ports = [(); 2].map(|()| std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port());
    let mut installation = Installation::new(&folder.path().join("shared"));
    installation.run(&one, &["migrate"]).ended(0);
    installation.run(&one, &["exam", "import", &input.join("exam.json").to_string_lossy()]).ended(0);
    installation.run(&one, &["ingest", "--no-wait", &input.join("packets").to_string_lossy()]);
    installation.settings.push(("RCOI_OPERATIONS", format!("127.0.0.1:{}", ports[0])));
    let mut worker = installation.start(&one, &["work", "--threads", "1"]);
    assert!(worker.wait_for(|r| r.has_said("reading pages")), "{}", worker.wait().err);
    let ready = told(ports[0], "/ready").unwrap();
    assert!(ready.contains("200 OK") && ready.contains("store: ready") && ready.contains("queue: ready"), "{ready}");
    assert!(told(ports[0], "/health").unwrap().contains("200 OK"));

    // The centre publishes; its broker is another one, which is not there: it lives, cannot work, and says why.
    installation.settings.push(("RCOI_OPERATIONS", format!("127.0.0.1:{}", ports[1])));
    installation.settings.push(("RCOI_QUEUE", "amqp://guest:hush@127.0.0.1:9/%2f".to_owned()));
    let mut lost = installation.start(&folder.path().join("two"), &["serve"]);
    assert!(lost.wait_for(|r| r.has_said("the stations are at")), "{}", lost.wait().err);
    let unready = told(ports[1], "/ready").unwrap();
    assert!(
        unready.contains("503") && unready.contains("store: ready") && unready.contains("queue: the broker does not answer"),
        "{unready}"
    );
    assert!(!unready.contains("hush"));
    lost.terminate().ended(0);

    installation.settings.retain(|(name, value)| *name != "RCOI_OPERATIONS" && !value.contains("hush"));
    let centre = installation.start(&one, &["serve"]);
    let read =
        || told(ports[0], "/metrics").unwrap().lines().any(|line| line.starts_with("rcoi_pages_read_total") && !line.ends_with(" 0"));
    assert!(worker.wait_for(|_| read()), "{}", worker.wait().err);
    let figures = told(ports[0], "/metrics").unwrap();
    assert!(figures.contains("rcoi_page_seconds_bucket{stage=\"read\",le=") && figures.contains("rcoi_pages{exam="), "{figures}");
    centre.terminate().ended(0);
    worker.terminate().ended(0);
}

#[test]
fn a_laptop_in_the_middle_of_an_exam_moves_to_the_server_and_nothing_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let (laptop, server) = (folder.path().join("laptop"), folder.path().join("server"));
    let exam = drawn();
    let expected = alone(&exam, &folder.path().join("alone"), &[&server]);
    write_input(&exam, &laptop.join("input"));
    run(&laptop, &["exam", "import", &laptop.join("input/exam.json").to_string_lossy()]).ended(0);
    let packets = laptop.join("input/packets").to_string_lossy().into_owned();
    let mut ingest = start(&laptop, &["ingest", &packets]);
    assert!(ingest.wait_for(|r| r.has_said("reading")));
    std::thread::sleep(Duration::from_millis(700));
    ingest.kill();

    let installation = Installation::new(&folder.path().join("shared"));
    let (from, to) = (format!("sqlite:{}", laptop.join("rcoi.db").display()), installation.settings[0].1.clone());
    let moved = installation.run(&server, &["migrate", "--from", &from, "--to", &to]).ended(0);
    assert!(moved.out.contains("does not open any more"), "{}", moved.out);
    let closed = run(&laptop, &["exam", "status"]).ended(1);
    assert!(closed.err.contains("was moved to"), "{}", closed.err);
    let again = installation.run(&server, &["migrate", "--from", &from, "--to", &to]).ended(1);
    assert!(again.err.contains("was moved to"), "{}", again.err);

    let worker = installation.start(&folder.path().join("worker"), &["work", "--threads", "1"]);
    installation.run(&server, &texts(&demo(), &["--configured"])).ended(0);
    worker.terminate().ended(0);
    same_package(&installation, &server, &expected);
}
