//! Sessions in a real store: they outlive the process, and end when they are revoked.

use crate::fake::Fake;
use crate::{HASH, House, PASSWORD, Person};
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use rcoi_model::Role;
use rcoi_store::{NewUser, Store};
use rcoi_web::backend::UserRecord;
use rcoi_web::roles::Post;
use rcoi_web::session::token_hash;
use rcoi_web::{AppState, WebConfig, router};
use std::path::Path;
use std::sync::Arc;

/// A process over the database file: what is in memory is new each time.
async fn started(file: &Path) -> (House, Store) {
    let store = Store::open(&format!("sqlite:{}", file.display())).await.unwrap();
    let new = NewUser { login: "verifier".into(), title: String::new(), role: Role::Verifier, password_hash: HASH.clone() };
    let user = match store.user_by_login("verifier").await.unwrap() {
        Some(user) => user,
        None => store.create_user(&new, None).await.unwrap(),
    };
    let fake = Arc::new(Fake::new());
    let record = UserRecord { id: user.id, login: user.login, password: HASH.clone(), post: Post::Works(Role::Verifier), disabled: false };
    fake.0.lock().unwrap().users.insert("verifier".into(), record);
    let state = AppState::with_backend(fake.clone(), Arc::new(store.clone()), WebConfig::default());
    (House { router: router(state), fake }, store)
}

async fn me(house: &House, person: &Person) -> StatusCode {
    house.get(person, "/api/v1/me").await.status()
}

#[tokio::test]
async fn a_session_survives_a_restart_and_a_revoked_one_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rcoi.db");
    let (before, store) = started(&file).await;
    let (kept, left) = (before.login("verifier").await, before.login("verifier").await);
    let logout = Request::post("/api/v1/logout").header(header::COOKIE, &left.cookie).header("x-csrf-token", &left.csrf);
    assert_eq!(before.send(logout.body(Body::empty()).unwrap()).await.status(), StatusCode::OK);
    store.close().await;
    drop(before);

    let (after, store) = started(&file).await;
    assert_eq!((me(&after, &kept).await, me(&after, &left).await), (StatusCode::OK, StatusCode::UNAUTHORIZED));
    // The token of the form is as good as before, too: work goes on without a reload.
    assert_eq!(after.claim(&kept, 1).await.len(), 1);
    let user = store.user_by_login("verifier").await.unwrap().unwrap();
    store.delete_sessions_of(user.id).await.unwrap();
    assert_eq!(me(&after, &kept).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_disabled_user_and_a_changed_password_end_every_session_in_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let (house, store) = started(&folder.path().join("rcoi.db")).await;
    let user = store.user_by_login("verifier").await.unwrap().unwrap();
    let person = house.login("verifier").await;
    store.set_password_hash(user.id, &HASH, None).await.unwrap();
    assert_eq!(me(&house, &person).await, StatusCode::UNAUTHORIZED);
    let person = house.login("verifier").await;
    store.set_user_disabled(user.id, true, None).await.unwrap();
    assert_eq!(me(&house, &person).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_store_holds_the_hash_of_a_token_and_never_the_token() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rcoi.db");
    let (house, store) = started(&file).await;
    let answer = house.try_login("verifier", PASSWORD).await;
    let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap();
    let token = cookie.split(';').next().unwrap().split_once('=').unwrap().1.to_owned();
    store.close().await;
    let bytes = std::fs::read(&file).unwrap();
    let found = |text: &str| bytes.windows(text.len()).any(|w| w == text.as_bytes());
    assert!(!found(&token) && found(&token_hash(&token)));
}
