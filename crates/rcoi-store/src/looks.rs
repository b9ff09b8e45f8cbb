//! What the operator sees: packets on their way, and pages with the findings about their pictures. No values.

use crate::columns::to_json;
use crate::db::{Row, Tx, args, damaged};
use crate::error::{Result, StoreError};
use crate::pages;
use crate::rows::{Lies, PacketProgress, PageLook};
use crate::store::Store;
use rcoi_model::{BlobHash, ExamId, PacketId, Page, PageId, PageReading, PageState, TaskSubject, TemplateId};

/// A page with the row about its current reading.
const LOOK: &str = "SELECT g.*, n.engine AS look, n.form, n.turns, n.findings,
           (SELECT COUNT(*) FROM tasks t WHERE t.page = g.id AND t.state = 'open') AS open_n
    FROM pages g LEFT JOIN page_findings n ON n.page = g.id AND n.engine = g.current_engine
    WHERE g.packet = $1 ORDER BY g.source, g.page_index, g.id";

impl Store {
    /// Every packet of an exam with what came of it so far, by ППЭ and room.
    pub async fn packet_progress(&self, exam: ExamId) -> Result<Vec<PacketProgress>> {
        let rows = self
            .db
            .all(
                "SELECT k.id, k.ppe, k.room, k.declared, k.urgency, p.came, p.received, p.is_read, p.set_aside, p.excluded,
                        p.last_at, p.oldest, d.doubtful, f.found
                 FROM packets k
                 LEFT JOIN (SELECT packet, COUNT(*) FILTER (WHERE state <> 'excluded') AS came,
                                   COUNT(*) FILTER (WHERE state = 'received') AS received,
                                   COUNT(*) FILTER (WHERE state = 'read') AS is_read,
                                   COUNT(*) FILTER (WHERE state = 'set-aside') AS set_aside,
                                   COUNT(*) FILTER (WHERE state = 'excluded') AS excluded,
                                   MAX(received_at) AS last_at,
                                   MIN(received_at) FILTER (WHERE state = 'received') AS oldest
                            FROM pages WHERE exam = $1 GROUP BY packet) p ON p.packet = k.id
                 LEFT JOIN (SELECT g.packet, COUNT(DISTINCT g.id) AS doubtful
                            FROM tasks t JOIN pages g ON g.id = t.page
                            WHERE t.exam = $1 AND t.state = 'open' AND g.state = 'read' GROUP BY g.packet) d ON d.packet = k.id
                 LEFT JOIN (SELECT g.packet, COUNT(*) AS found
                            FROM pages g JOIN page_findings n ON n.page = g.id AND n.engine = g.current_engine
                            WHERE g.exam = $1 AND g.state = 'read' AND n.many > 0 GROUP BY g.packet) f ON f.packet = k.id
                 WHERE k.exam = $1 ORDER BY k.ppe, k.room, k.id",
                args![exam],
            )
            .await?;
        rows.iter().map(read_progress).collect()
    }

    /// Pages of a packet by file name and place in the file, with what was found about their pictures; and the packet's counts,
    /// as [`Store::packet_progress`] has them.
    pub async fn packet_looks(&self, packet: PacketId) -> Result<(PacketProgress, Vec<PageLook>)> {
        let row = self.db.one("SELECT * FROM packets WHERE id = $1", args![packet]).await?;
        let row = row.ok_or_else(|| StoreError::NotFound(format!("packet {packet}")))?;
        let looks = self.db.all(LOOK, args![packet]).await?.iter().map(read_look).collect::<Result<Vec<_>>>()?;
        let count = |fits: &dyn Fn(&PageLook) -> bool| looks.iter().filter(|look| fits(look)).count() as u64;
        let of = |state: PageState| count(&|look| look.page.state == state);
        let is_read = |look: &PageLook| look.page.state == PageState::Read;
        let waits = looks.iter().filter(|look| look.page.state == PageState::Received);
        let progress = PacketProgress {
            packet,
            ppe: row.text("ppe")?,
            room: row.text("room")?,
            declared: row.count("declared")?,
            raised: row.int("urgency")? == 0,
            scanned: count(&|look| look.page.state != PageState::Excluded),
            received: of(PageState::Received),
            read: of(PageState::Read),
            set_aside: of(PageState::SetAside),
            excluded: of(PageState::Excluded),
            doubtful: count(&|look| is_read(look) && look.open_tasks > 0),
            found: count(&|look| is_read(look) && !look.findings.is_empty()),
            last: looks.iter().map(|look| look.received_at).max(),
            oldest: waits.map(|look| look.received_at).min(),
        };
        Ok((progress, looks))
    }

