//! Reads drawn blanks with synthetic ink: rotations, skew, lost anchors, marks of all kinds, damaged codes, hostile pictures.

use image::{GrayImage, Luma, imageops};
use proptest::prelude::*;
use rcoi_model::{Doubt, FindingKind, MarkState, PageReading, Point, Rect, TemplateId};
use rcoi_recognize::{FormReader, Params, Picture};
use rcoi_template::{FieldSpec, Locate, Preprint, Template, builtin, draw};
use std::sync::OnceLock;

const DPI: f32 = 150.0;
const SCALE: f32 = DPI / 25.4;

fn reader() -> &'static FormReader {
    static READER: OnceLock<FormReader> = OnceLock::new();
    READER.get_or_init(|| FormReader::new(builtin(), Params::default()).expect("the embedded model"))
}

fn form(id: &str) -> Template {
    builtin().get(&TemplateId(id.to_owned())).cloned().expect("a shipped form")
}

fn code(prefix: &str) -> String {
    let twelve = format!("{prefix}900000123");
    format!("{twelve}{}", rcoi_model::ean13_check_digit(&twelve))
}

/// A blank with its codes printed.
fn blank(template: &Template) -> GrayImage {
    let code = code(&template.identity.prefix);
    let preprint: Preprint = [("code".to_owned(), code.clone()), ("code-vertical".to_owned(), code)].into();
    draw::gray(template, &preprint, DPI).expect("a drawn blank")
}

fn read(gray: GrayImage) -> PageReading {
    reader().read_page(&Picture { gray, dpi: None })
}

/// A stroke from `a` to `b` in millimetres, with a pen `width` wide and of brightness `level`.
fn stroke(gray: &mut GrayImage, a: Point, b: Point, width: f32, level: u8) {
    let grown = width + 0.5;
    let (x0, x1) = (((a.x.min(b.x) - grown) * SCALE) as u32, ((a.x.max(b.x) + grown) * SCALE) as u32);
    let (y0, y1) = (((a.y.min(b.y) - grown) * SCALE) as u32, ((a.y.max(b.y) + grown) * SCALE) as u32);
    let (dx, dy) = (b.x - a.x, b.y - a.y);
    for y in y0..=y1.min(gray.height() - 1) {
        for x in x0..=x1.min(gray.width() - 1) {
            let p = Point::new((x as f32 + 0.5) / SCALE, (y as f32 + 0.5) / SCALE);
            let t = (((p.x - a.x) * dx + (p.y - a.y) * dy) / (dx * dx + dy * dy).max(1e-6)).clamp(0.0, 1.0);
            let off = p.distance(Point::new(a.x + t * dx, a.y + t * dy));
            let cover = ((width / 2.0 - off) * SCALE + 0.5).clamp(0.0, 1.0);
            let old = f32::from(gray.get_pixel(x, y).0[0]);
            let new = old + (f32::from(level) - old).min(0.0) * cover;
            gray.put_pixel(x, y, Luma([new.round() as u8]));
        }
    }
}

fn cross(gray: &mut GrayImage, r: &Rect, level: u8) {
    let r = r.grown(-0.15 * r.w);
    let [a, b, c, d] = r.corners();
    stroke(gray, a, c, 0.4, level);
    stroke(gray, b, d, 0.4, level);
}

fn fill(gray: &mut GrayImage, r: &Rect, level: u8) {
    let rows = 16;
    let r = r.grown(-0.12 * r.w);
    for i in 0..=rows {
        let y = r.y + r.h * i as f32 / rows as f32;
        stroke(gray, Point::new(r.x, y), Point::new(r.right(), y), 0.5, level);
    }
}

fn white_out(gray: &mut GrayImage, r: &Rect) {
    for y in (r.y * SCALE).max(0.0) as u32..((r.bottom() * SCALE) as u32).min(gray.height()) {
        for x in (r.x * SCALE).max(0.0) as u32..((r.right() * SCALE) as u32).min(gray.width()) {
            gray.put_pixel(x, y, Luma([255]));
        }
    }
}

fn mark_box(template: &Template, field: &str, value: &str) -> Rect {
    let Some(FieldSpec::Marks(marks)) = template.field(field).map(|f| &f.spec) else { panic!("{field}: a marks field") };
    marks.boxes.iter().find(|b| b.value == value).expect("a value of the field").area
}

fn cell(template: &Template, field: &str, index: usize) -> Rect {
    let Some(FieldSpec::Cells(cells)) = template.field(field).map(|f| &f.spec) else { panic!("{field}: a cells field") };
    cells.cells[index]
}

/// A seven as block writing has it.
fn seven(gray: &mut GrayImage, cell: &Rect) {
    let r = Rect::new(cell.x + 0.22 * cell.w, cell.y + 0.16 * cell.h, 0.56 * cell.w, 0.68 * cell.h);
    stroke(gray, Point::new(r.x, r.y), Point::new(r.right(), r.y), 0.5, 20);
    stroke(gray, Point::new(r.right(), r.y), Point::new(r.x + 0.3 * r.w, r.bottom()), 0.5, 20);
}

