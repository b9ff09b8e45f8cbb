//! How long it takes fifty verifiers to claim and answer, on an empty backlog and on one of millions of tasks; and how the
//! server plans the queries that everything waits for.
//!
//! `cargo run --release -p rcoi-store --example claims -- postgres://postgres@127.0.0.1:5432/rcoi_claims [PAGES] [TASKS-PER-PAGE]`
//! makes that database, fills it (1,000,000 pages and 5 tasks each when nothing is said), measures, and drops it.

use rcoi_model::{ExamPlan, FieldKind, Packet, Quad, Role, Room, TaskSubject, Verdict, VerdictAct, VerdictId};
use rcoi_store::{NewUser, RecordOptions, Store, User};
use sqlx::migrate::MigrateDatabase;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Postgres, Row};
use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

const PEOPLE: usize = 50;
/// Claims of each person in one round.
const CLAIMS: usize = 40;
const LEASE: Duration = Duration::from_secs(300);
type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let mut args = std::env::args().skip(1);
    let url = args.next().ok_or("say which database: postgres://…/rcoi_claims")?;
    let pages: u64 = args.next().map_or(Ok(1_000_000), |n| n.parse())?;
    let each: u64 = args.next().map_or(Ok(5), |n| n.parse())?;
    if Postgres::database_exists(&url).await? {
        return Err("that database is there already: name one that is not".into());
    }
    let outcome = measured(&url, pages, each).await;
    Postgres::force_drop_database(&url).await?;
    outcome
}

async fn measured(url: &str, pages: u64, each: u64) -> Outcome<()> {
    Store::create(url).await?;
    let store = Store::open_with(url, 24, Arc::new(jiff::Timestamp::now)).await?;
    let plan = plan();
    store.import_exam(&plan).await?;
    let mut people = Vec::new();
    for n in 0..PEOPLE {
        let new = NewUser { login: format!("verifier-{n}"), title: String::new(), role: Role::Verifier, password_hash: String::new() };
        people.push(store.create_user(&new, None).await?);
    }
    let enough = (PEOPLE * CLAIMS * 2) as u64;
    let mut raw = PgConnection::connect(url).await?;
    fill(&mut raw, &plan, "small", enough / each, each).await?;
    sqlx::query("ANALYZE").execute(&mut raw).await?;
    // Once to warm up: connections, plans, pages of the disk.
    round(&store, &people).await?;
    let (small, small_verdict) = round(&store, &people).await?;
    println!("{:>9} open tasks: claim {small}, answer {small_verdict}", open(&mut raw).await?);

    let begun = Instant::now();
    fill(&mut raw, &plan, "large", pages, each).await?;
    sqlx::query("ANALYZE").execute(&mut raw).await?;
    println!("filled with {pages} pages and {} tasks in {:.0} s", pages * each, begun.elapsed().as_secs_f64());
    plans(&mut raw).await?;
    round(&store, &people).await?;
    let (large, large_verdict) = round(&store, &people).await?;
    println!("{:>9} open tasks: claim {large}, answer {large_verdict}", open(&mut raw).await?);
    println!(
        "ratio of the p99s: claim {:.2}, answer {:.2} (wanted at most 2)",
        large.p99 / small.p99,
        large_verdict.p99 / small_verdict.p99
    );
    store.close().await;
    Ok(())
}

/// Times of one action, milliseconds.
struct Times {
    p50: f64,
    p99: f64,
}

impl Times {
    fn of(mut all: Vec<f64>) -> Self {
        all.sort_by(f64::total_cmp);
        let at = |share: f64| all.get((all.len() as f64 * share) as usize).or(all.last()).copied().unwrap_or_default();
        Self { p50: at(0.5), p99: at(0.99) }
    }
}

impl std::fmt::Display for Times {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "p50 {:.1} ms, p99 {:.1} ms", self.p50, self.p99)
    }
}

/// Everybody claims a task and answers it, again and again, at the same time.
async fn round(store: &Store, people: &[User]) -> Outcome<(Times, Times)> {
    let work = people.iter().cloned().map(|person| {
        let store = store.clone();
        tokio::spawn(async move {
            let (mut claims, mut verdicts) = (Vec::new(), Vec::new());
            for _ in 0..CLAIMS {
                let begun = Instant::now();
                let task = store.claim(person.id, Role::Verifier, None, 1, LEASE).await?.pop().ok_or("the backlog is empty")?;
                claims.push(begun.elapsed().as_secs_f64() * 1000.0);
                let act = VerdictAct::Value { value: "7".to_owned() };
                let at = jiff::Timestamp::now().to_string();
                let verdict = Verdict { id: VerdictId(uuid::Uuid::new_v4()), task: task.id, user: person.id, act, at };
                let begun = Instant::now();
                store.record(&verdict, &RecordOptions::default()).await?;
                verdicts.push(begun.elapsed().as_secs_f64() * 1000.0);
            }
            Outcome::Ok((claims, verdicts))
        })
    });
    let (mut claims, mut verdicts) = (Vec::new(), Vec::new());
    for person in futures::future::join_all(work).await {
        let (claimed, answered) = person??;
        claims.extend(claimed);
        verdicts.extend(answered);
    }
    Ok((Times::of(claims), Times::of(verdicts)))
}