    /// How a page lies in its picture; `None` when it was not read.
    pub async fn page_lies(&self, page: PageId) -> Result<Option<Lies>> {
        let sql =
            "SELECT n.form, n.turns FROM pages g JOIN page_findings n ON n.page = g.id AND n.engine = g.current_engine WHERE g.id = $1";
        self.db.one(sql, args![page]).await?.as_ref().map(read_lies).transpose()
    }

    /// Pages of a packet that are of the file with these bytes, whatever its name.
    pub async fn pages_of_blob(&self, packet: PacketId, blob: &BlobHash) -> Result<Vec<Page>> {
        let sql = "SELECT * FROM pages WHERE packet = $1 AND blob = $2 ORDER BY source, page_index, id";
        self.db.all(sql, args![packet, blob.as_str()]).await?.iter().map(pages::read).collect()
    }

    /// The first `most` pages that were set aside or excluded, the last ones to change first.
    pub async fn pages_out(&self, most: u32) -> Result<Vec<Page>> {
        let sql = "SELECT * FROM pages WHERE state IN ('set-aside', 'excluded') ORDER BY changed_at DESC, id LIMIT $1";
        self.db.all(sql, args![most]).await?.iter().map(pages::read).collect()
    }

    /// What the senior is asked about a packet: about one of its pages, or about the room.
    pub async fn packet_troubles(&self, exam: ExamId, packet: PacketId) -> Result<Vec<(Option<PageId>, TaskSubject)>> {
        let sql = "SELECT t.page, t.subject FROM tasks t LEFT JOIN pages g ON g.id = t.page
                   WHERE t.exam = $1 AND t.state = 'open' AND t.station = 'senior' AND (t.packet = $2 OR g.packet = $2) ORDER BY t.id";
        let rows = self.db.all(sql, args![exam, packet]).await?;
        rows.iter().map(|row| Ok((row.opt_id("page")?, row.json("subject")?))).collect()
    }
}

/// Writes what the operator sees of a reading, beside it.
pub(crate) async fn put(tx: &mut Tx, page: PageId, reading: &PageReading) -> Result<()> {
    let turns = u32::from(reading.placement.as_ref().map_or(0, |p| p.quarter_turns));
    let form = reading.template.as_ref().map(|t| t.0.as_str());
    tx.run(
        "INSERT INTO page_findings (page, engine, form, turns, findings, many) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (page, engine) DO NOTHING",
        args![page, &reading.engine, form, turns, to_json("findings", &reading.findings)?, reading.findings.len() as i64],
    )
    .await
    .map(|_| ())
}

fn read_lies(row: &Row) -> Result<Lies> {
    let quarter_turns = u8::try_from(row.int("turns")?).map_err(|e| damaged("turns", e))?;
    Ok(Lies { form: row.opt_text("form")?.map(TemplateId), quarter_turns })
}

fn read_look(row: &Row) -> Result<PageLook> {
    let was_read = row.opt_text("look")?.is_some();
    let page = pages::read(row)?;
    // A page that is to be read again has an old reading, which says nothing of the file as it is now.
    let current = was_read && matches!(page.state, PageState::Read | PageState::Excluded);
    Ok(PageLook {
        received_at: row.moment("received_at")?,
        lies: if current { Some(read_lies(row)?) } else { None },
        findings: if current { row.json("findings")? } else { Vec::new() },
        open_tasks: row.count("open_n")?,
        page,
    })
}

fn read_progress(row: &Row) -> Result<PacketProgress> {
    Ok(PacketProgress {
        packet: row.id("id")?,
        ppe: row.text("ppe")?,
        room: row.text("room")?,
        declared: row.count("declared")?,
        raised: row.int("urgency")? == 0,
        scanned: row.count("came")?,
        received: row.count("received")?,
        read: row.count("is_read")?,
        set_aside: row.count("set_aside")?,
        excluded: row.count("excluded")?,
        doubtful: row.count("doubtful")?,
        found: row.count("found")?,
        last: row.opt_moment("last_at")?,
        oldest: row.opt_moment("oldest")?,
    })
}
