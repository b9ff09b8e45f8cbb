//! A drawn exam of one room and an engine that knows what each drawn page says.
#![allow(dead_code, reason = "each test binary uses its part")]

use rcoi_model::*;
use rcoi_pipeline::{PageReader, Params, Parts, Pipeline, Reader};
use rcoi_queue::Queue;
use rcoi_recognize::{Known, Picture};
use rcoi_rules::Policy;
use rcoi_store::{Blobs, NewUser, Store};
use rcoi_template::{CellsField, Field, FieldSpec, Identity, Locate, Outline, Template, TemplateSet, Unit};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Page numbers with a behaviour of their own.
pub(crate) const PANICS: u8 = 200;
pub(crate) const SLEEPS: u8 = 201;

pub(crate) fn code(prefix: &str, n: u32) -> String {
    let body = format!("{prefix}{n:09}");
    format!("{body}{}", ean13_check_digit(&body))
}

/// The engine of the tests: the grey level of the first pixel names the page.
#[derive(Default)]
pub(crate) struct Fake {
    pub(crate) pages: BTreeMap<u8, PageReading>,
    pub(crate) read: AtomicUsize,
}

impl PageReader for Fake {
    fn engine_version(&self) -> &str {
        "fake 1"
    }

    fn read_page(&self, picture: &Picture, _: &dyn Known) -> PageReading {
        self.read.fetch_add(1, Ordering::SeqCst);
        let n = picture.gray.get_pixel(0, 0).0[0];
        match n {
            PANICS => panic!("this page is cursed"),
            SLEEPS => std::thread::sleep(Duration::from_millis(1500)),
            _ => {}
        }
        self.pages.get(&n).cloned().unwrap_or_else(|| reading("", None, &[]))
    }
}

pub(crate) fn field(name: &str, class: &str, value: &str, confidence: f32) -> FieldReading {
    FieldReading {
        name: name.into(),
        kind: FieldKind::Cells,
        class: class.into(),
        value: value.into(),
        confidence: Confidence::new(confidence),
        doubts: vec![],
        area: Rect::new(4.0, 4.0, 20.0, 8.0).to_quad(),
        chars: vec![],
        marks: vec![],
    }
}

trait ToQuad {
    fn to_quad(&self) -> Quad;
}

impl ToQuad for Rect {
    fn to_quad(&self) -> Quad {
        Quad(self.corners())
    }
}

pub(crate) fn reading(template: &str, code: Option<&str>, fields: &[FieldReading]) -> PageReading {
    PageReading {
        engine: "fake 1".into(),
        template: (!template.is_empty()).then(|| TemplateId(template.into())),
        placement: None,
        sheet_code: code.map(str::to_owned),
        fields: fields.to_vec(),
        findings: vec![],
        width: 40,
        height: 40,
    }
}

fn template(id: &str, form: &str, fields: &[(&str, &str)]) -> Template {
    let spec = |class: &str| {
        FieldSpec::Cells(CellsField {
            cells: vec![Rect::default(); if class == "answer" { 17 } else { 20 }],
            alphabet: if class == "answer" { "0123456789-," } else { "" }.to_owned(),
            pattern: String::new(),
            overflow: None,
            outline: Outline::None,
            shade: 0.0,
            printed: false,
        })
    };
    let field = |(name, class): &(&str, &str)| Field {
        name: (*name).into(),
        label: (*name).into(),
        class: (*class).into(),
        required: false,
        same_as: None,
        spec: spec(class),
    };
    Template {
        id: TemplateId(id.into()),
        title: id.into(),
        form: form.into(),
        width: 210.0,
        height: 297.0,
        unit: Unit::Millimetre,
        locate: Locate::Whole,
        identity: Identity::default(),
        joins: Default::default(),
        fields: fields.iter().map(field).collect(),
        prints: vec![],
        upright: false,
        blank: None,
    }
}

pub(crate) fn templates() -> TemplateSet {
    TemplateSet {
        templates: vec![
            template("ege-r", "R", &[("surname", "person"), ("removed", "event")]),
            template("ege-ab", "AB", &[("answer-1", "answer"), ("subject", "subject")]),
            template("ppe-13-02", "PPE-13-02", &[("came", "ledger")]),
        ],
    }
}

