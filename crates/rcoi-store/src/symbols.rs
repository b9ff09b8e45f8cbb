//! Characters in doubt, each cut out of its field: written with the reading, given to people by character.

use crate::db::{Row, Tx, args};
use crate::dialect::CLAIM_SYMBOLS;
use crate::error::Result;
use crate::rows::{Controls, NewSymbol, SymbolRow};
use crate::store::Store;
use rcoi_model::{ExamId, PageId, TaskId, UserId};
use std::collections::VecDeque;
use std::time::Duration;

/// Different characters that one claim may bring together when the backlog ends.
const MOST_KINDS: usize = 8;
/// So many characters are few enough to ask the field of each whether it is free: a few milliseconds.
const FEW: i64 = 2_000;
/// Doubts are stored in parts of a million.
const MILLION: f32 = 1e6;

impl Store {
    /// Up to `n` characters for a user, those of one kind together: first of the kind `like`, then of the most frequent
    /// ones. Their fields are the user's under a lease, so nobody else has them in hand, here or at the fields station.
    /// Characters the user holds already come again.
    pub async fn claim_symbols(&self, user: UserId, like: Option<char>, n: u32, lease: Duration) -> Result<Vec<SymbolRow>> {
        let (now, until) = (self.micros(), self.lease_end(lease));
        let (mut rows, mut brought) = (Vec::<SymbolRow>::new(), 0);
        let mut kinds: VecDeque<String> = like.into_iter().map(String::from).collect();
        let mut looked = false;
        while rows.len() < n as usize && brought < MOST_KINDS {
            let Some(kind) = kinds.pop_front() else {
                if std::mem::replace(&mut looked, true) {
                    break;
                }
                kinds = self.open_kinds(user).await?.into_iter().filter(|kind| like.is_none_or(|l| *kind != l.to_string())).collect();
                continue;
            };
            let rest = i64::from(n) - rows.len() as i64;
            let mut tx = self.db.begin_light().await?;
            tx.run(CLAIM_SYMBOLS, args![user, until, now, &kind, rest]).await?;
            let of_kind = held(&mut tx, user, now, &kind, rest).await?;
            tx.commit().await?;
            // A kind that others have in their hands is none.
            brought += usize::from(!of_kind.is_empty());
            rows.extend(of_kind);
        }
        Ok(rows)
    }

    /// Kinds of characters that wait, the most frequent first. While many wait, some of them may be all in others' hands: to ask the
    /// fields of all of them would take longer with every character.
    async fn open_kinds(&self, user: UserId) -> Result<Vec<String>> {
        let sql = "SELECT symbol, COUNT(*) AS n FROM symbols WHERE said IS NULL GROUP BY symbol ORDER BY n DESC, symbol";
        let mut rows = self.db.all(sql, vec![]).await?;
        if rows.iter().map(|row| row.int("n")).sum::<Result<i64>>()? <= FEW {
            let sql = "SELECT s.symbol, COUNT(*) AS n FROM symbols s CROSS JOIN tasks t
                       WHERE s.said IS NULL AND t.id = s.task AND t.state = 'open' AND t.station = 'verifier'
                         AND (t.claimed_by IS NULL OR t.claimed_by = $1 OR t.lease_until <= $2)
                       GROUP BY s.symbol ORDER BY n DESC, s.symbol";
            rows = self.db.all(sql, args![user, self.micros()]).await?;
        }
        rows.iter().map(|row| row.text("symbol")).collect()
    }

    /// Characters that somebody else read otherwise than the machine, and as its second choice (two witnesses), and that this
    /// person has not seen. They are in nobody's hands: on a board they look like all others.
    pub async fn known_symbols(&self, user: UserId, kind: char, n: u32) -> Result<Vec<SymbolRow>> {
        let kind = kind.to_string();
        let sql = "SELECT s.*, t.subject, t.exam FROM symbols s JOIN tasks t ON t.id = s.task JOIN boards b ON b.id = s.board
                   WHERE s.symbol = $1 AND s.said <> s.symbol AND s.said = s.rival AND b.user_id <> $2 AND t.state = 'done'
                     AND NOT EXISTS (SELECT 1 FROM controls c JOIN boards o ON o.id = c.board
                                     WHERE c.task = s.task AND c.cell = s.cell AND o.user_id = $2)
                   ORDER BY s.task, s.cell LIMIT $3";
        self.db.all(sql, args![&kind, user, n]).await?.iter().map(read).collect()
    }

