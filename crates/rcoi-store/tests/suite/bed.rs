//! The ground a test stands on: a fresh database, a clock that moves by hand, drawn rows.

use jiff::Timestamp;
use rcoi_model::*;
use rcoi_store::{NewUser, Store, User};
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row, SqliteConnection};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use uuid::Uuid;

pub(crate) const MINUTE: Duration = Duration::from_secs(60);
const SERVER: &str = "postgres://postgres@127.0.0.1:5432/postgres";

pub(crate) struct Bed {
    pub(crate) store: Store,
    pub(crate) url: String,
    clock: Arc<AtomicI64>,
}

impl Bed {
    async fn open(url: String) -> Self {
        let clock = Arc::new(AtomicI64::new(1_780_000_000_000_000));
        let ticking = clock.clone();
        let now = move || Timestamp::from_microsecond(ticking.fetch_add(1, Ordering::SeqCst)).unwrap();
        let store = Store::open_with(&url, 6, Arc::new(now)).await.unwrap();
        Self { store, url, clock }
    }

    /// Lets time pass.
    pub(crate) fn wait(&self, time: Duration) {
        self.clock.fetch_add(i64::try_from(time.as_micros()).unwrap(), Ordering::SeqCst);
    }

    /// Runs a statement past the store, as somebody with access to the database could.
    pub(crate) async fn tamper(&self, sql: &str) -> u64 {
        let sql = AssertSqlSafe(sql.to_owned());
        if self.url.starts_with("sqlite") {
            let mut raw = SqliteConnection::connect(&self.url).await.unwrap();
            sqlx::query(sql).execute(&mut raw).await.unwrap().rows_affected()
        } else {
            let mut raw = PgConnection::connect(&self.url).await.unwrap();
            sqlx::query(sql).execute(&mut raw).await.unwrap().rows_affected()
        }
    }

    pub(crate) async fn user(&self, login: &str, role: Role) -> User {
        let new = NewUser { login: login.to_owned(), title: String::new(), role, password_hash: "$argon2id$".to_owned() };
        self.store.create_user(&new, None).await.unwrap()
    }

    /// An open exam with one room and `pages` pages that wait to be read.
    pub(crate) async fn exam(&self, pages: u32) -> (ExamPlan, Vec<Page>) {
        let plan = plan("01");
        self.store.import_exam(&plan).await.unwrap();
        let pages = drawn_pages(&plan, pages);
        assert_eq!(self.store.insert_pages(&pages).await.unwrap(), pages.len() as u64);
        (plan, pages)
    }
}

pub(crate) fn plan(subject: &str) -> ExamPlan {
    let room = |room: &str| Room { ppe: "0001".to_owned(), room: room.to_owned(), declared_sheets: 12 };
    ExamPlan {
        region: "77".to_owned(),
        department: "00".to_owned(),
        subject: subject.to_owned(),
        subject_name: "Русский язык".to_owned(),
        test_type: "03".to_owned(),
        stage: "1".to_owned(),
        period: "main".to_owned(),
        date: jiff::civil::date(2026, 6, 4),
        limit_days: 6,
        forms: vec!["R".to_owned(), "AB".to_owned()],
        answers: 26,
        symbols: Vec::new(),
        rooms: vec![room("0101"), room("0102")],
        participants: Vec::new(),
        acts: Vec::new(),
    }
}

pub(crate) fn drawn_pages(plan: &ExamPlan, count: u32) -> Vec<Page> {
    let packet = Packet::id_for(plan.id(), "0001", "0101");
    let blob = BlobHash::from_bytes(&[7; 32]);
    let page = |index| Page {
        id: Page::id_for(packet, "pile.tif", &blob, index),
        exam: plan.id(),
        packet,
        blob: blob.clone(),
        index,
        source: "pile.tif".to_owned(),
        state: PageState::Received,
        reason: None,
    };
    (0..count).map(page).collect()
}

/// A doubtful field of a page.
pub(crate) fn field_task(page: &Page, class: &str, field: &str) -> Task {
    let key = format!("field/{}/{field}", page.id);
    let subject = TaskSubject::Field {
        field: field.to_owned(),
        kind: FieldKind::Cells,
        class: class.to_owned(),
        value: "12".to_owned(),
        confidence: 0.5,
        doubts: vec![Doubt::Ambiguous { cells: vec![1] }],
        area: Quad::default(),
        permitted: "0123456789".to_owned(),
        cells: 17,
        options: Vec::new(),
    };
    task(page.exam, key, Role::Verifier, Some(page), subject)
}

