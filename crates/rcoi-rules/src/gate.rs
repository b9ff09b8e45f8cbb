//! The closing gate: everything that still blocks an exam, each with a reason and a place where it is settled.

use rcoi_model::ExamState;
use serde::{Deserialize, Serialize};

/// Figures of one exam. Counts are of the whole exam.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GateFacts {
    pub state: ExamState,
    /// Pages that are not excluded.
    pub pages: u64,
    pub received: u64,
    /// Pages set aside that nobody has taken out of the work.
    pub set_aside: u64,
    pub open_fields: u64,
    pub open_sheets: u64,
    pub open_rooms: u64,
    pub open_persons: u64,
    /// A change of the policy has not reached every page yet.
    pub policy_pending: bool,
    /// The reconciliation has run since the last page or verdict.
    pub reconciled: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BlockKind {
    NotOpen,
    NoPages,
    NotRead,
    Fields,
    Sheets,
    Rooms,
    Persons,
    SetAside,
    NotReconciled,
    Policy,
}

/// One reason why the exam cannot be closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    pub kind: BlockKind,
    pub count: u64,
    /// For people, Russian.
    pub text: String,
    /// Station where it is settled: `verify`, `persons`, `senior`, `packets`, or empty.
    pub station: String,
}

/// What blocks closing; empty = the exam may be closed.
#[must_use]
pub fn gate(facts: &GateFacts) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut block = |when: bool, kind, count, text: String, station: &str| {
        if when {
            blocks.push(Block { kind, count, text, station: station.to_owned() });
        }
    };
    let f = facts;
    block(f.state != ExamState::Open, BlockKind::NotOpen, 0, "экзамен уже закрыт".to_owned(), "");
    block(f.pages == 0, BlockKind::NoPages, 0, "не принято ни одного листа".to_owned(), "packets");
    block(f.received > 0, BlockKind::NotRead, f.received, format!("листов ещё не прочитано: {}", f.received), "packets");
    block(f.policy_pending, BlockKind::Policy, 0, "новая политика верификации ещё применяется".to_owned(), "");
    block(f.open_fields > 0, BlockKind::Fields, f.open_fields, format!("полей ждут верификации: {}", f.open_fields), "verify");
    block(
        f.open_sheets > 0,
        BlockKind::Sheets,
        f.open_sheets,
        format!("нештатных листов ждут старшего верификатора: {}", f.open_sheets),
        "senior",
    );
    block(f.open_rooms > 0, BlockKind::Rooms, f.open_rooms, format!("расхождений сверки не объяснено: {}", f.open_rooms), "senior");
    block(
        f.open_persons > 0,
        BlockKind::Persons,
        f.open_persons,
        format!("персональных данных ждут сверки с реестром: {}", f.open_persons),
        "persons",
    );
    block(f.set_aside > 0, BlockKind::SetAside, f.set_aside, format!("листов отложено без решения: {}", f.set_aside), "senior");
    block(!f.reconciled, BlockKind::NotReconciled, 0, "сверка ещё не проведена".to_owned(), "");
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLEAN: GateFacts = GateFacts {
        state: ExamState::Open,
        pages: 4,
        received: 0,
        set_aside: 0,
        open_fields: 0,
        open_sheets: 0,
        open_rooms: 0,
        open_persons: 0,
        policy_pending: false,
        reconciled: true,
    };

    #[test]
    fn a_settled_exam_may_be_closed() {
        assert_eq!(gate(&CLEAN), vec![]);
    }

    #[test]
    fn every_open_thing_blocks_by_itself() {
        let cases = [
            (GateFacts { state: ExamState::Closed, ..CLEAN }, BlockKind::NotOpen),
            (GateFacts { pages: 0, ..CLEAN }, BlockKind::NoPages),
            (GateFacts { received: 1, ..CLEAN }, BlockKind::NotRead),
            (GateFacts { open_fields: 1, ..CLEAN }, BlockKind::Fields),
            (GateFacts { open_sheets: 1, ..CLEAN }, BlockKind::Sheets),
            (GateFacts { open_rooms: 1, ..CLEAN }, BlockKind::Rooms),
            (GateFacts { open_persons: 1, ..CLEAN }, BlockKind::Persons),
            (GateFacts { set_aside: 1, ..CLEAN }, BlockKind::SetAside),
            (GateFacts { policy_pending: true, ..CLEAN }, BlockKind::Policy),
            (GateFacts { reconciled: false, ..CLEAN }, BlockKind::NotReconciled),
        ];
        for (facts, kind) in cases {
            let kinds: Vec<_> = gate(&facts).into_iter().map(|b| b.kind).collect();
            assert_eq!(kinds, vec![kind]);
        }
    }
}