/// Paper beyond the edges that the glass of a scanner leaves, pixels.
const RIM: u32 = 90;

/// The sheet turned by `degrees` and shifted, sampled bilinearly, on a ground that holds all of it.
fn turned(gray: &GrayImage, degrees: f32, shift: (f32, f32)) -> GrayImage {
    let (sin, cos) = degrees.to_radians().sin_cos();
    let (cx, cy) = (gray.width() as f32 / 2.0, gray.height() as f32 / 2.0);
    GrayImage::from_fn(gray.width() + 2 * RIM, gray.height() + 2 * RIM, |x, y| {
        let (dx, dy) = (x as f32 - RIM as f32 - cx - shift.0, y as f32 - RIM as f32 - cy - shift.1);
        let (sx, sy) = (cos * dx + sin * dy + cx, -sin * dx + cos * dy + cy);
        let inside = sx >= 0.0 && sy >= 0.0 && sx < gray.width() as f32 - 1.0 && sy < gray.height() as f32 - 1.0;
        if inside { imageops::interpolate_bilinear(gray, sx, sy).unwrap_or(Luma([255])) } else { Luma([250]) }
    })
}

fn text(reading: &PageReading, field: &str) -> (String, bool) {
    let field = reading.field(field).expect("a field of the form");
    (field.value.clone(), !field.doubts.is_empty())
}

#[test]
fn a_sheet_reads_alike_in_every_rotation() {
    let template = form("ege-ab");
    let mut page = blank(&template);
    for i in 0..3 {
        seven(&mut page, &cell(&template, "answer-5", i));
    }
    for turns in 0..4_u8 {
        // The scanner turned it clockwise; to stand upright it needs the rest of the full turn.
        let lying = match turns {
            0 => page.clone(),
            1 => imageops::rotate90(&page),
            2 => imageops::rotate180(&page),
            _ => imageops::rotate270(&page),
        };
        let reading = read(lying);
        assert_eq!(reading.template, Some(template.id.clone()), "{turns}");
        assert_eq!(reading.sheet_code, Some(code("231")), "{turns}");
        assert_eq!(reading.placement.as_ref().map(|p| p.quarter_turns), Some((4 - turns) % 4));
        assert_eq!(text(&reading, "answer-5").0, "777", "{turns}");
        for n in (1..=40).filter(|n| *n != 5) {
            assert_eq!(text(&reading, &format!("answer-{n}")), (String::new(), false), "{turns}: answer {n}");
        }
    }
}

#[test]
fn skew_up_to_five_degrees_costs_nothing() {
    let template = form("ege-ab");
    let mut page = blank(&template);
    seven(&mut page, &cell(&template, "answer-40", 0));
    for degrees in [-4.8, 2.5, 4.8] {
        let reading = read(turned(&page, degrees, (0.0, 0.0)));
        assert_eq!(reading.template, Some(template.id.clone()), "{degrees}");
        assert_eq!(text(&reading, "answer-40").0, "7", "{degrees}");
        assert_eq!(text(&reading, "answer-20"), (String::new(), false), "{degrees}");
    }
}

#[test]
fn every_form_without_writing_is_named_by_its_code_and_reads_as_empty() {
    for template in builtin().templates {
        let reading = read(blank(&template));
        assert_eq!(reading.template, Some(template.id.clone()));
        assert_eq!(reading.sheet_code, Some(code(&template.identity.prefix)), "{}", template.id);
        for field in reading.fields.iter().filter(|f| !f.name.starts_with("code")) {
            let known = template.field(&field.name).expect("a field of the form");
            let code = matches!(known.spec, FieldSpec::Code(_));
            assert_eq!(field.value, "", "{}: {}", template.id, field.name);
            assert!(
                code || known.required || field.doubts.is_empty(),
                "{}: {}: {:?} {:?}",
                template.id,
                field.name,
                field.doubts,
                field.marks.iter().map(|m| (&m.value, m.ink)).collect::<Vec<_>>()
            );
        }
    }
}

#[test]
fn a_lost_anchor_is_remarked_and_the_rest_still_read() {
    let template = form("ege-ab");
    let Locate::Anchors(anchors) = &template.locate else { panic!("anchors") };
    for anchor in anchors {
        let mut page = blank(&template);
        seven(&mut page, &cell(&template, "answer-17", 0));
        white_out(&mut page, &Rect::around(anchor.centre, 6.5, 6.5));
        let reading = read(turned(&page, 1.0, (4.0, -3.0)));
        assert!(reading.findings.iter().any(|f| f.kind == FindingKind::LostAnchors), "{:?}", anchor.centre);
        assert_eq!(text(&reading, "answer-17").0, "7", "{:?}", anchor.centre);
    }
}

