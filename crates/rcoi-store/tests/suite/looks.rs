//! What the operator sees of packets and pages, and the files of the watched folder.

use crate::bed::{Bed, MINUTE, field_task, reading, sheet_task};
use rcoi_model::{Finding, FindingKind, PageState, SheetTrouble, TaskSubject, TemplateId};
use rcoi_store::{Lies, PacketProgress, WatchedFile, WatchedOutcome};

fn finding(kind: FindingKind, detail: &str) -> Finding {
    Finding { kind, detail: detail.to_owned() }
}

async fn first_packet(bed: &Bed, exam: rcoi_model::ExamId) -> PacketProgress {
    bed.store.packet_progress(exam).await.unwrap().remove(0)
}

pub(crate) async fn a_packet_counts_each_page_once_on_its_way(bed: Bed) {
    let (plan, pages) = bed.exam(6).await;
    let exam = plan.id();
    let came = first_packet(&bed, exam).await;
    assert_eq!((came.declared, came.scanned, came.received, came.read, came.doubtful), (12, 6, 6, 0, 0));
    assert!(came.oldest.is_some() && came.oldest <= came.last);

    let streak = [finding(FindingKind::Streak, "тёмная полоса")];
    let marked = rcoi_model::PageReading { findings: streak.to_vec(), ..reading("e1") };
    let doubts = [field_task(&pages[0], "answer", "answer-1"), field_task(&pages[0], "answer", "answer-2")];
    bed.store.save_reading(pages[0].id, &marked, &doubts).await.unwrap();
    bed.store.save_reading(pages[1].id, &reading("e1"), &[]).await.unwrap();
    bed.store.set_aside(pages[2].id, "the png is cut short", &sheet_task(&pages[2], SheetTrouble::Undecodable)).await.unwrap();
    bed.store.save_reading(pages[3].id, &marked, &[]).await.unwrap();
    bed.store.exclude_page(pages[3].id, None, "второй скан").await.unwrap();

    let now = first_packet(&bed, exam).await;
    assert_eq!((now.scanned, now.received, now.read, now.set_aside, now.excluded), (5, 2, 2, 1, 1));
    assert_eq!((now.doubtful, now.found), (1, 1), "two fields of one page; the excluded page does not count");
    assert_eq!(bed.store.packet_looks(now.packet).await.unwrap().0, now, "told alone and among all: the same");
    let other = bed.store.packet_progress(exam).await.unwrap().remove(1);
    assert_eq!(bed.store.packet_looks(other.packet).await.unwrap(), (other.clone(), vec![]));
    assert_eq!((other.scanned, other.last, other.oldest), (0, None, None));
}

pub(crate) async fn findings_of_a_page_are_those_of_its_current_reading(bed: Bed) {
    let (plan, pages) = bed.exam(3).await;
    let packet = pages[0].packet;
    let old = rcoi_model::PageReading { findings: vec![finding(FindingKind::Blurred, "0,4 мм")], ..reading("e1") };
    bed.store.save_reading(pages[0].id, &old, &[]).await.unwrap();
    bed.store.save_reading(pages[0].id, &old, &[]).await.unwrap();
    let looks = bed.store.packet_looks(packet).await.unwrap().1;
    assert_eq!(looks.iter().map(|l| l.page.id).collect::<Vec<_>>(), pages.iter().map(|p| p.id).collect::<Vec<_>>());
    assert_eq!(looks[0].findings, old.findings);
    assert_eq!(looks[0].lies, Some(Lies { form: Some(TemplateId("ege-ab".into())), quarter_turns: 0 }));
    assert_eq!((&looks[1].lies, &looks[1].findings, looks[1].page.state), (&None, &vec![], PageState::Received));

    let upside_down = vec![finding(FindingKind::UpsideDown, "лист повёрнут на 180°, прочитан")];
    let new = rcoi_model::PageReading { findings: upside_down.clone(), template: None, ..reading("e2") };
    bed.store.save_reading(pages[0].id, &new, &[sheet_task(&pages[0], SheetTrouble::UnknownForm)]).await.unwrap();
    let look = bed.store.packet_looks(packet).await.unwrap().1.remove(0);
    assert_eq!((&look.findings, look.open_tasks), (&upside_down, 1));
    assert_eq!(bed.store.page_lies(pages[0].id).await.unwrap(), Some(Lies { form: None, quarter_turns: 0 }));
    assert_eq!(bed.store.page_lies(pages[1].id).await.unwrap(), None);
    let asked = bed.store.packet_troubles(plan.id(), packet).await.unwrap();
    let trouble = |subject: &TaskSubject| matches!(subject, TaskSubject::Sheet { trouble: SheetTrouble::UnknownForm, .. });
    assert!(asked.len() == 1 && asked[0].0 == Some(pages[0].id) && trouble(&asked[0].1), "{asked:?}");

    let same = bed.store.pages_of_blob(packet, &pages[0].blob).await.unwrap();
    assert_eq!(same.len(), 3);
    let elsewhere = rcoi_model::Packet::id_for(plan.id(), "0001", "0102");
    assert_eq!(bed.store.pages_of_blob(elsewhere, &pages[0].blob).await.unwrap(), []);
    bed.store.exclude_page(pages[1].id, None, "второй скан").await.unwrap();
    assert_eq!(bed.store.pages_out(10).await.unwrap().iter().map(|p| p.id).collect::<Vec<_>>(), [pages[1].id]);
}

