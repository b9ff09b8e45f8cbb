//! Pictures of every page for people to judge: set RCOI_SHOTS to a folder.

use crate::chrome::Desk;
use crate::fake::{Fake, exam_id};
use fantoccini::key::Key;
use rcoi_model::TaskState;
use std::path::PathBuf;
use std::time::Duration;

struct Album {
    folder: PathBuf,
    theme: &'static str,
}

impl Album {
    async fn shot(&self, desk: &Desk, name: &str) {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let png = desk.client.screenshot().await.unwrap();
        std::fs::write(self.folder.join(format!("{name}-{}.png", self.theme)), png).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_can_be_looked_at_in_both_themes() {
    let Some(folder) = std::env::var_os("RCOI_SHOTS").map(PathBuf::from) else { return };
    std::fs::create_dir_all(&folder).unwrap();
    for theme in ["light", "dark"] {
        let album = Album { folder: folder.clone(), theme };
        let desk = Desk::new(Fake::busy()).await;
        let exam = format!("/exams/{}?theme={theme}", exam_id());
        desk.go(&format!("/login?theme={theme}")).await;
        album.shot(&desk, "login").await;

        desk.sign_in("verifier").await;
        desk.fake.0.lock().unwrap().symbols = crate::fake_rows::symbols(74, 9);
        desk.go(&format!("/symbols?theme={theme}")).await;
        desk.wait_until_ready().await;
        for key in [Key::Right, Key::Down] {
            desk.press(key).await;
        }
        desk.type_in("8").await;
        desk.press(Key::Right).await;
        desk.type_in(" ").await;
        album.shot(&desk, "symbols-few").await;
        desk.press(Key::Enter).await;
        desk.wait_for_text("kind", "7").await;
        desk.wait_until_ready().await;
        for _ in 0..4 {
            desk.press(Key::Right).await;
        }
        desk.type_in("1").await;
        desk.press(Key::Down).await;
        desk.type_in(" ").await;
        album.shot(&desk, "symbols").await;
        desk.fake.0.lock().unwrap().tasks.extend(crate::fake_rows::persons().into_iter().map(|p| (p, None)));
        desk.go(&format!("/persons?theme={theme}")).await;
        desk.wait_until_ready().await;
        album.shot(&desk, "persons").await;
        desk.type_in("1").await;
        album.shot(&desk, "persons-ground").await;
        desk.press(Key::Escape).await;
        desk.type_in("?").await;
        album.shot(&desk, "persons-help").await;
        desk.press(Key::Escape).await;
        desk.press(Key::F4).await;
        album.shot(&desk, "persons-large").await;
        for ground in ["2", "1"] {
            desk.type_in(ground).await;
        }
        desk.press(Key::Enter).await;
        desk.wait_for_text("who", "Участник 02001021").await;
        desk.wait_until_ready().await;
        album.shot(&desk, "persons-2").await;
        desk.go(&format!("/verify?theme={theme}")).await;
        desk.wait_until_ready().await;
        album.shot(&desk, "verify").await;
        desk.type_in("Q").await;
        album.shot(&desk, "verify-refused").await;
        desk.press(Key::F8).await;
        album.shot(&desk, "verify-pass").await;
        desk.press(Key::Escape).await;
        desk.type_in("?").await;
        album.shot(&desk, "verify-help").await;
        desk.press(Key::Escape).await;
        desk.type_in("3").await;
        for n in 2..=5 {
            desk.wait_until_ready().await;
            if n == 4 {
                desk.press(Key::F9).await;
                desk.type_in("1").await;
            }
            desk.press(Key::Enter).await;
            tokio::time::sleep(Duration::from_millis(300)).await;
            if n < 5 {
                desk.wait_until_ready().await;
            }
            album.shot(&desk, &format!("verify-{n}")).await;
        }
        desk.go(&format!("/verify?lang=en&theme={theme}")).await;
        desk.wait_until_ready().await;
        album.shot(&desk, "verify-english").await;

        desk.sign_in("senior").await;
        desk.go(&format!("/persons?theme={theme}&lang=en")).await;
        desk.wait_until_ready().await;
        album.shot(&desk, "persons-senior").await;
        desk.go(&format!("/persons?theme={theme}&lang=ru")).await;
        desk.wait_until_ready().await;
        album.shot(&desk, "persons-senior-ru").await;
        desk.go(&format!("/senior?theme={theme}&lang=ru")).await;
        desk.wait_for("#place:not([hidden])").await;
        album.shot(&desk, "senior-field").await;
        desk.script("document.querySelectorAll('#list button')[1].click()").await;
        album.shot(&desk, "senior-asked").await;
        desk.script("document.querySelectorAll('#list button')[2].click()").await;
        desk.type_in("2232090000006").await;
        album.shot(&desk, "senior-sheet").await;
        desk.script("document.querySelectorAll('#list button')[4].click()").await;
        album.shot(&desk, "senior-room").await;

        desk.go(&format!("/me?theme={theme}")).await;
        album.shot(&desk, "me").await;
        desk.sign_in("operator").await;
        crate::operator::pictures(&desk, &album.folder, theme).await;
        desk.sign_in("head").await;
        desk.go(&format!("/exams?theme={theme}")).await;
        album.shot(&desk, "exams").await;
        desk.go(&exam).await;
        album.shot(&desk, "exam").await;
        desk.go(&format!("/exams/{}/quality?theme={theme}", exam_id())).await;
        album.shot(&desk, "quality").await;
        desk.go(&format!("/exams/{}/policy?theme={theme}", exam_id())).await;
        desk.wait_for("#figures:not([hidden])").await;
        album.shot(&desk, "policy").await;
        desk.fake.0.lock().unwrap().unknown_policy = true;
        desk.go(&format!("/exams/{}/policy?theme={theme}", exam_id())).await;
        desk.wait_for("#unknown").await;
        album.shot(&desk, "policy-unknown").await;
        desk.fake.0.lock().unwrap().unknown_policy = false;
        desk.go(&format!("/exams/{}/open/senior?theme={theme}", exam_id())).await;
        album.shot(&desk, "open").await;
        {
            let mut state = desk.fake.0.lock().unwrap();
            state.closed = true;
            state.packages = vec![crate::fake_rows::package()];
            for task in &mut state.tasks {
                task.0.task.state = TaskState::Done;
            }
        }
        desk.go(&exam).await;
        album.shot(&desk, "exam-packaged").await;
        desk.sign_in("admin").await;
        desk.go(&format!("/admin?theme={theme}")).await;
        album.shot(&desk, "admin").await;
        desk.close().await;
    }
}
