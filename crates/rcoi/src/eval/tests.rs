//! Drawn readings against drawn truth.

use super::compare::Outcome;
use super::*;
use image::{GrayImage, Luma};
use rcoi_model::{
    CharReading, Confidence, Doubt, FieldKind, FieldReading, MarkReading, MarkState, PageReading, Point, Quad, Rect, TemplateId,
};
use rcoi_template::{Field, FieldSpec, Identity, Join, Locate, Template, Unit};

fn template() -> Template {
    let field = |name: &str| Field {
        name: name.to_owned(),
        label: name.to_owned(),
        class: "answer".to_owned(),
        required: false,
        same_as: None,
        spec: FieldSpec::Ink(Rect::new(0.0, 0.0, 1.0, 1.0)),
    };
    Template {
        id: TemplateId("sheet".to_owned()),
        title: String::new(),
        form: "TEST".to_owned(),
        width: 100.0,
        height: 100.0,
        unit: Unit::Pixel,
        locate: Locate::Whole,
        identity: Identity::default(),
        fields: ["q1", "q2", "q3", "roll1", "roll2"].map(field).into(),
        prints: Vec::new(),
        joins: vec![Join { name: "Roll".to_owned(), fields: vec!["roll1".to_owned(), "roll2".to_owned()] }],
        upright: false,
        blank: None,
    }
}

fn set() -> TemplateSet {
    TemplateSet { templates: vec![template()] }
}

fn field(name: &str, kind: FieldKind, value: &str, doubts: Vec<Doubt>) -> FieldReading {
    let boxes = ["A", "B", "C", "AB"].map(|v| MarkReading {
        value: v.to_owned(),
        state: MarkState::Empty,
        ink: 0.0,
        confidence: Confidence::SURE,
        area: Quad::default(),
    });
    FieldReading {
        name: name.to_owned(),
        kind,
        class: "answer".to_owned(),
        value: value.to_owned(),
        confidence: Confidence::new(0.9),
        doubts,
        area: Quad(Rect::new(10.0, 10.0, 30.0, 12.0).corners()),
        chars: Vec::new(),
        marks: if kind == FieldKind::Marks { boxes[..3].to_vec() } else { Vec::new() },
    }
}

fn reading(fields: Vec<FieldReading>) -> PageReading {
    PageReading {
        engine: "test".to_owned(),
        template: Some(TemplateId("sheet".to_owned())),
        placement: None,
        sheet_code: None,
        fields,
        findings: Vec::new(),
        width: 100,
        height: 100,
    }
}

fn truth(csv: &str) -> TruthPage {
    Truth::parse(csv.as_bytes()).unwrap().pages.remove(0)
}

fn outcomes(score: &PageScore) -> Vec<(&str, Outcome)> {
    score.fields.iter().map(|f| (f.name.as_str(), f.outcome)).collect()
}

#[test]
fn several_letters_are_several_marks() {
    let marks = |value: &str| reading(vec![field("q1", FieldKind::Marks, value, vec![])]);
    let judge = |told: &str, read: &str| compare_page(&truth(&format!("image,q1\na.png,{told}\n")), &marks(read), &set()).fields[0].outcome;
    assert_eq!(judge("AB", "A|B"), Outcome::Right);
    assert_eq!(judge("B|A", "A|B"), Outcome::Right);
    assert_eq!(judge("A", "A"), Outcome::Right);
    assert_eq!(judge("", ""), Outcome::Right);
    assert_eq!(judge("AB", "A"), Outcome::WrongSure);
    assert_eq!(judge("", "A"), Outcome::WrongSure);
    assert_eq!(judge("[A|B]", "A|B"), Outcome::Right);
    assert_eq!(judge("[A|C]", "A|B"), Outcome::WrongSure);
    // A box called AB is not the two boxes A and B.
    let mut own = reading(vec![field("q1", FieldKind::Marks, "A|B", vec![])]);
    own.fields[0].marks[2].value = "AB".to_owned();
    assert_eq!(compare_page(&truth("image,q1\na.png,AB\n"), &own, &set()).fields[0].outcome, Outcome::WrongSure);
}

#[test]
fn boxes_are_marked_or_not() {
    let states = [MarkState::Marked, MarkState::Doubtful, MarkState::Empty];
    let read = |doubts: Vec<Doubt>| {
        let mut reading = reading(vec![field("q1", FieldKind::Marks, "A", doubts)]);
        reading.fields[0].marks.iter_mut().zip(states).for_each(|(m, s)| m.state = s);
        reading
    };
    let counts = |told: &str, doubts: Vec<Doubt>| {
        let b = compare_page(&truth(&format!("image,q1\na.png,{told}\n")), &read(doubts), &set()).boxes;
        (b.right, b.wrong_sure, b.doubtful_right, b.doubtful_wrong)
    };
    assert_eq!(counts("A", vec![]), (2, 0, 1, 0));
    assert_eq!(counts("AB", vec![]), (2, 0, 0, 1));
    assert_eq!(counts("C", vec![]), (0, 2, 1, 0));
    assert_eq!(counts("C", vec![Doubt::Faint]), (0, 0, 1, 2));
}

