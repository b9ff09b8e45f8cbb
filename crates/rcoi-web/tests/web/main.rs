//! The router from outside, over an in-memory centre.

mod boards;
mod browser;
mod chrome;
mod drawn;
mod fake;
mod fake_piles;
mod fake_rows;
mod hardships;
mod matrix;
mod operator;
mod persons;
mod policy;
mod security;
mod sessions;
mod shots;
mod uploads;
mod zoom;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, Response, StatusCode, header};
use fake::{Fake, exam_id};
use rcoi_model::Role;
use rcoi_web::backend::Backend;
use rcoi_web::roles::{POSTS, Post};
use rcoi_web::{AppState, WebConfig, password, router};
use serde_json::{Value, json};
use std::sync::{Arc, LazyLock};
use tower::ServiceExt;

const PASSWORD: &str = "пароль-для-проверки";
static HASH: LazyLock<String> = LazyLock::new(|| password::hash(PASSWORD).unwrap());

struct House {
    router: Router,
    fake: Arc<Fake>,
}

struct Person {
    cookie: String,
    csrf: String,
}

impl House {
    async fn new() -> Self {
        let fake = Arc::new(Fake::new());
        for post in POSTS {
            fake.create_user(None, post.as_str(), &HASH, post).await.unwrap();
        }
        Self::over(fake).await
    }

    /// Another way into the same centre, for a second person.
    async fn over(fake: Arc<Fake>) -> Self {
        fake.create_user(None, "second", &HASH, Post::Works(Role::Verifier)).await.unwrap();
        let router = router(AppState::with_backend(fake.clone(), fake.clone(), WebConfig::default()));
        Self { router, fake }
    }

    async fn send(&self, request: Request<Body>) -> Response<Body> {
        self.router.clone().oneshot(request).await.unwrap()
    }

    async fn try_login(&self, login: &str, password: &str) -> Response<Body> {
        let body = json!({ "login": login, "password": password }).to_string();
        self.send(Request::post("/api/v1/login").body(Body::from(body)).unwrap()).await
    }

    async fn login(&self, login: &str) -> Person {
        let answer = self.try_login(login, PASSWORD).await;
        assert_eq!(answer.status(), StatusCode::OK);
        let set = answer.headers()[header::SET_COOKIE].to_str().unwrap().to_owned();
        assert!(set.contains("HttpOnly") && set.contains("SameSite=Strict"), "{set}");
        let cookie = set.split(';').next().unwrap().to_owned();
        let csrf = json_of(answer).await["csrf"].as_str().unwrap().to_owned();
        Person { cookie, csrf }
    }

    async fn post(&self, person: &Person, path: &str, body: Value) -> Response<Body> {
        let request = Request::post(path).header(header::COOKIE, &person.cookie).header("x-csrf-token", &person.csrf);
        self.send(request.body(Body::from(body.to_string())).unwrap()).await
    }

    async fn put(&self, person: &Person, path: &str, body: Value) -> Response<Body> {
        let request = Request::put(path).header(header::COOKIE, &person.cookie).header("x-csrf-token", &person.csrf);
        self.send(request.body(Body::from(body.to_string())).unwrap()).await
    }

    async fn get(&self, person: &Person, path: &str) -> Response<Body> {
        self.send(Request::get(path).header(header::COOKIE, &person.cookie).body(Body::empty()).unwrap()).await
    }

    async fn claim(&self, person: &Person, n: u32) -> Vec<Value> {
        let answer = json_of(self.post(person, "/api/v1/tasks/claim", json!({ "n": n })).await).await;
        answer["tasks"].as_array().unwrap().clone()
    }

    fn verdicts(&self) -> usize {
        self.fake.0.lock().unwrap().verdicts.len()
    }
}

async fn text_of(answer: Response<Body>) -> String {
    String::from_utf8(to_bytes(answer.into_body(), 1 << 20).await.unwrap().to_vec()).unwrap()
}

async fn json_of(answer: Response<Body>) -> Value {
    serde_json::from_str(&text_of(answer).await).unwrap()
}

const ID: &str = "2f1b1f7e-5d0b-4a39-9f0d-0d9b6f1c0a11";

#[tokio::test]
async fn a_wrong_password_an_unknown_login_and_a_disabled_user_get_the_same_refusal() {
    let house = House::new().await;
    house.fake.0.lock().unwrap().users.get_mut("second").unwrap().disabled = true;
    let mut texts = Vec::new();
    for (login, password) in [("verifier", "не тот"), ("nobody", PASSWORD), ("second", PASSWORD)] {
        let answer = house.try_login(login, password).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        texts.push(text_of(answer).await);
    }
    assert!(texts.iter().all(|t| *t == texts[0] && t.contains("не подходят")));
}

