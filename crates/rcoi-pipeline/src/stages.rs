//! The stages of an exam, in order. Each stage has one file; none knows the one after it, they meet in the store.

use rcoi_model::ExamState;
use rcoi_store::ExamStats;

/// One stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stage {
    pub name: &'static str,
    /// For people, Russian.
    pub title: &'static str,
    /// File of this crate that does it.
    pub file: &'static str,
}

const fn stage(name: &'static str, title: &'static str, file: &'static str) -> Stage {
    Stage { name, title, file }
}

/// File → packets, blobs, pages in state `received`.
pub const INTAKE: Stage = stage("intake", "приём", "intake.rs");
/// Page → reading and field tasks (relay, queue, worker).
pub const READ: Stage = stage("read", "распознавание", "worker.rs");
/// Field task → verdict of a person.
pub const VERIFY: Stage = stage("verify", "верификация", "verdict.rs");
/// Sheets → works of participants; what does not agree → tasks of the senior.
pub const RECONCILE: Stage = stage("reconcile", "сверка", "check.rs");
/// The gate.
pub const CLOSE: Stage = stage("close", "закрытие", "close.rs");
/// Closed exam → signed packages.
pub const PACKAGE: Stage = stage("package", "пакет", "make_package.rs");

/// All stages in order.
pub const STAGES: [Stage; 6] = [INTAKE, READ, VERIFY, RECONCILE, CLOSE, PACKAGE];

/// The stage at which an exam stands: the first one that still has work.
#[must_use]
pub fn standing(state: ExamState, stats: &ExamStats) -> Stage {
    match state {
        ExamState::Packaged | ExamState::Closed => PACKAGE,
        ExamState::Open if stats.scanned == 0 => INTAKE,
        ExamState::Open if stats.received > 0 => READ,
        ExamState::Open if stats.open_tasks > 0 => VERIFY,
        ExamState::Open => CLOSE,
    }
}