#[test]
fn characters_are_counted_where_most_of_the_value_stands() {
    let cell =
        |c: char| CharReading { ch: Some(c), empty: c == ' ', confidence: Confidence::SURE, rivals: Vec::new(), area: Quad::default() };
    let counts = |told: &str, read: &str, doubts: Vec<Doubt>| {
        let mut page = reading(vec![field("q1", FieldKind::Cells, read.trim(), doubts)]);
        page.fields[0].chars = read.chars().map(cell).collect();
        let c = compare_page(&truth(&format!("image,q1\na.png,{told}\n")), &page, &set()).characters;
        (c.right, c.wrong_sure, c.doubtful_right, c.doubtful_wrong)
    };
    assert_eq!(counts("АБВ", "АБВ  ", vec![]), (3, 0, 0, 0));
    // Right-aligned, one wrong, one in doubt, one too many.
    assert_eq!(counts("АБВГ", "   АБХГ", vec![]), (3, 1, 0, 0));
    assert_eq!(counts("АБВ", "АБВ", vec![Doubt::Ambiguous { cells: vec![1] }]), (2, 0, 1, 0));
    assert_eq!(counts("АБ", "АБ   Г", vec![]), (2, 1, 0, 0));
    assert_eq!(counts("АБ", "А  ", vec![Doubt::Gap { cells: vec![1] }]), (1, 0, 0, 1));
}

#[test]
fn a_form_that_is_told_counts_with_its_own_fields_only() {
    let mut other = template();
    other.id = TemplateId("other".to_owned());
    other.fields.retain(|f| f.name != "q3");
    let templates = TemplateSet { templates: vec![template(), other] };
    let told = truth("image,template,q1,q3,extra\na.png,other,A,C,x\n");
    assert_eq!(told.told.as_deref(), Some("other"));
    let mut read = reading(vec![field("q1", FieldKind::Cells, "A", vec![])]);
    read.template = Some(TemplateId("other".to_owned()));
    let score = compare_page(&told, &read, &templates);
    assert_eq!((outcomes(&score), score.unknown.as_slice()), (vec![("q1", Outcome::Right)], ["extra".to_owned()].as_slice()));
    assert_eq!(unread_page(&told, &templates, "why").fields.len(), 1);
}

#[test]
fn a_blank_column_of_a_number_may_be_written_as_a_space() {
    let read = reading(vec![field("roll1", FieldKind::Marks, "", vec![]), field("roll2", FieldKind::Marks, "2", vec![])]);
    let judge = |told: &str| compare_page(&truth(&format!("image,Roll\na.png,{told}\n")), &read, &set()).fields[0].outcome;
    assert_eq!([judge("2"), judge(" 2"), judge("2 ")], [Outcome::Right; 3]);
    assert_eq!(judge("22"), Outcome::WrongSure);
}

#[test]
fn the_document_for_programs_counts_and_names_what_is_not_right() {
    let read = reading(vec![field("q1", FieldKind::Marks, "A", vec![]), field("q2", FieldKind::Marks, "B", vec![Doubt::Faint])]);
    let score = compare_page(&truth("image,q1,q2\nscan.tif#2,C,B\n"), &read, &set());
    let document = json(&Evaluation { pages: vec![score] });
    assert_eq!(document["fields"]["silently_wrong"], 1);
    assert_eq!((&document["classes"]["answer"]["total"], &document["pages"][0]["page"]), (&2.into(), &2.into()));
    let wrong = &document["pages"][0]["not_right"];
    assert_eq!((&wrong[0]["truth"], &wrong[0]["reading"], &wrong[1]["outcome"]), (&"C".into(), &"A".into(), &"doubtful-right".into()));
}

#[test]
fn cells_are_compared_exactly() {
    let read = reading(vec![field("q1", FieldKind::Cells, "BA", vec![])]);
    assert_eq!(compare_page(&truth("image,q1\na.png,AB\n"), &read, &set()).fields[0].outcome, Outcome::WrongSure);
}

#[test]
fn doubt_is_counted_apart_and_joined_columns_are_one_value() {
    let read = reading(vec![
        field("q1", FieldKind::Marks, "A", vec![Doubt::Faint]),
        field("q2", FieldKind::Marks, "B", vec![Doubt::MultipleMarks]),
        field("q3", FieldKind::Marks, "C", vec![]),
        field("roll1", FieldKind::Marks, "4", vec![]),
        field("roll2", FieldKind::Marks, "2", vec![]),
    ]);
    let score = compare_page(&truth("image,Roll,q1,q2,q3,extra\na.png,42,A,C,B,\n"), &read, &set());
    assert_eq!(
        outcomes(&score),
        [("Roll", Outcome::Right), ("q1", Outcome::DoubtfulRight), ("q2", Outcome::DoubtfulWrong), ("q3", Outcome::WrongSure)]
    );
    assert_eq!(score.unknown, ["extra"]);
    let evaluation = Evaluation { pages: vec![score] };
    let totals = evaluation.totals();
    assert_eq!((totals.right, totals.wrong_sure, totals.doubtful(), totals.fields()), (1, 1, 2, 4));
    assert_eq!(evaluation.by_class()["answer"], totals);
    assert!(summary(&evaluation).contains("extra"));
}

