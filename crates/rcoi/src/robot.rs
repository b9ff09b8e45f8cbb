//! The demo's robot: settles doubts from the ground truth through the same HTTP API that people use. What the truth
//! does not know is passed on or explained with a reason, never invented.

use anyhow::{Context, Result, bail, ensure};
use rcoi_model::{ExamId, ExamTruth, Oddity, PageTruth, PersonTruth, Role, VerdictId};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Tasks taken at once.
const BATCH: u32 = 32;
/// Rounds without any task before the robot gives up: the reconciliation needs a moment after the last verdict.
const IDLE_ROUNDS: u32 = 40;
/// A sheet that still has no place after its task was settled comes back with a fresh task; this often is a loop.
const MOST_VISITS: u32 = 6;

/// Login of a person.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Login<'a> {
    pub(crate) login: &'a str,
    pub(crate) password: &'a str,
}

/// What the robot did.
#[derive(Debug, Default)]
pub(crate) struct Report {
    answered: u64,
    changed: u64,
    passed: u64,
    codes: u64,
    excluded: u64,
    bound: u64,
    explained: u64,
    corrected: u64,
    kept: u64,
    package: String,
    bytes: u64,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { answered, changed, passed, codes, excluded, bound, explained, corrected, kept, package, bytes } = self;
        write!(
            f,
            "{answered} fields answered ({changed} changed), {passed} passed to the senior; {codes} codes typed, {excluded} sheets \
             excluded, {bound} bound, {explained} differences explained; {corrected} persons corrected by their forms, {kept} kept as \
             registered; downloaded {package} ({bytes} bytes)"
        )
    }
}