pub(crate) async fn a_watched_file_is_known_by_its_place_size_and_time(bed: Bed) {
    let file = |path: &str, modified, outcome| WatchedFile {
        path: path.to_owned(),
        size: 10,
        modified,
        outcome,
        reason: (outcome == WatchedOutcome::Refused).then(|| "нет пакета".to_owned()),
        pages: 1,
    };
    let (first, other) = (file("/scans/0001-0101/a.png", 5, WatchedOutcome::Refused), file("/scans2/b.png", 5, WatchedOutcome::Taken));
    bed.store.put_watched(&first).await.unwrap();
    bed.store.put_watched(&other).await.unwrap();
    assert_eq!(bed.store.watched("/scans").await.unwrap(), [first]);
    // Looked at again, and changed since.
    let again = file("/scans/0001-0101/a.png", 5, WatchedOutcome::Taken);
    let changed = file("/scans/0001-0101/a.png", 6, WatchedOutcome::SetAside);
    bed.store.put_watched(&again).await.unwrap();
    bed.wait(MINUTE);
    bed.store.put_watched(&changed).await.unwrap();
    assert_eq!(bed.store.watched("/scans").await.unwrap(), [again, changed]);
}

/// The rows of an installation of before come into being with the migration.
#[tokio::test]
async fn readings_of_before_the_table_have_their_findings_in_it() {
    use sqlx::{AssertSqlSafe, Connection, Row, SqliteConnection};
    let mut raw = SqliteConnection::connect("sqlite::memory:").await.unwrap();
    let made = rcoi_model::PageReading { findings: vec![finding(FindingKind::CutEdge, "за краем \"поле\"")], ..reading("e1") };
    let document = serde_json::to_string(&made).unwrap();
    sqlx::query("CREATE TABLE readings (page TEXT, engine TEXT, document TEXT, saved_at INTEGER, PRIMARY KEY (page, engine))")
        .execute(&mut raw)
        .await
        .unwrap();
    sqlx::query("INSERT INTO readings VALUES ('p', 'e1', $1, 0)").bind(&document).execute(&mut raw).await.unwrap();
    let migration = include_str!("../../../../migrations/sqlite/0007_findings.sql");
    sqlx::raw_sql(AssertSqlSafe(migration.to_owned())).execute(&mut raw).await.unwrap();
    let row = sqlx::query("SELECT form, turns, findings, many FROM page_findings").fetch_one(&mut raw).await.unwrap();
    let findings: Vec<Finding> = serde_json::from_str(&row.get::<String, _>("findings")).unwrap();
    assert_eq!((findings, row.get::<i64, _>("many"), row.get::<i64, _>("turns")), (made.findings, 1, 0));
    assert_eq!(row.get::<String, _>("form"), "ege-ab");
}
