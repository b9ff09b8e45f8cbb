//! Boards of characters: given out by kind, answered together, taken back together.

use crate::error::{PipelineError, Result};
use crate::pipeline::Pipeline;
use rcoi_model::{TaskId, TaskSubject, UserId};
use rcoi_rules::check_value;
use rcoi_store::{Board, BoardDone, SymbolRow, UndoneBoard};
use serde::Serialize;

/// A character as a person gets it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SymbolTask {
    pub task: TaskId,
    pub cell: u32,
    pub symbol: char,
    pub rival: Option<char>,
    /// PNG as base64.
    pub picture: String,
    /// Characters the field may hold; empty = any.
    pub permitted: String,
}

impl Pipeline {
    /// Up to `n` characters for a user, those of one kind together, first those read as `like`, with known answers among
    /// them as the policy of their exam says.
    pub async fn claim_symbols(&self, user: UserId, like: Option<char>, n: u32) -> Result<Vec<SymbolTask>> {
        let rows = self.inner.store.claim_symbols(user, like, n, self.inner.params.claim_lease).await?;
        let rows = self.mix_in_symbols(user, rows).await?;
        Ok(rows.into_iter().map(symbol_task).collect())
    }

    /// Stores what a person said about the characters of a board, and what follows from it.
    pub async fn record_board(&self, board: &Board) -> Result<BoardDone> {
        let done = self.inner.store.record_board(board, &fits).await?;
        if let Some(item) = &done.refused {
            let c = item.said.unwrap_or(' ');
            return Err(PipelineError::Refused(format!("символ «{c}» в этом поле не разрешён")));
        }
        for exam in &done.exams {
            self.touched(*exam);
        }
        Ok(done)
    }

    /// Takes back the last board of a user.
    pub async fn undo_board(&self, user: UserId) -> Result<Option<UndoneBoard>> {
        let undone = self.inner.store.undo_board(user).await?;
        for exam in undone.iter().flat_map(|u| &u.exams) {
            self.touched(*exam);
        }
        Ok(undone)
    }
}

/// May the character stand in the field?
fn fits(subject: &TaskSubject, c: char) -> bool {
    match subject {
        TaskSubject::Field { kind, permitted, .. } => check_value(*kind, &c.to_string(), permitted, 1, false, &[]).is_ok() && c != ' ',
        _ => false,
    }
}

fn symbol_task(row: SymbolRow) -> SymbolTask {
    let permitted = match row.subject {
        TaskSubject::Field { permitted, .. } => permitted,
        _ => String::new(),
    };
    let symbol = row.symbol;
    SymbolTask { task: symbol.task, cell: symbol.cell, symbol: symbol.symbol, rival: symbol.rival, picture: symbol.picture, permitted }
}
