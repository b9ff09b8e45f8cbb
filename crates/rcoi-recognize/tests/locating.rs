//! Forms with marks of every kind, drawn and laid down as scanners lay them: the map that is found must be the true one.

use image::{GrayImage, Luma, imageops};
use proptest::prelude::*;
use rcoi_model::{FindingKind, PageReading, Point, Rect};
use rcoi_recognize::{FormReader, Glyph, GlyphClassifier, Params, Picture};
use rcoi_template::{Blank, Locate, Preprint, Template, TemplateSet, draw, parse};

const DPI: f32 = 150.0;
const SCALE: f32 = DPI / 25.4;
/// Farthest that a mark may be found from its true place, millimetres.
const EXACT: f32 = 0.3;

/// Names nothing: these forms have no handwriting.
struct Nobody;

impl GlyphClassifier for Nobody {
    fn classes(&self) -> &[char] {
        &[]
    }

    fn classify(&self, glyphs: &[Glyph]) -> Vec<Vec<f32>> {
        vec![vec![1.0]; glyphs.len()]
    }

    fn version(&self) -> &str {
        "nobody"
    }
}

/// Look of the four marks of a kind.
const KINDS: [(&str, &str); 6] = [
    ("square", "size = 5"),
    ("disc", "size = 4"),
    ("ring", "size = 8, width = 1.6"),
    ("cross", "size = 8, width = 0.7"),
    ("corner", "size = 16, width = 0.6"),
    ("thick corner", "size = 9, width = 4.5"),
];

/// A form with four marks that look the same upside down, thirty questions and a heading. Its blank settles which way is up.
fn form(kind: usize) -> Template {
    with_anchors(&four_marks(kind))
}

fn four_marks(kind: usize) -> String {
    let (name, size) = KINDS[kind];
    let shape = name.split(' ').next_back().unwrap_or(name);
    let anchor = |x: f32, y: f32, corner: &str| {
        let corner = if shape == "corner" { format!(", corner = \"{corner}\"") } else { String::new() };
        format!("{{ shape = \"{shape}\", at = [{x}, {y}], {size}{corner} }},")
    };
    [
        anchor(14.0, 15.0, "top-left"),
        anchor(196.0, 15.0, "top-right"),
        anchor(196.0, 282.0, "bottom-right"),
        anchor(14.0, 282.0, "bottom-left"),
    ]
    .concat()
}

fn with_anchors(anchors: &str) -> Template {
    let locate = format!("kind = \"anchors\"\nupright = true\nanchors = [{anchors}]");
    let mut template = questions(&locate);
    let blank = draw::gray(&template, &Preprint::new(), 60.0).expect("a drawn blank");
    template.upright = false;
    template.blank = Some(Blank { width: blank.width(), height: blank.height(), pixels: blank.into_raw() });
    template
}

fn questions(locate: &str) -> Template {
    let toml = format!(
        "title = \"A form\"\nform = \"A\"\npage = [210, 297]\n[locate]\n{locate}\n\
         [[field]]\nname = \"q-{{n}}\"\nlabel = \"Question {{n}}\"\nkind = \"marks\"\nclass = \"answer\"\nat = [40, 70]\nbox = [4.5, 4.5]\n\
         step = [8, 0]\nvalues = \"ABCDE\"\noutline = \"circle\"\nrepeat = {{ count = 15, step = [0, 9], blocks = [[0, 0], [70, 0]] }}\n\
         [[text]]\nat = [40, 40]\nsize = 7\ntext = \"Answers of the second term\"\n\
         [[text]]\nat = [36, 74]\nsize = 4\nalign = \"right\"\ntext = \"{{n}}\"\nrepeat = {{ count = 15, step = [0, 9], blocks = [[0, 0], [70, 0]] }}\n"
    );
    parse("form.toml", &toml).unwrap_or_else(|faults| panic!("{faults:?}"))
}

fn anchors(template: &Template) -> Vec<Point> {
    let Locate::Anchors(anchors) = &template.locate else { panic!("anchors") };
    anchors.iter().map(|a| a.centre).collect()
}

fn reader(template: &Template) -> FormReader {
    let set = TemplateSet { templates: vec![template.clone()] };
    FormReader::with_classifier(set, Params::default(), Box::new(Nobody)).expect("one template")
}

fn drawn(template: &Template) -> GrayImage {
    draw::gray(template, &Preprint::new(), DPI).expect("a drawn blank")
}

fn read(reader: &FormReader, gray: GrayImage) -> PageReading {
    reader.read_page(&Picture { gray, dpi: None })
}