/// Pages that were read, with `each` open tasks of the verifiers; every tenth page is followed by one that waits to be read.
async fn fill(raw: &mut PgConnection, plan: &ExamPlan, name: &str, pages: u64, each: u64) -> Outcome<()> {
    let subject = serde_json::to_string(&TaskSubject::Field {
        field: "answer-1".into(),
        kind: FieldKind::Cells,
        class: "answer".into(),
        value: "7".into(),
        confidence: 0.5,
        doubts: Vec::new(),
        area: Quad::default(),
        permitted: String::new(),
        cells: 17,
        options: Vec::new(),
    })?;
    let (exam, packet) = (plan.id(), Packet::id_for(plan.id(), "0001", "0101"));
    let made = [
        format!(
            "INSERT INTO pages (id, exam, packet, blob, page_index, source, state, received_at, changed_at, urgency)
             SELECT md5('{name}' || n)::uuid::text, '{exam}', '{packet}', repeat('a', 64), 0, '{name}/' || n || '.jpg',
                    CASE WHEN n % 10 = 0 THEN 'received' ELSE 'read' END, n, n, 20000
             FROM generate_series(1, {pages}) n"
        ),
        format!(
            "INSERT INTO tasks (id, exam, key, station, state, page, packet, subject, sort_key, origin, created_at)
             SELECT md5('{name}' || n || '/' || t)::uuid::text, '{exam}', 'field/{name}' || n || '/answer-' || t, 'verifier', 'open',
                    md5('{name}' || n)::uuid::text, '{packet}',
                    '{subject}',
                    'answer/' || n, 'reading', n
             FROM generate_series(1, {pages}) n, generate_series(1, {each}) t"
        ),
    ];
    for sql in made {
        sqlx::query(AssertSqlSafe(sql)).execute(&mut *raw).await?;
    }
    Ok(())
}

/// What the server would do: no plan may read a whole table.
async fn plans(raw: &mut PgConnection) -> Outcome<()> {
    let queries = [
        (
            "outbox",
            "SELECT id FROM pages WHERE state = 'received' AND (published_until IS NULL OR published_until <= 1) AND (reader_until IS NULL OR reader_until <= 1) ORDER BY urgency, received_at, id LIMIT 64 FOR UPDATE SKIP LOCKED",
        ),
        (
            "claim",
            "SELECT id FROM tasks WHERE state = 'open' AND (claimed_by IS NULL OR lease_until <= 1) AND station = 'verifier' AND (NULL::text IS NULL OR exam = NULL) ORDER BY sort_key, id LIMIT 1 FOR UPDATE SKIP LOCKED",
        ),
        ("mine", "SELECT * FROM tasks WHERE claimed_by = 'x' AND state = 'open' ORDER BY sort_key, id"),
        ("changed", "SELECT exam, COUNT(*), MAX(changed_at) FROM pages WHERE changed_at >= 2000000000000000 GROUP BY exam"),
        ("tasks of a page", "SELECT * FROM tasks WHERE page = 'x'"),
    ];
    for (name, sql) in queries {
        let rows = sqlx::query(AssertSqlSafe(format!("EXPLAIN (COSTS OFF) {sql}"))).fetch_all(&mut *raw).await?;
        let lines: Vec<String> = rows.iter().map(|row| row.get::<String, _>(0)).collect();
        let whole = lines.iter().any(|line| line.contains("Seq Scan on"));
        println!("plan of {name}{}:\n  {}", if whole { " READS A WHOLE TABLE" } else { "" }, lines.join("\n  "));
    }
    Ok(())
}

async fn open(raw: &mut PgConnection) -> Outcome<i64> {
    Ok(sqlx::query("SELECT COUNT(*) FROM tasks WHERE state = 'open'").fetch_one(raw).await?.get(0))
}

fn plan() -> ExamPlan {
    ExamPlan {
        region: "77".into(),
        department: "00".into(),
        subject: "01".into(),
        subject_name: "Русский язык".into(),
        test_type: "03".into(),
        stage: "1".into(),
        period: "main".into(),
        date: jiff::civil::date(2026, 6, 4),
        limit_days: 6,
        forms: vec!["AB".into()],
        answers: 26,
        symbols: Vec::new(),
        rooms: vec![Room { ppe: "0001".into(), room: "0101".into(), declared_sheets: 12 }],
        participants: Vec::new(),
        acts: Vec::new(),
    }
}
