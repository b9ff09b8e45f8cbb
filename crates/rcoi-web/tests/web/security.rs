//! What an attacker tries at the door: fixation, forgery, guessing, foreign ids, headers, oversized and hostile bodies.

use crate::fake::exam_id;
use crate::{House, PASSWORD, Person, json_of, text_of};
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use futures::StreamExt;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rcoi_model::PackageId;
use rcoi_web::backend::Backend;
use rcoi_web::{AppState, WebConfig, serve};
use serde_json::json;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

fn request(method: Method, path: &str, person: &Person, body: &str) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(path)
        .header(header::COOKIE, &person.cookie)
        .header("x-csrf-token", &person.csrf)
        .body(Body::from(body.to_owned()))
        .unwrap()
}

#[tokio::test]
async fn a_session_that_an_attacker_chose_is_never_taken_over() {
    let house = House::new().await;
    let chosen = "rcoi=00000000000000000000000000000000";
    let login = Request::post("/api/v1/login")
        .header(header::COOKIE, chosen)
        .body(Body::from(json!({ "login": "verifier", "password": PASSWORD }).to_string()));
    let answer = house.send(login.unwrap()).await;
    let given = answer.headers()[header::SET_COOKIE].to_str().unwrap().to_owned();
    assert!(given.starts_with("rcoi=") && !given.starts_with(chosen));
    for part in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(given.contains(part), "{given}");
    }
    let attacker = Person { cookie: chosen.to_owned(), csrf: String::new() };
    assert_eq!(house.get(&attacker, "/api/v1/me").await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn another_person_s_token_forges_nothing() {
    let house = House::new().await;
    let (hers, his) = (house.login("verifier").await, house.login("second").await);
    let mixed = Person { cookie: hers.cookie, csrf: his.csrf };
    for path in ["/api/v1/tasks/claim", "/api/v1/undo", "/api/v1/boards/undo", "/api/v1/logout"] {
        let answer = house.post(&mixed, path, json!({})).await;
        assert_eq!((answer.status(), json_of(answer).await["error"].clone()), (StatusCode::FORBIDDEN, json!("csrf")), "{path}");
    }
    let put = house.put(&mixed, &format!("/api/v1/exams/{}/policy", exam_id()), json!({ "table": null })).await;
    assert_eq!(put.status(), StatusCode::FORBIDDEN);
    // Forms carry it in their body.
    for path in ["/me/sessions", "/me/password", "/logout"] {
        let form = Request::post(path)
            .header(header::COOKIE, &mixed.cookie)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(format!("csrf={}&old=x&new=y&again=y", mixed.csrf)));
        assert_eq!(house.send(form.unwrap()).await.status(), StatusCode::FORBIDDEN, "{path}");
    }
    assert_eq!(house.get(&mixed, "/api/v1/me").await.status(), StatusCode::OK, "nobody was signed out");
}

