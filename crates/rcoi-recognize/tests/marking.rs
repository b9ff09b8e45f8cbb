//! Marks of every kind on every paper, drawn: what is a mark must be read, what is none must not, and nothing silently.

use image::{GrayImage, Luma, imageops};
use proptest::prelude::*;
use rcoi_model::{Doubt, FieldReading, MarkState, Point, Rect};
use rcoi_recognize::{FormReader, Params, Picture};
use rcoi_template::{Blank, FieldSpec, Preprint, Template, TemplateSet, Unit, draw};

/// Twelve questions of five boxes with letters in them, on a sheet of A6.
fn form(outline: &str) -> Template {
    let text = format!(
        "title = \"x\"\nform = \"x\"\nunit = \"mm\"\npage = [105, 148]\n[locate]\nkind = \"anchors\"\nanchors = [\n\
        {{ shape = \"square\", at = [10, 10], size = 5 }},\n{{ shape = \"square\", at = [95, 10], size = 5 }},\n\
        {{ shape = \"square\", at = [95, 60], size = 5 }},\n{{ shape = \"square\", at = [10, 138], size = 5 }},\n\
        {{ shape = \"square\", at = [95, 138], size = 5 }},\n]\n\
        [[field]]\nname = \"q-{{n}}\"\nkind = \"marks\"\nclass = \"answer\"\nat = [30, 25]\nbox = [4.4, 4.4]\nstep = [8, 0]\n\
        values = \"ABCDE\"\nprinted = true\noutline = \"{outline}\"\nrepeat = {{ from = 1, count = 12, step = [0, 8.5] }}\n"
    );
    rcoi_template::parse("x.toml", &text).expect("a template")
}

fn blank(template: &Template, dpi: f32) -> GrayImage {
    draw::gray(template, &Preprint::new(), dpi).expect("a drawn blank")
}

fn area(template: &Template, n: usize, at: usize) -> Rect {
    let Some(FieldSpec::Marks(marks)) = template.field(&format!("q-{n}")).map(|f| &f.spec) else { panic!("q-{n}") };
    marks.boxes[at].area
}

