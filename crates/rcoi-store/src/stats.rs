//! Counts for the head's page: one query per list, whatever the number of packets.

use crate::db::{Row, args};
use crate::error::Result;
use crate::rows::{ExamStats, PacketStats, SampleRow};
use crate::store::Store;
use crate::tasks::PERSONS;
use rcoi_model::ExamId;

impl Store {
    /// Counts of every packet of an exam, by ППЭ and room.
    pub async fn packet_stats(&self, exam: ExamId) -> Result<Vec<PacketStats>> {
        let rows = self
            .db
            .all(
                "SELECT k.id, k.ppe, k.room, k.declared, k.urgency, p.scanned, p.received, p.is_read, p.set_aside, p.excluded, t.open_n, t.done_n
                 FROM packets k
                 LEFT JOIN (SELECT packet, COUNT(*) AS scanned,
                                   COUNT(*) FILTER (WHERE state = 'received') AS received,
                                   COUNT(*) FILTER (WHERE state = 'read') AS is_read,
                                   COUNT(*) FILTER (WHERE state = 'set-aside') AS set_aside,
                                   COUNT(*) FILTER (WHERE state = 'excluded') AS excluded
                            FROM pages WHERE exam = $1 GROUP BY packet) p ON p.packet = k.id
                 LEFT JOIN (SELECT packet, COUNT(*) FILTER (WHERE state = 'open') AS open_n,
                                   COUNT(*) FILTER (WHERE state = 'done') AS done_n
                            FROM (SELECT COALESCE(x.packet, g.packet) AS packet, x.state
                                  FROM tasks x LEFT JOIN pages g ON g.id = x.page WHERE x.exam = $1) y
                            GROUP BY packet) t ON t.packet = k.id
                 WHERE k.exam = $1 ORDER BY k.ppe, k.room, k.id",
                args![exam],
            )
            .await?;
        rows.iter().map(read_packet).collect()
    }

    /// Totals of every exam.
    pub async fn exam_stats(&self) -> Result<Vec<ExamStats>> {
        let rows = self
            .db
            .all(
                "SELECT e.id, k.packets, k.declared, p.packets_started, p.scanned, p.received, p.is_read, p.set_aside, p.excluded,
                        t.open_n, t.claimed_n, t.done_n
                 FROM exams e
                 LEFT JOIN (SELECT exam, COUNT(*) AS packets, CAST(SUM(declared) AS BIGINT) AS declared
                            FROM packets GROUP BY exam) k ON k.exam = e.id
                 LEFT JOIN (SELECT exam, COUNT(DISTINCT packet) AS packets_started, COUNT(*) AS scanned,
                                   COUNT(*) FILTER (WHERE state = 'received') AS received,
                                   COUNT(*) FILTER (WHERE state = 'read') AS is_read,
                                   COUNT(*) FILTER (WHERE state = 'set-aside') AS set_aside,
                                   COUNT(*) FILTER (WHERE state = 'excluded') AS excluded
                            FROM pages GROUP BY exam) p ON p.exam = e.id
                 LEFT JOIN (SELECT exam, COUNT(*) FILTER (WHERE state = 'open') AS open_n,
                                   COUNT(*) FILTER (WHERE state = 'open' AND claimed_by IS NOT NULL AND lease_until > $1) AS claimed_n,
                                   COUNT(*) FILTER (WHERE state = 'done') AS done_n
                            FROM tasks GROUP BY exam) t ON t.exam = e.id
                 ORDER BY e.imported_at, e.id",
                args![self.micros()],
            )
            .await?;
        rows.iter().map(read_exam).collect()
    }

    /// Persons whose data differed, and sheets and rooms that came to the senior; settled or not.
    pub async fn troubles(&self, exam: ExamId) -> Result<(u64, u64)> {
        let sql = "SELECT COUNT(*) FILTER (WHERE sort_key >= $2) AS persons,
                          COUNT(*) FILTER (WHERE substr(sort_key, 1, 1) IN ('0', '2')) AS others
                   FROM tasks WHERE exam = $1 AND state <> 'obsolete'";
        let row = self.db.one(sql, args![exam, PERSONS]).await?;
        row.map_or(Ok((0, 0)), |row| Ok((row.count("persons")?, row.count("others")?)))
    }

    /// The blind sample of an exam: fields, and what people said about them. Obsolete ones and those of sheets that left the work are not in it.
    pub async fn samples(&self, exam: ExamId) -> Result<Vec<SampleRow>> {
        // 'sample0' follows every text that begins with 'sample/'; the senior's task about the same field has the same rest.
        let sql = "SELECT t.subject, v.user_id, v.act, sv.act AS settled FROM tasks t
                   JOIN pages p ON p.id = t.page AND p.state <> 'excluded'
                   LEFT JOIN verdicts v ON v.id = t.closed_by
                   LEFT JOIN tasks s ON s.exam = t.exam AND s.key = 'senior' || substr(t.key, 7)
                   LEFT JOIN verdicts sv ON sv.id = s.closed_by
                   WHERE t.exam = $1 AND t.key >= 'sample/' AND t.key < 'sample0' AND t.state <> 'obsolete' ORDER BY t.id";
        let rows = self.db.all(sql, args![exam]).await?;
        let read = |row: &Row| -> Result<SampleRow> {
            let said = match row.opt_id("user_id")? {
                Some(user) => Some((user, row.json("act")?)),
                None => None,
            };
            let settled = if row.opt_text("settled")?.is_some() { Some(row.json("settled")?) } else { None };
            Ok(SampleRow { subject: row.json("subject")?, said, settled })
        };
        rows.iter().map(read).collect()
    }
}

fn read_packet(row: &Row) -> Result<PacketStats> {
    Ok(PacketStats {
        packet: row.id("id")?,
        ppe: row.text("ppe")?,
        room: row.text("room")?,
        declared: row.count("declared")?,
        raised: row.int("urgency")? == 0,
        scanned: row.count("scanned")?,
        received: row.count("received")?,
        read: row.count("is_read")?,
        set_aside: row.count("set_aside")?,
        excluded: row.count("excluded")?,
        open_tasks: row.count("open_n")?,
        done_tasks: row.count("done_n")?,
    })
}

fn read_exam(row: &Row) -> Result<ExamStats> {
    Ok(ExamStats {
        exam: row.id("id")?,
        packets: row.count("packets")?,
        packets_started: row.count("packets_started")?,
        declared: row.count("declared")?,
        scanned: row.count("scanned")?,
        received: row.count("received")?,
        read: row.count("is_read")?,
        set_aside: row.count("set_aside")?,
        excluded: row.count("excluded")?,
        open_tasks: row.count("open_n")?,
        claimed_tasks: row.count("claimed_n")?,
        done_tasks: row.count("done_n")?,
    })
}