#[tokio::test]
async fn line_breaks_and_odd_names_reach_no_header() {
    let house = House::new().await;
    let head = house.login("head").await;
    for query in ["?lang=ru%0d%0aSet-Cookie:%20a=b", "?theme=dark%0aX:%20y", "?lang=%00"] {
        let answer = house.get(&head, &format!("/exams{query}")).await;
        assert_eq!(answer.status(), StatusCode::OK, "{query}");
        assert!(answer.headers().get_all(header::SET_COOKIE).iter().all(|c| !c.to_str().unwrap_or("?").contains("a=b")), "{query}");
        assert!(answer.headers().get("x").is_none());
    }
    let answer = house.try_login("a\r\nSet-Cookie: x=y", PASSWORD).await;
    assert_eq!((answer.status(), answer.headers().get(header::SET_COOKIE)), (StatusCode::UNAUTHORIZED, None));
    // A package's name is the region's and goes into a header.
    let id = PackageId::derived(&["package"]);
    let answer = house.get(&head, &format!("/api/v1/packages/{id}/file")).await;
    assert_eq!(answer.headers()[header::CONTENT_DISPOSITION], r#"attachment; filename="ab..zX-y.zip""#);
}

#[tokio::test]
async fn no_path_leads_out_of_the_assets() {
    let house = House::new().await;
    let nobody = Person { cookie: "rcoi=0".into(), csrf: String::new() };
    for path in ["/assets/..%2fCargo.toml", "/assets/%2e%2e%2f%2e%2e%2fetc%2fpasswd", "/assets/style.css%00.js", "/assets/"] {
        assert_eq!(house.get(&nobody, path).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn oversized_deep_and_broken_bodies_are_refused_and_never_a_server_error() {
    let house = House::new().await;
    let verifier = house.login("verifier").await;
    let deep = format!("{}1{}", "[".repeat(30_000), "]".repeat(30_000));
    let long = format!("{{\"n\":{}}}", "1".repeat(70_000));
    for body in [deep.as_str(), &long, "{\"n\": 1e999}", "{\"n\": -1}", "[]", "[1]", "\u{0}", "{\"n\":1,\"station\":\"root\"}", "null"] {
        for path in ["/api/v1/tasks/claim", "/api/v1/symbols/claim", "/api/v1/boards"] {
            let answer = house.send(request(Method::POST, path, &verifier, body)).await;
            assert!(answer.status().is_client_error(), "{path}: {}", answer.status());
        }
    }
    for id in ["0", "..", "%00", &"f".repeat(5000), "00000000-0000-0000-0000-000000000000"] {
        let answer = house.get(&verifier, &format!("/api/v1/tasks/{id}/picture")).await;
        assert!(answer.status().is_client_error(), "{id}: {}", answer.status());
    }
}

#[tokio::test]
async fn what_no_route_takes_is_refused_with_the_same_headers_as_everything() {
    let house = House::new().await;
    let head = house.login("head").await;
    for (method, path) in [
        (Method::DELETE, "/api/v1/exams"),
        (Method::PUT, "/login"),
        (Method::TRACE, "/"),
        (Method::PATCH, "/api/v1/me"),
        (Method::GET, "/nothing"),
    ] {
        let answer = house.send(request(method.clone(), path, &head, "")).await;
        assert!(answer.status().is_client_error(), "{method} {path}: {}", answer.status());
        assert_eq!(answer.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff", "{method} {path}");
        assert_eq!(answer.headers()[header::X_FRAME_OPTIONS], "DENY", "{method} {path}");
        assert!(answer.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().starts_with("default-src 'none'"));
    }
    // A method in a header or a field changes nothing.
    let overridden = Request::post("/api/v1/me").header(header::COOKIE, &head.cookie).header("x-http-method-override", "GET");
    assert_eq!(house.send(overridden.body(Body::empty()).unwrap()).await.status(), StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn a_name_with_markup_is_text_on_every_page() {
    let house = House::new().await;
    let admin = house.login("admin").await;
    let post = rcoi_web::roles::Post::Auditor;
    house.fake.create_user(None, "<script>alert(1)</script>", &crate::HASH, post).await.unwrap();
    let page = text_of(house.get(&admin, "/admin").await).await;
    assert!(!page.contains("<script>alert") && page.contains("&#60;script&#62;"), "{page}");
}

#[tokio::test]
async fn a_person_changes_his_password_and_ends_his_other_sessions() {
    let house = House::new().await;
    let (here, there) = (house.login("verifier").await, house.login("verifier").await);
    let form = |person: &Person, path: &str, body: &str| {
        Request::post(path)
            .header(header::COOKIE, &person.cookie)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(format!("csrf={}&{body}", person.csrf)))
            .unwrap()
    };
    assert_eq!(house.send(form(&here, "/me/sessions", "")).await.status(), StatusCode::SEE_OTHER);
    assert_eq!(house.get(&there, "/api/v1/me").await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(house.get(&here, "/api/v1/me").await.status(), StatusCode::OK);
    let old: String = form_urlencoded(PASSWORD);
    for (body, expected) in [
        ("old=wrong&new=another-one-7&again=another-one-7".to_owned(), StatusCode::BAD_REQUEST),
        (format!("old={old}&new=another-one-7&again=another-one-8"), StatusCode::BAD_REQUEST),
        (format!("old={old}&new=xverifierx&again=xverifierx"), StatusCode::BAD_REQUEST),
        (format!("old={old}&new=another-one-7&again=another-one-7"), StatusCode::SEE_OTHER),
    ] {
        assert_eq!(house.send(form(&here, "/me/password", &body)).await.status(), expected, "{body}");
    }
    assert_eq!(house.get(&here, "/api/v1/me").await.status(), StatusCode::UNAUTHORIZED, "every session has ended");
    assert_eq!(house.try_login("verifier", PASSWORD).await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(house.try_login("verifier", "another-one-7").await.status(), StatusCode::OK);
}

fn form_urlencoded(text: &str) -> String {
    text.bytes().map(|b| format!("%{b:02x}")).collect()
}

#[tokio::test]
async fn events_tell_what_is_left_and_the_end_of_the_session() {
    let house = House::new().await;
    let verifier = house.login("verifier").await;
    let admin = house.login("admin").await;
    assert_eq!(house.get(&admin, "/api/v1/events").await.status(), StatusCode::FORBIDDEN);
    let answer = house.get(&verifier, "/api/v1/events").await;
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "text/event-stream");
    let mut stream = answer.into_body().into_data_stream();
    let first = String::from_utf8(stream.next().await.unwrap().unwrap().to_vec()).unwrap();
    assert!(first.contains("event: progress") && first.contains("\"verifier\":"), "{first}");
    house.fake.0.lock().unwrap().tasks.pop();
    house.fake.0.lock().unwrap().tasks.remove(0);
    let second = String::from_utf8(stream.next().await.unwrap().unwrap().to_vec()).unwrap();
    assert!(second.contains("event: progress") && second != first, "{second}");
    house.fake.0.lock().unwrap().sessions.clear();
    let last = String::from_utf8(stream.next().await.unwrap().unwrap().to_vec()).unwrap();
    assert!(last.contains("event: ended"), "{last}");
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn what_an_open_page_fetches_by_itself_is_no_sign_of_life() {
    let house = House::new().await;
    let operator = house.login("senior").await;
    let signs = || house.fake.0.lock().unwrap().signs;
    let before = signs();
    let thumbnail = format!("/api/v1/pages/{}/thumbnail", crate::ID);
    for path in ["/api/v1/events", &thumbnail, &format!("{thumbnail}?v=0")] {
        assert_eq!(house.get(&operator, path).await.status(), StatusCode::OK, "{path}");
        assert_eq!(signs(), before, "{path}");
    }
    let peek = Request::get("/api/v1/progress").header(header::COOKIE, &operator.cookie).header("x-watching", "1");
    assert_eq!(house.send(peek.body(Body::empty()).unwrap()).await.status(), StatusCode::OK);
    assert_eq!(signs(), before, "a look that says so");
    for (calls, path) in (1..).zip(["/api/v1/progress", "/verify"]) {
        house.get(&operator, path).await;
        assert_eq!(signs(), before + calls, "{path}");
    }
}

#[tokio::test]
async fn guessing_the_old_password_must_wait_and_locks_the_login_not_out() {
    let house = House::new().await;
    let person = house.login("verifier").await;
    let form = |old: &str| {
        Request::post("/me/password")
            .header(header::COOKIE, &person.cookie)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(format!("csrf={}&old={old}&new=another-one-7&again=another-one-7", person.csrf)))
            .unwrap()
    };
    let mut failed = 0;
    while failed < 6 {
        match house.send(form("wrong")).await.status() {
            StatusCode::BAD_REQUEST => failed += 1,
            StatusCode::TOO_MANY_REQUESTS => tokio::time::sleep(Duration::from_millis(200)).await,
            other => panic!("{other}"),
        }
    }
    // The right one has to wait, too; another person and the login itself have not.
    assert_eq!(house.send(form(&form_urlencoded(PASSWORD))).await.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(house.try_login("verifier", PASSWORD).await.status(), StatusCode::OK);
    let other = house.login("second").await;
    let theirs = Request::post("/me/password")
        .header(header::COOKIE, &other.cookie)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(format!("csrf={}&old=wrong&new=another-one-7&again=another-one-7", other.csrf)));
    assert_eq!(house.send(theirs.unwrap()).await.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn open_streams_end_when_the_server_stops_and_do_not_hold_it() {
    let house = House::new().await;
    let person = house.login("verifier").await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let state = AppState::with_backend(house.fake.clone(), house.fake.clone(), WebConfig::default());
    let stop = CancellationToken::new();
    let server = tokio::spawn(serve(listener, state, stop.clone().cancelled_owned()));
    let http = Client::builder(TokioExecutor::new()).build(HttpConnector::new());
    let request = Request::get(format!("http://{address}/api/v1/events")).header(header::COOKIE, &person.cookie);
    let answer = http.request(request.body(Body::empty()).unwrap()).await.unwrap();
    let mut stream = Body::new(answer.into_body()).into_data_stream();
    assert!(stream.next().await.unwrap().is_ok(), "the stream runs");
    stop.cancel();
    let within = Duration::from_secs(20);
    let rest = async { while stream.next().await.is_some_and(|part| part.is_ok()) {} };
    tokio::time::timeout(within, rest).await.expect("the stream goes on");
    tokio::time::timeout(within, server).await.expect("the server goes on").unwrap().unwrap();
}