/// A stroke in millimetres on a picture of `dpi`; ink only darkens.
fn stroke(gray: &mut GrayImage, dpi: f32, a: (f32, f32), b: (f32, f32), width: f32, level: u8) {
    let scale = dpi / 25.4;
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let span = |from: f32, to: f32, size: u32| {
        let grown = width + 1.0 / scale;
        ((from.min(to) - grown) * scale).max(0.0) as u32..(((from.max(to) + grown) * scale) as u32).min(size)
    };
    for y in span(a.1, b.1, gray.height()) {
        for x in span(a.0, b.0, gray.width()) {
            let p = Point::new((x as f32 + 0.5) / scale, (y as f32 + 0.5) / scale);
            let t = (((p.x - a.0) * dx + (p.y - a.1) * dy) / (dx * dx + dy * dy).max(1e-6)).clamp(0.0, 1.0);
            let off = p.distance(Point::new(a.0 + t * dx, a.1 + t * dy));
            let cover = ((width / 2.0 - off) * scale + 0.5).clamp(0.0, 1.0);
            let old = f32::from(gray.get_pixel(x, y).0[0]);
            gray.put_pixel(x, y, Luma([(old + (f32::from(level) - old).min(0.0) * cover).round() as u8]));
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Cross,
    Diagonal,
    Tick,
    Fill,
    Dot,
}

const KINDS: [Kind; 5] = [Kind::Cross, Kind::Diagonal, Kind::Tick, Kind::Fill, Kind::Dot];

fn mark(gray: &mut GrayImage, dpi: f32, r: &Rect, kind: Kind, level: u8) {
    let at = |x: f32, y: f32| (r.x + x * r.w, r.y + y * r.h);
    let pen = 0.45;
    match kind {
        Kind::Cross => {
            stroke(gray, dpi, at(0.1, 0.15), at(0.9, 0.85), pen, level);
            stroke(gray, dpi, at(0.88, 0.1), at(0.15, 0.9), pen, level);
        }
        Kind::Diagonal => stroke(gray, dpi, at(0.05, 0.95), at(0.95, 0.05), pen, level),
        Kind::Tick => {
            stroke(gray, dpi, at(0.15, 0.5), at(0.4, 0.85), pen, level);
            stroke(gray, dpi, at(0.4, 0.85), at(1.1, -0.1), pen, level);
        }
        Kind::Fill => {
            for i in 0..=10 {
                let y = 0.12 + 0.076 * i as f32;
                stroke(gray, dpi, at(0.15, y), at(0.85, y), pen, level);
            }
        }
        Kind::Dot => {
            for i in 0..=6 {
                let y = 0.3 + 0.07 * i as f32;
                stroke(gray, dpi, at(0.28, y), at(0.72, y), pen, level);
            }
        }
    }
}

/// Marks of all kinds, one to a question; questions 6 to 12 stay empty but for 7, which has two.
fn filled(template: &Template, dpi: f32, level: u8) -> GrayImage {
    let mut page = blank(template, dpi);
    for (i, kind) in KINDS.iter().enumerate() {
        mark(&mut page, dpi, &area(template, i + 1, i), *kind, level);
    }
    mark(&mut page, dpi, &area(template, 7, 0), Kind::Cross, level);
    mark(&mut page, dpi, &area(template, 7, 3), Kind::Fill, level);
    page
}

fn fields(template: &Template, gray: GrayImage) -> Vec<FieldReading> {
    let set = TemplateSet { templates: vec![template.clone()] };
    FormReader::new(set, Params::default()).expect("the embedded model").read_page(&Picture { gray, dpi: None }).fields
}

fn shown(fields: &[FieldReading]) -> String {
    let one = |f: &FieldReading| {
        let inks: Vec<String> = f.marks.iter().map(|m| format!("{:.3}", m.ink)).collect();
        format!("{} \"{}\" {:?} {}", f.name, f.value, f.doubts, inks.join(" "))
    };
    fields.iter().map(one).collect::<Vec<_>>().join("\n")
}

/// Every mark of [`filled`] is read, or at least doubted; nothing else is.
fn check(case: &str, fields: &[FieldReading]) {
    assert_eq!(fields.len(), 12, "{case}: not found");
    for (i, field) in fields.iter().enumerate() {
        let all = format!("{case}: {}\n{}", field.name, shown(fields));
        match i + 1 {
            n @ 1..=5 => {
                let wanted = ["A", "B", "C", "D", "E"][n - 1];
                assert!(field.value == wanted || field.value.is_empty() && !field.doubts.is_empty(), "{all}");
                // Crosses and fills are beyond doubt, but for thin strokes of a pencil.
                let plain = matches!(KINDS[n - 1], Kind::Cross | Kind::Fill) && !case.contains("pencil");
                assert!(!plain || field.doubts.is_empty(), "{all}");
            }
            7 => assert!(!field.doubts.is_empty(), "{all}"),
            _ => assert!(field.value.is_empty() && field.doubts.is_empty(), "{all}"),
        }
    }
}

/// Brightness through a curve.
fn toned(gray: &GrayImage, f: impl Fn(f32) -> f32) -> GrayImage {
    GrayImage::from_fn(gray.width(), gray.height(), |x, y| Luma([f(f32::from(gray.get_pixel(x, y).0[0])).clamp(0.0, 255.0) as u8]))
}

fn bits(gray: &GrayImage, cut: f32) -> GrayImage {
    toned(gray, |v| if v < cut { 0.0 } else { 255.0 })
}

/// A photocopy: lines a pixel wider and all black.
fn copied(gray: &GrayImage) -> GrayImage {
    let black = bits(gray, 170.0);
    GrayImage::from_fn(black.width(), black.height(), |x, y| {
        let at = |dx: u32, dy: u32| black.get_pixel((x + dx).min(black.width() - 1), (y + dy).min(black.height() - 1)).0[0];
        Luma([at(0, 0).min(at(1, 0)).min(at(0, 1)).min(at(1, 1))])
    })
}

/// Grain that needs no random numbers.
fn grained(gray: &GrayImage, by: f32) -> GrayImage {
    GrayImage::from_fn(gray.width(), gray.height(), |x, y| {
        let noise = (x.wrapping_mul(2_654_435_761).wrapping_add(y.wrapping_mul(40_503)) >> 7 & 255) as f32 / 127.5 - 1.0;
        Luma([(f32::from(gray.get_pixel(x, y).0[0]) + noise * by).clamp(0.0, 255.0) as u8])
    })
}

/// Every paper and scanner that is drawn here.
fn papers(template: &Template) -> Vec<(String, GrayImage)> {
    let mut all = Vec::new();
    for dpi in [72.0, 100.0, 150.0, 200.0, 300.0, 600.0] {
        all.push((format!("clean at {dpi} dpi"), filled(template, dpi, 30)));
    }
    let page = filled(template, 200.0, 30);
    all.push(("pencil".into(), filled(template, 200.0, 150)));
    all.push(("grey paper".into(), toned(&page, |v| 60.0 + v * 0.45)));
    all.push(("paler and grained".into(), grained(&toned(&page, |v| 110.0 + v * 0.5), 12.0)));
    all.push(("one bit at 200 dpi".into(), bits(&page, 140.0)));
    all.push(("one bit at 300 dpi, dark".into(), bits(&filled(template, 300.0, 30), 200.0)));
    all.push(("one bit at 600 dpi".into(), bits(&filled(template, 600.0, 30), 140.0)));
    all.push(("a photocopy".into(), copied(&filled(template, 300.0, 30))));
    all.push(("blurred".into(), imageops::blur(&page, 1.6)));
    // Light falls off to the right, as on a photograph.
    let shaded = GrayImage::from_fn(page.width(), page.height(), |x, y| {
        let light = 1.0 - 0.45 * x as f32 / page.width() as f32;
        Luma([(f32::from(page.get_pixel(x, y).0[0]) * light) as u8])
    });
    all.push(("in the shade".into(), shaded));
    all
}

#[test]
fn every_kind_of_mark_is_read_on_every_paper() {
    for outline in ["square", "circle"] {
        let template = form(outline);
        for (case, page) in papers(&template) {
            check(&format!("{outline}, {case}"), &fields(&template, page));
        }
    }
}

/// The form as another program describes it: lengths in pixels of its own, nothing known of the print.
fn foreign(template: &Template) -> Template {
    let mut foreign = Template { unit: Unit::Pixel, ..template.clone() };
    for field in &mut foreign.fields {
        if let FieldSpec::Marks(marks) = &mut field.spec {
            marks.boxes.iter_mut().for_each(|b| b.printed.clear());
        }
    }
    foreign
}

#[test]
fn a_picture_of_the_blank_tells_the_print() {
    for outline in ["square", "circle"] {
        let template = form(outline);
        let picture = blank(&template, 130.0);
        let mut foreign = foreign(&template);
        foreign.blank = Some(Blank { width: picture.width(), height: picture.height(), pixels: picture.into_raw() });
        for (case, page) in papers(&template) {
            check(&format!("{outline}, {case}"), &fields(&foreign, page));
        }
    }
}

#[test]
fn without_a_blank_the_boxes_of_the_page_tell_it() {
    for outline in ["square", "circle"] {
        let template = form(outline);
        for (case, page) in papers(&template) {
            check(&format!("{outline}, {case}"), &fields(&foreign(&template), page));
        }
    }
}

#[test]
fn a_column_of_filled_boxes_does_not_pass_for_print() {
    let template = form("square");
    let mut page = blank(&template, 150.0);
    for n in 1..=12 {
        mark(&mut page, 150.0, &area(&template, n, 1), Kind::Fill, 40);
    }
    let fields = fields(&foreign(&template), page);
    assert!(fields.iter().all(|f| f.value == "B" || !f.doubts.is_empty()), "{}", shown(&fields));
}

#[test]
fn a_column_of_thin_crosses_in_bare_squares_is_read_without_a_doubt() {
    let template = form("square");
    let mut bare = Template { unit: Unit::Pixel, ..template.clone() };
    for field in &mut bare.fields {
        let FieldSpec::Marks(marks) = &mut field.spec else { continue };
        marks.boxes.iter_mut().for_each(|b| b.printed.clear());
        marks.bare = true;
    }
    let mut page = blank(&Template { unit: Unit::Millimetre, ..bare.clone() }, 200.0);
    for n in 1..=12 {
        mark(&mut page, 200.0, &area(&template, n, 0), Kind::Cross, 30);
    }
    let fields = fields(&bare, bits(&page, 128.0));
    assert!(fields.iter().all(|f| f.value == "A" && f.doubts.is_empty()), "{}", shown(&fields));
}

#[test]
fn dirt_and_overrunning_strokes_are_no_marks() {
    let template = form("square");
    let mut page = blank(&template, 200.0);
    for n in 1..=12 {
        mark(&mut page, 200.0, &area(&template, n, n % 5), Kind::Cross, 30);
    }
    // A cross that runs into the box next door, a speck, a hair over the frame.
    let r = area(&template, 1, 1);
    stroke(&mut page, 200.0, (r.x, r.y), (r.x + 8.0 + 0.2 * r.w, r.y + 0.5 * r.h), 0.3, 30);
    let r = area(&template, 2, 0);
    stroke(&mut page, 200.0, (r.x + 2.0, r.y + 2.0), (r.x + 2.2, r.y + 2.0), 0.3, 60);
    let r = area(&template, 3, 0);
    stroke(&mut page, 200.0, (r.x, r.y - 1.0), (r.x + 0.2, r.y + 6.0), 0.15, 90);
    let fields = fields(&template, page);
    for (i, field) in fields.iter().enumerate() {
        assert_eq!(field.value, ["A", "B", "C", "D", "E"][(i + 1) % 5], "{}", shown(&fields));
        assert!(field.doubts.is_empty(), "{}: {}", field.name, shown(&fields));
    }
}

#[test]
fn a_rubbed_out_mark_beside_a_dark_one_is_never_silently_a_second() {
    let template = form("circle");
    let mut page = blank(&template, 200.0);
    for n in 1..=12 {
        mark(&mut page, 200.0, &area(&template, n, n % 5), Kind::Fill, 40);
    }
    mark(&mut page, 200.0, &area(&template, 4, 0), Kind::Fill, 205);
    let fields = fields(&template, page);
    assert!(fields[3].value == "E" || !fields[3].doubts.is_empty(), "{}", shown(&fields));
    assert!(fields.iter().enumerate().all(|(i, f)| i == 3 || f.doubts.is_empty()), "{}", shown(&fields));
}

/// A sheet with crosses in all questions but the first three, its layout told by hand.
fn crossed(template: &Template) -> GrayImage {
    let mut page = blank(template, 200.0);
    for n in 4..=12 {
        mark(&mut page, 200.0, &area(template, n, n % 5), Kind::Cross, 30);
    }
    page
}

fn check_crossed(fields: &[FieldReading]) {
    for (i, field) in fields.iter().enumerate() {
        let wanted = if i < 3 { "" } else { ["A", "B", "C", "D", "E"][(i + 1) % 5] };
        assert!(field.value == wanted && field.doubts.is_empty(), "{}: {}", field.name, shown(fields));
    }
}

#[test]
fn boxes_that_a_layout_puts_a_quarter_beside_their_print_are_found() {
    for outline in ["square", "circle"] {
        let template = form(outline);
        let mut told = foreign(&template);
        for field in &mut told.fields {
            if let FieldSpec::Marks(marks) = &mut field.spec {
                marks.boxes[3].area.x -= 1.1;
                marks.boxes[0].area.y += 0.7;
            }
        }
        check_crossed(&fields(&told, crossed(&template)));
    }
}

#[test]
fn a_printed_line_over_a_row_of_boxes_is_no_stray_ink() {
    let template = form("circle");
    let mut page = crossed(&template);
    let (first, last) = (area(&template, 1, 0), area(&template, 1, 4));
    stroke(&mut page, 200.0, (first.x - 3.0, first.y - 0.5), (last.right() + 3.0, last.y - 0.5), 0.4, 20);
    check_crossed(&fields(&foreign(&template), page));
}

#[test]
fn a_rubbed_out_mark_in_an_empty_field_waits_for_a_verifier() {
    let template = form("circle");
    let mut page = crossed(&template);
    mark(&mut page, 200.0, &area(&template, 2, 1), Kind::Fill, 225);
    let fields = fields(&template, page);
    assert!(fields[1].value.is_empty() && fields[1].doubts.contains(&Doubt::Faint), "{}", shown(&fields));
    assert!(fields.iter().enumerate().all(|(i, f)| i == 1 || f.doubts.is_empty()), "{}", shown(&fields));
}

#[test]
fn ink_beside_the_boxes_of_an_empty_field_is_told() {
    let template = form("square");
    let mut page = blank(&template, 200.0);
    for n in 2..=12 {
        mark(&mut page, 200.0, &area(&template, n, n % 5), Kind::Cross, 30);
    }
    let r = area(&template, 1, 2);
    let beside = Rect::new(r.x + 1.02 * r.w, r.y, 0.6 * r.w, r.h);
    mark(&mut page, 200.0, &beside, Kind::Cross, 30);
    let fields = fields(&template, page);
    assert!(fields[0].value.is_empty() && fields[0].doubts.contains(&Doubt::OffsetInk), "{}", shown(&fields));
}

#[test]
fn a_covered_field_is_no_empty_field() {
    let template = form("square");
    let mut page = blank(&template, 200.0);
    for n in 2..=12 {
        mark(&mut page, 200.0, &area(&template, n, n % 5), Kind::Cross, 30);
    }
    let scale = 200.0 / 25.4;
    let (first, last) = (area(&template, 1, 0), area(&template, 1, 4));
    for y in ((first.y - 1.0) * scale) as u32..((first.bottom() + 1.0) * scale) as u32 {
        for x in ((first.x - 1.0) * scale) as u32..((last.right() + 1.0) * scale) as u32 {
            page.put_pixel(x, y, Luma([255]));
        }
    }
    let fields = fields(&template, page);
    assert!(fields[0].value.is_empty() && !fields[0].doubts.is_empty(), "{}", shown(&fields));
}

#[test]
fn a_blackened_box_is_cancelled_only_where_the_form_says_so() {
    let mut template = form("square");
    let mut page = blank(&template, 200.0);
    let r = area(&template, 1, 1).grown(0.6);
    for i in 0..=20 {
        let y = r.y + r.h * i as f32 / 20.0;
        stroke(&mut page, 200.0, (r.x, y), (r.right(), y), 0.5, 20);
    }
    mark(&mut page, 200.0, &area(&template, 1, 2), Kind::Cross, 30);
    let plain = fields(&template, page.clone());
    assert!(plain[0].marks[1].state == MarkState::Marked && !plain[0].doubts.is_empty(), "{}", shown(&plain));
    for field in &mut template.fields {
        if let FieldSpec::Marks(marks) = &mut field.spec {
            marks.black_cancels = true;
        }
    }
    let cancelling = fields(&template, page);
    assert_eq!((cancelling[0].marks[1].state, cancelling[0].value.as_str()), (MarkState::Cancelled, "C"), "{}", shown(&cancelling));
}

#[test]
fn a_scribble_beside_a_plain_mark_is_a_mark_taken_back() {
    let mut template = form("square");
    for field in &mut template.fields {
        let FieldSpec::Marks(marks) = &mut field.spec else { continue };
        marks.black_cancels = true;
    }
    let mut page = blank(&template, 200.0);
    for n in 1..=12 {
        mark(&mut page, 200.0, &area(&template, n, 2), Kind::Cross, 30);
        // A zigzag that leaves much of the box white.
        let r = area(&template, n, 1).grown(0.8);
        let at = |i: usize| (if i.is_multiple_of(2) { r.x } else { r.right() }, r.y + r.h * i as f32 / 11.0);
        (0..11).for_each(|i| stroke(&mut page, 200.0, at(i), at(i + 1), 0.45, 30));
    }
    for field in fields(&template, page) {
        assert_eq!((field.marks[1].state, field.value.as_str()), (MarkState::Cancelled, "C"), "{}: {:?}", field.name, field.marks);
        assert!(field.doubts.contains(&Doubt::Cancelled), "a person confirms it");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]
    #[test]
    fn an_empty_sheet_is_empty_however_it_was_scanned(
        dpi in 72.0_f32..320.0, paper in 140.0_f32..255.0, ink in 0.0_f32..70.0, grain in 0.0_f32..14.0, foreigner: bool,
    ) {
        let template = form(if foreigner { "square" } else { "circle" });
        let page = grained(&toned(&blank(&template, dpi), |v| ink + (paper - ink) * v / 255.0), grain);
        let fields = fields(&if foreigner { foreign(&template) } else { template }, page);
        prop_assert_eq!(fields.len(), 12);
        prop_assert!(fields.iter().all(|f| f.value.is_empty() && f.doubts.is_empty()), "{}", shown(&fields));
    }
}
