//! What goes wrong on a long night: a lost network, a lapsed lease, two people at once, an ended session.

use crate::chrome::Desk;
use crate::fake::Fake;
use crate::{House, ID};
use axum::http::StatusCode;
use fantoccini::key::Key;
use rcoi_model::{TaskId, VerdictAct};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::Instant;

/// How long the network is away. The length of what happens, not a wait for something.
const OUTAGE: Duration = Duration::from_secs(10);
const SHOWN: &str = "return document.getElementById('station').dataset.ready";

async fn at(fake: Fake, path: &str) -> Desk {
    let desk = Desk::new(fake).await;
    desk.sign_in("verifier").await;
    desk.go(path).await;
    desk.wait_until_ready().await;
    desk
}

/// Tasks with a verdict, each as often as it has one.
fn settled(desk: &Desk) -> Vec<TaskId> {
    desk.fake.0.lock().unwrap().verdicts.iter().map(|v| v.1).collect()
}

/// The characters of all boards, each as often as it was sent.
fn on_boards(desk: &Desk) -> Vec<TaskId> {
    desk.fake.0.lock().unwrap().boards.iter().flat_map(|b| &b.2).map(|item| item.task).collect()
}

fn distinct<T: Ord>(all: &[T]) -> usize {
    all.iter().collect::<BTreeSet<_>>().len()
}

