//! Files that are sent, against the real chain: names, sizes and kinds that an enemy or a bad day would bring.

use crate::{HASH, PASSWORD, Person, json_of};
use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode, header};
use rcoi_model::{ExamId, ExamPlan, ExamState, Page, PageReading, PageState, Role, Room};
use rcoi_pipeline::{PageReader, Params, Parts, Pipeline, Reader};
use rcoi_queue::Queue;
use rcoi_recognize::{Known, Picture};
use rcoi_store::{Blobs, NewUser, Store};
use rcoi_template::builtin;
use rcoi_web::{AppState, Uploads, WebConfig, router};
use serde_json::{Value, json};
use std::io::{Cursor, Write};
use std::sync::Arc;
use tower::ServiceExt;

/// Reads nothing: every page is of an unknown form.
struct Blind;

impl PageReader for Blind {
    fn engine_version(&self) -> &str {
        "blind 1"
    }

    fn read_page(&self, picture: &Picture, _: &dyn Known) -> PageReading {
        PageReading {
            engine: "blind 1".into(),
            template: None,
            placement: None,
            sheet_code: None,
            fields: vec![],
            findings: vec![rcoi_model::Finding { kind: rcoi_model::FindingKind::UnknownForm, detail: "ничего".into() }],
            width: picture.gray.width(),
            height: picture.gray.height(),
        }
    }
}

/// Largest file of these tests.
const MOST: u64 = 8 << 20;

struct Real {
    pipeline: Pipeline,
    router: Router,
    exam: ExamId,
    folder: tempfile::TempDir,
}

fn plan() -> ExamPlan {
    ExamPlan {
        region: "90".into(),
        department: "00".into(),
        subject: "01".into(),
        subject_name: "Русский язык".into(),
        test_type: "4".into(),
        stage: "1".into(),
        period: "main".into(),
        date: jiff::civil::date(2026, 5, 28),
        limit_days: 6,
        forms: vec!["R".into(), "AB".into()],
        answers: 1,
        symbols: vec![],
        rooms: vec![Room { ppe: "0001".into(), room: "0101".into(), declared_sheets: 3 }],
        participants: vec![],
        acts: vec![],
    }
}

impl Real {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&format!("sqlite:{}", folder.path().join("rcoi.db").display())).await.unwrap();
        for role in [Role::Operator, Role::Verifier] {
            let user = NewUser { login: role.as_str().into(), title: String::new(), role, password_hash: HASH.clone() };
            store.create_user(&user, None).await.unwrap();
        }
        let pipeline = Pipeline::new(Parts {
            store,
            blobs: Blobs::open(folder.path().join("blobs")).await.unwrap(),
            queue: Queue::memory(rcoi_queue::Params::default()),
            reader: Reader::Here(Arc::new(Blind)),
            templates: builtin(),
            policy: Pipeline::default_policy().unwrap(),
            params: Params { workers: 2, ..Params::default() },
        });
        pipeline.import_exam(&plan()).await.unwrap();
        let packager: rcoi_web::Packager = Arc::new(|_, _| Box::pin(async { Ok(()) }));
        let uploads = Uploads { folder: folder.path().join("uploads"), most_bytes: MOST };
        let state = AppState::new(pipeline.clone(), packager, WebConfig { uploads, ..WebConfig::default() });
        Self { pipeline, router: router(state), exam: plan().id(), folder }
    }

    async fn ask(&self, request: Request<Body>) -> Response<Body> {
        self.router.clone().oneshot(request).await.unwrap()
    }

    async fn login(&self, login: &str) -> Person {
        let body = json!({ "login": login, "password": PASSWORD }).to_string();
        let answer = self.ask(Request::post("/api/v1/login").body(Body::from(body)).unwrap()).await;
        let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
        let csrf = json_of(answer).await["csrf"].as_str().unwrap().to_owned();
        Person { cookie, csrf }
    }

    fn request(&self, person: &Person, query: &str) -> axum::http::request::Builder {
        let path = format!("/api/v1/exams/{}/files?{query}", self.exam);
        Request::post(path).header(header::COOKIE, &person.cookie).header("x-csrf-token", &person.csrf)
    }

    async fn send(&self, person: &Person, query: &str, bytes: Vec<u8>) -> (StatusCode, Value) {
        let answer = self.ask(self.request(person, query).body(Body::from(bytes)).unwrap()).await;
        (answer.status(), json_of(answer).await)
    }

    async fn pages(&self) -> Vec<Page> {
        self.pipeline.store().pages_of_exam(self.exam).await.unwrap()
    }

    /// Nothing is left of what was on its way.
    fn left(&self) -> usize {
        std::fs::read_dir(self.folder.path().join("uploads")).map_or(0, Iterator::count)
    }
}

