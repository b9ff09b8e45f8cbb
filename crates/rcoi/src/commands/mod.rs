//! One file per verb. A verb returns how it ended; `main` turns that into the exit code.

pub(crate) mod admin;
mod blank;
pub(crate) mod codes;
pub(crate) mod demo;
pub(crate) mod eval;
pub(crate) mod exam;
pub(crate) mod files;
pub(crate) mod ingest;
pub(crate) mod migrate;
pub(crate) mod package;
pub(crate) mod recognize;
pub(crate) mod servant;
pub(crate) mod serve;
mod synthetic;
pub(crate) mod template;
pub(crate) mod user;
pub(crate) mod work;

use std::process::ExitCode;

/// How a verb ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Done {
    Well,
    /// It ran to its end, but some input was bad or a check did not hold; each was named on stderr.
    WithFaults,
}

impl Done {
    pub(crate) fn unless(faults: bool) -> Self {
        if faults { Self::WithFaults } else { Self::Well }
    }

    pub(crate) fn exit_code(self) -> ExitCode {
        match self {
            Self::Well => ExitCode::SUCCESS,
            Self::WithFaults => ExitCode::from(3),
        }
    }
}
