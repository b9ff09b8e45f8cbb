//! A desk's screen of 1366 px at 200 %: every page keeps its width and its main act.

use crate::chrome::Desk;
use crate::fake::{Fake, exam_id};
use fantoccini::Locator;
use fantoccini::key::Key;
use rcoi_model::PacketId;
use serde_json::json;

/// What a page at 200 % has wrong: the document's width, and what lies over the field of the value.
const WRONG: &str = "const d = document.documentElement, v = document.getElementById('value'), wrong = [];
    if (d.scrollWidth > d.clientWidth + 1) {
      const wide = [...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > d.clientWidth + 1);
      wrong.push(`wide ${d.scrollWidth}: ${wide.slice(0, 5).map((e) => e.tagName + '.' + e.className + '#' + e.id)}`);
    }
    if (innerWidth > 700) wrong.push(`not zoomed: ${innerWidth}`);
    if (v && v.offsetParent) {
      v.focus();
      v.scrollIntoView({ block: 'center' });
      const r = v.getBoundingClientRect();
      for (const [x, y] of [[r.left + 6, r.top + 6], [r.right - 6, r.bottom - 6], [(r.left + r.right) / 2, (r.top + r.bottom) / 2]]) {
        const over = document.elementFromPoint(x, y);
        if (over !== v) wrong.push(`over the value: ${over?.outerHTML.slice(0, 80)}`);
      }
    }
    return wrong";
/// The table of a policy has many fields.
const MOST_TABS: u32 = 200;
/// Is the keyboard at the main act, and can it be seen?
const REACHED: &str = "const e = document.activeElement, r = e.getClientRects()[0];
    const there = document.elementFromPoint((r.left + r.right) / 2, (r.top + r.bottom) / 2);
    return e.matches(arguments[0]) && e.contains(there)";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_two_hundred_per_cent_no_page_scrolls_sideways_and_the_main_act_is_reached_by_keyboard() {
    let desk = Desk::new(Fake::of_persons()).await;
    desk.fake.0.lock().unwrap().symbols = crate::fake_rows::symbols(30, 65);
    let zoomed = json!({ "width": 683, "height": 384, "deviceScaleFactor": 2, "mobile": false });
    desk.devtools("Emulation.setDeviceMetricsOverride", zoomed).await;
    let exam = format!("/exams/{}", exam_id());
    let packet = format!("/operator/{}/{}", exam_id(), PacketId::derived(&["0001", "0102"]));
    let pages = [
        ("verifier", "/verify", "#do-enter"),
        ("verifier", "/symbols", "#do-enter"),
        ("verifier", "/persons", "#do-accept"),
        ("senior", "/senior", ".decide button"),
        ("operator", "/operator", ".packets tr"),
        ("operator", packet.as_str(), ".sheet-tile"),
        ("head", "/exams", "main a"),
        ("head", exam.as_str(), "main a"),
        ("head", &format!("{exam}/quality"), "main a"),
        ("head", &format!("{exam}/policy"), "main button"),
        ("head", "/me", "main button"),
        ("admin", "/admin", "main button"),
    ];
    let mut wrong = Vec::new();
    let mut who = "";
    for (login, path, main) in pages {
        if who != login {
            desk.sign_in(login).await;
            who = login;
        }
        for lang in ["ru", "en"] {
            desk.go(&format!("{path}?lang={lang}")).await;
            if desk.client.find(Locator::Id("station")).await.is_ok() && !["/senior", "/exams"].iter().any(|p| path.starts_with(p)) {
                desk.wait_until_ready().await;
            }
            if let Some(folder) = std::env::var_os("RCOI_SHOTS") {
                let name = format!("zoom{}-{lang}.png", path.replace('/', "-"));
                std::fs::write(std::path::Path::new(&folder).join(name), desk.client.screenshot().await.unwrap()).unwrap();
            }
            let said = desk.script(WRONG).await;
            if said != json!([]) {
                wrong.push(format!("{path} {lang}: {said}"));
            }
            let mut steps = 0;
            while desk.client.execute(REACHED, vec![json!(main)]).await.unwrap() != json!(true) && steps < MOST_TABS {
                desk.press(Key::Tab).await;
                steps += 1;
            }
            if steps == MOST_TABS {
                wrong.push(format!("{path} {lang}: {main} is not reached"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    desk.close().await;
}