async fn confirm_next(desk: &Desk) {
    desk.wait_until_ready().await;
    desk.press(Key::Enter).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fields_confirmed_while_the_network_is_lost_are_stored_once_when_it_is_back() {
    let kept = [
        ("ru", "Нет связи с сервером. Ответ не потерян, пробую ещё раз.", "записано"),
        ("en", "No connection. The answer is kept, trying again.", "stored"),
    ];
    for (lang, away, stored) in kept {
        let desk = at(Fake::of_fields(6), &format!("/verify?lang={lang}")).await;
        desk.offline(true).await;
        let cut = Instant::now();
        // The next fields were fetched ahead and keep coming, with their pictures.
        for left in ["5", "4", "3"] {
            confirm_next(&desk).await;
            desk.wait_for_text("left", left).await;
            desk.wait_for_text("saving", away).await;
            desk.wait_for("#picture:not([hidden])").await;
        }
        desk.wait_for_text("done", "3").await;
        tokio::time::sleep_until(cut + OUTAGE).await;
        assert!(desk.fake.acts().is_empty(), "the network was not cut");
        assert_eq!(desk.text("saving").await, away);
        desk.offline(false).await;
        desk.wait_for_text("saving", stored).await;
        for left in ["2", "1", "0"] {
            confirm_next(&desk).await;
            desk.wait_for_text("left", left).await;
        }
        desk.wait_for("#empty:not([hidden])").await;
        desk.wait_for_text("saving", stored).await;
        desk.wait_for_text("done", "6").await;
        while settled(&desk).len() < 6 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!((settled(&desk).len(), distinct(&settled(&desk))), (6, 6), "{lang}");
        desk.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_board_confirmed_while_the_network_is_lost_does_not_come_again() {
    let desk = at(Fake::of_symbols(5, 65), "/symbols").await;
    desk.offline(true).await;
    let cut = Instant::now();
    // All three boards, to the last: the empty page goes on asking and must not be given what is on its way.
    for left in ["10", "5", "0"] {
        confirm_next(&desk).await;
        desk.wait_for_text("left", left).await;
    }
    desk.wait_for("#empty:not([hidden])").await;
    let away = "Нет связи с сервером. Ответ не потерян, пробую ещё раз.";
    desk.wait_for_text("saving", away).await;
    tokio::time::sleep_until(cut + OUTAGE).await;
    assert!(on_boards(&desk).is_empty(), "the network was not cut");
    assert_eq!(desk.text("saving").await, away);
    desk.offline(false).await;
    desk.wait_for_text("saving", "записано").await;
    while on_boards(&desk).len() < 70 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(desk.script("return document.getElementById('empty').hidden").await, json!(false));
    assert_eq!((on_boards(&desk).len(), distinct(&on_boards(&desk))), (70, 70));
    desk.wait_for_text("done", "70").await;
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_field_that_somebody_else_took_after_the_lease_lapsed_is_refused_and_the_next_one_stands_there() {
    for (lang, lost) in [("ru", "Задание уже решил другой человек."), ("en", "Someone else settled this task.")]
    {
        let desk = at(Fake::of_fields(3), &format!("/verify?lang={lang}")).await;
        let first = desk.script(SHOWN).await;
        let lapsed = |s: &mut crate::fake::State| s.tasks.iter_mut().find(|t| json!(t.0.task.id) == first).unwrap().1 = None;
        lapsed(&mut desk.fake.0.lock().unwrap());
        let house = House::over(desk.fake.clone()).await;
        let second = house.login("second").await;
        let taken = house.claim(&second, 1).await.remove(0);
        assert_eq!(taken["id"], first);
        let path = format!("/api/v1/tasks/{}/verdict", taken["id"].as_str().unwrap());
        let body = json!({ "verdict_id": ID, "act": "value", "value": "135" });
        assert_eq!(house.post(&second, &path, body).await.status(), StatusCode::OK);
        desk.press(Key::Enter).await;
        desk.wait_for_text("saving", lost).await;
        desk.wait_for("#saving.bad").await;
        desk.wait_for_text("done", "0").await;
        desk.wait_until_ready().await;
        assert_ne!(desk.script(SHOWN).await, first);
        assert_eq!(desk.fake.acts(), [VerdictAct::Value { value: "135".into() }], "one verdict, and it is hers");
        desk.close().await;
    }
}

/// Confirms one field or board after another until nothing is left; what was shown, in order.
async fn work_through(desk: &Desk) -> Vec<Value> {
    let mut shown = Vec::new();
    loop {
        desk.wait_for("#station[data-ready], #empty:not([hidden])").await;
        let now = desk.script(SHOWN).await;
        if now.is_null() {
            return shown;
        }
        if shown.last() != Some(&now) {
            shown.push(now);
            desk.press(Key::Enter).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_verifiers_at_once_never_see_the_same_field_or_character_and_settle_all_once() {
    let first = at(Fake::of_fields(24), "/verify").await;
    first.fake.0.lock().unwrap().symbols = crate::fake_rows::symbols(150, 150);
    let second = first.beside().await;
    second.sign_in("second").await;
    second.go("/verify").await;
    let (hers, his) = tokio::join!(work_through(&first), work_through(&second));
    let all: Vec<String> = hers.iter().chain(&his).map(Value::to_string).collect();
    assert_eq!((all.len(), distinct(&all)), (24, 24), "{hers:?} {his:?}");
    assert!(!hers.is_empty() && !his.is_empty());
    for desk in [&first, &second] {
        desk.wait_for_text("saving", "записано").await;
        desk.go("/symbols").await;
    }
    assert_eq!((settled(&first).len(), distinct(&settled(&first))), (24, 24));
    let (hers, his) = tokio::join!(work_through(&first), work_through(&second));
    assert!(!hers.is_empty() && !his.is_empty());
    for desk in [&first, &second] {
        desk.wait_for_text("saving", "записано").await;
    }
    assert_eq!((on_boards(&first).len(), distinct(&on_boards(&first))), (300, 300));
    second.close().await;
    first.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_session_ends_the_open_station_says_so_and_what_was_confirmed_is_stored() {
    for (lang, stored, says) in [
        ("ru", "записано", "Сеанс завершён. Всё, что подтверждено, сохранено."),
        ("en", "stored", "The session has ended. Everything confirmed is saved."),
    ] {
        let desk = at(Fake::of_fields(3), &format!("/verify?lang={lang}")).await;
        desk.press(Key::Enter).await;
        desk.wait_for_text("saving", stored).await;
        desk.fake.0.lock().unwrap().sessions.clear();
        desk.wait_for("#ended:not([hidden])").await;
        assert!(desk.text("ended").await.starts_with(says));
        // What is confirmed now is not stored, and the person is led to sign in.
        confirm_next(&desk).await;
        desk.wait_for("input[name=login]").await;
        assert_eq!(settled(&desk).len(), 1);
        desk.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_double_click_and_a_walk_back_and_forward_settle_nothing_twice_at_boards_and_persons() {
    let desk = at(Fake::of_persons(), "/persons").await;
    desk.fake.0.lock().unwrap().symbols = crate::fake_rows::symbols(5, 65);
    desk.go("/symbols").await;
    desk.wait_until_ready().await;
    let twice = "document.getElementById(arguments[0]).click(); document.getElementById(arguments[0])?.click()";
    desk.client.execute(twice, vec![json!("do-enter")]).await.unwrap();
    desk.wait_for_text("left", "10").await;
    desk.wait_for_text("saving", "записано").await;
    desk.client.back().await.unwrap();
    desk.wait_for("#station.persons[data-ready]").await;
    desk.client.forward().await.unwrap();
    desk.wait_for("#station.symbols[data-ready]").await;
    desk.wait_for_text("left", "10").await;
    assert_eq!((on_boards(&desk).len(), distinct(&on_boards(&desk))), (60, 60));
    desk.client.back().await.unwrap();
    desk.wait_for("#station.persons[data-ready]").await;
    assert!(settled(&desk).is_empty());
    // The second click falls on the question that the first one opened.
    desk.client.execute(twice, vec![json!("do-accept")]).await.unwrap();
    desk.wait_for("#reason-box[open]").await;
    desk.type_in("1").await;
    desk.type_in(&char::from(Key::Enter).to_string().repeat(2)).await;
    desk.wait_for_text("who", "Участник 02001021").await;
    desk.wait_for_text("saving", "записано").await;
    desk.client.forward().await.unwrap();
    desk.wait_for("#station.symbols[data-ready]").await;
    desk.client.back().await.unwrap();
    desk.wait_for("#station.persons[data-ready]").await;
    desk.wait_for_text("who", "Участник 02001021").await;
    desk.wait_for_text("left", "2").await;
    assert_eq!(settled(&desk).len(), 1);
    desk.close().await;
}

/// Holds back what the server answers to claims, until the page is told to go on.
const HOLD_CLAIMS: &str = "const plain = window.fetch, held = [];
    window.release = () => { window.fetch = plain; held.forEach((go) => go()); };
    window.fetch = async (path, more) => {
      const answer = await plain(path, more);
      if (String(path).endsWith('/claim')) await new Promise((go) => { held.push(go); document.body.dataset.held = '1'; });
      return answer;
    }";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_answered_after_a_verdict_shows_no_settled_field_again() {
    let desk = at(Fake::of_fields(6), "/verify").await;
    desk.script(HOLD_CLAIMS).await;
    let mut shown = Vec::new();
    // The second one makes the page ask for more: the third is still open then, and settled when the answer is let through.
    for left in ["5", "4", "3"] {
        desk.wait_until_ready().await;
        shown.push(desk.script(SHOWN).await);
        desk.press(Key::Enter).await;
        desk.wait_for_text("left", left).await;
        desk.wait_for_text("saving", "записано").await;
        if left == "4" {
            desk.wait_for("body[data-held]").await;
        }
    }
    desk.wait_until_ready().await;
    // Let through for good; the rest is worked through as usual.
    desk.script("window.release()").await;
    shown.extend(work_through(&desk).await);
    let shown: Vec<String> = shown.iter().map(Value::to_string).collect();
    assert_eq!((shown.len(), distinct(&shown)), (6, 6), "{shown:?}");
    desk.close().await;
}

/// Loses the answers to requests for pictures, as an outage does, until the page is told that the network is back.
const LOSE_PICTURES: &str = "const plain = window.fetch;
    window.back = () => { window.fetch = plain; window.dispatchEvent(new Event('online')); };
    window.fetch = (path, more) => (String(path).includes('/picture') || String(path).includes('/beside/')
      ? Promise.reject(new TypeError('lost')) : plain(path, more))";

/// What a person sees of the field before him: is its picture there, has it been seen?
const SEEN: &str = "return [!document.getElementById('picture').hidden, 'ready' in document.getElementById('station').dataset]";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_field_whose_picture_was_lost_is_not_confirmed_unseen_and_its_picture_comes_when_the_network_is_back() {
    for (lang, lost) in
        [("ru", "Картинка не пришла: нет связи. Пробую ещё раз."), ("en", "The picture did not come: no connection. Trying again.")]
    {
        let desk = at(Fake::of_fields(14), &format!("/verify?lang={lang}")).await;
        desk.script(LOSE_PICTURES).await;
        // Eight fields have their pictures; those that are claimed meanwhile lose theirs.
        for _ in 0..8 {
            confirm_next(&desk).await;
        }
        desk.wait_for_text("note", lost).await;
        desk.wait_for_text("done", "8").await;
        desk.press(Key::Enter).await;
        // Passing it on needs no picture: the question comes, and goes.
        desk.press(Key::F8).await;
        desk.wait_for("#reason-box[open]").await;
        desk.press(Key::Escape).await;
        desk.type_in("7").await;
        assert_eq!(desk.script(SEEN).await, json!([false, false]));
        desk.script("window.back()").await;
        desk.wait_until_ready().await;
        assert_eq!(desk.script(SEEN).await, json!([true, true]));
        desk.wait_for_text("note", "").await;
        assert_eq!(desk.script("return document.getElementById('value').value").await, json!("175"), "what was typed stays");
        let rest = work_through(&desk).await;
        assert_eq!(rest.len(), 6);
        desk.wait_for_text("left", "0").await;
        while settled(&desk).len() < 14 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(distinct(&settled(&desk)), 14);
        desk.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn personal_data_whose_pictures_were_lost_get_them_without_anybody_doing_anything() {
    let desk = at(Fake::of_persons(), "/persons").await;
    // The first one is before the person; the others lose what was fetched for them, as if it had never come.
    desk.script(LOSE_PICTURES).await;
    desk.type_in("1").await;
    desk.wait_for("#reason-box[open]").await;
    desk.type_in("1").await;
    desk.press(Key::Enter).await;
    desk.wait_for_text("who", "Участник 02001021").await;
    desk.wait_for_text("saving", "записано").await;
    // Taken back, it comes with pictures that are fetched anew, and do not come.
    desk.press(Key::Escape).await;
    desk.wait_for_text("who", "Участник 02001007").await;
    desk.wait_for_text("note", "Картинка не пришла: нет связи. Пробую ещё раз.").await;
    desk.type_in("1").await;
    assert_eq!(desk.script("return document.getElementById('reason-box').open").await, json!(false));
    desk.script("window.back()").await;
    desk.wait_until_ready().await;
    desk.wait_for(".line .paper img:not([hidden])").await;
    desk.wait_for_text("note", "").await;
    desk.close().await;
}
