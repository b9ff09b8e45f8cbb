//! From key press to the next picture: a real Chromium in front of a running centre, one person who confirms what stands there.
//!
//! `cargo run --release -p rcoi-web --example keypress -- http://127.0.0.1:8080 verifier PASSWORD verify 200`
//!
//! The last two say the station (`verify` or `symbols`) and how often Enter is pressed. Each time is taken inside the page: from
//! the key event to the first frame in which every picture of the next task (field, or board of sixty) is decoded. It confirms
//! what the machine read, so run it against a drawn exam.

use fantoccini::actions::{InputSource, KeyAction, KeyActions};
use fantoccini::key::Key;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const DRIVER: &str = "http://127.0.0.1:9517";
const PATIENCE: Duration = Duration::from_secs(30);

/// Watches the page: after each Enter it asks in every frame whether the next pictures are there.
const WATCH: &str = "
    const [box, times] = [document.querySelector('#board, #frame'), (window.times = [])];
    const shown = () => [...box.querySelectorAll('img')].filter((img) => !img.hidden && img.complete && img.naturalWidth);
    const whole = () => shown().length > 0 && shown().length === box.querySelectorAll('img:not([hidden])').length;
    const name = () => shown().map((img) => img.src).join();
    addEventListener('keydown', (event) => {
      if (event.key !== 'Enter') return;
      const [before, turn] = [name(), (window.turn = (window.turn ?? 0) + 1)];
      const look = () => {
        if (turn !== window.turn) return;
        if (whole() && name() !== before) times.push(performance.now() - event.timeStamp);
        else if (!document.querySelector('#empty:not([hidden])')) requestAnimationFrame(look);
      };
      requestAnimationFrame(look);
    }, true);";

struct Driver(Child);

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [address, login, password, station, presses] = args.as_slice() else {
        return Err("usage: keypress ADDRESS LOGIN PASSWORD verify|symbols PRESSES".into());
    };
    let _driver = Driver(Command::new("chromedriver").arg("--port=9517").stdout(Stdio::null()).stderr(Stdio::null()).spawn()?);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1366,768"];
    let mut wanted = serde_json::Map::new();
    wanted.insert("goog:chromeOptions".into(), json!({ "args": flags }));
    let mut builder = ClientBuilder::new(HttpConnector::new());
    builder.capabilities(wanted);
    let client = builder.connect(DRIVER).await?;
    let outcome = measure(&client, address, (login, password), station, presses.parse()?).await;
    client.close().await?;
    let mut times = outcome?;
    times.sort_by(f64::total_cmp);
    let at =
        |share: f64| times.get(((times.len() as f64 * share) as usize).min(times.len().saturating_sub(1))).copied().unwrap_or(f64::NAN);
    println!("{station}: {} times, ms: p50 {:.1}, p95 {:.1}, p99 {:.1}, max {:.1}", times.len(), at(0.5), at(0.95), at(0.99), at(1.0));
    Ok(())
}

async fn measure(client: &Client, address: &str, who: (&str, &str), station: &str, presses: u32) -> Result<Vec<f64>> {
    client.goto(&format!("{address}/login")).await?;
    client.wait().at_most(PATIENCE).for_element(Locator::Css("input[name=login]")).await?.send_keys(who.0).await?;
    client.find(Locator::Css("input[name=password]")).await?.send_keys(who.1).await?;
    press(client, Key::Enter).await?;
    client.wait().at_most(PATIENCE).for_element(Locator::Css(".me")).await?;
    client.goto(&format!("{address}/{station}")).await?;
    client.wait().at_most(PATIENCE).for_element(Locator::Css("#station[data-ready]")).await?;
    client.execute(WATCH, vec![]).await?;
    for _ in 0..presses {
        // The end of the work.
        if client.wait().at_most(Duration::from_secs(8)).for_element(Locator::Css("#station[data-ready]")).await.is_err() {
            break;
        }
        let before = client.execute("return times.length", vec![]).await?;
        press(client, Key::Enter).await?;
        for _ in 0..200 {
            tokio::time::sleep(Duration::from_millis(10)).await;
            if client.execute("return times.length", vec![]).await? != before {
                break;
            }
        }
        // A value that may not stand there is not confirmed: it goes to the senior.
        if client.execute("return times.length", vec![]).await? == before {
            type_in(client, char::from(Key::F8)).await?;
            tokio::time::sleep(Duration::from_millis(200)).await;
            type_in(client, '1').await?;
            press(client, Key::Enter).await?;
        }
    }
    Ok(serde_json::from_value(client.execute("return times", vec![]).await?)?)
}

async fn press(client: &Client, key: Key) -> Result<()> {
    type_in(client, char::from(key)).await
}

async fn type_in(client: &Client, value: char) -> Result<()> {
    let keys = KeyActions::new("keyboard".into()).then(KeyAction::Down { value }).then(KeyAction::Up { value });
    Ok(client.perform_actions(keys).await?)
}
