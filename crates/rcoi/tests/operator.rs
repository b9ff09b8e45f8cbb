//! The operator's doors through the running binary: files that are sent and a folder that is watched, with kill -9 between.

mod common;

use common::drawn::drawn;
use common::{Running, start_with};
use rcoi_model::{PageState, Role};
use rcoi_store::Store;
use rcoi_synth::DrawnExam;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const PASSWORD: &str = "operator-operator";

/// A running centre that watches a folder, and somebody signed in there.
struct Centre {
    running: Running,
    address: String,
    client: Client,
    csrf: String,
}

impl Centre {
    async fn start(data: &Path, scans: &Path) -> Self {
        let settings = [("RCOI_WATCH", scans.display().to_string()), ("RCOI_WATCH_SECONDS", "1".to_owned())];
        let mut running = start_with(Command::new(env!("CARGO_BIN_EXE_rcoi")), data, &["serve"], &settings);
        assert!(running.wait_for(|r| r.said_line("the stations are at ").is_some()), "the centre does not start");
        let line = running.said_line("the stations are at ").unwrap();
        let address = line.split_whitespace().next().unwrap().trim_end_matches('/').to_owned();
        let client = Client::builder().cookie_store(true).build().unwrap();
        let login = json!({ "login": "operator", "password": PASSWORD });
        let me: Value = client.post(format!("{address}/api/v1/login")).json(&login).send().await.unwrap().json().await.unwrap();
        let csrf = me["csrf"].as_str().unwrap_or_else(|| panic!("{me}")).to_owned();
        Self { running, address, client, csrf }
    }

    async fn get(&self, path: &str) -> Value {
        self.client.get(format!("{}{path}", self.address)).send().await.unwrap().json().await.unwrap()
    }

    async fn send(&self, exam: &str, path: &str, bytes: Vec<u8>) -> (StatusCode, Value) {
        let asked = self.client.post(format!("{}/api/v1/exams/{exam}/files?path={path}", self.address));
        let answer = asked.header("x-csrf-token", &self.csrf).body(bytes).send().await.unwrap();
        (answer.status(), answer.json().await.unwrap())
    }

