//! The audit chain: every act is a row that carries the hash of the row before it.

use crate::columns::to_json;
use crate::db::{Row, Tx, args, damaged};
use crate::error::Result;
use crate::field_controls::ANSWERED;
use crate::rows::{AuditEntry, AuditReport, AuditRow};
use crate::store::Store;
use crate::verdicts::{RECORDED, fingerprint};
use rcoi_model::{BlobHash, UserId};
use sha2::{Digest, Sha256};
use std::collections::HashMap;

/// `prev` of the first row.
const ROOT: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// Rows per query while walking the chain.
const STEP: u32 = 1000;

impl Store {
    /// Appends a row on its own. The store's other methods append theirs inside their transactions.
    pub async fn append_audit(&self, entry: &AuditEntry) -> Result<()> {
        let mut tx = self.db.begin().await?;
        append(&mut tx, self.micros(), entry).await?;
        tx.commit().await
    }

    /// Rows with `seq` above `after`, in order.
    pub async fn audit_rows(&self, after: i64, limit: u32) -> Result<Vec<AuditRow>> {
        let rows = self.db.all("SELECT * FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2", args![after, limit]).await?;
        rows.iter().map(read).collect()
    }

    /// Walks the whole chain and compares each stored verdict, and each answer to a known field, with the hash that the chain
    /// remembers.
    pub async fn verify_audit(&self) -> Result<AuditReport> {
        // The head is read first: rows that other people append meanwhile are beyond it.
        let head = self.db.one("SELECT seq, hash FROM audit_head WHERE id = 1", vec![]).await?;
        let Some(head) = head else { return Ok(broken(0, "the head of the chain is gone")) };
        let (last, head) = (head.int("seq")?, head.text("hash")?);
        let (mut seq, mut prev) = (0, ROOT.to_owned());
        while seq < last {
            let rows = self.audit_rows(seq, STEP).await?;
            if rows.is_empty() {
                break;
            }
            let verdicts = self.verdict_fingerprints(seq, rows.last().map_or(seq, |row| row.seq)).await?;
            for row in rows.into_iter().take_while(|row| row.seq <= last) {
                seq += 1;
                if row.seq != seq {
                    return Ok(broken(seq, "the row is missing"));
                }
                if row.prev != prev {
                    return Ok(broken(seq, "it does not follow the row before"));
                }
                if row.hash != link(row.seq, row.at.as_microsecond(), &row.entry, &row.prev)? {
                    return Ok(broken(seq, "the row was changed"));
                }
                if let Some(reason) = verdict_differs(&row.entry, &verdicts) {
                    return Ok(broken(seq, &reason));
                }
                prev = row.hash;
            }
        }
        if seq != last || prev != head {
            return Ok(broken(seq + 1, "rows are missing at the end"));
        }
        Ok(AuditReport::Whole { rows: u64::try_from(last).unwrap_or(0), head })
    }

    /// Fingerprints of the stored verdicts and answers to known fields that the rows above `after` up to `last` speak of.
    async fn verdict_fingerprints(&self, after: i64, last: i64) -> Result<HashMap<String, String>> {
        let verdicts = "SELECT v.* FROM verdicts v WHERE v.id IN
                        (SELECT a.target FROM audit a WHERE a.act = $1 AND a.seq > $2 AND a.seq <= $3)";
        let answers = "SELECT c.verdict AS id, c.control AS task, c.user_id, c.act, c.at FROM control_answers c WHERE c.verdict IN
                       (SELECT a.target FROM audit a WHERE a.act = $1 AND a.seq > $2 AND a.seq <= $3)";
        let mut rows = self.db.all(verdicts, args![RECORDED, after, last]).await?;
        rows.extend(self.db.all(answers, args![ANSWERED, after, last]).await?);
        rows.iter().map(|row| Ok((row.text("id")?, fingerprint(row)?))).collect()
    }
}

/// Why the verdict that a row speaks of is not what the chain remembers.
fn verdict_differs(entry: &AuditEntry, stored: &HashMap<String, String>) -> Option<String> {
    if ![RECORDED, ANSWERED].contains(&entry.act.as_str()) {
        return None;
    }
    let Some(actual) = stored.get(&entry.target) else { return Some(format!("verdict {} is gone", entry.target)) };
    let detail = serde_json::from_str::<serde_json::Value>(&entry.detail).unwrap_or_default();
    let same = detail.get("sha256").and_then(serde_json::Value::as_str) == Some(actual);
    (!same).then(|| format!("verdict {} was changed", entry.target))
}

/// Appends a row. Call it last in a transaction: it takes the lock that puts everybody's rows in order.
pub(crate) async fn append(tx: &mut Tx, now: i64, entry: &AuditEntry) -> Result<()> {
    let head = tx.one("UPDATE audit_head SET seq = seq + 1 WHERE id = 1 RETURNING seq, hash", vec![]).await?;
    let head = head.ok_or_else(|| damaged("audit", "the head of the chain is gone"))?;
    let (seq, prev) = (head.int("seq")?, head.text("hash")?);
    let entry = &clean(entry);
    let hash = link(seq, now, entry, &prev)?;
    tx.run(
        "INSERT INTO audit (seq, at, user_id, act, target, detail, prev, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        args![seq, now, entry.user, &entry.act, &entry.target, &entry.detail, &prev, &hash],
    )
    .await?;
    tx.run("UPDATE audit_head SET hash = $1 WHERE id = 1", args![&hash]).await?;
    Ok(())
}

/// The entry as the database will keep it: the hash must be over the stored text.
fn clean(entry: &AuditEntry) -> AuditEntry {
    let kept = |text: &str| crate::db::storable(text);
    AuditEntry { user: entry.user, act: kept(&entry.act), target: kept(&entry.target), detail: kept(&entry.detail) }
}

/// An entry with a JSON detail.
pub(crate) fn event(user: Option<UserId>, act: &str, target: &str, detail: &serde_json::Value) -> AuditEntry {
    AuditEntry { user, act: act.to_owned(), target: target.to_owned(), detail: detail.to_string() }
}

/// SHA-256 of the row as a JSON array, which keeps its parts from running together.
fn link(seq: i64, at: i64, entry: &AuditEntry, prev: &str) -> Result<String> {
    let user = entry.user.map(|u| u.to_string());
    let text = to_json("audit row", &(seq, at, user, &entry.act, &entry.target, &entry.detail, prev))?;
    Ok(sha256(&text))
}

pub(crate) fn sha256(text: &str) -> String {
    BlobHash::from_bytes(&Sha256::digest(text.as_bytes()).into()).to_string()
}

fn broken(seq: i64, reason: &str) -> AuditReport {
    AuditReport::Broken { seq, reason: reason.to_owned() }
}

fn read(row: &Row) -> Result<AuditRow> {
    Ok(AuditRow {
        seq: row.int("seq")?,
        at: row.moment("at")?,
        entry: AuditEntry { user: row.opt_id("user_id")?, act: row.text("act")?, target: row.text("target")?, detail: row.text("detail")? },
        prev: row.text("prev")?,
        hash: row.text("hash")?,
    })
}
