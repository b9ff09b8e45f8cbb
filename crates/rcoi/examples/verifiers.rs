//! Many verifiers at once against a running centre: every call timed, every refusal counted.
//!
//! `cargo run --release -p rcoi --example verifiers -- --password … http://127.0.0.1:8080`
//!
//! Half of the people stand at boards, half at fields. They confirm what the machine read, so run it against a drawn exam.
//! Nobody looks equally long twice, and nobody begins when the others do: people do not walk in step.

use anyhow::{Context, Result, ensure};
use clap::Parser;
use rcoi_model::{BoardId, VerdictId};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

#[derive(Debug, Clone, Parser)]
struct Args {
    /// Where the stations are.
    address: String,
    /// Password of the login `admin`, and of the people it makes.
    #[arg(long)]
    password: String,
    #[arg(long, default_value_t = 100)]
    people: u32,
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// How long a person looks at a field, milliseconds (half as long to one and a half times as long): a quick one, all night.
    #[arg(long, default_value_t = 2000)]
    look: u64,
    /// How long a person looks at a board of sixty characters, milliseconds: five a second.
    #[arg(long, default_value_t = 12_000)]
    look_at_board: u64,
}

/// Fields of one claim.
const ROUND: u32 = 8;

/// Times of calls by name, and what went wrong.
#[derive(Default)]
struct Ledger {
    times: BTreeMap<&'static str, Vec<Duration>>,
    wrong: BTreeMap<String, u64>,
}

#[derive(Clone)]
struct Person {
    client: Client,
    base: String,
    csrf: String,
    ledger: Arc<Mutex<Ledger>>,
}

impl Person {
    async fn sign_in(args: &Args, login: &str, ledger: &Arc<Mutex<Ledger>>) -> Result<Self> {
        let client = Client::builder().cookie_store(true).no_proxy().build()?;
        let body = json!({ "login": login, "password": args.password });
        let answer = client.post(format!("{}/api/v1/login", args.address)).json(&body).send().await?;
        ensure!(answer.status().is_success(), "{login} cannot sign in: {}", answer.status());
        let csrf = answer.json::<Value>().await?["csrf"].as_str().context("the login gave no token")?.to_owned();
        Ok(Self { client, base: args.address.clone(), csrf, ledger: Arc::clone(ledger) })
    }

    /// Calls, notes how long it took, and what was refused; `None` after a refusal.
    async fn timed(&self, name: &'static str, method: Method, path: &str, body: Option<Value>) -> Option<Vec<u8>> {
        let mut request = self.client.request(method, format!("{}{path}", self.base)).header("x-csrf-token", &self.csrf);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let begun = Instant::now();
        let outcome = match request.send().await {
            Ok(answer) => (answer.status(), answer.bytes().await.map(|b| b.to_vec()).map_err(|e| e.to_string())),
            Err(error) => (StatusCode::SERVICE_UNAVAILABLE, Err(error.to_string())),
        };
        let mut ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        ledger.times.entry(name).or_default().push(begun.elapsed());
        match outcome {
            (status, Ok(bytes)) if status.is_success() => Some(bytes),
            (status, _) => {
                *ledger.wrong.entry(format!("{name}: {status}")).or_default() += 1;
                None
            }
        }
    }

    async fn json(&self, name: &'static str, path: &str, body: Value) -> Option<Value> {
        let bytes = self.timed(name, Method::POST, path, Some(body)).await?;
        serde_json::from_slice(&bytes).ok()
    }

    /// One round at the fields station: a claim, a picture and a verdict for each field.
    async fn fields(&self, look: Duration, until: Instant) -> bool {
        let Some(got) = self.json("claim fields", "/api/v1/tasks/claim", json!({ "n": ROUND, "station": "verifier" })).await else {
            return false;
        };
        let tasks = got["tasks"].as_array().cloned().unwrap_or_default();
        for task in &tasks {
            if Instant::now() >= until {
                break;
            }
            let id = task["id"].as_str().unwrap_or_default();
            self.timed("picture", Method::GET, &format!("/api/v1/tasks/{id}/picture"), None).await;
            tokio::time::sleep(about(look)).await;
            let verdict_id = VerdictId(uuid::Uuid::new_v4());
            let verdict = if may_stand(task) {
                json!({ "verdict_id": verdict_id, "act": "value", "value": task["value"] })
            } else {
                json!({ "verdict_id": verdict_id, "act": "pass", "reason": "a symbol that may not stand there" })
            };
            self.timed("verdict", Method::POST, &format!("/api/v1/tasks/{id}/verdict"), Some(verdict)).await;
        }
        !tasks.is_empty()
    }