#[test]
fn a_page_of_no_known_form_counts_as_not_read() {
    let mut read = reading(vec![]);
    read.template = None;
    let score = compare_page(&truth("image,q1,q2\na.png,A,\n"), &read, &set());
    assert!(score.fields.iter().all(|f| f.outcome == Outcome::NotRead) && score.fields.len() == 2);
}

#[test]
fn the_truth_of_a_drawn_exam_knows_every_field_and_the_form() {
    let json = r#"{"seed":1,"pages":[
        {"source":"0001-0101/a.tif","index":2,"template":"sheet","sheet_code":"1","participant":null,"fields":{"q1":"A"}},
        {"source":"b.png","index":0,"template":"other","sheet_code":"2","participant":null,"fields":{"q1":"A"}},
        {"source":"c.png","index":0,"template":"sheet","sheet_code":"","participant":null,"fields":{},"oddity":"undecodable"}]}"#;
    let truth = Truth::parse(json.as_bytes()).unwrap();
    assert_eq!((truth.pages[0].image.as_str(), truth.pages[0].index), ("0001-0101/a.tif", 2));
    let names = ["q1", "q2", "q3", "roll1", "roll2"];
    let read = reading(names.map(|n| field(n, FieldKind::Cells, if n == "q1" || n == "q3" { "A" } else { "" }, vec![])).into());
    let score = compare_page(&truth.pages[0], &read, &set());
    let wrong: Vec<&str> = score.fields.iter().filter(|f| f.outcome == Outcome::WrongSure).map(|f| f.name.as_str()).collect();
    assert_eq!((score.fields.len(), wrong), (5, vec!["q3"]));
    // Read as a form that it is not: all of it is wrong.
    assert_eq!(outcomes(&compare_page(&truth.pages[1], &read, &set())), [("q1", Outcome::WrongSure)]);
    assert!(unread_page(&truth.pages[2], &set(), "повреждён").fields.is_empty());
}

#[test]
fn being_sure_where_only_a_person_can_tell_is_wrong_even_with_the_right_value() {
    let json = r#"{"seed":1,"pages":[
        {"source":"a.tif","index":0,"template":"sheet","sheet_code":"","participant":null,"fields":{"q1":"A","q2":"B"}}],
        "doubtful":[{"source":"a.tif","index":0,"field":"q1"},{"source":"a.tif","index":0,"field":"q2"}]}"#;
    let truth = Truth::parse(json.as_bytes()).unwrap();
    let fields = vec![field("q1", FieldKind::Cells, "A", vec![]), field("q2", FieldKind::Cells, "B", vec![Doubt::Damaged])];
    let score = compare_page(&truth.pages[0], &reading(fields), &set());
    assert_eq!([score.fields[0].outcome, score.fields[1].outcome], [Outcome::WrongSure, Outcome::DoubtfulRight]);
    // Such a field says nothing about confidences.
    assert!(!Reliability::of(&Evaluation { pages: vec![score] }).curves.contains_key("all, filled"));
}

#[test]
fn broken_truth_is_named() {
    let said = |text: &str| Truth::parse(text.as_bytes()).unwrap_err().to_string();
    assert!(said("picture,q1\na,b\n").contains("no column 'image'"));
    assert!(said("image,q1,q1\na,b,c\n").contains("'q1' stands twice"));
    assert!(said("image,q1\n,b\n").contains("line 2"));
    assert!(said("image,q1\n").contains("no pages"));
    assert!(said("{\"seed\":1}").contains("not the truth of an exam"));
    assert_eq!(truth("image,q1\nscan.tif#3,A\n").index, 2);
}

#[test]
fn the_report_shows_mismatches_with_their_pictures() {
    let read = reading(vec![field("q1", FieldKind::Cells, "<b>", vec![]), field("q2", FieldKind::Cells, "B", vec![])]);
    let mut score = compare_page(&truth("image,q1,q2\na.png,A,B\n"), &read, &set());
    attach(&mut score, &GrayImage::from_pixel(100, 100, Luma([200])));
    let picture = score.fields[0].picture.clone().unwrap();
    let shown = image::load_from_memory(&picture).unwrap();
    assert_eq!((shown.width(), shown.height()), (44, 26), "the field with its margin, cut at nothing");
    assert_eq!(score.fields[1].picture, None);
    let page = html(&Evaluation { pages: vec![score] }, "Проверка");
    assert_eq!(page.matches("data:image/png;base64,").count(), 1);
    assert!(page.contains("&lt;b&gt;") && !page.contains("<b>"));
    assert!(page.contains("Неверно без сомнения: 1"));
}

#[test]
fn a_field_outside_the_page_has_no_picture() {
    let mut read = reading(vec![field("q1", FieldKind::Cells, "B", vec![])]);
    read.fields[0].area = Quad([Point::new(500.0, 500.0); 4]);
    let mut score = compare_page(&truth("image,q1\na.png,A\n"), &read, &set());
    attach(&mut score, &GrayImage::new(100, 100));
    assert_eq!(score.fields[0].picture, None);
}
