//! Packets: piles that are counted together.

use crate::db::{Row, Tx, args};
use crate::error::{Result, StoreError};
use crate::exams::must_be_open;
use crate::store::Store;
use rcoi_model::{ExamId, Packet, PacketId};

impl Store {
    /// Stores a packet; a later declared count replaces the earlier one.
    pub async fn upsert_packet(&self, packet: &Packet) -> Result<()> {
        let mut tx = self.db.begin().await?;
        must_be_open(&mut tx, packet.exam).await?;
        upsert(&mut tx, packet).await?;
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

pub(crate) async fn upsert(tx: &mut Tx, packet: &Packet) -> Result<()> {
    let done = tx
        .run(
            "INSERT INTO packets (id, exam, ppe, room, declared) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (id) DO UPDATE SET declared = excluded.declared WHERE packets.exam = excluded.exam",
            args![packet.id, packet.exam, &packet.ppe, &packet.room, packet.declared],
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