#[test]
fn marks_of_all_honest_shapes_are_marks_and_a_double_one_waits_for_a_verifier() {
    let template = form("bubble-100");
    let mut page = blank(&template);
    fill(&mut page, &mark_box(&template, "q-1", "B"), 30);
    cross(&mut page, &mark_box(&template, "q-2", "C"), 30);
    let r = mark_box(&template, "q-3", "A").grown(-0.6);
    stroke(&mut page, Point::new(r.x, r.bottom()), Point::new(r.right(), r.y), 0.5, 30);
    fill(&mut page, &mark_box(&template, "q-4", "A"), 30);
    fill(&mut page, &mark_box(&template, "q-4", "D"), 30);
    fill(&mut page, &mark_box(&template, "q-5", "E"), 150);
    fill(&mut page, &mark_box(&template, "student-1", "7"), 30);
    let reading = read(page);
    assert_eq!(text(&reading, "q-1"), ("B".to_owned(), false));
    assert_eq!(text(&reading, "q-2"), ("C".to_owned(), false));
    // A single thin diagonal is a mark or a doubt, never nothing.
    let (value, doubt) = text(&reading, "q-3");
    assert!(value == "A" || doubt, "{value}");
    assert!(reading.field("q-4").is_some_and(|f| f.doubts.contains(&Doubt::MultipleMarks)));
    let (value, doubt) = text(&reading, "q-5");
    assert!(value == "E" || doubt, "{value}");
    assert_eq!(text(&reading, "student-1").0, "7");
    for n in 6..=100 {
        assert_eq!(text(&reading, &format!("q-{n}")), (String::new(), false), "q-{n}");
    }
}

#[test]
fn a_blackened_box_is_cancelled_where_the_form_says_so() {
    let mut template = form("bubble-100");
    for field in &mut template.fields {
        if let FieldSpec::Marks(marks) = &mut field.spec {
            marks.black_cancels = true;
        }
    }
    let mut page = blank(&template);
    fill(&mut page, &mark_box(&template, "q-1", "B").grown(0.5), 10);
    cross(&mut page, &mark_box(&template, "q-1", "C"), 30);
    let set = rcoi_template::TemplateSet { templates: vec![template] };
    let reading = FormReader::new(set, Params::default()).expect("the embedded model").read_page(&Picture { gray: page, dpi: None });
    let field = reading.field("q-1").expect("question 1");
    assert_eq!(field.marks[1].state, MarkState::Cancelled, "{}", field.marks[1].ink);
    assert_eq!(field.value, "C");
}

#[test]
fn the_vertical_code_stands_in_for_a_destroyed_one() {
    let template = form("ege-ab");
    let mut page = blank(&template);
    let Some(FieldSpec::Code(field)) = template.field("code").map(|f| &f.spec) else { panic!("a code") };
    white_out(&mut page, &Rect::new(field.area.x, field.area.y, field.area.w * 0.6, field.area.h));
    let reading = read(page.clone());
    assert_eq!(reading.sheet_code, Some(code("231")));
    // With both gone the form is told by its layout and the code waits for a person.
    let Some(FieldSpec::Code(field)) = template.field("code-vertical").map(|f| &f.spec) else { panic!("a code") };
    white_out(&mut page, &field.area);
    let reading = read(page);
    assert_eq!(reading.template, Some(template.id));
    assert_eq!(reading.sheet_code, None);
    assert!(reading.field("code").is_some_and(|f| f.doubts.contains(&Doubt::CodeUnreadable)));
}

#[test]
fn empty_and_tiny_pictures_are_findings_and_not_panics() {
    let reading = read(GrayImage::from_pixel(1240, 1754, Luma([250])));
    assert_eq!(reading.template, None);
    assert!(reading.findings.iter().any(|f| f.kind == FindingKind::BlankPage));
    for (w, h) in [(0, 0), (1, 1), (1, 3000), (3000, 1), (40, 40)] {
        for level in [0, 128, 255] {
            let reading = read(GrayImage::from_pixel(w, h, Luma([level])));
            assert_eq!(reading.template, None, "{w}×{h}");
            assert!(!reading.findings.is_empty(), "{w}×{h}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, ..ProptestConfig::default() })]
    #[test]
    fn the_placement_puts_the_anchors_where_they_lie(degrees in -4.5_f32..4.5, dx in -20.0_f32..20.0, dy in -20.0_f32..20.0) {
        let template = form("bubble-100");
        let reading = read(turned(&blank(&template), degrees, (dx, dy)));
        let map = reading.placement.expect("a placed form").form_to_picture;
        let (sin, cos) = degrees.to_radians().sin_cos();
        let (cx, cy) = (template.width * SCALE / 2.0, template.height * SCALE / 2.0);
        let Locate::Anchors(anchors) = &template.locate else { panic!("anchors") };
        for anchor in anchors {
            let (x, y) = (anchor.centre.x * SCALE - cx, anchor.centre.y * SCALE - cy);
            let true_place = Point::new(cos * x - sin * y + cx + dx + RIM as f32, sin * x + cos * y + cy + dy + RIM as f32);
            let found = map.apply(anchor.centre);
            prop_assert!(found.distance(true_place) < 0.8 * SCALE, "{:?} instead of {:?}", found, true_place);
        }
    }
}