    /// Looks at the packets until they are as wanted.
    async fn until(&mut self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let seen = self.get("/api/v1/intake").await;
            if fits(&seen) {
                return seen;
            }
            assert!(self.running.is_alive(), "the centre has ended");
            assert!(begun.elapsed() < Duration::from_secs(180), "{what}: {seen:#}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

fn sum(seen: &Value, key: &str) -> u64 {
    seen["exams"][0]["packets"].as_array().unwrap().iter().map(|p| p[key].as_u64().unwrap()).sum()
}

/// As a scanner does it: under its last name from the beginning, in pieces.
fn put_down(exam: &DrawnExam, at: usize, scans: &Path) -> String {
    let job = &exam.jobs()[at];
    let file = scans.join(&job.source);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, exam.draw(job).unwrap()).unwrap();
    job.source.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn sheets_that_are_sent_and_sheets_that_are_put_down_are_read_once_each_through_kills() {
    let _tls = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let (data, scans) = (folder.path().join("data"), folder.path().join("scans"));
    std::fs::create_dir_all(&scans).unwrap();
    let exam = drawn();
    let plan = folder.path().join("exam.json");
    std::fs::write(&plan, serde_json::to_vec(&exam.plan).unwrap()).unwrap();
    common::run(&data, &["exam", "import", &plan.to_string_lossy()]).ended(0);
    {
        let store = Store::open(&format!("sqlite:{}", data.join("rcoi.db").display())).await.unwrap();
        rcoi_web::ensure_user(&store, "operator", PASSWORD, Role::Operator).await.unwrap();
        store.close().await;
    }
    let id = exam.plan.id().to_string();
    let whole = exam.jobs().len();
    let sent = whole / 2;

    let mut centre = Centre::start(&data, &scans).await;
    for job in &exam.jobs()[..sent] {
        let (status, answer) = centre.send(&id, &format!("evening/{}", job.source), exam.draw(job).unwrap()).await;
        assert_eq!((status, &answer["outcome"]), (StatusCode::OK, &json!("taken")), "{answer}");
    }
    // The answer was lost: sent once more.
    let again = centre.send(&id, &exam.jobs()[0].source, exam.draw(&exam.jobs()[0]).unwrap()).await.1;
    assert_eq!(again["outcome"], "known", "{again}");
    let (status, stray) = centre.send(&id, "stray.png", exam.draw(&exam.jobs()[0]).unwrap()).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{stray}");
    let mut names = BTreeSet::new();
    for at in sent..whole {
        names.insert(put_down(&exam, at, &scans));
        if at == sent + (whole - sent) / 2 {
            // Some are taken in, some are not yet.
            centre.until("the first put down", |seen| sum(seen, "scanned") as usize > sent).await;
            centre.running.kill();
            centre = Centre::start(&data, &scans).await;
        }
    }
    std::fs::write(scans.join("notes.txt"), "no packet").unwrap();
    let seen = centre.until("all are read", |seen| sum(seen, "read") as usize == whole && seen["watch"]["waiting"] == 0).await;
    assert_eq!((sum(&seen, "scanned") as usize, sum(&seen, "waiting"), sum(&seen, "set_aside")), (whole, 0, 0), "{seen:#}");
    assert_eq!(seen["watch"]["taken"], json!(whole - sent));
    assert_eq!(seen["watch"]["troubles"][0]["file"], "notes.txt", "{}", seen["watch"]);
    assert!(names.iter().all(|name| scans.join(name).exists()), "files stay where they are");

    // What the operator sees of a sheet.
    let packet = &seen["exams"][0]["packets"][0];
    let view = centre.get(&format!("/api/v1/exams/{id}/packets/{}", packet["id"].as_str().unwrap())).await;
    let pages = view["pages"].as_array().unwrap();
    assert_eq!(pages.len() as u64, packet["scanned"].as_u64().unwrap());
    assert!(pages.iter().all(|p| p["state"] == "read" && p["form"].is_string()), "{view:#}");
    let picture = format!("{}{}", centre.address, pages[0]["picture"].as_str().unwrap());
    let bytes = centre.client.get(picture).send().await.unwrap().bytes().await.unwrap();
    let small = image::load_from_memory(&bytes).unwrap();
    assert!(small.width() <= 56 && small.height() <= 79 && small.height() > 60, "{}x{}", small.width(), small.height());

    // Started once more, it knows everything and takes nothing twice.
    centre.running.kill();
    let mut centre = Centre::start(&data, &scans).await;
    let seen = centre.until("known again", |seen| seen["watch"]["taken"] == json!(whole - sent)).await;
    assert_eq!(sum(&seen, "scanned") as usize, whole);
    centre.running.terminate().ended(0);
    let store = Store::open(&format!("sqlite:{}", data.join("rcoi.db").display())).await.unwrap();
    let pages = store.pages_of_exam(exam.plan.id()).await.unwrap();
    let mut found: Vec<_> = pages.iter().map(|p| p.source.clone()).collect();
    let mut given: Vec<_> = exam.jobs().iter().map(|j| j.source.clone()).collect();
    found.sort();
    given.sort();
    assert_eq!(found, given, "every sheet once, under the name it always has");
    assert!(pages.iter().all(|p| p.state == PageState::Read));
    let acts = store.audit_rows(0, 10_000).await.unwrap().into_iter().filter(|r| r.entry.act == "packet.file").count();
    assert_eq!(acts, sent, "each file that somebody sent is an act");
    assert!(matches!(store.verify_audit().await.unwrap(), rcoi_store::AuditReport::Whole { .. }));
    assert_eq!(std::fs::read_dir(data.join("uploads")).unwrap().count(), 0, "nothing is left of files on their way");
}