/// Works as verifier, senior and head until the exam is packaged.
pub(crate) async fn run<'a>(address: SocketAddr, exam: ExamId, truth: &ExamTruth, login: &impl Fn(Role) -> Login<'a>) -> Result<Report> {
    let verifier = Person::sign_in(address, login(Role::Verifier)).await?;
    let senior = Person::sign_in(address, login(Role::Senior)).await?;
    let head = Person::sign_in(address, login(Role::Head)).await?;
    let pages = truth.pages.iter().map(|p| ((p.source.as_str(), u64::from(p.index)), p)).collect();
    let persons = truth.persons.iter().map(|p| (p.participant.as_str(), p)).collect();
    let mut robot = Robot { pages, persons, visits: BTreeMap::new(), report: Report::default() };
    let mut idle = 0;
    loop {
        // A verdict makes other tasks in a moment of its own. Whose hands they come into must not depend on that moment (the
        // package tells who settled a field): everybody begins where the reconciliation has run and nobody has moved since.
        let state = head.call(Method::POST, &format!("exams/{exam}/reconcile"), &json!({})).await?;
        if robot.turn(&verifier, &senior).await? > 0 {
            idle = 0;
            continue;
        }
        let blocks = state["blocks"].as_array().context("the exam has no list of blocks")?;
        if blocks.is_empty() {
            break;
        }
        idle += 1;
        if idle >= IDLE_ROUNDS {
            let blocks: Vec<&str> = blocks.iter().filter_map(|b| b["text"].as_str()).collect();
            bail!("nothing is left to settle, and closing is still blocked: {}", blocks.join("; "));
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    head.call(Method::POST, &format!("exams/{exam}/close"), &json!({})).await?;
    let packaged = head.call(Method::POST, &format!("exams/{exam}/package"), &json!({})).await?;
    robot.download(&head, &packaged).await?;
    Ok(robot.report)
}

/// Somebody who is signed in.
struct Person {
    client: Client,
    base: String,
    csrf: String,
}

impl Person {
    async fn sign_in(address: SocketAddr, login: Login<'_>) -> Result<Self> {
        let client = Client::builder().cookie_store(true).no_proxy().build()?;
        let mut person = Self { client, base: format!("http://{address}"), csrf: String::new() };
        let body = json!({ "login": login.login, "password": login.password });
        let answer = person.call(Method::POST, "login", &body).await.with_context(|| format!("cannot sign in as {}", login.login))?;
        person.csrf = answer["csrf"].as_str().context("the login gave no token")?.to_owned();
        Ok(person)
    }

    /// Calls the API; a refusal is an error that says what the server said.
    async fn call(&self, method: Method, path: &str, body: &Value) -> Result<Value> {
        let (status, answer) = self.try_call(method, path, body).await?;
        ensure!(status.is_success(), "{path}: {status}: {}", answer["message"].as_str().unwrap_or_default());
        Ok(answer)
    }

    async fn try_call(&self, method: Method, path: &str, body: &Value) -> Result<(StatusCode, Value)> {
        let request = self.client.request(method, format!("{}/api/v1/{path}", self.base)).header("x-csrf-token", &self.csrf).json(body);
        let answer = request.send().await.with_context(|| path.to_owned())?;
        let status = answer.status();
        Ok((status, answer.json().await.with_context(|| format!("{path}: {status}"))?))
    }

    /// Sends a verdict.
    async fn verdict(&self, task: &str, mut act: Value) -> Result<Answer> {
        let moment = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos();
        act["verdict_id"] = json!(VerdictId::derived(&[task, &moment.to_string()]));
        let (status, answer) = self.try_call(Method::POST, &format!("tasks/{task}/verdict"), &act).await?;
        match status {
            s if s.is_success() => Ok(Answer::Taken),
            StatusCode::CONFLICT => Ok(Answer::Gone),
            StatusCode::UNPROCESSABLE_ENTITY => Ok(Answer::Refused(answer["message"].as_str().unwrap_or_default().to_owned())),
            other => bail!("verdict on {task}: {other}: {}", answer["message"].as_str().unwrap_or_default()),
        }
    }
}

/// What the server made of a verdict.
enum Answer {
    Taken,
    /// The task is not open any more: its sheet was excluded, or the difference has gone.
    Gone,
    /// The rules say no, with the reason.
    Refused(String),
}

/// Where somebody sits.
#[derive(Debug, Clone, Copy)]
enum Desk {
    /// Fields and sheets of the station of this role.
    Fields(Role),
    Persons,
}

struct Robot<'t> {
    pages: BTreeMap<(&'t str, u64), &'t PageTruth>,
    persons: BTreeMap<&'t str, &'t PersonTruth>,
    visits: BTreeMap<String, u32>,
    report: Report,
}

impl<'t> Robot<'t> {
    /// The verifier settles all that he gets. Only when he gets nothing, the senior takes what two people must read, as the second
    /// one, and his own station; how many tasks were settled.
    async fn turn(&mut self, verifier: &Person, senior: &Person) -> Result<u64> {
        let mut done = 0;
        for desk in [Desk::Fields(Role::Verifier), Desk::Persons] {
            loop {
                match self.settle_some(verifier, Role::Verifier, desk).await? {
                    0 => break,
                    some => done += some,
                }
            }
        }
        for desk in [Desk::Fields(Role::Verifier), Desk::Persons, Desk::Fields(Role::Senior)] {
            if done > 0 {
                break;
            }
            done = self.settle_some(senior, Role::Senior, desk).await?;
        }
        Ok(done)
    }

    /// Settles what one claim gives; how many tasks that were.
    async fn settle_some(&mut self, person: &Person, role: Role, desk: Desk) -> Result<u64> {
        let (path, claim, station) = match desk {
            Desk::Fields(station) => ("tasks/claim", json!({ "n": BATCH, "station": station }), station),
            Desk::Persons => ("persons/claim", json!({ "n": BATCH }), role),
        };
        let claimed = person.call(Method::POST, path, &claim).await?;
        let tasks = claimed["tasks"].as_array().context("the claim gave no list of tasks")?;
        for task in tasks {
            self.settle(person, role, station, task).await?;
        }
        Ok(tasks.len() as u64)
    }

    async fn settle(&mut self, person: &Person, role: Role, station: Role, task: &Value) -> Result<()> {
        let id = task["id"].as_str().context("a task without id")?;
        let what = format!("{} {}", text(task, "about"), text(task, "label"));
        let visits = self.visits.entry(format!("{id} {}", role.as_str())).or_default();
        *visits += 1;
        ensure!(*visits <= MOST_VISITS, "{what} at {} comes back again and again: {}", source(task), text(task, "detail"));
        let mut reasons = Vec::new();
        for act in self.plans(task, station) {
            match person.verdict(id, act.clone()).await? {
                Answer::Taken => {
                    self.note(&act, task);
                    return Ok(());
                }
                Answer::Gone => return Ok(()),
                Answer::Refused(reason) => reasons.push(reason),
            }
        }
        bail!("{what} at {} could not be settled: {}", source(task), reasons.join("; "))
    }

    /// Verdicts to try, the right one first.
    fn plans(&self, task: &Value, station: Role) -> Vec<Value> {
        let truth = self.truth(task);
        match text(task, "about") {
            "field" => {
                let value = truth.map(|page| json!({ "act": "value", "value": field_value(page, text(task, "field")) }));
                let otherwise = match station {
                    Role::Verifier => json!({ "act": "pass", "reason": "значение не принимается или неизвестно" }),
                    _ => exclude("значение поля установить нельзя"),
                };
                value.into_iter().chain([otherwise]).collect()
            }
            "sheet" => self.sheet_plans(task, truth),
            "person" => self.person_plans(task, station),
            _ => vec![explain(task)],
        }
    }

    /// The list of the point decides; what it does not know is asked, and the senior keeps the register.
    fn person_plans(&self, task: &Value, station: Role) -> Vec<Value> {
        let keep = |ground: Value| json!({ "act": "keep-register", "ground": ground });
        match self.persons.get(text(task, "participant")) {
            Some(person) if person.listed => vec![json!({ "act": "accept-form", "ground": { "kind": "correction-list" } })],
            Some(_) => vec![keep(json!({ "kind": "writing-slip" }))],
            None if station == Role::Verifier => vec![json!({ "act": "pass", "reason": "в списках об этом участнике ничего нет" })],
            None => vec![keep(json!({ "kind": "stated", "reason": "сверено с бумагой" }))],
        }
    }

    fn sheet_plans(&self, task: &Value, truth: Option<&PageTruth>) -> Vec<Value> {
        let Some(page) = truth else { return vec![exclude("лист неизвестен: его нет среди сданных")] };
        let code = json!({ "act": "sheet-code", "code": page.sheet_code });
        let foreign = exclude("лист другого предмета");
        match (text(task, "trouble"), page.oddity) {
            ("undecodable", _) => vec![exclude("файл не открывается, бумага цела")],
            (_, Some(Oddity::ForeignSubject)) => vec![foreign],
            ("blank-page", _) => vec![exclude("пустая страница")],
            ("unknown-form", _) => vec![exclude("бланк не опознаётся")],
            ("duplicate-code", _) if self.really_twice(task, page) => vec![exclude("второй скан того же листа")],
            ("foreign-sheet", _) => vec![explain(task), code],
            ("unlinked", _) => {
                let bind = page
                    .participant
                    .as_ref()
                    .map(|p| json!({ "act": "bind", "participant": p, "reason": "лист лежит среди листов участника" }));
                bind.into_iter().chain([exclude("ни один лист на него не указывает")]).collect()
            }
            ("passed", _) => vec![explain(task)],
            _ => vec![code, exclude("лист не удаётся разместить")],
        }
    }

    /// Is another picture of the same sheet among the files?
    fn really_twice(&self, task: &Value, page: &PageTruth) -> bool {
        page.oddity == Some(Oddity::DuplicateScan)
            || self.pages.values().any(|other| {
                other.sheet_code == page.sheet_code
                    && (other.source != page.source || other.index != page.index)
                    && text(task, "detail").contains(&other.source)
            })
    }

    fn truth(&self, task: &Value) -> Option<&'t PageTruth> {
        let index = task["source"]["index"].as_u64()?;
        self.pages.get(&(task["source"]["file"].as_str()?, index)).copied()
    }

    fn note(&mut self, act: &Value, task: &Value) {
        let report = &mut self.report;
        match text(act, "act") {
            "value" => {
                report.answered += 1;
                report.changed += u64::from(act["value"] != task["value"]);
            }
            "pass" => report.passed += 1,
            "sheet-code" => report.codes += 1,
            "exclude" => report.excluded += 1,
            "bind" => report.bound += 1,
            "accept-form" => report.corrected += 1,
            "keep-register" => report.kept += 1,
            _ => report.explained += 1,
        }
    }

    /// Takes the newest package away as the head would, and checks what came against the sum that is shown.
    async fn download(&mut self, head: &Person, exam: &Value) -> Result<()> {
        let newest = exam["packages"].as_array().and_then(|rows| rows.last()).context("no package after packaging")?;
        let path = text(newest, "download");
        let bytes = head.client.get(format!("{}{path}", head.base)).send().await?.error_for_status()?.bytes().await?;
        let sum: String = Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect();
        ensure!(sum == text(newest, "sha256"), "{path}: SHA-256 {sum}, the page shows {}", text(newest, "sha256"));
        self.report.package = text(newest, "file").to_owned();
        self.report.bytes = bytes.len() as u64;
        Ok(())
    }
}

/// What is written in a field; a field the truth does not name is empty.
fn field_value(page: &PageTruth, field: &str) -> String {
    match page.fields.get(field) {
        Some(value) => value.clone(),
        None if matches!(field, "code" | "code-vertical") => page.sheet_code.clone(),
        None => String::new(),
    }
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

fn source(task: &Value) -> String {
    format!("{} page {}", task["source"]["file"].as_str().unwrap_or("-"), task["source"]["index"])
}

fn exclude(reason: &str) -> Value {
    json!({ "act": "exclude", "reason": reason })
}

fn explain(task: &Value) -> Value {
    let found: String = format!("{}: {}", text(task, "label"), text(task, "detail")).chars().take(400).collect();
    json!({ "act": "explain", "reason": format!("сверено с бумагой. {found}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(source: &str, code: &str, oddity: Option<Oddity>) -> PageTruth {
        PageTruth {
            source: source.into(),
            index: 0,
            template: "ege-ab".into(),
            sheet_code: code.into(),
            participant: Some("77".into()),
            fields: [("answer-1".to_owned(), "12".to_owned())].into(),
            oddity,
        }
    }

    fn plans(pages: &[PageTruth], task: &Value, station: Role) -> Vec<Value> {
        let pages = pages.iter().map(|p| ((p.source.as_str(), 0), p)).collect();
        Robot { pages, persons: BTreeMap::new(), visits: BTreeMap::new(), report: Report::default() }.plans(task, station)
    }

    #[test]
    fn a_field_is_answered_from_the_truth_and_an_unknown_page_is_passed_on() {
        let pages = [page("a/1.png", "2310000000014", None)];
        let mut task = json!({ "about": "field", "field": "answer-1", "source": { "file": "a/1.png", "index": 0 } });
        assert_eq!(plans(&pages, &task, Role::Verifier)[0], json!({ "act": "value", "value": "12" }));
        task["field"] = json!("answer-2");
        assert_eq!(plans(&pages, &task, Role::Verifier)[0], json!({ "act": "value", "value": "" }));
        task["source"]["file"] = json!("a/2.png");
        assert_eq!(plans(&pages, &task, Role::Verifier)[0]["act"], "pass");
        assert_eq!(plans(&pages, &task, Role::Senior)[0]["act"], "exclude");
    }

    #[test]
    fn a_second_scan_goes_out_and_a_misread_code_is_typed() {
        let pages = [
            page("a/1.png", "2310000000014", None),
            page("a/2.png", "2310000000014", Some(Oddity::DuplicateScan)),
            page("a/3.png", "2310000000021", None),
        ];
        let task = |file: &str| json!({ "about": "sheet", "trouble": "duplicate-code", "detail": "бланк AB уже есть: a/1.png", "source": { "file": file, "index": 0 } });
        assert_eq!(plans(&pages, &task("a/2.png"), Role::Senior)[0]["act"], "exclude");
        assert_eq!(plans(&pages, &task("a/3.png"), Role::Senior)[0], json!({ "act": "sheet-code", "code": "2310000000021" }));
    }

    #[test]
    fn a_person_on_the_point_s_list_is_corrected_a_slip_is_kept_and_an_unknown_one_asked_about() {
        let truth = |participant: &str, listed| PersonTruth { participant: participant.into(), fields: BTreeMap::new(), listed };
        let (new, slip) = (truth("1", true), truth("2", false));
        let persons = [("1", &new), ("2", &slip)].into();
        let robot = Robot { pages: BTreeMap::new(), persons, visits: BTreeMap::new(), report: Report::default() };
        let plan = |participant: &str, station| robot.plans(&json!({ "about": "person", "participant": participant }), station).remove(0);
        assert_eq!(plan("1", Role::Verifier), json!({ "act": "accept-form", "ground": { "kind": "correction-list" } }));
        assert_eq!(plan("2", Role::Verifier)["act"], "keep-register");
        assert_eq!((&plan("3", Role::Verifier)["act"], &plan("3", Role::Senior)["act"]), (&json!("pass"), &json!("keep-register")));
    }

    #[test]
    fn a_difference_of_a_room_is_explained_with_its_words() {
        let task = json!({ "about": "room", "label": "Листов не столько", "detail": "заявлено 5, отсканировано 4" });
        let act = &plans(&[], &task, Role::Senior)[0];
        assert!(act["reason"].as_str().is_some_and(|r| r.contains("заявлено 5")));
    }
}
