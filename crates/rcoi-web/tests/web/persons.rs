//! The persons station: form and register by keyboard only, in a browser; what its calls refuse.

use crate::chrome::Desk;
use crate::fake::Fake;
use crate::{House, ID, Person, json_of, text_of};
use axum::http::StatusCode;
use fantoccini::key::Key;
use rcoi_model::{Ground, VerdictAct};
use serde_json::{Value, json};

async fn at_the_persons_station(login: &str, query: &str) -> Desk {
    let desk = Desk::new(Fake::of_persons()).await;
    desk.sign_in(login).await;
    desk.go(&format!("/persons{query}")).await;
    desk.wait_until_ready().await;
    desk
}

fn stated(reason: &str) -> Ground {
    Ground::Stated { reason: reason.into() }
}

const DIFFERING: &str = "return [...document.querySelectorAll('.line.differs')].map((l) => l.dataset.field)";
const MARKED: &str = "return [...document.querySelectorAll('.line.differs')].map((l) => [...l.querySelectorAll('.said')]\
                      .map((s) => [...s.querySelectorAll('mark')].map((m) => m.textContent).join('')))";
const PICTURES: &str = "return [...document.querySelectorAll('.paper img')].filter((i) => i.naturalWidth > 0 && !i.hidden).length";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_persons_are_settled_by_keyboard_only() {
    let desk = at_the_persons_station("verifier", "").await;
    desk.wait_for_text("left", "3").await;
    desk.wait_for_text("who", "Участник 02001007").await;
    assert_eq!(desk.script(DIFFERING).await, json!(["surname", "document-series", "document-number"]));
    assert_eq!(desk.script(PICTURES).await, json!(5));
    // Larger: the differences alone, each over its whole width.
    let shown = "return [...document.querySelectorAll('.line')].filter((l) => l.offsetParent).length";
    desk.press(Key::F4).await;
    assert_eq!(desk.script(shown).await, json!(3));
    desk.press(Key::F4).await;
    assert_eq!(desk.script(shown).await, json!(5));
    // A decision without a ground does not go; a ready one goes by its number.
    desk.type_in("1").await;
    desk.wait_for("#reason-box[open]").await;
    desk.press(Key::Enter).await;
    desk.wait_for_text("reason-note", "Назовите основание: хотя бы три знака.").await;
    desk.type_in("1").await;
    desk.press(Key::Enter).await;
    desk.wait_for_text("who", "Участник 02001021").await;
    desk.wait_for_text("left", "2").await;
    desk.wait_for_text("done", "1").await;
    desk.wait_until_ready().await;
    // The register is right, on a ground in one's own words.
    desk.type_in("2").await;
    desk.wait_for("#reason-box[open]").await;
    desk.type_in("отчество есть в паспорте").await;
    desk.press(Key::Enter).await;
    desk.wait_for_text("who", "Участник 02001042").await;
    desk.wait_until_ready().await;
    assert_eq!(desk.script(MARKED).await, json!([["9", "9"]]), "301198 and 301189: one character moved");
    // The senior is asked.
    desk.press(Key::F8).await;
    desk.wait_for("#reason-box[open]").await;
    desk.type_in("3").await;
    desk.press(Key::Enter).await;
    desk.wait_for("#empty:not([hidden])").await;
    desk.wait_for_text("left", "0").await;
    desk.wait_for_text("saving", "записано").await;
    let asked = "Часть отличий — описка, часть — новые данные";
    let expected = [
        VerdictAct::AcceptForm { ground: Ground::CorrectionList },
        VerdictAct::KeepRegister { ground: stated("отчество есть в паспорте") },
        VerdictAct::Pass { reason: asked.into() },
    ];
    assert_eq!(desk.fake.acts(), expected);

    // The senior has first what was asked before, then this; nobody is above him.
    desk.sign_in("senior").await;
    desk.go("/persons").await;
    desk.wait_for_text("left", "2").await;
    desk.wait_until_ready().await;
    let mut seen = Vec::new();
    for n in 1..=2 {
        seen.push(desk.text("notes").await);
        desk.press(Key::F8).await;
        desk.type_in("2").await;
        desk.wait_for("#reason-box[open]").await;
        desk.type_in("1").await;
        desk.press(Key::Enter).await;
        desk.wait_for_text("done", &n.to_string()).await;
        if n == 1 {
            desk.wait_until_ready().await;
        }
    }
    assert!(seen.contains(&format!("verifier спрашивает: {asked}")), "{seen:?}");
    desk.wait_for_text("left", "0").await;
    desk.wait_for_text("saving", "записано").await;
    assert_eq!(desk.fake.acts()[3..], [(); 2].map(|()| VerdictAct::KeepRegister { ground: Ground::WritingSlip }));
    desk.close().await;
}