#[tokio::test]
async fn many_wrong_passwords_must_wait_even_with_the_right_one() {
    let house = House::new().await;
    for _ in 0..5 {
        assert_eq!(house.try_login("verifier", "не тот").await.status(), StatusCode::UNAUTHORIZED);
        house.try_login("verifier", "не тот").await;
        if house.try_login("verifier", "не тот").await.status() == StatusCode::TOO_MANY_REQUESTS {
            break;
        }
    }
    let answer = house.try_login("verifier", PASSWORD).await;
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(answer.headers().contains_key(header::RETRY_AFTER));
    assert_eq!(house.try_login("senior", PASSWORD).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_login_gives_a_fresh_session_and_ends_the_old_one() {
    let house = House::new().await;
    let first = house.login("verifier").await;
    let body = json!({ "login": "verifier", "password": PASSWORD }).to_string();
    let again = Request::post("/api/v1/login").header(header::COOKIE, &first.cookie).body(Body::from(body)).unwrap();
    let answer = house.send(again).await;
    let set = answer.headers()[header::SET_COOKIE].to_str().unwrap();
    assert!(!set.starts_with(&first.cookie));
    assert_eq!(house.get(&first, "/api/v1/me").await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_changing_call_without_the_csrf_token_is_forbidden() {
    let house = House::new().await;
    let person = house.login("verifier").await;
    for wrong in [String::new(), "0".repeat(64)] {
        let person = Person { cookie: person.cookie.clone(), csrf: wrong };
        let answer = house.post(&person, "/api/v1/tasks/claim", json!({ "n": 1 })).await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    }
    let form = Request::post("/logout")
        .header(header::COOKIE, &person.cookie)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from("csrf=wrong"))
        .unwrap();
    assert_eq!(house.send(form).await.status(), StatusCode::FORBIDDEN);
    assert_eq!(house.get(&person, "/api/v1/me").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_changing_call_from_another_site_is_forbidden() {
    let house = House::new().await;
    let login = Request::post("/login").header("sec-fetch-site", "cross-site").body(Body::from("login=a&password=b")).unwrap();
    assert_eq!(house.send(login).await.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_double_click_is_one_verdict_and_a_stranger_s_task_is_refused() {
    let house = House::new().await;
    let (first, second) = (house.login("verifier").await, house.login("second").await);
    let task = house.claim(&first, 1).await.remove(0);
    let path = format!("/api/v1/tasks/{}/verdict", task["id"].as_str().unwrap());
    let body = json!({ "verdict_id": ID, "act": "value", "value": "135" });
    assert_eq!(house.post(&second, &path, body.clone()).await.status(), StatusCode::CONFLICT);
    assert_eq!(house.post(&first, &path, body.clone()).await.status(), StatusCode::OK);
    let again = house.post(&first, &path, body).await;
    assert_eq!(again.status(), StatusCode::OK);
    assert_eq!(json_of(again).await["progress"]["verifier"], 1);
    assert_eq!(house.verdicts(), 1);
}

#[tokio::test]
async fn undo_gives_the_last_task_back_with_what_was_typed() {
    let house = House::new().await;
    let person = house.login("verifier").await;
    let task = house.claim(&person, 1).await.remove(0);
    let path = format!("/api/v1/tasks/{}/verdict", task["id"].as_str().unwrap());
    house.post(&person, &path, json!({ "verdict_id": ID, "act": "value", "value": "135" })).await;
    let back = json_of(house.post(&person, "/api/v1/undo", json!({})).await).await;
    assert_eq!((&back["task"]["id"], &back["task"]["earlier"]), (&task["id"], &json!("135")));
    let nothing = json_of(house.post(&person, "/api/v1/undo", json!({})).await).await;
    assert_eq!(nothing["task"], Value::Null);
}

#[tokio::test]
async fn a_task_says_what_is_doubtful_and_where_it_came_from() {
    let house = House::new().await;
    let person = house.login("verifier").await;
    let task = house.claim(&person, 2).await.remove(0);
    assert_eq!(task["label"], "Ответ на задание 1");
    assert_eq!(task["doubtful"], json!([1]));
    assert_eq!(task["source"], json!({ "file": "0001-0101/answer-1.png", "index": 0 }));
    assert!(task["why"][0].as_str().unwrap().contains("неоднозначно"));
}

#[tokio::test]
async fn bad_input_is_refused_with_a_reason_and_never_a_server_error() {
    let house = House::new().await;
    let person = house.login("verifier").await;
    let task = house.claim(&person, 1).await.remove(0);
    let path = format!("/api/v1/tasks/{}/verdict", task["id"].as_str().unwrap());
    let tries = [
        (path.as_str(), json!({ "verdict_id": ID, "act": "value", "value": "1Q5" }), 422),
        (path.as_str(), json!({ "verdict_id": ID, "act": "value", "value": "1".repeat(18) }), 422),
        (path.as_str(), json!({ "verdict_id": ID, "act": "exclude", "reason": "хочу" }), 422),
        (path.as_str(), json!({ "verdict_id": ID, "act": "pass", "reason": "" }), 422),
        (path.as_str(), json!({ "verdict_id": "1", "act": "value", "value": "1" }), 400),
        (path.as_str(), json!({ "verdict_id": ID, "act": "dance" }), 400),
        (path.as_str(), json!([]), 400),
        ("/api/v1/tasks/not-an-id/verdict", json!({ "verdict_id": ID, "act": "value", "value": "1" }), 404),
        ("/api/v1/tasks/claim", json!({ "n": 0 }), 400),
        ("/api/v1/tasks/claim", json!({ "n": -1 }), 400),
        ("/api/v1/tasks/claim", json!({ "n": 1, "station": "head" }), 400),
        ("/api/v1/tasks/claim", json!({ "n": 1, "station": "senior" }), 403),
        ("/api/v1/nothing", json!({}), 404),
    ];
    for (path, body, status) in tries {
        let answer = house.post(&person, path, body.clone()).await;
        assert_eq!(answer.status().as_u16(), status, "{path} {body}");
        assert!(json_of(answer).await["message"].as_str().is_some_and(|m| !m.is_empty()), "{path} {body}");
    }
    let big = house.post(&person, &path, json!({ "verdict_id": ID, "act": "value", "value": "1".repeat(100_000) })).await;
    assert_eq!(big.status(), StatusCode::BAD_REQUEST);
    assert_eq!(house.verdicts(), 0);
}

#[tokio::test]
async fn closing_is_refused_while_tasks_are_open_and_the_button_is_off() {
    let house = House::new().await;
    let head = house.login("head").await;
    let close = format!("/api/v1/exams/{}/close", exam_id());
    let refused = house.post(&head, &close, json!({})).await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let page = text_of(house.get(&head, &format!("/exams/{}", exam_id())).await).await;
    assert!(page.contains(r#"value="close" class="main" disabled"#));
    for (login, body) in
        [("verifier", json!({ "act": "value", "value": "1" })), ("senior", json!({ "act": "sheet-code", "code": "2232090000006" }))]
    {
        let person = house.login(login).await;
        for task in house.claim(&person, 9).await {
            let mut body = body.clone();
            body["verdict_id"] = task["id"].clone();
            let path = format!("/api/v1/tasks/{}/verdict", task["id"].as_str().unwrap());
            assert_eq!(house.post(&person, &path, body).await.status(), StatusCode::OK);
        }
    }
    assert_eq!(json_of(house.post(&head, &close, json!({})).await).await["state"], "closed");
}

#[tokio::test]
async fn a_raised_packet_is_told_as_such_and_can_be_put_back_in_its_turn() {
    let house = House::new().await;
    let (head, senior) = (house.login("head").await, house.login("senior").await);
    let page = format!("/exams/{}", fake::exam_id());
    let waiting = rcoi_model::PacketId::derived(&["0014", "0201"]);
    let offers = |text: &str, form: &str| text.contains(&format!("form=\"{form}\" name=\"packet\" value=\"{waiting}\""));
    let before = text_of(house.get(&head, &page).await).await;
    assert!(offers(&before, "raise") && before.matches("form=\"raise\"").count() == 1, "only packets with unread sheets have a turn");
    house.post(&head, &format!("/api/v1{page}/packets/{waiting}/raised"), json!({ "raised": true })).await;
    let after = text_of(house.get(&head, &page).await).await;
    assert!(offers(&after, "lower") && after.contains("читается первым"));
    let others = text_of(house.get(&senior, &page).await).await;
    assert!(others.contains("читается первым") && !offers(&others, "lower"), "everybody sees it, the head changes it");
}

#[tokio::test]
async fn refusals_are_said_in_the_language_of_the_request() {
    let house = House::new().await;
    let person = house.login("verifier").await;
    let task = house.claim(&person, 1).await.remove(0);
    let path = format!("/api/v1/tasks/{}/verdict", task["id"].as_str().unwrap());
    let body = json!({ "verdict_id": ID, "act": "value", "value": "1Q5" });
    let english = Person { cookie: format!("{}; lang=en", person.cookie), csrf: person.csrf.clone() };
    let says = |answer: Value| answer["message"].as_str().unwrap().to_owned();
    assert!(says(json_of(house.post(&person, &path, body.clone()).await).await).starts_with("Знак «Q» здесь недопустим"));
    assert!(says(json_of(house.post(&english, &path, body).await).await).starts_with("“Q” is not permitted here"));
    let refused = house.get(&english, "/api/v1/exams").await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    assert_eq!(says(json_of(refused).await), "Your role does not permit this.");
    let stranger = Request::get("/api/v1/me").header(header::COOKIE, "lang=en").body(Body::empty()).unwrap();
    assert!(says(json_of(house.send(stranger).await).await).contains("sign in"));
    let page = text_of(house.get(&english, "/exams").await).await;
    assert!(page.contains("Your role does not permit this."));
}

#[tokio::test]
async fn a_request_for_a_rescan_reaches_the_senior_and_the_operator_with_its_reason() {
    let house = House::new().await;
    let (verifier, senior, operator) = (house.login("verifier").await, house.login("senior").await, house.login("operator").await);
    let task = house.claim(&verifier, 1).await.remove(0);
    let path = format!("/api/v1/tasks/{}/verdict", task["id"].as_str().unwrap());
    let body = json!({ "verdict_id": ID, "act": "rescan", "reason": "полоса от сканера" });
    assert_eq!(house.post(&verifier, &path, body.clone()).await.status(), StatusCode::OK);
    // The answer was lost and the browser sends it again, when the task has already gone on to the senior.
    assert_eq!(house.post(&verifier, &path, body).await.status(), StatusCode::OK);
    assert_eq!(house.verdicts(), 1);
    let seen = house.claim(&senior, 9).await;
    let seen = seen.iter().find(|t| t["id"] == task["id"]).expect("the senior has the field now");
    assert_eq!(seen["notes"], json!([{ "by": "verifier", "act": "rescan", "text": "полоса от сканера" }]));
    assert!(text_of(house.get(&operator, "/operator").await).await.contains("полоса от сканера"));
}

#[tokio::test]
async fn a_theme_is_switched_by_the_query_and_kept_in_a_cookie() {
    let house = House::new().await;
    let page = house.send(Request::get("/login?theme=dark").body(Body::empty()).unwrap()).await;
    assert!(page.headers()[header::SET_COOKIE].to_str().unwrap().starts_with("theme=dark"));
    assert!(text_of(page).await.contains(r#"data-theme="dark""#));
    let later = Request::get("/login").header(header::COOKIE, "theme=light").body(Body::empty()).unwrap();
    assert!(text_of(house.send(later).await).await.contains(r#"data-theme="light""#));
    let odd = Request::get("/login?theme=%22%3E").body(Body::empty()).unwrap();
    assert!(!text_of(house.send(odd).await).await.contains("data-theme"));
}

#[tokio::test]
async fn every_answer_carries_the_strict_policy_and_pages_have_nothing_inline() {
    let house = House::new().await;
    let person = house.login("senior").await;
    for page in ["/verify", "/persons", "/senior", "/exams", "/operator", "/login", "/nothing", "/assets/verify.js", "/health"] {
        let answer = house.get(&person, page).await;
        let policy = answer.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{page}");
        let text = text_of(answer).await;
        assert!(!text.contains("<style") && !text.contains(" style=") && !text.contains(" onclick="), "{page}");
        assert!(!text.contains("<b>.png"), "a file name is not escaped");
    }
}

#[tokio::test]
async fn a_disabled_user_is_out_at_once() {
    let house = House::new().await;
    let (admin, verifier) = (house.login("admin").await, house.login("verifier").await);
    let form = Request::post("/admin/users/disabled")
        .header(header::COOKIE, &admin.cookie)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(format!("csrf={}&login=verifier&disabled=true", admin.csrf)))
        .unwrap();
    assert_eq!(house.send(form).await.status(), StatusCode::SEE_OTHER);
    assert_eq!(house.get(&verifier, "/api/v1/me").await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_language_is_switched_by_the_query_and_kept_in_a_cookie() {
    let house = House::new().await;
    let page = house.send(Request::get("/login").body(Body::empty()).unwrap()).await;
    assert!(text_of(page).await.contains("Войти"));
    let page = house.send(Request::get("/login?lang=en").body(Body::empty()).unwrap()).await;
    assert!(page.headers()[header::SET_COOKIE].to_str().unwrap().starts_with("lang=en"));
    assert!(text_of(page).await.contains("Sign in"));
}
