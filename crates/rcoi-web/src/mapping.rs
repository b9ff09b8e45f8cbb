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
            StoreError::Conflict(why) => Self::Conflict(Said::text(|t| t.no_luck).with("why", why)),
            StoreError::StillOpen { tasks, pages } => Self::Refused(Said::text(|t| t.no_close).with("tasks", tasks).with("pages", pages)),
            StoreError::WrongState { expected, actual } => {
                Self::Refused(Said::text(|t| t.no_state).with("actual", actual.as_str()).with("expected", expected.as_str()))
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