/// How a sheet lies under the scanner.
#[derive(Debug, Clone, Copy)]
struct Lie {
    degrees: f32,
    /// Sideways move from top to bottom, as a share of the length.
    shear: f32,
    /// Longer along the feed by this share.
    stretch: f32,
    shift: (f32, f32),
    /// Clockwise quarter turns.
    turns: u8,
}

const LEVEL: Lie = Lie { degrees: 0.0, shear: 0.0, stretch: 0.0, shift: (0.0, 0.0), turns: 0 };

impl Lie {
    /// Rows of the linear part: sheet pixels from the middle to picture pixels from the middle, before quarter turns.
    fn linear(&self) -> [[f32; 2]; 2] {
        let (sin, cos) = self.degrees.to_radians().sin_cos();
        let (k, s) = (self.shear, 1.0 + self.stretch);
        [[cos, cos * k - sin * s], [sin, sin * k + cos * s]]
    }

    fn scan(&self, sheet: &GrayImage) -> GrayImage {
        let [[a, b], [c, d]] = self.linear();
        let det = a * d - b * c;
        let (w, h) = (sheet.width() as f32, sheet.height() as f32);
        let lying = GrayImage::from_fn(sheet.width(), sheet.height(), |x, y| {
            let (dx, dy) = (x as f32 + 0.5 - w / 2.0 - self.shift.0, y as f32 + 0.5 - h / 2.0 - self.shift.1);
            let (sx, sy) = ((d * dx - b * dy) / det + w / 2.0 - 0.5, (a * dy - c * dx) / det + h / 2.0 - 0.5);
            let inside = sx >= 0.0 && sy >= 0.0 && sx < w - 1.0 && sy < h - 1.0;
            if inside { imageops::interpolate_bilinear(sheet, sx, sy).unwrap_or(Luma([255])) } else { Luma([247]) }
        });
        match self.turns {
            0 => lying,
            1 => imageops::rotate90(&lying),
            2 => imageops::rotate180(&lying),
            _ => imageops::rotate270(&lying),
        }
    }

    /// Where a place of the form (millimetres) comes to lie, picture pixels.
    fn place(&self, p: Point, sheet: &GrayImage) -> Point {
        let [[a, b], [c, d]] = self.linear();
        let (w, h) = (sheet.width() as f32, sheet.height() as f32);
        let (dx, dy) = (p.x * SCALE - w / 2.0, p.y * SCALE - h / 2.0);
        let (x, y) = (a * dx + b * dy + w / 2.0 + self.shift.0, c * dx + d * dy + h / 2.0 + self.shift.1);
        match self.turns {
            0 => Point::new(x, y),
            1 => Point::new(h - y, x),
            2 => Point::new(w - x, h - y),
            _ => Point::new(y, w - x),
        }
    }
}

/// Farthest distance of a corner of the answers from its true place, millimetres.
fn error(reading: &PageReading, lie: &Lie, sheet: &GrayImage) -> f32 {
    let Some(placement) = &reading.placement else { return f32::INFINITY };
    let corners = Rect::new(14.0, 15.0, 182.0, 267.0).corners();
    corners.into_iter().map(|p| placement.form_to_picture.apply(p).distance(lie.place(p, sheet)) / SCALE).fold(0.0, f32::max)
}

fn white_out(gray: &mut GrayImage, middle: Point, reach: f32) {
    let part = |v: f32, end: u32| ((v * SCALE).max(0.0) as u32).min(end);
    for y in part(middle.y - reach, gray.height())..part(middle.y + reach, gray.height()) {
        for x in part(middle.x - reach, gray.width())..part(middle.x + reach, gray.width()) {
            gray.put_pixel(x, y, Luma([255]));
        }
    }
}

#[test]
fn marks_of_every_kind_are_found_in_every_rotation() {
    for (kind, (name, _)) in KINDS.iter().enumerate() {
        let template = form(kind);
        let (reader, sheet) = (reader(&template), drawn(&template));
        for turns in 0..4 {
            let lie = Lie { degrees: 1.3, turns, ..LEVEL };
            let reading = read(&reader, lie.scan(&sheet));
            assert_eq!(reading.placement.as_ref().map(|p| p.anchors_found), Some(4), "{name}, {turns} turns");
            assert_eq!(reading.placement.as_ref().map(|p| p.quarter_turns), Some((4 - turns) % 4), "{name}, {turns} turns");
            let off = error(&reading, &lie, &sheet);
            assert!(off < EXACT, "{name}, {turns} turns: {off} mm");
        }
    }
}