/// Something about a room.
pub(crate) fn room_task(exam: ExamId, key: &str, detail: &str) -> Task {
    let subject = TaskSubject::Room { trouble: RoomTrouble::CountDiffers, detail: detail.to_owned() };
    task(exam, key.to_owned(), Role::Senior, None, subject)
}

/// A person whose form differs from the register.
pub(crate) fn person_task(page: &Page, participant: &str) -> Task {
    let line =
        PersonLine { field: "surname".to_owned(), form: "ОРЛОВА".to_owned(), register: "Зуева".to_owned(), differs: true };
    let subject = TaskSubject::Person { participant: participant.to_owned(), lines: vec![line] };
    task(page.exam, format!("check/person/{participant}/x"), Role::Verifier, Some(page), subject)
}

pub(crate) fn sheet_task(page: &Page, trouble: SheetTrouble) -> Task {
    let subject = TaskSubject::Sheet { trouble, detail: String::new() };
    task(page.exam, format!("sheet/{}/{trouble:?}", page.id), Role::Senior, Some(page), subject)
}

fn task(exam: ExamId, key: String, station: Role, page: Option<&Page>, subject: TaskSubject) -> Task {
    let id = Task::id_for(exam, &key);
    Task { id, exam, key, station, state: TaskState::Open, page: page.map(|p| p.id), packet: page.map(|p| p.packet), subject }
}

pub(crate) fn reading(engine: &str) -> PageReading {
    PageReading {
        engine: engine.to_owned(),
        template: Some(TemplateId("ege-ab".to_owned())),
        placement: None,
        sheet_code: Some("2310000000017".to_owned()),
        fields: Vec::new(),
        findings: Vec::new(),
        width: 2480,
        height: 3508,
    }
}

pub(crate) fn verdict(user: &User, task: &Task, act: VerdictAct) -> Verdict {
    Verdict { id: VerdictId(Uuid::new_v4()), task: task.id, user: user.id, act, at: "2026-06-05T08:00:00Z".to_owned() }
}

pub(crate) fn value(text: &str) -> VerdictAct {
    VerdictAct::Value { value: text.to_owned() }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

pub(crate) fn run_sqlite<F: Future<Output = ()>>(test: impl FnOnce(Bed) -> F) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("store.db").display());
    runtime().block_on(async { test(Bed::open(url).await).await });
}

pub(crate) fn run_postgres<F: Future<Output = ()> + Send + 'static>(test: impl FnOnce(Bed) -> F + Send + 'static) {
    let server = std::env::var("RCOI_TEST_POSTGRES").unwrap_or_else(|_| SERVER.to_owned());
    runtime().block_on(async move {
        let mut admin = match PgConnection::connect(&server).await {
            Ok(admin) => admin,
            Err(e) => panic!("PostgreSQL does not answer at the address of RCOI_TEST_POSTGRES ({e}); `cargo xtask test` starts it"),
        };
        sweep(&mut admin).await;
        let name = format!("rcoi_test_{}", Uuid::now_v7().simple());
        let make = format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'");
        sqlx::query(AssertSqlSafe(make)).execute(&mut admin).await.unwrap();
        let (start, _) = server.rsplit_once('/').unwrap();
        let url = format!("{start}/{name}");
        // A task of its own, so that the database is dropped after a failed test too.
        let outcome = tokio::spawn(async move { test(Bed::open(url).await).await }).await;
        drop_database(&mut admin, &name).await;
        if let Err(failed) = outcome {
            std::panic::resume_unwind(failed.into_panic());
        }
    });
}

async fn drop_database(admin: &mut PgConnection, name: &str) {
    let sql = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
    // A neighbour's sweep may be dropping the same leftover: not this test's failure.
    let _ = sqlx::query(AssertSqlSafe(sql)).execute(admin).await;
}

/// Drops databases of tests that were killed more than ten minutes ago.
async fn sweep(admin: &mut PgConnection) {
    let rows = sqlx::query("SELECT datname::text FROM pg_database WHERE datname LIKE 'rcoi\\_test\\_%'").fetch_all(&mut *admin).await;
    let limit = u64::try_from(Timestamp::now().as_second()).unwrap() - 600;
    for row in rows.unwrap() {
        let name: String = row.get(0);
        let born = name.strip_prefix("rcoi_test_").and_then(|id| Uuid::parse_str(id).ok()).and_then(|id| id.get_timestamp());
        if born.is_some_and(|born| born.to_unix().0 < limit) {
            drop_database(admin, &name).await;
        }
    }
}