fn png(level: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    let picture = image::GrayImage::from_pixel(300, 400, image::Luma([level]));
    picture.write_to(&mut Cursor::new(&mut bytes), image::ImageFormat::Png).unwrap();
    bytes
}

fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_leads_elsewhere_is_refused_and_nothing_is_kept() {
    let real = Real::new().await;
    let operator = real.login("operator").await;
    let tries = [
        ("path=..%2F..%2Fetc%2Fpasswd&packet=0001-0101", "ведёт за пределы папки"),
        ("path=%2Fetc%2Fpasswd&packet=0001-0101", "ведёт за пределы папки"),
        ("path=C%3A%5Ca.png&packet=0001-0101", "ведёт за пределы папки"),
        ("path=0001-0101%2F..%5C..%5Ca.png", "ведёт за пределы папки"),
        ("path=0001-0101%2Fa%00.png", "невидимые знаки"),
        ("path=0001-0101%2F%E2%80%AEgnp.a", "невидимые знаки"),
        ("path=&packet=0001-0101", "нет имени"),
        ("path=0001-0102%2Fa.png&packet=0001-0101", "в папке пакета 0001-0102, а выбран пакет 0001-0101"),
        ("path=a.png&packet=..", "Пакет «..» так не называется"),
        ("path=a.png", "в пути нет папки пакета"),
    ];
    for (query, why) in tries {
        let (status, answer) = real.send(&operator, query, png(9)).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{query}");
        assert!(answer["message"].as_str().unwrap().contains(why), "{query}: {answer}");
    }
    let long = format!("path=0001-0101%2F{}.png", "a".repeat(300));
    assert_eq!(real.send(&operator, &long, png(9)).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(real.send(&operator, "packet=0001-0101", png(9)).await.0, StatusCode::BAD_REQUEST);
    assert_eq!((real.pages().await.len(), real.left()), (0, 0));
    // What only looks odd is a label like any other.
    let (status, _) = real.send(&operator, "path=0001-0101%2F%3Cb%3E%20%27;--.png", png(9)).await;
    assert_eq!((status, real.pages().await[0].source.as_str()), (StatusCode::OK, "0001-0101/<b> ';--.png"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_file_twice_is_the_same_page_and_a_rescan_stands_beside_the_first_scan() {
    let real = Real::new().await;
    let operator = real.login("operator").await;
    let path = "path=scans%2F0001-0101%2Fa.png";
    assert_eq!(real.send(&operator, path, png(9)).await.1["outcome"], "taken");
    assert_eq!(real.send(&operator, path, png(9)).await.1["outcome"], "known");
    let (_, renamed) = real.send(&operator, "path=copy.png&packet=0001-0101", png(9)).await;
    assert_eq!((&renamed["outcome"], &renamed["files"][0]["source"]), (&json!("known"), &json!("0001-0101/a.png")));
    assert_eq!(real.send(&operator, path, png(10)).await.1["files"][0]["new"], 1);
    let sources: Vec<_> = real.pages().await.into_iter().map(|p| (p.source, p.state)).collect();
    assert_eq!(sources, vec![("0001-0101/a.png".to_owned(), PageState::Received); 2]);
    assert_eq!(real.left(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_a_bad_day_are_kept_for_a_person_or_refused_with_a_reason() {
    let real = Real::new().await;
    let operator = real.login("operator").await;
    let (status, empty) = real.send(&operator, "path=0001-0101%2Fa.png", vec![]).await;
    assert_eq!((status, empty["message"].as_str().unwrap()), (StatusCode::UNPROCESSABLE_ENTITY, "файл пуст; пересканируйте лист"));
    let (_, letter) = real.send(&operator, "path=0001-0101%2Fletter.png", b"dear sirs".to_vec()).await;
    assert_eq!(letter["outcome"], "set-aside");
    assert!(letter["files"][0]["reason"].as_str().unwrap().starts_with("это не jpeg, png"), "{letter}");
    let zeros = vec![0; 70 << 20];
    let (_, bomb) = real.send(&operator, "path=0001-0101%2Fbomb.zip", archive(&[("zeros.png", &zeros)])).await;
    assert_eq!(bomb["outcome"], "set-aside");
    assert!(bomb["files"][0]["reason"].as_str().unwrap().contains("файл в архиве распаковывается"), "{bomb}");
    let mixed = archive(&[("0001-0101/x.png", &png(3)), ("../../evil.png", &png(4)), ("0009-0009/y.png", &png(5))]);
    let (_, mixed) = real.send(&operator, "path=all.zip", mixed).await;
    assert_eq!(mixed["files"].as_array().unwrap().len(), 3, "{mixed}");
    let aside = real.pages().await.into_iter().filter(|p| p.state == PageState::SetAside).count();
    assert!(aside >= 2, "{:?}", real.pages().await);
    assert!(!std::path::Path::new("/tmp/evil.png").exists());
    assert_eq!(real.left(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_beyond_the_limit_is_refused_whether_it_tells_its_size_or_not() {
    let real = Real::new().await;
    let operator = real.login("operator").await;
    let query = "path=0001-0101%2Flarge.tif";
    let pieces = futures::stream::iter((0..40).map(|_| Ok::<_, std::io::Error>(vec![1_u8; 256 << 10])));
    let silent = real.ask(real.request(&operator, query).body(Body::from_stream(pieces)).unwrap()).await;
    assert_eq!(silent.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert!(json_of(silent).await["message"].as_str().unwrap().contains("больше 8 МБ"));
    let told = real.request(&operator, query).header(header::CONTENT_LENGTH, MOST + 1).body(Body::from("x")).unwrap();
    assert_eq!(real.ask(told).await.status(), StatusCode::PAYLOAD_TOO_LARGE);
    // A line that breaks in the middle leaves nothing.
    let broken = futures::stream::iter([Ok(png(3)), Err(std::io::Error::other("the line is gone"))]);
    let cut = real.ask(real.request(&operator, query).body(Body::from_stream(broken)).unwrap()).await;
    assert_eq!(cut.status(), StatusCode::BAD_REQUEST);
    assert_eq!((real.pages().await.len(), real.left()), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_sends_files_without_the_token_the_role_and_an_open_exam() {
    let real = Real::new().await;
    let (operator, verifier) = (real.login("operator").await, real.login("verifier").await);
    let query = "path=0001-0101%2Fa.png";
    let forged = Person { cookie: operator.cookie.clone(), csrf: "0".repeat(64) };
    assert_eq!(real.send(&forged, query, png(1)).await.0, StatusCode::FORBIDDEN);
    assert_eq!(real.send(&verifier, query, png(1)).await.0, StatusCode::FORBIDDEN);
    let other_site = real.request(&operator, query).header("sec-fetch-site", "cross-site").body(Body::from(png(1))).unwrap();
    assert_eq!(real.ask(other_site).await.status(), StatusCode::FORBIDDEN);
    let nowhere = Request::post(format!("/api/v1/exams/{}/files?{query}", ExamId::derived(&["none"])))
        .header(header::COOKIE, &operator.cookie)
        .header("x-csrf-token", &operator.csrf);
    assert_eq!(real.ask(nowhere.body(Body::from(png(1))).unwrap()).await.status(), StatusCode::NOT_FOUND);
    real.pipeline.store().advance_exam(real.exam, ExamState::Open, ExamState::Closed, None).await.unwrap();
    let (status, closed) = real.send(&operator, query, png(1)).await;
    assert_eq!((status, closed["message"].as_str().unwrap()), (StatusCode::CONFLICT, "Экзамен закрыт: новых листов он не принимает."));
    assert_eq!(real.pages().await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sheet_that_was_read_shows_its_finding_and_a_picture_too_small_to_read() {
    let real = Real::new().await;
    let operator = real.login("operator").await;
    real.send(&operator, "path=0001-0101%2Fa.png", png(200)).await;
    let get = |path: String, tag: Option<String>| {
        let mut request = Request::get(path).header(header::COOKIE, &operator.cookie);
        if let Some(tag) = tag {
            request = request.header(header::IF_NONE_MATCH, tag);
        }
        real.ask(request.body(Body::empty()).unwrap())
    };
    let page = real.pages().await.remove(0);
    let unread = get(format!("/api/v1/pages/{}/thumbnail", page.id), None).await;
    assert_eq!(unread.status(), StatusCode::NOT_FOUND);
    real.pipeline.run_until_quiet().await.unwrap();
    let view = json_of(get(format!("/api/v1/exams/{}/packets/{}", real.exam, page.packet), None).await).await;
    assert_eq!((&view["packet"]["read"], &view["pages"][0]["weight"]), (&json!(1), &json!("stops")));
    assert_eq!(view["pages"][0]["troubles"], json!(["Неизвестный бланк"]));
    assert_eq!(view["summary"][0]["title"], "Неизвестный бланк");
    let shown = get(view["pages"][0]["picture"].as_str().unwrap().to_owned(), None).await;
    let tag = shown.headers()[header::ETAG].to_str().unwrap().to_owned();
    let bytes = axum::body::to_bytes(shown.into_body(), 1 << 20).await.unwrap();
    let picture = image::load_from_memory(&bytes).unwrap();
    assert!(picture.width() <= 40 && picture.height() <= 57, "an unknown form may be a piece of a sheet");
    let again = get(view["pages"][0]["picture"].as_str().unwrap().to_owned(), Some(tag)).await;
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
}
