//! Packets: piles that are counted together.

use crate::audit::{self, event};
use crate::db::{Row, Tx, args};
use crate::error::{Result, StoreError};
use crate::exams::must_be_open;
use crate::store::Store;
use rcoi_model::{ExamId, Packet, PacketId, UserId};

impl Store {
    /// Stores a packet; a later declared count replaces the earlier one.
    pub async fn upsert_packet(&self, packet: &Packet) -> Result<()> {
        let mut tx = self.db.begin().await?;
        must_be_open(&mut tx, packet.exam).await?;
        upsert(&mut tx, packet, None).await?;
        tx.commit().await
    }

    /// Which of the pages that wait is read first: those with the smallest `urgency` (days since 1970 of the end of the
    /// exam's limit; 0 goes before everything). Holds for the packet's pages that wait and for those that will come.
    pub async fn set_urgency(&self, packet: PacketId, urgency: u32, by: Option<UserId>) -> Result<()> {
        let now = self.micros();
        let mut tx = self.db.begin().await?;
        if tx.run("UPDATE packets SET urgency = $2 WHERE id = $1", args![packet, urgency]).await? == 0 {
            return Err(StoreError::NotFound(format!("packet {packet}")));
        }
        tx.run("UPDATE pages SET urgency = $2 WHERE packet = $1 AND state = 'received'", args![packet, urgency]).await?;
        let detail = serde_json::json!({ "urgency": urgency });
        audit::append(&mut tx, now, &event(by, "packet.urgency", &packet.to_string(), &detail)).await?;
        tx.commit().await
    }

    /// One packet, or [`StoreError::NotFound`].
    pub async fn packet(&self, id: PacketId) -> Result<Packet> {
        let row = self.db.one("SELECT * FROM packets WHERE id = $1", args![id]).await?;
        read(&row.ok_or_else(|| StoreError::NotFound(format!("packet {id}")))?)
    }

    /// Packets of an exam by ППЭ and room.
    pub async fn packets(&self, exam: ExamId) -> Result<Vec<Packet>> {
        let rows = self.db.all("SELECT * FROM packets WHERE exam = $1 ORDER BY ppe, room, id", args![exam]).await?;
        rows.iter().map(read).collect()
    }
}

/// Day of the end of a limit that nobody knows.
const FAR: u32 = 100_000;

/// `limit_day`: when the exam's limit ends, days since 1970; a packet that was raised stays raised.
pub(crate) async fn upsert(tx: &mut Tx, packet: &Packet, limit_day: Option<u32>) -> Result<()> {
    let done = tx
        .run(
            "INSERT INTO packets (id, exam, ppe, room, declared, urgency) VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (id) DO UPDATE SET declared = excluded.declared,
                 urgency = CASE WHEN packets.urgency = 0 OR excluded.urgency = 100000 THEN packets.urgency ELSE excluded.urgency END
             WHERE packets.exam = excluded.exam",
            args![packet.id, packet.exam, &packet.ppe, &packet.room, packet.declared, limit_day.unwrap_or(FAR)],
        )
        .await?;
    if done == 1 { Ok(()) } else { Err(StoreError::Conflict(format!("packet {} belongs to another exam", packet.id))) }
}

fn read(row: &Row) -> Result<Packet> {
    Ok(Packet {
        id: row.id("id")?,
        exam: row.id("exam")?,
        ppe: row.text("ppe")?,
        room: row.text("room")?,
        declared: row.small("declared")?,
    })
}
