//! The symbols station: boards by keyboard only, in a browser; what its calls refuse.

use crate::chrome::Desk;
use crate::fake::Fake;
use crate::{House, ID, json_of};
use axum::http::StatusCode;
use fantoccini::key::Key;
use serde_json::json;

async fn at_the_symbols_station(sevens: u32, threes: u32) -> Desk {
    let desk = Desk::new(Fake::of_symbols(sevens, threes)).await;
    desk.sign_in("verifier").await;
    desk.go("/symbols").await;
    desk.wait_until_ready().await;
    desk
}

const TILES: &str = "return document.querySelectorAll('.tile').length";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_board_is_flagged_corrected_and_confirmed_by_keyboard_only() {
    let desk = at_the_symbols_station(5, 65).await;
    // Sixty at most of one kind; the rest of them on the next board, then the other kind.
    desk.wait_for_text("kind", "3").await;
    assert_eq!(desk.script(TILES).await, json!(60));
    desk.wait_for_text("left", "70").await;
    desk.press(Key::Right).await;
    desk.type_in("8").await;
    desk.press(Key::Right).await;
    desk.type_in(" ").await;
    desk.press(Key::Down).await;
    desk.type_in("8").await;
    desk.press(Key::Delete).await;
    // What may not stand there is refused and named.
    desk.type_in("%").await;
    let note = desk.text("note").await;
    assert!(note.starts_with("Знак «%» здесь недопустим"), "{note}");
    desk.wait_for_text("flagged", "2").await;
    desk.press(Key::Enter).await;
    desk.wait_for_text("left", "10").await;
    desk.wait_for_text("saving", "записано").await;
    let said = desk.fake.said();
    assert_eq!(said.len(), 60);
    assert_eq!((said[1], said[2]), (('3', Some('8')), ('3', None)));
    assert!(said.iter().enumerate().all(|(i, s)| i == 1 || i == 2 || *s == ('3', Some('3'))));
    // The next board stands there: the last threes, then the sevens.
    assert_eq!(desk.script(TILES).await, json!(5));
    desk.wait_until_ready().await;
    desk.press(Key::Enter).await;
    desk.wait_for_text("kind", "7").await;
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn enter_does_nothing_before_a_board_was_seen_and_escape_brings_the_last_one_back_with_its_flags() {
    let desk = at_the_symbols_station(0, 12).await;
    desk.press(Key::Right).await;
    desk.type_in("8").await;
    desk.press(Key::Enter).await;
    desk.wait_for_text("saving", "записано").await;
    desk.wait_for("#empty:not([hidden])").await;
    desk.press(Key::Escape).await;
    desk.wait_for_text("saving", "доска возвращена: 12").await;
    // At once again: too early.
    desk.press(Key::Enter).await;
    desk.wait_for_text("note", "сначала просмотрите доску").await;
    desk.wait_for_text("flagged", "1").await;
    desk.wait_until_ready().await;
    // The flag goes first, then nothing else is taken back.
    desk.press(Key::Right).await;
    desk.press(Key::Escape).await;
    desk.wait_for_text("flagged", "0").await;
    desk.press(Key::Enter).await;
    desk.wait_for_text("saving", "записано").await;
    assert!(desk.fake.said().iter().all(|s| *s == ('3', Some('3'))));
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_people_never_get_the_same_characters() {
    let house = House::new().await;
    house.fake.0.lock().unwrap().symbols = crate::fake_rows::symbols(30, 0);
    let (first, second) = (house.login("verifier").await, house.login("second").await);
    let claim = |n: u32| json!({ "n": n, "like": "7" });
    let hers = json_of(house.post(&first, "/api/v1/symbols/claim", claim(20)).await).await;
    let his = json_of(house.post(&second, "/api/v1/symbols/claim", claim(20)).await).await;
    let (hers, his) = (hers["symbols"].as_array().unwrap(), his["symbols"].as_array().unwrap());
    assert_eq!((hers.len(), his.len()), (20, 10));
    assert!(hers.iter().all(|s| his.iter().all(|other| other["task"] != s["task"])));
    // What the other one holds is told as gone.
    let items: Vec<_> = hers.iter().map(|s| json!({ "task": s["task"], "cell": s["cell"], "said": "7" })).collect();
    let stored = json_of(house.post(&second, "/api/v1/boards", json!({ "board_id": ID, "items": items })).await).await;
    assert_eq!((&stored["settled"], &stored["gone"]), (&json!(0), &json!(20)));
}

#[tokio::test]
async fn a_board_without_or_with_too_many_characters_is_refused() {
    let house = House::new().await;
    let person = house.login("verifier").await;
    let many: Vec<_> = (0..500).map(|n| json!({ "task": ID, "cell": n, "said": null })).collect();
    for items in [json!([]), json!(many)] {
        let answer = house.post(&person, "/api/v1/boards", json!({ "board_id": ID, "items": items })).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    }
    let answer = house.post(&person, "/api/v1/boards", json!({ "board_id": ID, "items": [{ "task": ID, "cell": 0, "said": "77" }] })).await;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    for n in [0, 5000] {
        assert_eq!(house.post(&person, "/api/v1/symbols/claim", json!({ "n": n })).await.status(), StatusCode::BAD_REQUEST);
    }
}