#[test]
fn a_lost_mark_of_any_kind_is_remarked_and_does_not_move_the_form() {
    for (kind, (name, _)) in KINDS.iter().enumerate() {
        let template = form(kind);
        let (reader, mut sheet) = (reader(&template), drawn(&template));
        let lost = anchors(&template)[kind % 4];
        white_out(&mut sheet, lost, 18.0);
        let lie = Lie { degrees: -2.0, turns: 2, ..LEVEL };
        let reading = read(&reader, lie.scan(&sheet));
        assert!(reading.findings.iter().any(|f| f.kind == FindingKind::LostAnchors), "{name}: {:?}", reading.findings);
        assert_eq!(reading.placement.as_ref().map(|p| p.quarter_turns), Some(2), "{name}");
        let off = error(&reading, &lie, &sheet);
        assert!(off < EXACT, "{name}: {off} mm");
    }
}

#[test]
fn a_mark_that_the_edge_of_the_picture_cuts_does_not_move_the_form() {
    let template = form(0);
    let sheet = drawn(&template);
    for side in [-1.0, 1.0] {
        let lie = Lie { degrees: -4.36 * side, shear: 0.0116 * side, stretch: 0.0, shift: (6.4 * side, 0.0), turns: 0 };
        let off = error(&read(&reader(&template), lie.scan(&sheet)), &lie, &sheet);
        assert!(off < EXACT, "{side}: {off} mm");
    }
}

#[test]
fn a_sheet_that_lies_far_askew_on_a_larger_glass_is_still_found() {
    let template = form(1);
    let (reader, sheet) = (reader(&template), drawn(&template));
    let mut glass = GrayImage::from_pixel(sheet.width() * 14 / 10, sheet.height() * 13 / 10, Luma([252]));
    imageops::replace(&mut glass, &sheet, 200, 250);
    let lie = Lie { degrees: 14.0, ..LEVEL };
    let reading = read(&reader, lie.scan(&glass));
    assert_eq!(reading.placement.as_ref().map(|p| (p.anchors_found, p.quarter_turns)), Some((4, 0)));
}

#[test]
fn a_track_of_timing_marks_holds_the_form_though_each_has_neighbours_that_look_alike() {
    let bar = |x: f32, n: usize| format!("{{ shape = \"bar\", at = [{x}, {}], size = 5, width = 2 }},", 20.0 + 6.0 * n as f32);
    let template = with_anchors(&(0..44).map(|n| bar(10.0, n) + &bar(200.0, n)).collect::<String>());
    let (reader, sheet) = (reader(&template), drawn(&template));
    for (degrees, turns) in [(0.7, 0), (-3.0, 1), (2.0, 2)] {
        let lie = Lie { degrees, turns, shift: (5.0, -9.0), ..LEVEL };
        let reading = read(&reader, lie.scan(&sheet));
        assert!(reading.placement.as_ref().is_some_and(|p| p.anchors_found >= 86), "{degrees}°: {:?}", reading.placement);
        let off = error(&reading, &lie, &sheet);
        assert!(off < EXACT, "{degrees}°, {turns} turns: {off} mm");
    }
}

#[test]
fn without_any_mark_the_print_itself_holds_the_form() {
    for (name, mut template) in [("no marks", questions("kind = \"whole\"\nupright = true")), ("lost marks", form(0))] {
        let mut sheet = drawn(&template);
        if let Locate::Anchors(anchors) = &template.locate {
            for anchor in anchors {
                white_out(&mut sheet, anchor.centre, 5.0);
            }
        }
        let blank = drawn(&template);
        template.upright = false;
        template.blank = Some(Blank { width: blank.width(), height: blank.height(), pixels: blank.into_raw() });
        let reader = reader(&template);
        for (degrees, shear, stretch, turns) in [(0.0, 0.0, 0.0, 0), (3.1, 0.01, -0.015, 2), (-4.5, -0.01, 0.02, 3)] {
            let lie = Lie { degrees, shear, stretch, shift: (-7.0, 10.0), turns };
            let reading = read(&reader, lie.scan(&sheet));
            assert_eq!(reading.placement.as_ref().map(|p| p.quarter_turns), Some((4 - turns) % 4), "{name}, {degrees}°");
            let off = error(&reading, &lie, &sheet);
            assert!(off < EXACT, "{name}, {degrees}°: {off} mm");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]
    #[test]
    fn the_found_map_is_the_true_one(
        kind in 0..KINDS.len(), degrees in -5.0_f32..5.0, shear in -0.012_f32..0.012, stretch in -0.02_f32..0.02,
        dx in -12.0_f32..12.0, dy in -12.0_f32..12.0, turns in 0_u8..4
    ) {
        let template = form(kind);
        let sheet = drawn(&template);
        let lie = Lie { degrees, shear, stretch, shift: (dx, dy), turns };
        let reading = read(&reader(&template), lie.scan(&sheet));
        let off = error(&reading, &lie, &sheet);
        prop_assert!(off < EXACT, "{}: {} mm", KINDS[kind].0, off);
    }
}
