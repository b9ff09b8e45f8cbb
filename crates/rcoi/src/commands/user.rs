//! `rcoi user …`: people who log in.

use super::Done;
use crate::args::UserVerb;
use crate::config::Config;
use crate::wiring;
use anyhow::{Context, Result, bail};
use rcoi_store::{NewUser, User};
use rcoi_web::roles::Post;
use std::io::{BufRead, IsTerminal};

/// Shorter passwords are refused.
const SHORTEST_PASSWORD: usize = 10;

pub(crate) fn run(verb: UserVerb, config: &Config) -> Result<Done> {
    wiring::block_on(async {
        let store = wiring::open_store(config).await?;
        match verb {
            UserVerb::Add { login, role } => {
                let post = Post::parse(&role).with_context(|| {
                    format!("'{role}' is no role: expected operator, verifier, senior, head, admin or auditor (looks, changes nothing)")
                })?;
                let password = read_password()?;
                let password_hash = rcoi_web::password::hash(&password).map_err(|e| anyhow::anyhow!("cannot hash the password: {e}"))?;
                match post {
                    Post::Works(role) => {
                        store.create_user(&NewUser { login: login.clone(), title: String::new(), role, password_hash }, None).await?;
                    }
                    Post::Auditor => {
                        store.create_auditor(&login, &password_hash, None).await?;
                    }
                }
                println!("{login} may log in as {}", post.as_str());
            }
            UserVerb::List => {
                for user in store.users().await? {
                    println!("{:<20} {:<10} {}", user.login, post(&user).as_str(), if user.disabled { "disabled" } else { "" });
                }
            }
            UserVerb::Disable { login } => {
                let user = store.user_by_login(&login).await?.with_context(|| format!("there is no user '{login}'"))?;
                store.set_user_disabled(user.id, true, None).await?;
                println!("{login} may no longer log in; what was done stays");
            }
        }
        store.close().await;
        Ok(Done::Well)
    })
}

fn post(user: &User) -> Post {
    if user.auditor { Post::Auditor } else { Post::Works(user.role) }
}

fn read_password() -> Result<String> {
    if std::io::stdin().is_terminal() {
        eprint!("password (at least {SHORTEST_PASSWORD} characters; it is shown as you type): ");
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    let password = line.trim_end_matches(['\r', '\n']).to_owned();
    if password.chars().count() < SHORTEST_PASSWORD {
        bail!("the password has {} characters: expected at least {SHORTEST_PASSWORD}", password.chars().count());
    }
    Ok(password)
}
