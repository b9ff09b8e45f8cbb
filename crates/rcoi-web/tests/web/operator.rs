//! The operator's pages in a browser, by keyboard only: packets, sheets with their findings, files that are sent.

use crate::chrome::Desk;
use crate::fake::{Fake, exam_id};
use crate::{House, json_of};
use axum::http::StatusCode;
use fantoccini::Locator;
use fantoccini::key::Key;
use rcoi_model::PacketId;
use rcoi_web::piles::{WatchState, WatchTrouble, WatchWhy};
use serde_json::json;
use std::path::Path;

async fn at_the_packets() -> Desk {
    let desk = Desk::new(Fake::busy()).await;
    desk.sign_in("operator").await;
    desk.go("/operator").await;
    desk.wait_until_ready().await;
    desk
}

async fn choose(desk: &Desk, files: &[&Path]) {
    let names: Vec<String> = files.iter().map(|f| f.display().to_string()).collect();
    desk.client.find(Locator::Css("#files")).await.unwrap().send_keys(&names.join("\n")).await.unwrap();
}

/// Pictures of the operator's pages for people to judge.
pub(crate) async fn pictures(desk: &Desk, folder: &Path, theme: &str) {
    let shot = |name: &'static str| async move {
        tokio::time::sleep(std::time::Duration::from_millis(700)).await;
        std::fs::write(folder.join(format!("{name}-{theme}.png")), desk.client.screenshot().await.unwrap()).unwrap();
    };
    desk.go(&format!("/operator?theme={theme}&lang=ru")).await;
    desk.wait_until_ready().await;
    desk.press(Key::Down).await;
    desk.press(Key::Down).await;
    shot("operator").await;
    let why = WatchWhy::Said("в пути нет папки пакета: ожидалось имя PPPP-RRRR, например 0001-0101".into());
    let troubles = vec![WatchTrouble { file: "вечер/stray.png".into(), why }];
    let now = Some(jiff::Timestamp::now());
    let watch = WatchState { folder: "/srv/scans".into(), looked: now, taken: 221, waiting: 3, troubles, fault: None };
    desk.fake.0.lock().unwrap().watch = Some(watch);
    let scans = tempfile::tempdir().unwrap();
    let files: Vec<_> = ["sheet-040.png", "sheet-041.png", "letter.txt", "пустой.png"].map(|name| scans.path().join(name)).to_vec();
    for (file, bytes) in files.iter().zip([&b"one"[..], b"two", b"dear sirs", b""]) {
        std::fs::write(file, bytes).unwrap();
    }
    desk.client.find(Locator::Css("#packet")).await.unwrap().send_keys("0014-0202").await.unwrap();
    choose(desk, &files.iter().map(std::path::PathBuf::as_path).collect::<Vec<_>>()).await;
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    shot("operator-sending").await;
    desk.press(Key::Escape).await;
    desk.type_in("?").await;
    shot("operator-help").await;
    let packet = format!("/operator/{}/{}", exam_id(), PacketId::derived(&["0001", "0102"]));
    desk.go(&format!("{packet}?theme={theme}")).await;
    desk.wait_until_ready().await;
    shot("packet").await;
    for _ in 0..3 {
        desk.press(Key::Enter).await;
    }
    choose(desk, &[files[0].as_path(), files[2].as_path()]).await;
    shot("packet-sending").await;
    desk.go(&format!("{packet}?theme={theme}&lang=en")).await;
    desk.wait_until_ready().await;
    desk.script("document.querySelectorAll('.sheet-tile')[29].click()").await;
    shot("packet-english").await;
    desk.go(&format!("/operator/{}/{}?theme={theme}&lang=ru", exam_id(), PacketId::derived(&["0014", "0202"]))).await;
    desk.wait_until_ready().await;
    shot("packet-empty").await;
}

