//! The stations in a browser, by keyboard only.

use crate::chrome::Desk;
use crate::fake::Fake;
use fantoccini::Locator;
use fantoccini::key::Key;
use rcoi_model::VerdictAct;
use serde_json::{Value, json};
use std::time::Duration;

fn value(text: &str) -> VerdictAct {
    VerdictAct::Value { value: text.into() }
}

async fn at_the_fields_station(login: &str) -> Desk {
    let desk = Desk::new(Fake::new()).await;
    desk.sign_in(login).await;
    desk.go("/verify").await;
    desk.wait_for_text("label", "Ответ на задание 1").await;
    desk.wait_until_ready().await;
    desk
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_fields_are_verified_by_keyboard_only_and_the_counter_falls() {
    let desk = at_the_fields_station("verifier").await;
    desk.wait_for_text("left", "2").await;
    // The doubtful character is selected: one key replaces it. A forbidden one is refused and said.
    desk.type_in("w").await;
    desk.wait_for_text("note", "Знак «w» здесь недопустим. Допустимы: 0–9  А–В  З  ,  -").await;
    desk.type_in("3").await;
    desk.wait_for_text("note", "").await;
    desk.press(Key::Enter).await;
    desk.wait_for_text("label", "Ответ на задание 2").await;
    desk.wait_for_text("left", "1").await;
    desk.wait_for_text("done", "1").await;
    desk.wait_until_ready().await;
    desk.press(Key::Enter).await;
    desk.wait_for_text("left", "0").await;
    assert_eq!(desk.fake.acts(), [value("135"), value("1З5")]);
    // Escape brings the last one back, as it was answered.
    desk.wait_for_text("saving", "записано").await;
    desk.press(Key::Escape).await;
    desk.wait_for_text("left", "1").await;
    desk.wait_for_text("label", "Ответ на задание 2").await;
    assert_eq!(desk.fake.acts(), [value("135")]);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_caret_stands_on_the_first_doubtful_character_and_escape_first_gives_back_what_was_typed() {
    let desk = at_the_fields_station("verifier").await;
    let caret = "const v = document.getElementById('value'); return [v.selectionStart, v.selectionEnd, document.activeElement === v]";
    assert_eq!(desk.script(caret).await, json!([1, 2, true]));
    desk.type_in("7").await;
    assert_eq!(desk.script("return document.getElementById('value').value").await, json!("175"));
    // The character stands under its picture, and the doubtful cell of the picture is framed.
    let under = "const c = document.querySelector('#cells .doubt').getBoundingClientRect(); \
                 const s = document.querySelector('#spots .doubt').getBoundingClientRect(); \
                 return Math.abs(c.left + c.width / 2 - s.left - s.width / 2) < 3 && c.top >= s.bottom - 12";
    assert_eq!(desk.script(under).await, json!(true));
    desk.press(Key::Escape).await;
    assert_eq!(desk.script("return document.getElementById('value').value").await, json!("1З5"));
    // A letter typed in the Latin layout is the letter of the same key: the key of «В» is D.
    desk.type_in("d").await;
    assert_eq!(desk.script("return document.getElementById('value').value").await, json!("1В5"));
    assert!(desk.fake.acts().is_empty());
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_machine_value_with_a_forbidden_letter_is_not_confirmed_but_pointed_at() {
    let desk = Desk::new(Fake::busy()).await;
    desk.sign_in("verifier").await;
    // What was read is «1З5» with a letter; only digits may stand here, and the two look alike.
    desk.wait_for_text("label", "Ответ на задание 3").await;
    desk.wait_until_ready().await;
    desk.press(Key::Enter).await;
    desk.wait_for_text("note", "Знак «З» здесь недопустим. Допустимы: 0–9  ,  -").await;
    assert!(desk.fake.acts().is_empty());
    desk.type_in("3").await;
    desk.press(Key::Enter).await;
    desk.wait_for_text("label", "Ответ на задание 7").await;
    desk.wait_for_text("saving", "записано").await;
    assert_eq!(desk.fake.acts(), [value("135")]);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_field_passed_on_with_f8_reaches_the_senior_with_its_reason() {
    let desk = at_the_fields_station("verifier").await;
    desk.press(Key::F8).await;
    desk.wait_for("#reason-box[open]").await;
    // Without a reason it does not go.
    desk.press(Key::Enter).await;
    desk.wait_for_text("reason-note", "Напишите причину: хотя бы три знака.").await;
    desk.type_in("не видно середины").await;
    desk.press(Key::Enter).await;
    desk.wait_for_text("label", "Ответ на задание 2").await;
    desk.wait_until_ready().await;
    // A ready reason by its number, for a rescan.
    desk.press(Key::F9).await;
    desk.wait_for("#reason-box[open]").await;
    desk.type_in("3").await;
    desk.press(Key::Enter).await;
    desk.wait_for_text("left", "0").await;
    desk.wait_for_text("saving", "записано").await;
    let reason = |text: &str| text.to_owned();
    let expected = [VerdictAct::Pass { reason: reason("не видно середины") }, VerdictAct::Rescan { reason: reason("Полоса от сканера") }];
    assert_eq!(desk.fake.acts(), expected);

    desk.sign_in("senior").await;
    desk.wait_for_text("left", "3").await;
    desk.wait_for_text("notes", "verifier просит пересканировать: Полоса от сканера").await;
    // By keyboard to the field that was passed on, and its value is stored.
    for _ in 0..2 {
        desk.script("document.activeElement.blur()").await;
        desk.press(Key::Down).await;
    }
    desk.wait_for_text("notes", "verifier передал(а) старшему: не видно середины").await;
    desk.wait_for("#place:not([hidden])").await;
    desk.type_in("3").await;
    desk.control(Key::Enter).await;
    desk.wait_for_text("left", "2").await;
    assert_eq!(desk.fake.acts().pop(), Some(value("135")));
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_double_enter_and_a_double_click_confirm_one_field() {
    let desk = at_the_fields_station("verifier").await;
    let enter = char::from(Key::Enter).to_string();
    desk.type_in(&enter.repeat(2)).await;
    desk.wait_for_text("label", "Ответ на задание 2").await;
    desk.wait_for_text("saving", "записано").await;
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(desk.fake.acts().len(), 1);
    // Back to the first one, and the same by the mouse.
    desk.press(Key::Escape).await;
    desk.wait_for_text("label", "Ответ на задание 1").await;
    desk.wait_until_ready().await;
    desk.script("const b = document.getElementById('do-enter'); b.click(); b.click()").await;
    desk.wait_for_text("label", "Ответ на задание 2").await;
    desk.wait_for_text("saving", "записано").await;
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(desk.fake.acts().len(), 1);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_back_button_loses_nothing_and_answers_nothing() {
    let desk = at_the_fields_station("verifier").await;
    desk.press(Key::Enter).await;
    desk.wait_for_text("label", "Ответ на задание 2").await;
    desk.wait_for_text("saving", "записано").await;
    for _ in 0..2 {
        desk.client.back().await.unwrap();
    }
    // Behind the station is the login, which sends somebody who is signed in to work.
    desk.go("/login").await;
    desk.wait_for_text("label", "Ответ на задание 2").await;
    desk.wait_for_text("left", "1").await;
    assert_eq!(desk.fake.acts(), [value("1З5")]);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_station_speaks_english_when_asked_and_keeps_it() {
    let desk = at_the_fields_station("verifier").await;
    desk.go("/verify?lang=en").await;
    desk.wait_for_text("label", "Answer to task 1").await;
    desk.type_in("w").await;
    desk.wait_for_text("note", "“w” is not permitted here. Permitted: 0–9  А–В  З  ,  -").await;
    desk.go("/verify").await;
    desk.wait_for_text("why", "a character can be read in two ways").await;
    let help = desk.client.find(Locator::Id("help")).await.unwrap();
    desk.type_in("?").await;
    desk.wait_for("#help[open]").await;
    assert!(help.text().await.unwrap().contains("pass to the senior with a reason"));
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_typed_barcode_is_checked_while_it_is_typed() {
    let desk = Desk::new(Fake::new()).await;
    desk.sign_in("senior").await;
    desk.wait_for_text("label", "Штрихкод листа не читается").await;
    desk.type_in("223209000000").await;
    desk.wait_for_text("code-note", "контрольная цифра должна быть 6").await;
    desk.type_in("1").await;
    desk.wait_for_text("code-note", "✗ контрольная цифра не сходится").await;
    desk.press(Key::Backspace).await;
    desk.type_in("6").await;
    desk.wait_for_text("code-note", "✓ контрольная цифра верна").await;
    desk.control(Key::Enter).await;
    desk.wait_for_text("left", "0").await;
    assert_eq!(desk.fake.acts(), [VerdictAct::SheetCode { code: "2232090000006".into() }]);
    desk.close().await;
}

/// The rows beside the field, each as its sentence, once their pictures are there.
async fn rows_beside(desk: &Desk, rows: usize) -> Value {
    desk.wait_for(&format!("#beside li:nth-child({rows}) img:not([hidden])")).await;
    desk.script("return [...document.querySelectorAll('#beside li')].map((line) => line.textContent)").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_replaces_an_answer_stands_beside_it_with_its_picture_and_cannot_be_changed() {
    for (lang, above, foot) in [
        (
            "ru",
            json!(["Заменён ниже, засчитывается замена 2: «14»"]),
            json!(["Номер задания в этой строке: «7»", "Ответ на задание 7, который заменяют: «135»"]),
        ),
        (
            "en",
            json!(["Replaced below, replacement 2 counts: “14”"]),
            json!(["Number of the task in this row: “7”", "Answer to task 7, which is replaced: “135”"]),
        ),
    ] {
        let desk = Desk::new(Fake::new()).await;
        desk.fake.0.lock().unwrap().tasks.insert(1, (crate::fake_rows::replacement(), None));
        desk.sign_in("verifier").await;
        desk.go(&format!("/verify?lang={lang}")).await;
        desk.wait_until_ready().await;
        assert_eq!(rows_beside(&desk, 1).await, above);
        let inputs = "return document.querySelectorAll('#beside input, #beside button, #beside a, #beside [tabindex]').length";
        assert_eq!(desk.script(inputs).await, json!(0));
        // What comes next was fetched ahead: it stands there without the network.
        let fetched = "return performance.getEntriesByType('resource').filter((e) => e.name.includes('/beside/')).length";
        for _ in 0..600 {
            if desk.script(fetched).await == json!(3) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(desk.script(fetched).await, json!(3));
        desk.offline(true).await;
        desk.press(Key::Enter).await;
        desk.wait_until_ready().await;
        assert_eq!(rows_beside(&desk, 2).await, foot);
        desk.press(Key::Enter).await;
        desk.wait_until_ready().await;
        assert_eq!(desk.script("return document.getElementById('beside').hidden").await, json!(true));
        desk.offline(false).await;
        desk.wait_for_text("saving", if lang == "ru" { "записано" } else { "stored" }).await;
        desk.close().await;
    }
}