pub(crate) fn plan() -> ExamPlan {
    let person = |n: u32, surname: &str| Participant {
        code: format!("{n:04}"),
        surname: surname.into(),
        name: "Анна".into(),
        patronymic: String::new(),
        document_series: "4600".into(),
        document_number: "123456".into(),
        school: "000001".into(),
        class: "11А".into(),
        ppe: "0001".into(),
        room: "0101".into(),
        seat: format!("{n}А"),
        kit: vec![KitSheet { form: "R".into(), code: code("230", n) }, KitSheet { form: "AB".into(), code: code("231", n) }],
    };
    ExamPlan {
        region: "90".into(),
        department: "00".into(),
        subject: "01".into(),
        subject_name: "Русский язык".into(),
        test_type: "4".into(),
        stage: "1".into(),
        period: "main".into(),
        date: jiff::civil::date(2026, 5, 28),
        limit_days: 6,
        forms: vec!["R".into(), "AB".into()],
        answers: 1,
        symbols: vec![],
        rooms: vec![Room { ppe: "0001".into(), room: "0101".into(), declared_sheets: 5 }],
        participants: vec![person(1, "Орлова"), person(2, "Зуева")],
        acts: vec![],
    }
}

/// The five sheets of the room: everything agrees, but one answer is doubtful and one code is unreadable.
pub(crate) fn engine() -> Fake {
    let r = |n, surname| {
        reading("ege-r", Some(&code("230", n)), &[field("surname", "person", surname, 0.4), field("removed", "event", "", 1.0)])
    };
    let ab = |code: Option<&str>, answer, confidence| {
        reading("ege-ab", code, &[field("answer-1", "answer", answer, confidence), field("subject", "subject", "01", 0.99)])
    };
    let mut fake = Fake::default();
    fake.pages.insert(1, reading("ppe-13-02", Some(&code("235", 1)), &[field("came", "ledger", "002", 1.0)]));
    fake.pages.insert(2, r(1, "ОРЛОВА"));
    fake.pages.insert(3, ab(Some(&code("231", 1)), "12", 0.5));
    fake.pages.insert(4, r(2, "ЗУЕВА"));
    fake.pages.insert(5, ab(None, "7", 1.0));
    fake
}

pub(crate) fn png(level: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    let picture = image::GrayImage::from_pixel(40, 40, image::Luma([level]));
    picture.write_to(&mut std::io::Cursor::new(&mut bytes), image::ImageFormat::Png).unwrap();
    bytes
}

/// Writes the five pages as a packet folder and returns the folder above it.
pub(crate) fn scans(root: &Path) -> std::path::PathBuf {
    let packets = root.join("packets");
    std::fs::create_dir_all(packets.join("0001-0101")).unwrap();
    for n in 1..=5 {
        std::fs::write(packets.join(format!("0001-0101/sheet-{n}.png")), png(n)).unwrap();
    }
    packets
}

/// A chain over the data folder `root`; a second one over the same folder is a restart.
pub(crate) async fn chain(root: &Path, fake: Fake) -> (Pipeline, Arc<Fake>) {
    chain_with(root, fake, Params::default()).await
}

/// The same with times and sizes of tests over these.
pub(crate) async fn chain_with(root: &Path, fake: Fake, params: Params) -> (Pipeline, Arc<Fake>) {
    chain_of(root, fake, params, Pipeline::default_policy().unwrap()).await
}

/// The same under another policy.
pub(crate) async fn chain_of(root: &Path, fake: Fake, params: Params, policy: Policy) -> (Pipeline, Arc<Fake>) {
    let store = Store::open(&format!("sqlite:{}", root.join("rcoi.db").display())).await.unwrap();
    let blobs = Blobs::open(root.join("blobs")).await.unwrap();
    let reader = Arc::new(fake);
    let params = Params {
        workers: 2,
        read_limit: Duration::from_millis(700),
        lease: Duration::from_millis(200),
        poll: Duration::from_millis(20),
        policy_kept: params.policy_kept.min(Duration::from_millis(50)),
        ..params
    };
    let pipeline = Pipeline::new(Parts {
        store,
        blobs,
        queue: Queue::memory(rcoi_queue::Params::default()),
        reader: Reader::Here(reader.clone()),
        templates: templates(),
        policy,
        params,
    });
    (pipeline, reader)
}

pub(crate) async fn user(pipeline: &Pipeline, login: &str, role: Role) -> UserId {
    let new = NewUser { login: login.into(), title: String::new(), role, password_hash: "x".into() };
    pipeline.store().create_user(&new, None).await.unwrap().id
}