const FOCUSED: &str = "return document.activeElement.closest('tr')?.querySelector('a').textContent ?? ''";
const CELLS: &str =
    "return [...document.querySelectorAll('.packets tbody tr')].map((r) => [...r.cells].map((c) => c.textContent).join('|'))";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_packet_is_found_opened_and_its_remarks_walked_through_by_keyboard_only() {
    let desk = at_the_packets().await;
    let rows = desk.script(CELLS).await;
    assert_eq!(rows[1], json!("0001-0102|45|44|0|43|1|1|9|41 мин|не хватает: 1"));
    assert_eq!(rows[4], json!("0014-0202|39|0|0|0|0|0|0|—|не пришёл"));
    for expected in ["0001-0101", "0001-0102", "0001-0103"] {
        desk.press(Key::Down).await;
        assert_eq!(desk.script(FOCUSED).await, json!(expected));
    }
    desk.press(Key::Up).await;
    // The finder: what does not fit goes away, Enter opens what is left.
    desk.type_in("/").await;
    desk.type_in("0014-0202").await;
    assert_eq!(desk.script("return document.querySelectorAll('.packets tbody tr').length").await, json!(1));
    desk.press(Key::Escape).await;
    desk.press(Key::Down).await;
    while desk.script(FOCUSED).await != json!("0001-0102") {
        desk.press(Key::Up).await;
    }
    desk.press(Key::Enter).await;
    desk.wait_for("#station.packet[data-ready]").await;
    // The sheet that stops the packet is chosen; Enter walks to the next one with a remark.
    desk.wait_for_text("detail-title", "Лист 12").await;
    assert!(desk.text("detail-remarks").await.starts_with("Неизвестный бланк"));
    desk.press(Key::Enter).await;
    desk.wait_for_text("detail-title", "Лист 14").await;
    desk.press(Key::Right).await;
    desk.wait_for_text("detail-title", "Лист 15").await;
    desk.press(Key::Home).await;
    desk.wait_for_text("detail-title", "Лист 1").await;
    for _ in 0..3 {
        desk.press(Key::Enter).await;
    }
    desk.wait_for_text("detail-title", "Лист 6").await;
    let said = desk.text("detail-remarks").await;
    assert!(said.contains("Полоса — протрите стекло сканера") && said.contains("Размыто"), "{said}");
    let summary = desk.text("summary").await;
    assert!(summary.contains("Лист перевёрнут — прочитан всё равно, делать ничего не нужно"), "{summary}");
    // A sheet that was set aside has no picture and says why.
    desk.script("document.querySelectorAll('.sheet-tile')[29].click()").await;
    let state = desk.text("detail-state").await;
    assert!(state.contains("файл png обрывается") && state.contains("пересканируйте лист"), "{state}");
    let sizes = "return [...document.querySelectorAll('.small-picture img')].filter((i) => i.complete && i.naturalWidth).every((i) => i.naturalWidth <= 56 && i.naturalHeight <= 79)";
    assert_eq!(desk.script(sizes).await, json!(true));
    desk.press(Key::Escape).await;
    desk.wait_for("#exams .packets").await;
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_are_sent_with_their_progress_and_one_that_is_not_taken_says_why_and_can_be_sent_again() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let (a, b, letter) = (put("page-1.png", b"one"), put("page-2.png", &vec![7; 300_000]), put("letter.txt", b"dear sirs"));
    let empty = put("nothing.png", b"");
    let desk = at_the_packets().await;
    // Nobody knows of which packet they are: the field for it is ready to be written in.
    choose(&desk, &[&a, &b]).await;
    desk.wait_for_text("sent-text", "Передано файлов: 0 · не передано: 2").await;
    assert_eq!(desk.script("return document.activeElement.id").await, json!("packet"));
    desk.type_in("0014-0202").await;
    for _ in 0..3 {
        desk.press(Key::Tab).await;
    }
    while desk.script("return document.activeElement.id").await != json!("do-retry") {
        desk.press(Key::Tab).await;
    }
    desk.press(Key::Enter).await;
    desk.wait_for_text("sent-text", "Передано файлов: 2").await;
    // At once in the table.
    let row = "return [...document.querySelectorAll('.packets tbody tr')][4].cells[2].textContent === '2' ? 'yes' : 'no'";
    while desk.script(row).await != json!("yes") {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    // Once more, an odd one and an empty one.
    choose(&desk, &[&a, &letter, &empty]).await;
    desk.wait_for_text("sent-text", "Передано файлов: 4 · не передано: 1").await;
    let said = desk.text("sending-rows").await;
    for part in ["уже есть, второй раз не принят", "отложен: это не jpeg", "похоже на text", "не передан: файл пуст"]
    {
        assert!(said.contains(part), "{part}: {said}");
    }
    let sources: Vec<_> = desk.fake.0.lock().unwrap().taken.iter().map(|(place, bytes)| (place.source.clone(), bytes.len())).collect();
    assert_eq!(sources, [("0014-0202/page-1.png".to_owned(), 3), ("0014-0202/page-2.png".to_owned(), 300_000)]);
    // Dropped files go the same way.
    desk.script(
        "const t = new DataTransfer(); t.items.add(new File(['new'], 'page-3.png')); \
         document.getElementById('drop').dispatchEvent(new DragEvent('drop', { dataTransfer: t, bubbles: true, cancelable: true }))",
    )
    .await;
    desk.wait_for_text("sent-text", "Передано файлов: 5 · не передано: 1").await;
    // On the packet's own page new scans need no name of a packet.
    desk.go(&format!("/operator/{}/{}", exam_id(), PacketId::derived(&["0014", "0202"]))).await;
    desk.wait_until_ready().await;
    choose(&desk, &[&put("again.png", b"again")]).await;
    desk.wait_for_text("sent-text", "Передано файлов: 1").await;
    desk.wait_for(".sheet-tile:nth-child(4)").await;
    desk.close().await;
}

#[tokio::test]
async fn the_list_is_sent_only_when_it_has_changed_and_the_watched_folder_tells_its_troubles() {
    let house = House::new().await;
    let operator = house.login("operator").await;
    let first = json_of(house.get(&operator, "/api/v1/intake").await).await;
    let tag = first["tag"].as_str().unwrap();
    assert_eq!((&first["watch"], first["exams"][0]["packets"].as_array().unwrap().len()), (&json!(null), 5));
    let trouble = WatchTrouble { file: "stray.png".into(), why: WatchWhy::WhichExam };
    house.fake.0.lock().unwrap().watch = Some(WatchState { folder: "/srv/scans".into(), troubles: vec![trouble], ..WatchState::default() });
    let again = json_of(house.get(&operator, &format!("/api/v1/intake?seen={tag}")).await).await;
    assert_eq!((&again["same"], &again["exams"]), (&json!(true), &json!(null)));
    assert!(again["watch"]["troubles"][0]["why"].as_str().unwrap().starts_with("открыто несколько экзаменов"));
}

#[tokio::test]
async fn an_auditor_sees_findings_but_no_picture_and_no_drop_zone() {
    let house = House::new().await;
    let (auditor, operator) = (house.login("auditor").await, house.login("operator").await);
    let packet = PacketId::derived(&["0001", "0102"]);
    let path = format!("/api/v1/exams/{}/packets/{packet}", exam_id());
    let (his, hers) = (json_of(house.get(&auditor, &path).await).await, json_of(house.get(&operator, &path).await).await);
    assert_eq!(his["summary"], hers["summary"]);
    assert_eq!(his["summary"][0]["kind"], "unknown-form");
    assert_eq!(
        his["summary"][1],
        json!({
            "kind": "streak", "weight": "again", "title": "Полоса", "advice": "протрите стекло сканера и пересканируйте эти листы", "pages": [4, 5, 6],
        })
    );
    assert_eq!(his["pages"][3]["picture"], json!(null));
    let picture = hers["pages"][3]["picture"].as_str().unwrap();
    let shown = house.get(&operator, picture).await;
    assert_eq!(shown.headers()["cache-control"], "private, no-cache");
    let tag = shown.headers()["etag"].to_str().unwrap().to_owned();
    let again = axum::http::Request::get(picture).header("cookie", &operator.cookie).header("if-none-match", &tag);
    assert_eq!(house.send(again.body(axum::body::Body::empty()).unwrap()).await.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(house.get(&auditor, picture).await.status(), StatusCode::FORBIDDEN);
    for page in ["/operator".to_owned(), format!("/operator/{}/{packet}", exam_id())] {
        assert!(!crate::text_of(house.get(&auditor, &page).await).await.contains("id=\"drop\""), "{page}");
        let answer = house.get(&operator, &page).await;
        let text = crate::text_of(answer).await;
        assert!(text.contains("id=\"drop\"") && !text.contains(" style=") && !text.contains(" onclick="), "{page}");
    }
    // A closed exam takes nothing more.
    house.fake.0.lock().unwrap().closed = true;
    let page = format!("/operator/{}/{packet}", exam_id());
    assert!(!crate::text_of(house.get(&operator, &page).await).await.contains("id=\"drop\""));
}
