//! Reading typed values out of columns, and writing JSON into them.

use crate::db::{Row, damaged};
use crate::error::Result;
use jiff::Timestamp;
use rcoi_model::{BlobHash, ExamState, PageState, Role, TaskState};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::str::FromStr;

impl Row {
    pub(crate) fn text(&self, column: &'static str) -> Result<String> {
        self.opt_text(column)?.ok_or_else(|| damaged(column, "it is null"))
    }

    pub(crate) fn int(&self, column: &'static str) -> Result<i64> {
        self.opt_int(column)?.ok_or_else(|| damaged(column, "it is null"))
    }

    /// A count; null (a sum over nothing) is 0.
    pub(crate) fn count(&self, column: &'static str) -> Result<u64> {
        let value = self.opt_int(column)?.unwrap_or(0);
        u64::try_from(value).map_err(|e| damaged(column, e))
    }

    pub(crate) fn small(&self, column: &'static str) -> Result<u32> {
        u32::try_from(self.int(column)?).map_err(|e| damaged(column, e))
    }

    pub(crate) fn id<T: FromStr>(&self, column: &'static str) -> Result<T>
    where
        T::Err: std::fmt::Display,
    {
        self.text(column)?.parse().map_err(|e| damaged(column, e))
    }

    pub(crate) fn opt_id<T: FromStr>(&self, column: &'static str) -> Result<Option<T>>
    where
        T::Err: std::fmt::Display,
    {
        self.opt_text(column)?.map(|text| text.parse().map_err(|e| damaged(column, e))).transpose()
    }

    pub(crate) fn moment(&self, column: &'static str) -> Result<Timestamp> {
        Timestamp::from_microsecond(self.int(column)?).map_err(|e| damaged(column, e))
    }

    pub(crate) fn opt_moment(&self, column: &'static str) -> Result<Option<Timestamp>> {
        self.opt_int(column)?.map(|v| Timestamp::from_microsecond(v).map_err(|e| damaged(column, e))).transpose()
    }

    pub(crate) fn json<T: DeserializeOwned>(&self, column: &'static str) -> Result<T> {
        serde_json::from_str(&self.text(column)?).map_err(|e| damaged(column, e))
    }

    pub(crate) fn blob(&self, column: &'static str) -> Result<BlobHash> {
        BlobHash::parse(&self.text(column)?).map_err(|e| damaged(column, e))
    }

    pub(crate) fn exam_state(&self, column: &'static str) -> Result<ExamState> {
        let text = self.text(column)?;
        ExamState::parse(&text).ok_or_else(|| damaged(column, text))
    }

    pub(crate) fn page_state(&self, column: &'static str) -> Result<PageState> {
        let text = self.text(column)?;
        PageState::parse(&text).ok_or_else(|| damaged(column, text))
    }

    pub(crate) fn task_state(&self, column: &'static str) -> Result<TaskState> {
        let text = self.text(column)?;
        TaskState::parse(&text).ok_or_else(|| damaged(column, text))
    }

    pub(crate) fn role(&self, column: &'static str) -> Result<Role> {
        let text = self.text(column)?;
        Role::parse(&text).ok_or_else(|| damaged(column, text))
    }
}

/// A value as JSON text. Field order is the order of the struct, so equal values give equal text.
pub(crate) fn to_json<T: Serialize>(what: &str, value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|e| damaged(what, e))
}