    /// Characters that wait to be judged. A field that left the verifiers took its characters along, so the index alone counts.
    pub async fn open_symbols(&self) -> Result<u64> {
        let row = self.db.one("SELECT COUNT(*) AS n FROM symbols WHERE said IS NULL", vec![]).await?;
        row.map_or(Ok(0), |row| row.count("n"))
    }

    /// What people said about single characters of a field that is still open: place and character.
    pub async fn symbols_said(&self, task: TaskId) -> Result<Vec<(u32, char)>> {
        let sql = "SELECT cell, said FROM symbols WHERE task = $1 AND said IS NOT NULL AND said <> '' ORDER BY cell";
        let rows = self.db.all(sql, args![task]).await?;
        rows.iter().map(|row| Ok((row.small("cell")?, first(&row.text("said")?).unwrap_or_default()))).collect()
    }

    /// What people made of known answers, person by person; of one exam or of all. A field that was sent on whole is no slip.
    pub async fn controls(&self, exam: Option<ExamId>) -> Result<Vec<Controls>> {
        let sql = "SELECT b.user_id, COUNT(*) AS shown, COUNT(*) FILTER (WHERE c.said <> '' AND c.said <> c.truth) AS wrong
                   FROM controls c JOIN boards b ON b.id = c.board JOIN tasks t ON t.id = c.task
                   WHERE b.undone_at IS NULL AND ($1 = '' OR t.exam = $1) GROUP BY b.user_id ORDER BY b.user_id";
        let exam = exam.map(|e| e.to_string()).unwrap_or_default();
        let rows = self.db.all(sql, args![exam]).await?;
        rows.iter().map(|row| Ok(Controls { user: row.id("user_id")?, shown: row.count("shown")?, wrong: row.count("wrong")? })).collect()
    }
}

/// Open characters of one kind in a user's hands.
async fn held(tx: &mut Tx, user: UserId, now: i64, kind: &str, n: i64) -> Result<Vec<SymbolRow>> {
    let sql = "SELECT s.*, t.subject, t.exam FROM symbols s JOIN tasks t ON t.id = s.task
               WHERE s.said IS NULL AND s.symbol = $1 AND t.state = 'open' AND t.claimed_by = $2 AND t.lease_until > $3
               ORDER BY s.rival, s.doubt DESC, s.task, s.cell LIMIT $4";
    tx.all(sql, args![kind, user, now, n]).await?.iter().map(read).collect()
}

/// Makes the open characters of a page equal to `symbols`. What people said stays.
pub(crate) async fn replace(tx: &mut Tx, page: PageId, symbols: &[NewSymbol]) -> Result<()> {
    tx.run("DELETE FROM symbols WHERE said IS NULL AND task IN (SELECT id FROM tasks WHERE page = $1)", args![page]).await?;
    for symbol in symbols {
        let put = tx
            .run(
                "INSERT INTO symbols (task, cell, symbol, rival, doubt, picture) SELECT id, $2, $3, $4, $5, $6 FROM tasks
                 WHERE id = $1 AND state = 'open' AND station = 'verifier' ON CONFLICT (task, cell) DO NOTHING",
                args![
                    symbol.task,
                    symbol.cell,
                    symbol.symbol.to_string(),
                    symbol.rival.map(String::from).unwrap_or_default(),
                    (symbol.doubt.clamp(0.0, 1.0) * MILLION) as i64,
                    &symbol.picture,
                ],
            )
            .await?;
        if put > 0 {
            tx.run("UPDATE tasks SET sort_key = '3' || substr(sort_key, 2) WHERE id = $1", args![symbol.task]).await?;
        }
    }
    Ok(())
}

/// A field was settled or went elsewhere: its open characters need nobody.
pub(crate) async fn drop_open(tx: &mut Tx, task: TaskId) -> Result<()> {
    tx.run("DELETE FROM symbols WHERE task = $1 AND said IS NULL", args![task]).await.map(|_| ())
}

pub(crate) fn first(text: &str) -> Option<char> {
    text.chars().next()
}

fn read(row: &Row) -> Result<SymbolRow> {
    Ok(SymbolRow {
        exam: row.id("exam")?,
        symbol: NewSymbol {
            task: row.id("task")?,
            cell: row.small("cell")?,
            symbol: first(&row.text("symbol")?).unwrap_or_default(),
            rival: first(&row.text("rival")?),
            doubt: row.int("doubt")? as f32 / MILLION,
            picture: row.text("picture")?,
        },
        subject: row.json("subject")?,
    })
}