/// Presses `1` as soon as the station names another person.
const EARLY_KEY: &str = "const watch = new MutationObserver(() => {
      watch.disconnect();
      document.body.dispatchEvent(new KeyboardEvent('keydown', { key: '1', code: 'Digit1', bubbles: true }));
    });
    watch.observe(document.getElementById('who'), { childList: true, characterData: true, subtree: true });";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn escape_brings_the_last_person_back_and_an_early_key_decides_nothing() {
    let desk = at_the_persons_station("verifier", "").await;
    desk.type_in("1").await;
    desk.wait_for("#reason-box[open]").await;
    // Escape closes the question first.
    desk.press(Key::Escape).await;
    desk.wait_for("#reason-box:not([open])").await;
    assert!(desk.fake.acts().is_empty());
    desk.type_in("2").await;
    desk.type_in("1").await;
    desk.press(Key::Enter).await;
    desk.wait_for_text("who", "Участник 02001021").await;
    desk.wait_for_text("saving", "записано").await;
    // In the moment in which the person stands there again: too early, however slow the machine is.
    desk.script(EARLY_KEY).await;
    desk.press(Key::Escape).await;
    desk.wait_for_text("who", "Участник 02001007").await;
    desk.wait_for_text("note", "сначала посмотрите на бланк").await;
    desk.wait_for_text("left", "3").await;
    desk.wait_for_text("done", "0").await;
    assert!(desk.fake.acts().is_empty());
    desk.wait_until_ready().await;
    desk.press(Key::Escape).await;
    desk.wait_for_text("saving", "Возвращать нечего.").await;
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_station_speaks_english_and_the_header_of_a_senior_keeps_one_line() {
    let desk = at_the_persons_station("senior", "?lang=en").await;
    desk.wait_for_text("who", "Participant 02001070").await;
    desk.wait_for_text("notes", "petrov asks: Похоже на бланк другого участника").await;
    let labels = "return [...document.querySelectorAll('.line .label')].map((l) => l.textContent)";
    assert_eq!(desk.script(labels).await, json!(["Surname", "Name", "Patronymic", "Document series", "Document number"]));
    desk.type_in("1").await;
    desk.wait_for("#reason-box[open]").await;
    assert_eq!(desk.text("reason-title").await, "The form is right: on what ground is the register corrected?");
    desk.type_in("1").await;
    desk.press(Key::Enter).await;
    desk.wait_for_text("saving", "stored").await;
    assert_eq!(desk.fake.acts(), [VerdictAct::AcceptForm { ground: Ground::CorrectionList }]);
    let header = "const h = document.querySelector('header'); return [h.offsetHeight < 56, h.scrollWidth <= h.clientWidth, innerWidth]";
    for lang in ["en", "ru"] {
        for theme in ["auto", "dark", "light"] {
            desk.go(&format!("/persons?lang={lang}&theme={theme}")).await;
            assert_eq!(desk.script(header).await, json!([true, true, 1366]), "{lang} {theme}");
        }
    }
    desk.close().await;
}

/// A house with persons, and the first of them in the hands of the verifier.
async fn house_with_persons() -> (House, Person, Value) {
    let house = House::new().await;
    house.fake.0.lock().unwrap().tasks.extend(crate::fake_rows::persons().into_iter().map(|p| (p, None)));
    let verifier = house.login("verifier").await;
    let claimed = json_of(house.post(&verifier, "/api/v1/persons/claim", json!({ "n": 1 })).await).await;
    let task = claimed["tasks"][0].clone();
    (house, verifier, task)
}

fn verdict_of(task: &Value) -> String {
    format!("/api/v1/tasks/{}/verdict", task["id"].as_str().unwrap())
}

#[tokio::test]
async fn a_decision_needs_a_ground_that_fits_and_is_stored_once() {
    let (house, verifier, task) = house_with_persons().await;
    let path = verdict_of(&task);
    let ground = |act: &str, ground: Value| json!({ "verdict_id": ID, "act": act, "ground": ground });
    let tries = [
        (json!({ "verdict_id": ID, "act": "accept-form" }), 400),
        (ground("accept-form", json!({ "kind": "whim" })), 400),
        (ground("accept-form", json!({ "kind": "stated", "reason": " " })), 422),
        (ground("accept-form", json!({ "kind": "writing-slip" })), 422),
        (ground("keep-register", json!({ "kind": "correction-list" })), 422),
        (json!({ "verdict_id": ID, "act": "pass", "reason": "" }), 422),
        (json!({ "verdict_id": ID, "act": "value", "value": "ОРЛОВА" }), 422),
        (json!({ "verdict_id": ID, "act": "explain", "reason": "так и было" }), 422),
    ];
    for (body, status) in tries {
        let answer = house.post(&verifier, &path, body.clone()).await;
        assert_eq!(answer.status().as_u16(), status, "{body}");
        assert!(json_of(answer).await["message"].as_str().is_some_and(|m| !m.is_empty()), "{body}");
    }
    assert_eq!(house.verdicts(), 0);
    let fine = ground("accept-form", json!({ "kind": "correction-list" }));
    for _ in 0..2 {
        assert_eq!(house.post(&verifier, &path, fine.clone()).await.status(), StatusCode::OK);
    }
    assert_eq!(house.verdicts(), 1);
    let field = house.claim(&verifier, 1).await.remove(0);
    let answer = house.post(&verifier, &verdict_of(&field), ground("keep-register", json!({ "kind": "writing-slip" }))).await;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "a field is no person");
}

