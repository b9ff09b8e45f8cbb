//! Errors and rows of the store and the pipeline as the web says them.

use crate::backend::{BackendError, UserRecord};
use crate::roles::Post;
use crate::said::Said;
use crate::words;
use rcoi_pipeline::PipelineError;
use rcoi_store::{StoreError, User};

impl From<StoreError> for BackendError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound(_) => Self::NotFound,
            StoreError::NotYours(_) => Self::Conflict(Said::text(|t| t.no_hold)),
            StoreError::Closed(_) => Self::Conflict(Said::text(|t| t.no_open_task)),
            StoreError::Conflict(why) => Self::Conflict(conflict(&why)),
            StoreError::StillOpen { tasks, pages } => Self::Refused(Said::text(|t| t.no_close).with("tasks", tasks).with("pages", pages)),
            StoreError::WrongState { expected, actual } => {
                Self::Refused(Said::text(|t| t.no_state).with("actual", actual.as_str()).with("expected", expected.as_str()))
            }
            StoreError::DiskFull { folder, size } => {
                tracing::error!(folder, size, "the disk is full");
                Self::Conflict(Said::text(|t| t.no_disk))
            }
            other => Self::Internal(other.to_string()),
        }
    }
}

impl From<PipelineError> for BackendError {
    fn from(error: PipelineError) -> Self {
        match error {
            PipelineError::Store(error) => error.into(),
            PipelineError::Refused(why) => Self::Refused(Said::by_rules(why)),
            PipelineError::Blocked(blocks) => Self::Refused(words::still_blocked(&blocks)),
            PipelineError::UnknownPolicy(why) => {
                tracing::warn!(%why, "a policy is not understood");
                Self::UnknownPolicy
            }
            PipelineError::Picture(why) => {
                tracing::warn!(%why, "a picture cannot be shown");
                Self::NotFound
            }
            other => Self::Internal(other.to_string()),
        }
    }
}

/// What a user of the store is to the stations.
pub(crate) fn post_of(user: &User) -> Post {
    if user.auditor { Post::Auditor } else { Post::Works(user.role) }
}

pub(crate) fn user_record(user: User) -> UserRecord {
    UserRecord { id: user.id, post: post_of(&user), login: user.login, password: user.password_hash, disabled: user.disabled }
}

/// What a contradiction in the store means to a person. The store speaks English, for the log.
fn conflict(why: &str) -> Said {
    let known = |part: &str| why.contains(part);
    if known("works on what followed") || known("somebody else's hands") {
        Said::text(|t| t.no_undo_others)
    } else if known("later verdict") || known("just undone") {
        Said::text(|t| t.no_undo_later)
    } else if known("exists already") {
        Said::text(|t| t.no_free_name)
    } else {
        Said::text(|t| t.no_luck).with("why", why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Lang;

    #[test]
    fn an_undo_that_comes_too_late_is_explained_in_the_language_of_the_reader() {
        let error: BackendError = StoreError::Conflict("somebody already works on what followed from the verdict".into()).into();
        let BackendError::Conflict(said) = error else { panic!("a conflict became {error:?}") };
        assert!(said.in_lang(Lang::Ru).starts_with("Вернуть нельзя") && said.in_lang(Lang::En).starts_with("It cannot be taken back"));
    }
}
