//! The fields station in Debian's Chromium, by keyboard only.

use crate::fake::Fake;
use fantoccini::actions::{InputSource, KeyAction, KeyActions};
use fantoccini::key::Key;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use rcoi_model::{Role, VerdictAct};
use rcoi_web::backend::Backend;
use rcoi_web::{AppState, WebConfig, password, router, serve};
use serde_json::json;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

const PASSWORD: &str = "keyboard-only";
/// A loaded machine starts a browser slowly; nothing is measured by this.
const PATIENCE: Duration = Duration::from_secs(60);

/// A process that ends with the test.
struct Driver(Child);

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

async fn browser(profile: &std::path::Path) -> (Driver, Client) {
    let port = free_port();
    let driver = Command::new("chromedriver").arg(format!("--port={port}")).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let driver = Driver(driver.expect("chromedriver is needed: apt install chromium chromium-driver"));
    let flags = [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--window-size=1366,768",
    ];
    let mut flags: Vec<String> = flags.map(str::to_owned).to_vec();
    flags.push(format!("--user-data-dir={}", profile.display()));
    let mut wanted = serde_json::Map::new();
    wanted.insert("goog:chromeOptions".into(), json!({ "args": flags }));
    let mut builder = ClientBuilder::new(HttpConnector::new());
    builder.capabilities(wanted);
    for _ in 0..PATIENCE.as_secs() * 4 {
        if tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    let client = builder.connect(&format!("http://127.0.0.1:{port}")).await.expect("chromium did not start");
    (driver, client)
}

async fn press(client: &Client, key: char) {
    let keys = KeyActions::new("keyboard".into()).then(KeyAction::Down { value: key }).then(KeyAction::Up { value: key });
    client.perform_actions(keys).await.unwrap();
}

async fn wait_for_text(client: &Client, id: &str, text: &str) {
    let mut seen = String::new();
    for _ in 0..PATIENCE.as_secs() * 10 {
        let script = "return document.getElementById(arguments[0])?.textContent ?? ''";
        seen = client.execute(script, vec![json!(id)]).await.unwrap().as_str().unwrap_or_default().to_owned();
        if seen == text {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("#{id} says '{seen}', expected '{text}'");
}

/// The picture of the field is on the screen; before that Enter does nothing.
async fn wait_for_picture(client: &Client) {
    let picture = client.wait().at_most(PATIENCE).for_element(Locator::Css("#picture:not([hidden])")).await;
    picture.expect("the picture of the field is not shown");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_fields_are_verified_by_keyboard_only_and_the_counter_falls() {
    let fake = Arc::new(Fake::new());
    let hash = password::hash(PASSWORD).unwrap();
    fake.create_user(None, "verifier", &hash, Role::Verifier).await.unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stations = router(AppState::with_backend(fake.clone(), WebConfig::default()));
    let server = tokio::spawn(serve(listener, stations, std::future::pending()));
    let profile = tempfile::tempdir().unwrap();
    let (driver, client) = browser(profile.path()).await;

    client.goto(&format!("http://{address}/")).await.unwrap();
    for key in "verifier".chars().chain([char::from(Key::Tab)]).chain(PASSWORD.chars()).chain([char::from(Key::Enter)]) {
        press(&client, key).await;
    }
    client.wait().at_most(PATIENCE).for_element(Locator::Id("station")).await.expect("signing in did not lead to the station");
    wait_for_text(&client, "left", "2").await;
    wait_for_text(&client, "label", "Ответ на задание 1").await;
    wait_for_picture(&client).await;
    // The doubtful character is selected: one key replaces it. A forbidden one is refused and said.
    press(&client, 'q').await;
    wait_for_text(&client, "note", "Знак «q» здесь недопустим. Допустимы: 0123456789,-АБВЗ").await;
    press(&client, '3').await;
    press(&client, char::from(Key::Enter)).await;
    wait_for_text(&client, "label", "Ответ на задание 2").await;
    wait_for_text(&client, "left", "1").await;
    wait_for_picture(&client).await;
    press(&client, char::from(Key::Enter)).await;
    wait_for_text(&client, "left", "0").await;
    // Escape brings the last one back, as it was answered.
    wait_for_text(&client, "saving", "записано").await;
    press(&client, char::from(Key::Escape)).await;
    wait_for_text(&client, "left", "1").await;
    wait_for_text(&client, "label", "Ответ на задание 2").await;

    let verdicts: Vec<VerdictAct> = fake.0.lock().unwrap().verdicts.iter().map(|v| v.3.clone()).collect();
    assert_eq!(verdicts, [VerdictAct::Value { value: "135".into() }]);
    client.close().await.unwrap();
    drop(driver);
    server.abort();
}