#[tokio::test]
async fn a_verifier_sees_only_the_compared_fields_of_the_person_he_holds() {
    let (house, verifier, task) = house_with_persons().await;
    let second = house.login("second").await;
    assert_eq!(task["picture"], Value::Null, "there is no picture of the whole sheet");
    let pictures: Vec<&str> = task["lines"].as_array().unwrap().iter().map(|l| l["picture"].as_str().unwrap()).collect();
    assert_eq!(pictures.len(), 5);
    for path in &pictures {
        assert_eq!(house.get(&verifier, path).await.status(), StatusCode::OK);
        assert_eq!(house.get(&second, path).await.status(), StatusCode::NOT_FOUND);
    }
    for field in ["removed", "code", "answer-1", "..%2Fpage"] {
        let other = pictures[0].replace("surname", field);
        assert_eq!(house.get(&verifier, &other).await.status(), StatusCode::NOT_FOUND, "{field}");
    }
    let whole = format!("/api/v1/tasks/{}/picture?kind=page", task["id"].as_str().unwrap());
    assert_eq!(house.get(&verifier, &whole).await.status(), StatusCode::NOT_FOUND);
    // Nothing of it comes with the fields or the sheets.
    let senior = house.login("senior").await;
    let mut others = house.claim(&senior, 30).await;
    others.extend(house.claim(&verifier, 30).await);
    assert!(others.iter().all(|t| t["about"] != "person") && others.len() == 3, "{others:?}");
}

#[tokio::test]
async fn what_was_asked_is_the_senior_s_alone_and_can_be_taken_back_until_he_answers() {
    let (house, verifier, task) = house_with_persons().await;
    let (senior, path) = (house.login("senior").await, verdict_of(&task));
    let ask = json!({ "verdict_id": ID, "act": "pass", "reason": "ведомости нет" });
    assert_eq!(house.post(&verifier, &path, ask).await.status(), StatusCode::OK);
    let keep = json!({ "verdict_id": task["id"], "act": "keep-register", "ground": { "kind": "writing-slip" } });
    assert_eq!(house.post(&verifier, &path, keep.clone()).await.status(), StatusCode::FORBIDDEN);
    let back = json_of(house.post(&verifier, "/api/v1/persons/undo", json!({})).await).await;
    assert_eq!((&back["task"]["id"], &back["task"]["station"]), (&task["id"], &json!("verifier")));
    let again = json!({ "verdict_id": "3f1b1f7e-5d0b-4a39-9f0d-0d9b6f1c0a11", "act": "pass", "reason": "ведомости нет" });
    assert_eq!(house.post(&verifier, &path, again).await.status(), StatusCode::OK);
    let his = json_of(house.post(&senior, "/api/v1/persons/claim", json!({ "n": 9 })).await).await;
    let asked = his["tasks"].as_array().unwrap().iter().find(|t| t["id"] == task["id"]).unwrap();
    assert_eq!(asked["acts"], json!(["accept-form", "keep-register"]));
    assert_eq!(asked["notes"].as_array().unwrap().last().unwrap()["text"], "ведомости нет");
    assert_eq!(house.post(&senior, &path, keep).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn open_persons_block_closing_and_the_list_shows_no_name() {
    let (house, ..) = house_with_persons().await;
    let (head, senior) = (house.login("head").await, house.login("senior").await);
    let exam = format!("/exams/{}", crate::fake::exam_id());
    let page = text_of(house.get(&senior, &exam).await).await;
    assert!(page.contains("персональных данных ждут сверки с реестром: 3") && page.contains(r#"href="/persons""#), "{page}");
    assert!(page.contains("вопросов старшему о персональных данных: 1"));
    let list = text_of(house.get(&head, &format!("{exam}/open/verifier")).await).await;
    assert!(list.contains("Персональные данные на бланке и в реестре расходятся"));
    for name in ["ТИХОМИРОВА", "Соколова", "ЩЕРБАКОВ"] {
        assert!(!list.contains(name) && !page.contains(name), "{name}");
    }
    for n in [0, 500] {
        let verifier = house.login("second").await;
        assert_eq!(house.post(&verifier, "/api/v1/persons/claim", json!({ "n": n })).await.status(), StatusCode::BAD_REQUEST);
    }
}
