//! The role matrix cell by cell through HTTP, and what a stranger to a task may not see.

use crate::fake::exam_id;
use crate::{House, ID, Person};
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use rcoi_model::{PackageId, PacketId};
use rcoi_web::roles::{POSTS, Post};
use serde_json::{Value, json};

/// A call: method and path, its JSON or form body.
enum Call {
    Get(&'static str),
    Post(&'static str, Value),
    Put(&'static str, Value),
    Form(&'static str, &'static str),
}
use Call::{Form, Get, Post as Send, Put};

/// Columns: operator verifier senior head admin auditor; 1 = let through. `{exam}`, `{field}`, `{sheet}` and `{person}` are filled in.
fn table() -> Vec<(Call, [u8; 6])> {
    let no_body = || json!({});
    vec![
        (Get("/verify"), [0, 1, 1, 0, 0, 0]),
        (Send("/api/v1/tasks/claim", json!({ "n": 1, "station": "verifier" })), [0, 1, 1, 0, 0, 0]),
        (Get("/api/v1/tasks/{field}/beside/replacement-2"), [0, 1, 1, 1, 0, 0]),
        (Send("/api/v1/undo", no_body()), [0, 1, 1, 0, 0, 0]),
        (Get("/symbols"), [0, 1, 1, 0, 0, 0]),
        (Send("/api/v1/symbols/claim", json!({ "n": 60 })), [0, 1, 1, 0, 0, 0]),
        (Send("/api/v1/boards", json!({ "board_id": ID, "items": [{ "task": ID, "cell": 0, "said": "7" }] })), [0, 1, 1, 0, 0, 0]),
        (Send("/api/v1/boards/undo", no_body()), [0, 1, 1, 0, 0, 0]),
        (Get("/persons"), [0, 1, 1, 0, 0, 0]),
        (Send("/api/v1/persons/claim", json!({ "n": 9 })), [0, 1, 1, 0, 0, 0]),
        (Get("/api/v1/persons/{person}/picture/surname"), [0, 1, 1, 1, 0, 0]),
        (Send("/api/v1/persons/undo", no_body()), [0, 1, 1, 0, 0, 0]),
        (Get("/senior"), [0, 0, 1, 0, 0, 0]),
        (Send("/api/v1/tasks/claim", json!({ "n": 1, "station": "senior" })), [0, 0, 1, 0, 0, 0]),
        (Get("/api/v1/tasks/{sheet}/people"), [0, 0, 1, 0, 0, 0]),
        (Get("/api/v1/tasks/{sheet}/picture"), [0, 0, 1, 1, 0, 0]),
        (Get("/api/v1/tasks/{sheet}/picture?kind=page"), [0, 0, 1, 1, 0, 0]),
        (Get("/operator"), [1, 0, 1, 1, 0, 1]),
        (Get("/operator/{exam}/{packet}"), [1, 0, 1, 1, 0, 1]),
        (Get("/api/v1/intake"), [1, 0, 1, 1, 0, 1]),
        (Get("/api/v1/exams/{exam}/packets/{packet}"), [1, 0, 1, 1, 0, 1]),
        (Get("/api/v1/pages/{page}/thumbnail"), [1, 0, 1, 1, 0, 0]),
        (Send("/api/v1/exams/{exam}/files?path=0014-0201/a.png", json!({ "as good as": "a picture" })), [1, 0, 1, 0, 0, 0]),
        (Get("/exams"), [0, 0, 1, 1, 0, 1]),
        (Get("/exams/{exam}"), [0, 0, 1, 1, 0, 1]),
        (Get("/exams/{exam}/quality"), [0, 0, 1, 1, 0, 1]),
        (Get("/api/v1/exams/{exam}/quality"), [0, 0, 1, 1, 0, 1]),
        (Get("/exams/{exam}/policy"), [0, 0, 1, 1, 0, 1]),
        (Get("/api/v1/exams/{exam}/policy"), [0, 0, 1, 1, 0, 1]),
        (Send("/api/v1/exams/{exam}/policy/preview", json!({ "table": policy_table() })), [0, 0, 0, 1, 0, 0]),
        (Put("/api/v1/exams/{exam}/policy", json!({ "table": null })), [0, 0, 0, 1, 0, 0]),
        (Form("/exams/{exam}/policy", ""), [0, 0, 0, 1, 0, 0]),
        (Get("/exams/{exam}/open/verifier"), [0, 0, 1, 1, 0, 1]),
        (Get("/exams/{exam}/open/senior"), [0, 0, 1, 1, 0, 1]),
        (Get("/api/v1/exams"), [0, 0, 1, 1, 0, 1]),
        (Get("/api/v1/exams/{exam}"), [0, 0, 1, 1, 0, 1]),
        (Get("/api/v1/progress"), [0, 1, 1, 1, 0, 1]),
        (Send("/api/v1/exams/{exam}/reconcile", no_body()), [0, 0, 1, 1, 0, 0]),
        (Form("/exams/{exam}", "act=reconcile"), [0, 0, 1, 1, 0, 0]),
        (Send("/api/v1/exams/{exam}/packets/{packet}/raised", json!({ "raised": true })), [0, 0, 0, 1, 0, 0]),
        (Form("/exams/{exam}", "act=lower&packet={packet}"), [0, 0, 0, 1, 0, 0]),
        (Send("/api/v1/exams/{exam}/close", no_body()), [0, 0, 0, 1, 0, 0]),
        (Form("/exams/{exam}", "act=close"), [0, 0, 0, 1, 0, 0]),
        (Send("/api/v1/exams/{exam}/package", no_body()), [0, 0, 0, 1, 0, 0]),
        (Form("/exams/{exam}", "act=package"), [0, 0, 0, 1, 0, 0]),
        (Get("/api/v1/packages/{package}/file"), [0, 0, 0, 1, 0, 0]),
        (Get("/admin"), [0, 0, 0, 0, 1, 0]),
        (Form("/admin/users", "login=new.one&password=long-enough&role=auditor"), [0, 0, 0, 0, 1, 0]),
        (Form("/admin/users/disabled", "login=second&disabled=true"), [0, 0, 0, 0, 1, 0]),
        (Get("/api/v1/events"), [0, 1, 1, 1, 0, 1]),
        (Get("/me"), [1, 1, 1, 1, 1, 1]),
        (Get("/api/v1/me"), [1, 1, 1, 1, 1, 1]),
    ]
}

fn policy_table() -> Value {
    serde_json::to_value(crate::fake::policy()).unwrap()
}

/// Ids of a field, of the sheet and of a person, who is put there.
fn strange_tasks(house: &House) -> [String; 3] {
    let mut state = house.fake.0.lock().unwrap();
    let person = crate::fake_rows::persons().remove(0);
    let ids = [&state.tasks[0].0.task, &state.tasks[2].0.task, &person.task].map(|task| task.id.to_string());
    state.tasks.push((person, None));
    ids
}

async fn status(house: &House, person: &Person, call: Call, [field, sheet, of_person]: &[String; 3]) -> StatusCode {
    let package = PackageId::derived(&["package"]).to_string();
    let packet = PacketId::derived(&["0014", "0201"]).to_string();
    let fill = |path: &str| {
        let path = path
            .replace("{exam}", &exam_id().to_string())
            .replace("{sheet}", sheet)
            .replace("{person}", of_person)
            .replace("{field}", field);
        path.replace("{package}", &package).replace("{packet}", &packet).replace("{page}", ID)
    };
    match call {
        Get(path) => house.get(person, &fill(path)).await.status(),
        Send(path, body) => house.post(person, &fill(path), body).await.status(),
        Put(path, body) => house.put(person, &fill(path), body).await.status(),
        Form(path, body) => {
            let request = Request::post(fill(path))
                .header(header::COOKIE, &person.cookie)
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(Body::from(format!("csrf={}&{}", person.csrf, fill(body))));
            house.send(request.unwrap()).await.status()
        }
    }
}

#[tokio::test]
async fn every_cell_of_the_role_matrix_is_kept_by_the_server() {
    for (column, post) in POSTS.into_iter().enumerate() {
        let house = House::new().await;
        let person = house.login(post.as_str()).await;
        let ids = strange_tasks(&house);
        for (call, cells) in table() {
            let name = match &call {
                Get(path) | Send(path, _) | Put(path, _) | Form(path, _) => *path,
            };
            let status = status(&house, &person, call, &ids).await;
            assert!(!status.is_server_error(), "{post:?} {name}: {status}");
            let refused = matches!(status, StatusCode::FORBIDDEN | StatusCode::NOT_FOUND);
            assert_eq!(refused, cells[column] == 0, "{post:?} {name}: {status}");
        }
        assert!(!house.fake.0.lock().unwrap().closed, "open tasks forbid closing");
    }
}

#[tokio::test]
async fn a_stranger_is_sent_to_the_login_and_gets_nothing_from_the_api() {
    let house = House::new().await;
    let stranger = Person { cookie: "rcoi=0".into(), csrf: String::new() };
    let ids = strange_tasks(&house);
    for (call, _) in table() {
        let (name, api) = match &call {
            Get(path) | Send(path, _) | Put(path, _) | Form(path, _) => (*path, path.starts_with("/api/")),
        };
        let expected = if api { StatusCode::UNAUTHORIZED } else { StatusCode::SEE_OTHER };
        assert_eq!(status(&house, &stranger, call, &ids).await, expected, "{name}");
    }
}

#[tokio::test]
async fn an_auditor_s_page_offers_no_act() {
    let house = House::new().await;
    let auditor = house.login("auditor").await;
    let page = crate::text_of(house.get(&auditor, &format!("/exams/{}", exam_id())).await).await;
    assert!(page.contains("Русский язык") && !page.contains(r#"name="act""#));
    assert_eq!(Post::parse("auditor"), Some(Post::Auditor));
}

#[tokio::test]
async fn a_picture_is_shown_only_to_who_holds_the_task() {
    let house = House::new().await;
    let (first, second) = (house.login("verifier").await, house.login("second").await);
    let task = house.claim(&first, 1).await.remove(0);
    let picture = task["picture"].as_str().unwrap();
    let own = house.get(&first, picture).await;
    assert_eq!((own.status(), own.headers()[header::CACHE_CONTROL].to_str().unwrap()), (StatusCode::OK, "no-store"));
    assert_eq!(house.get(&second, picture).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(house.get(&first, &format!("{picture}?kind=page")).await.status(), StatusCode::NOT_FOUND);
    for (login, expected) in [("senior", 200), ("head", 200), ("admin", 403), ("operator", 403), ("auditor", 403)] {
        let person = house.login(login).await;
        for path in [picture.to_owned(), format!("{picture}?kind=page")] {
            assert_eq!(house.get(&person, &path).await.status().as_u16(), expected, "{login} {path}");
        }
    }
}

#[tokio::test]
async fn a_row_beside_a_field_is_shown_to_who_holds_the_field_and_no_other_row_is() {
    let house = House::new().await;
    let (first, second) = (house.login("verifier").await, house.login("second").await);
    let task = house.claim(&first, 1).await.remove(0);
    let beside = task["beside"].as_array().unwrap();
    assert_eq!((beside.len(), &beside[0]["number"], &beside[0]["value"]), (1, &json!("1"), &json!("14")));
    assert_eq!(beside[0]["text"], "Заменён ниже, засчитывается замена 2: «14»");
    let picture = beside[0]["picture"].as_str().unwrap();
    assert_eq!(house.get(&first, picture).await.status(), StatusCode::OK);
    assert_eq!(house.get(&second, picture).await.status(), StatusCode::NOT_FOUND);
    let task = task["id"].as_str().unwrap();
    for row in ["replacement-1", "answer-1", "surname", "replacement-2-answer", "..", "%2e%2e"] {
        let answer = house.get(&first, &format!("/api/v1/tasks/{task}/beside/{row}")).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{row}");
    }
}

#[tokio::test]
async fn personal_data_never_come_with_their_sheet() {
    let house = House::new().await;
    let [_, _, person] = strange_tasks(&house);
    for login in ["verifier", "senior", "head"] {
        let who = house.login(login).await;
        house.post(&who, "/api/v1/persons/claim", json!({ "n": 9 })).await;
        for path in ["picture", "picture?kind=page", "picture?kind=cutout", "beside/answer-1"] {
            let answer = house.get(&who, &format!("/api/v1/tasks/{person}/{path}")).await;
            assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{login} {path}");
        }
        for row in house.fake.0.lock().unwrap().tasks.iter_mut() {
            row.1 = None;
        }
    }
}

#[tokio::test]
async fn a_task_that_went_to_another_person_is_closed_to_the_first_one() {
    let house = House::new().await;
    let (first, second) = (house.login("verifier").await, house.login("second").await);
    let task = house.claim(&first, 1).await.remove(0);
    let (id, picture) = (task["id"].as_str().unwrap(), task["picture"].as_str().unwrap());
    // The lease lapsed and the other one claimed it.
    house.fake.0.lock().unwrap().tasks[0].1 = None;
    assert_eq!(house.claim(&second, 1).await[0]["id"], task["id"]);
    assert_eq!(house.get(&first, picture).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(house.get(&second, picture).await.status(), StatusCode::OK);
    let body = json!({ "verdict_id": ID, "act": "value", "value": "1" });
    assert_eq!(house.post(&first, &format!("/api/v1/tasks/{id}/verdict"), body).await.status(), StatusCode::CONFLICT);
    assert_eq!(house.verdicts(), 0);
}

#[tokio::test]
async fn an_unknown_task_and_a_foreign_one_are_refused_alike() {
    let house = House::new().await;
    let (first, second) = (house.login("verifier").await, house.login("second").await);
    let task = house.claim(&first, 1).await.remove(0);
    let mut answers = Vec::new();
    for id in [task["id"].as_str().unwrap(), ID] {
        let answer = house.get(&second, &format!("/api/v1/tasks/{id}/picture")).await;
        answers.push((answer.status(), crate::text_of(answer).await));
    }
    assert_eq!(answers[0], answers[1]);
}

/// Whoever adds a call adds it to the matrix.
#[tokio::test]
async fn every_described_call_stands_in_the_matrix() {
    let house = House::new().await;
    let nobody = Person { cookie: String::new(), csrf: String::new() };
    let description = crate::json_of(house.get(&nobody, "/api/v1/openapi.json").await).await;
    assert_eq!(description["openapi"], "3.1.0");
    let known: Vec<(&str, String)> = table()
        .iter()
        .filter_map(|(call, _)| {
            let (method, path) = match call {
                Get(path) => ("get", path),
                Send(path, _) => ("post", path),
                Put(path, _) => ("put", path),
                Form(..) => return None,
            };
            Some((method, path.split('?').next().unwrap_or_default().to_owned()))
        })
        .collect();
    let shape = |path: &str| path.split('/').map(|part| if part.starts_with('{') { "*" } else { part }).collect::<Vec<_>>().join("/");
    let open = [
        "/api/v1/login",
        "/api/v1/logout",
        "/api/v1/health",
        "/api/v1/tasks/*/verdict",
        "/api/v1/tasks/*/beside/*",
        "/api/v1/persons/*/picture/*",
    ];
    for (path, methods) in description["paths"].as_object().unwrap() {
        for (method, call) in methods.as_object().unwrap() {
            let told = known.iter().any(|(m, p)| m == method && shape(p) == shape(path));
            assert!(told || open.contains(&shape(path).as_str()), "{method} {path} is not in the matrix");
            assert!(call["summary"].as_str().is_some_and(|s| !s.is_empty()), "{method} {path} is not described");
        }
    }
}
