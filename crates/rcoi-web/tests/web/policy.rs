//! The policy of an exam: changed by keyboard, foretold at once, kept to what the rules allow.

use crate::chrome::Desk;
use crate::fake::{self, exam_id};
use crate::{House, json_of, text_of};
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use fantoccini::key::Key;
use rcoi_web::text::Lang;
use serde_json::json;

async fn at_the_policy(lang: Lang) -> Desk {
    let desk = Desk::new(fake::Fake::busy()).await;
    desk.sign_in("head").await;
    desk.go(&format!("/exams/{}/policy?lang={}", exam_id(), lang.code())).await;
    desk.wait_for("#figures:not([hidden])").await;
    desk
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_head_lowers_a_threshold_by_keyboard_sees_the_price_and_saves() {
    for lang in [Lang::Ru, Lang::En] {
        let desk = at_the_policy(lang).await;
        let hours = async || desk.script("return document.querySelector('[data-show=\"then.hours\"]').textContent").await;
        let before = hours().await;
        assert!(!before.as_str().unwrap().is_empty());
        desk.script("document.querySelector('#rows tr:nth-child(3) [name=threshold]').select()").await;
        desk.type_in("0.5").await;
        desk.wait_for("#figures.changed").await;
        assert_ne!(hours().await, before);
        // What is not a threshold is marked and goes nowhere.
        desk.script("document.querySelector('#rows tr:nth-child(3) [name=threshold]').select()").await;
        desk.type_in("7").await;
        desk.wait_for("#rows tr:nth-child(3) input.wrong").await;
        desk.script("document.querySelector('#save').focus()").await;
        desk.press(Key::Enter).await;
        assert!(desk.fake.0.lock().unwrap().policy.is_none());
        desk.script("document.querySelector('#rows tr:nth-child(3) [name=threshold]').select()").await;
        desk.type_in("0.5").await;
        desk.script("document.querySelector('#save').focus()").await;
        desk.press(Key::Enter).await;
        desk.wait_for("#back").await;
        let stored = desk.fake.0.lock().unwrap().policy.clone().unwrap();
        assert_eq!(stored.class.iter().find(|r| r.name == "answer").unwrap().threshold, Some(0.5));
        // Everything that was not touched is as it was.
        let mut expected = fake::policy();
        for row in &mut expected.class {
            row.threshold = Some(if row.name == "answer" { 0.5 } else { row.threshold.unwrap_or(0.97) });
            row.station = Some(row.station.unwrap_or(rcoi_model::Role::Verifier));
        }
        for row in &mut expected.field {
            (row.threshold, row.station) = (Some(0.97), Some(rcoi_model::Role::Verifier));
        }
        assert_eq!(rcoi_rules::Policy::of(stored).unwrap().table(), &expected);
        desk.script("document.querySelector('#back').focus()").await;
        desk.press(Key::Enter).await;
        desk.wait_for("#station:not(:has(#back))").await;
        assert!(desk.fake.0.lock().unwrap().policy.is_none());
        desk.close().await;
    }
}

#[tokio::test]
async fn a_table_with_an_unknown_word_is_refused_with_the_reason() {
    let house = House::new().await;
    let head = house.login("head").await;
    let path = format!("/api/v1/exams/{}/policy", exam_id());
    let mut table = serde_json::to_value(fake::policy()).unwrap();
    table["class"][0]["see"] = json!("sometimes");
    let answer = house.put(&head, &path, json!({ "table": table })).await;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    assert!(json_of(answer).await["message"].as_str().unwrap().contains("sometimes"));
    // A call that forgets the table does not reset anything.
    assert_eq!(house.put(&head, &path, json!({ "tabel": null })).await.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_policy_that_a_newer_program_set_is_explained_and_only_the_head_can_go_back() {
    let house = House::new().await;
    house.fake.0.lock().unwrap().unknown_policy = true;
    let (head, auditor) = (house.login("head").await, house.login("auditor").await);
    let page = format!("/exams/{}/policy", exam_id());
    // The exam itself cannot be shown: its page leads here.
    let exam = house.get(&head, &format!("/exams/{}", exam_id())).await;
    assert_eq!((exam.status(), exam.headers()[header::LOCATION].to_str().unwrap()), (StatusCode::SEE_OTHER, page.as_str()));
    let api = house.get(&head, &format!("/api/v1/exams/{}", exam_id())).await;
    assert_eq!((api.status(), json_of(api).await["error"].clone()), (StatusCode::CONFLICT, json!("unknown-policy")));
    let view = json_of(house.get(&head, &format!("/api/v1{page}")).await).await;
    assert_eq!((&view["table"], &view["own"]), (&json!(null), &json!(true)));
    let form = format!("<form method=\"post\" action=\"{page}\"");
    for (lang, says) in [("ru", "более новая версия программы"), ("en", "A newer version of the program")] {
        for (who, way) in [(&head, true), (&auditor, false)] {
            let answer = house.get(who, &format!("{page}?lang={lang}")).await;
            assert_eq!(answer.status(), StatusCode::OK);
            let text = text_of(answer).await;
            assert!(text.contains(says) && text.contains(&form) == way, "{lang} {way}");
        }
    }
    let back = Request::post(&page)
        .header(header::COOKIE, &head.cookie)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(format!("csrf={}", head.csrf)));
    assert_eq!(house.send(back.unwrap()).await.status(), StatusCode::SEE_OTHER);
    assert!(!house.fake.0.lock().unwrap().unknown_policy);
    assert!(text_of(house.get(&head, &page).await).await.contains("id=\"rows\""), "the table is back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_head_goes_back_to_the_centre_s_policy_by_keyboard() {
    let desk = Desk::new(fake::Fake::busy()).await;
    desk.fake.0.lock().unwrap().unknown_policy = true;
    desk.sign_in("head").await;
    desk.go(&format!("/exams/{}", exam_id())).await;
    desk.wait_for("#unknown").await;
    desk.script("document.querySelector('#back').focus()").await;
    desk.press(Key::Enter).await;
    desk.wait_for("#figures:not([hidden])").await;
    desk.close().await;
}