    /// One round at the symbols station.
    async fn board(&self, look: Duration) -> bool {
        let Some(got) = self.json("claim board", "/api/v1/symbols/claim", json!({ "n": 60 })).await else { return false };
        let symbols = got["symbols"].as_array().cloned().unwrap_or_default();
        if symbols.is_empty() {
            return false;
        }
        tokio::time::sleep(about(look)).await;
        let items: Vec<Value> = symbols.iter().map(|s| json!({ "task": s["task"], "cell": s["cell"], "said": s["symbol"] })).collect();
        let board = json!({ "board_id": BoardId(uuid::Uuid::new_v4()), "items": items });
        self.timed("board", Method::POST, "/api/v1/boards", Some(board)).await.is_some()
    }
}

/// From half to one and a half times as long.
fn about(long: Duration) -> Duration {
    let chance = (uuid::Uuid::new_v4().as_u128() % 1024) as f64 / 1024.0;
    long.mul_f64(0.5 + chance)
}

/// May what the machine read be confirmed? The centre refuses what the field may not hold.
fn may_stand(task: &Value) -> bool {
    let (value, permitted) = (task["value"].as_str().unwrap_or_default(), task["permitted"].as_str().unwrap_or_default());
    permitted.is_empty() || value.chars().all(|c| c == ' ' || permitted.contains(c))
}

/// Makes the people who are not there yet.
async fn hire(args: &Args, ledger: &Arc<Mutex<Ledger>>) -> Result<Vec<String>> {
    let admin = Person::sign_in(args, "admin", ledger).await?;
    let mut logins = Vec::new();
    for n in 1..=args.people {
        let login = format!("load-{n:03}");
        let form = [("csrf", admin.csrf.as_str()), ("login", &login), ("password", &args.password), ("role", "verifier")];
        // Refused when an earlier run made that person: the sign-in tells.
        admin.client.post(format!("{}/admin/users", args.address)).form(&form).send().await?;
        logins.push(login);
    }
    Ok(logins)
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    rustls::crypto::ring::default_provider().install_default().ok().context("no provider for TLS")?;
    let ledger = Arc::new(Mutex::new(Ledger::default()));
    let mut people = Vec::new();
    for login in hire(&args, &ledger).await? {
        people.push(Person::sign_in(&args, &login, &ledger).await?);
    }
    println!("{} people signed in", people.len());
    let until = Instant::now() + Duration::from_secs(args.seconds);
    let (look, look_at_board) = (Duration::from_millis(args.look), Duration::from_millis(args.look_at_board));
    let work = people.into_iter().enumerate().map(|(n, person)| {
        tokio::spawn(async move {
            tokio::time::sleep(if n % 2 == 0 { look * ROUND } else { look_at_board } * (n as u32 % 50) / 50).await;
            while Instant::now() < until {
                let busy = if n % 2 == 0 { person.fields(look, until).await } else { person.board(look_at_board).await };
                if !busy {
                    tokio::time::sleep(about(look)).await;
                }
            }
        })
    });
    for person in work.collect::<Vec<_>>() {
        person.await?;
    }
    let mut ledger = ledger.lock().unwrap_or_else(PoisonError::into_inner);
    println!("{:>14} {:>8} {:>9} {:>9} {:>9} {:>9}", "call", "times", "p50 ms", "p95 ms", "p99 ms", "max ms");
    for (name, times) in &mut ledger.times {
        times.sort_unstable();
        let at = |share: f64| times[((times.len() - 1) as f64 * share).round() as usize].as_secs_f64() * 1e3;
        println!("{name:>14} {:>8} {:>9.1} {:>9.1} {:>9.1} {:>9.1}", times.len(), at(0.5), at(0.95), at(0.99), at(1.0));
    }
    println!("refused or failed: {:?}", ledger.wrong);
    Ok(())
}
