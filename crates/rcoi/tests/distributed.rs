//! The same exam on one machine and in the distributed shape: PostgreSQL, RabbitMQ, a centre that does not read, workers that
//! die and leave in the middle. The packages are the same, byte for byte.

mod common;

use common::drawn::{PEOPLE, SEED, drawn, write_input};
use common::{Ran, Running, demo_package, run, start_with, verify};
use rcoi_queue::{Params, Queue};
use std::path::Path;
use std::process::Command;

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

#[test]
fn both_shapes_make_the_same_package_though_workers_die() {
    let folder = tempfile::tempdir().unwrap();
    let (alone, many) = (folder.path().join("alone"), folder.path().join("many"));
    let exam = drawn();
    write_input(&exam, &alone.join("demo/input"));
    write_input(&exam, &many.join("input"));
    let (seed, people) = (SEED.to_string(), PEOPLE.to_string());
    let demo = ["demo", "--robot", "--seed", &seed, "--participants", &people];
    run(&alone, &demo).ended(0);
    let expected = demo_package(&alone.join("demo"));
    // The same key signs.
    std::fs::create_dir_all(many.join("keys")).unwrap();
    for key in ["signing.pem", "signing.pem.pub"] {
        std::fs::copy(alone.join("demo/keys").join(key), many.join("keys").join(key)).unwrap();
    }

    let installation = Installation::new(&folder.path().join("shared"));
    assert!(installation.run(&many, &["migrate"]).ended(0).out.contains("made the database"));
    let work = |n: u32| installation.start(&folder.path().join(format!("worker-{n}")), &["work", "--threads", "1"]);
    let first = work(1);
    let mut centre = installation.start(&many, &[&demo[..], &["--configured"]].concat());
    assert!(centre.wait_for(|r| r.has_said("stations: ")), "{}", centre.wait().err);
    std::thread::sleep(std::time::Duration::from_millis(1500));
    // It dies with a page in its hands; another one comes and goes on, a third leaves as it should.
    assert!(first.kill().0);
    let mut third = work(3);
    let second = work(2);
    assert!(third.wait_for(|r| r.has_said("reading pages")), "{}", third.wait().err);
    assert!(third.terminate().ended(0).out.contains("all pages in work are finished"));
    let ran = centre.wait().ended(0);
    assert!(second.terminate().ended(0).out.contains("all pages in work are finished"));
    assert!(ran.out.contains("robot: "), "{}", ran.out);

    let package = demo_package(&many);
    verify(&many, &package).ended(0);
    assert!(std::fs::read(&package).unwrap() == std::fs::read(&expected).unwrap(), "the packages differ");
    installation.run(&many, &["audit", "verify"]).ended(0);
    let refused =
        installation.run(&folder.path().join("other"), &["demo", "--robot", "--configured", "--participants", "4", "--seed", "9"]).ended(1);
    assert!(refused.err.contains("other exams"), "{}", refused.err);
}
