//! Debian's Chromium behind its driver, and a served centre to look at.

use crate::fake::Fake;
use axum::body::Body;
use axum::http::Request;
use fantoccini::actions::{InputSource, KeyAction, KeyActions};
use fantoccini::key::Key;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rcoi_model::Role;
use rcoi_web::backend::Backend;
use rcoi_web::roles::{POSTS, Post};
use rcoi_web::{AppState, WebConfig, password, serve};
use serde_json::{Value, json};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

const PASSWORD: &str = "keyboard-only";
static HASH: LazyLock<String> = LazyLock::new(|| password::hash(PASSWORD).unwrap());
/// A loaded machine starts a browser slowly; nothing is measured by this.
const PATIENCE: Duration = Duration::from_secs(60);
/// One browser at a time: two on a small machine only wait for each other.
static ONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// A process that ends with the test.
struct Driver(Child);

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What the browsers of one test have in common; ends with the last of them.
struct Room {
    server: tokio::task::JoinHandle<std::io::Result<()>>,
    driver: String,
    _process: Driver,
    _turn: tokio::sync::MutexGuard<'static, ()>,
}

impl Drop for Room {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// A browser in front of a centre.
pub(crate) struct Desk {
    pub(crate) client: Client,
    pub(crate) fake: Arc<Fake>,
    pub(crate) address: String,
    room: Arc<Room>,
    _profile: tempfile::TempDir,
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Desk {
    pub(crate) async fn new(fake: Fake) -> Self {
        let turn = ONE.lock().await;
        let fake = Arc::new(fake);
        for post in POSTS {
            fake.create_user(None, post.as_str(), &HASH, post).await.unwrap();
        }
        fake.create_user(None, "second", &HASH, Post::Works(Role::Verifier)).await.unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let stations = AppState::with_backend(fake.clone(), fake.clone(), WebConfig::default());
        let server = tokio::spawn(serve(listener, stations, std::future::pending()));
        let port = free_port();
        let driver = Command::new("chromedriver").arg(format!("--port={port}")).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let process = Driver(driver.expect("chromedriver is needed: apt install chromium chromium-driver"));
        for _ in 0..PATIENCE.as_secs() * 4 {
            if tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        let room = Room { server, driver: format!("http://127.0.0.1:{port}"), _process: process, _turn: turn };
        Self::in_room(Arc::new(room), fake, address).await
    }

    /// Another browser, with cookies of its own, in front of the same centre.
    pub(crate) async fn beside(&self) -> Self {
        Self::in_room(self.room.clone(), self.fake.clone(), self.address.clone()).await
    }

    async fn in_room(room: Arc<Room>, fake: Arc<Fake>, address: String) -> Self {
        let profile = tempfile::tempdir().unwrap();
        let flags = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--window-size=1366,768",
        ];
        let mut flags: Vec<String> = flags.map(str::to_owned).to_vec();
        flags.push(format!("--user-data-dir={}", profile.path().display()));
        let mut wanted = serde_json::Map::new();
        wanted.insert("goog:chromeOptions".into(), json!({ "args": flags }));
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(wanted);
        let client = builder.connect(&room.driver).await.expect("chromium did not start");
        Self { client, fake, address, room, _profile: profile }
    }

    /// A command of the browser's own protocol, for what a person cannot do by keyboard.
    pub(crate) async fn devtools(&self, command: &str, parameters: Value) {
        let session = self.client.session_id().await.unwrap().unwrap();
        let path = format!("{}/session/{session}/goog/cdp/execute", self.room.driver);
        let body = Body::from(json!({ "cmd": command, "params": parameters }).to_string());
        let http = hyper_util::client::legacy::Client::builder(TokioExecutor::new()).build(HttpConnector::new());
        let answer = http.request(Request::post(path).body(body).unwrap()).await.unwrap();
        assert!(answer.status().is_success(), "{command}");
    }

    /// Cuts the network or joins it again.
    pub(crate) async fn offline(&self, cut: bool) {
        self.devtools("Network.enable", json!({})).await;
        let conditions = json!({ "offline": cut, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1 });
        self.devtools("Network.emulateNetworkConditions", conditions).await;
    }

    pub(crate) async fn close(self) {
        self.client.clone().close().await.unwrap();
    }

    pub(crate) async fn go(&self, path: &str) {
        self.client.goto(&format!("{}{path}", self.address)).await.unwrap();
    }

    /// Signs in by keyboard.
    pub(crate) async fn sign_in(&self, login: &str) {
        // A page that still asks without its cookie would go to the login by itself, in the middle of the typing.
        self.go("/health").await;
        self.client.delete_all_cookies().await.unwrap();
        self.go("/login").await;
        self.wait_for("input[name=login]:focus").await;
        self.type_in(login).await;
        self.press(Key::Tab).await;
        self.type_in(PASSWORD).await;
        self.press(Key::Enter).await;
        self.client.wait().at_most(PATIENCE).for_element(Locator::Css(".me")).await.expect("signing in did not work");
    }

    pub(crate) async fn press(&self, key: Key) {
        self.type_in(&char::from(key).to_string()).await;
    }

    pub(crate) async fn type_in(&self, text: &str) {
        let mut keys = KeyActions::new("keyboard".into());
        for value in text.chars() {
            keys = keys.then(KeyAction::Down { value }).then(KeyAction::Up { value });
        }
        self.client.perform_actions(keys).await.unwrap();
    }

    /// A key with Control held.
    pub(crate) async fn control(&self, key: Key) {
        let (held, value) = (char::from(Key::Control), char::from(key));
        let keys = KeyActions::new("keyboard".into())
            .then(KeyAction::Down { value: held })
            .then(KeyAction::Down { value })
            .then(KeyAction::Up { value })
            .then(KeyAction::Up { value: held });
        self.client.perform_actions(keys).await.unwrap();
    }

    pub(crate) async fn script(&self, script: &str) -> Value {
        self.client.execute(script, vec![]).await.unwrap()
    }

    pub(crate) async fn text(&self, id: &str) -> String {
        let script = "return document.getElementById(arguments[0])?.textContent ?? ''";
        self.client.execute(script, vec![json!(id)]).await.unwrap().as_str().unwrap_or_default().to_owned()
    }

    pub(crate) async fn wait_for_text(&self, id: &str, text: &str) {
        let mut seen = String::new();
        for _ in 0..PATIENCE.as_secs() * 10 {
            seen = self.text(id).await;
            if seen == text {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("#{id} says '{seen}', expected '{text}'");
    }

    /// The field is on the screen for long enough to be answered; before that Enter does nothing.
    pub(crate) async fn wait_until_ready(&self) {
        self.wait_for("#station[data-ready]").await;
    }

    pub(crate) async fn wait_for(&self, css: &str) {
        let found = self.client.wait().at_most(PATIENCE).for_element(Locator::Css(css)).await;
        if let Err(e) = found {
            // What stands there instead tells more than a time that has passed.
            let stands = self.script("return `${location.pathname} ${document.activeElement?.outerHTML.slice(0, 120)}`").await;
            panic!("{css} is not on the page: {e}; there is {stands}");
        }
    }
}
