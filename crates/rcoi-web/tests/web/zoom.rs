//! A desk's screen of 1366 px at 200 %: every page keeps its width, and what it is there for can be seen and done.

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
/// Is the keyboard at the control?
const REACHED: &str = "return document.activeElement.matches(arguments[0])";
/// What is wrong with the control under the keyboard: it is off, too small, cut by the edge of the screen, or covered.
// Of a link in two lines the first counts.
const HIDDEN: &str = "const e = document.activeElement, r = e.getClientRects()[0], wrong = [];
    if (e.disabled || e.getAttribute('aria-disabled') === 'true') wrong.push('off');
    // A row of a table may be wider than the screen: its box scrolls.
    if (!e.matches('tr') && (r.left < -1 || r.right > innerWidth + 1)) wrong.push(`cut: ${r.left}–${r.right} of ${innerWidth}`);
    const [left, right] = [Math.max(r.left, 0), Math.min(r.right, innerWidth)];
    const [top, bottom] = [Math.max(r.top, 0), Math.min(r.bottom, innerHeight)];
    if (right - left < 24 || bottom - top < Math.min(16, r.height)) wrong.push(`small: ${right - left} x ${bottom - top}`);
    const over = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
    if (!e.contains(over)) wrong.push(`covered by ${over?.outerHTML.slice(0, 80)}`);
    return wrong";
/// From now on a press of a control is noted and does nothing.
const NOTE_PRESSES: &str = "addEventListener('click', (event) => {
      event.preventDefault();
      event.stopImmediatePropagation();
      window.pressed = event.target;
    }, true)";
const PRESSED: &str = "const e = window.pressed; window.pressed = null; return Boolean(e?.closest(arguments[0]))";

/// A control that a page is there for.
#[derive(Clone, Copy)]
enum Control {
    /// Enter presses it.
    Press(&'static str),
    /// It is typed into, or has keys of its own.
    Reach(&'static str),
}
use Control::{Press, Reach};

/// Is the control reached by keyboard, seen, and pressed by Enter? What is wrong with it otherwise.
async fn wrong_with(desk: &Desk, control: Control) -> Option<String> {
    let (Press(css) | Reach(css)) = control;
    let mut steps = 0;
    while desk.client.execute(REACHED, vec![json!(css)]).await.unwrap() != json!(true) {
        if steps == MOST_TABS {
            return Some(format!("{css} is not reached"));
        }
        desk.press(Key::Tab).await;
        steps += 1;
    }
    let hidden = desk.script(HIDDEN).await;
    if hidden != json!([]) {
        return Some(format!("{css}: {hidden}"));
    }
    if matches!(control, Press(_)) {
        desk.press(Key::Enter).await;
        let pressed = desk.client.execute(PRESSED, vec![json!(css)]).await.unwrap();
        return (pressed != json!(true)).then(|| format!("{css} is not pressed by Enter"));
    }
    None
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_two_hundred_per_cent_no_page_scrolls_sideways_and_the_main_acts_are_seen_and_work_by_keyboard() {
    let desk = Desk::new(Fake::of_persons()).await;
    desk.fake.0.lock().unwrap().symbols = crate::fake_rows::symbols(30, 65);
    let zoomed = json!({ "width": 683, "height": 384, "deviceScaleFactor": 2, "mobile": false });
    desk.devtools("Emulation.setDeviceMetricsOverride", zoomed).await;
    // The last Tab of a page leads to the bars of the browser, which are not there.
    desk.devtools("Emulation.setFocusEmulationEnabled", json!({ "enabled": true })).await;
    let exam = format!("/exams/{}", exam_id());
    let packet = format!("/operator/{}/{}", exam_id(), PacketId::derived(&["0001", "0102"]));
    // In the order of the page, so that the keyboard comes by.
    let pages: [(&str, &str, &[Control]); 12] = [
        ("verifier", "/verify", &[Reach("#value"), Press("#do-enter"), Press("#do-pass")]),
        ("verifier", "/symbols", &[Reach(".tile"), Press("#do-enter")]),
        ("verifier", "/persons", &[Press("#do-accept"), Press("#do-keep"), Press("#do-ask")]),
        ("senior", "/senior", &[Press("#list button"), Press("#acts button"), Press("#store")]),
        ("operator", "/operator", &[Press("#do-files"), Reach(".packets tbody tr")]),
        ("operator", packet.as_str(), &[Press("#do-files"), Reach(".sheet-tile")]),
        ("head", "/exams", &[Press("a.name")]),
        ("head", exam.as_str(), &[Press(".blocks .go a"), Press("#acts button[value=reconcile]")]),
        ("head", &format!("{exam}/quality"), &[Press(".crumbs a")]),
        ("head", &format!("{exam}/policy"), &[Reach("#rows [name=threshold]"), Press("#save")]),
        ("head", "/me", &[Reach("[name=old]"), Press("[action='/me/password'] button")]),
        ("admin", "/admin", &[Reach("[name=password]"), Press("[action='/admin/users'] button.main")]),
    ];
    let mut wrong = Vec::new();
    let mut who = "";
    for (login, path, controls) in pages {
        if who != login {
            desk.sign_in(login).await;
            who = login;
        }
        for lang in ["ru", "en"] {
            desk.go(&format!("{path}?lang={lang}")).await;
            if desk.client.find(Locator::Id("station")).await.is_ok() && !["/senior", "/exams"].iter().any(|p| path.starts_with(p)) {
                desk.wait_until_ready().await;
            }
            let (Press(first) | Reach(first)) = controls[0];
            desk.wait_for(first).await;
            if let Some(folder) = std::env::var_os("RCOI_SHOTS") {
                let name = format!("zoom{}-{lang}.png", path.replace('/', "-"));
                std::fs::write(std::path::Path::new(&folder).join(name), desk.client.screenshot().await.unwrap()).unwrap();
            }
            let said = desk.script(WRONG).await;
            if said != json!([]) {
                wrong.push(format!("{path} {lang}: {said}"));
            }
            desk.script(NOTE_PRESSES).await;
            for control in controls {
                wrong.extend(wrong_with(&desk, *control).await.map(|what| format!("{path} {lang}: {what}")));
            }
        }
    }
    // What the head does last: nothing blocks any more.
    desk.fake.0.lock().unwrap().tasks.clear();
    desk.sign_in("head").await;
    for (closed, act) in [(false, "#acts button[value=close]"), (true, "#acts button[value=package]")] {
        desk.fake.0.lock().unwrap().closed = closed;
        desk.go(&exam).await;
        desk.script(NOTE_PRESSES).await;
        wrong.extend(wrong_with(&desk, Press(act)).await.map(|what| format!("{exam}: {what}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    desk.close().await;
}
