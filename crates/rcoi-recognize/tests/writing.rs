//! Handprint in rows of cells, drawn: strokes that leave their cell, frames of every kind, lines through it all.

use image::GrayImage;
use rcoi_model::{Doubt, FieldReading, Point, Rect};
use rcoi_recognize::{FormReader, Params, Picture};
use rcoi_synth::hand::{Pen, glyph};
use rcoi_template::{FieldSpec, Outline, Preprint, Template, TemplateSet, draw};

const DPI: f32 = 300.0;
const SCALE: f32 = DPI / 25.4;
const CELLS: usize = 9;

/// Ten rows of nine cells as on the federal forms, on a sheet of A6.
fn form(outline: &str) -> Template {
    let text = format!(
        "title = \"x\"\nform = \"x\"\nunit = \"mm\"\npage = [105, 148]\n[locate]\nkind = \"anchors\"\nanchors = [\n\
        {{ shape = \"square\", at = [10, 10], size = 5 }},\n{{ shape = \"square\", at = [95, 10], size = 5 }},\n\
        {{ shape = \"square\", at = [95, 60], size = 5 }},\n{{ shape = \"square\", at = [10, 138], size = 5 }},\n\
        {{ shape = \"square\", at = [95, 138], size = 5 }},\n]\n\
        [[field]]\nname = \"row-{{n}}\"\nkind = \"cells\"\nclass = \"answer\"\nat = [20, 25]\ncell = [4.27, 6.43]\nstep = [5.32, 0]\n\
        count = {CELLS}\nalphabet = \"@cyrillic\"\noutline = \"{outline}\"\nrepeat = {{ from = 1, count = 10, step = [0, 10] }}\n"
    );
    rcoi_template::parse("x.toml", &text).expect("a template")
}

fn cell(template: &Template, row: usize, at: usize) -> Rect {
    let Some(FieldSpec::Cells(cells)) = template.field(&format!("row-{row}")).map(|f| &f.spec) else { panic!("row-{row}") };
    cells.cells[at]
}

fn blank(template: &Template) -> GrayImage {
    draw::gray(template, &Preprint::new(), DPI).expect("a drawn blank")
}

/// Writes `ch` in the middle of `cell` (millimetres) moved by `shift` (shares of the cell), `wide` times as wide as it should be.
fn write(gray: &mut GrayImage, ch: char, cell: &Rect, variant: usize, shift: (f32, f32), wide: f32) {
    let shape = glyph(ch, variant).expect("a shape");
    let high = 0.68 * cell.h;
    let middle = Point::new(cell.x + cell.w * (0.5 + shift.0), cell.y + cell.h * (0.5 + shift.1));
    let place =
        |p: &Point| Point::new((middle.x + (p.x - 0.5) * high * shape.aspect * wide) * SCALE, (middle.y + (p.y - 0.5) * high) * SCALE);
    for stroke in &shape.strokes {
        let points: Vec<Point> = stroke.iter().map(place).collect();
        Pen { width: 0.5 * SCALE, ink: 40 }.line(gray, &points);
    }
}

fn read(template: &Template, gray: GrayImage) -> Vec<FieldReading> {
    let set = TemplateSet { templates: vec![template.clone()] };
    FormReader::new(set, Params::default()).expect("the embedded model").read_page(&Picture { gray, dpi: Some(DPI) }).fields
}

fn told(field: &FieldReading) -> String {
    format!("{} = {:?} ({:.3}) {:?}", field.name, field.value, field.confidence.get(), field.doubts)
}

#[test]
fn a_stroke_beside_a_narrow_cell_is_not_lost() {
    for outline in ["dotted", "square"] {
        let template = form(outline);
        let mut gray = blank(&template);
        // The last stroke of every other letter stands beyond the frame.
        for row in 1..=10 {
            for at in [0, 2, 4, 6, 8] {
                write(&mut gray, 'Ы', &cell(&template, row, at), row, (0.02 * row as f32 - 0.04, 0.0), 1.25);
            }
        }
        for field in read(&template, gray) {
            let sure = |c: &rcoi_model::CharReading| c.empty || c.ch == Some('Ы') || c.confidence.get() < Params::default().sure_char;
            assert!(field.chars.iter().all(sure), "{outline}: {}", told(&field));
        }
    }
}

#[test]
fn a_character_that_leaves_its_cell_above_or_below_is_read_whole() {
    let template = form("dotted");
    let mut gray = blank(&template);
    for row in 1..=10 {
        for (at, ch) in "ЩЕДРЫЙБАГ".chars().enumerate() {
            let up = if row % 2 == 0 { 0.26 } else { -0.26 };
            write(&mut gray, ch, &cell(&template, row, at), 0, (0.0, up), 1.0);
        }
    }
    let fields = read(&template, gray);
    let wrong: Vec<String> = fields.iter().filter(|f| f.value != "ЩЕДРЫЙБАГ").map(told).collect();
    assert!(wrong.len() <= 1, "{wrong:#?}");
    assert!(fields.iter().all(|f| f.value == "ЩЕДРЫЙБАГ" || !f.doubts.is_empty()), "{wrong:#?}");
}

#[test]
fn an_accent_above_its_cell_is_never_silently_lost() {
    let template = form("dotted");
    let mut gray = blank(&template);
    for row in 1..=10 {
        for at in 0..CELLS {
            let area = cell(&template, row, at);
            write(&mut gray, 'И', &area, row, (0.0, 0.012 * row as f32 - 0.04), 1.0);
            // A hook that hangs over the letter and the frame.
            let at = |x: f32, y: f32| Point::new((area.x + area.w * x) * SCALE, (area.y - area.h * y) * SCALE);
            Pen { width: 0.5 * SCALE, ink: 40 }.line(&mut gray, &[at(0.35, 0.12), at(0.5, 0.04), at(0.65, 0.14)]);
        }
    }
    for field in read(&template, gray) {
        let sure = Params::default().sure_char;
        assert!(field.chars.iter().all(|c| c.ch == Some('Й') || c.confidence.get() < sure), "{}", told(&field));
    }
}

#[test]
fn a_line_through_many_cells_strikes_them_out() {
    let template = form("dotted");
    let mut gray = blank(&template);
    for row in 1..=10 {
        for (at, ch) in "ПОБЕДА".chars().enumerate() {
            write(&mut gray, ch, &cell(&template, row, at), 0, (0.0, 0.0), 1.0);
        }
        if row % 2 == 0 {
            let (a, b) = (cell(&template, row, 0), cell(&template, row, 5));
            let at = |x: f32, y: f32| Point::new(x * SCALE, y * SCALE);
            let line = [at(a.x - 1.0, a.y + a.h * 0.5), at(b.right() + 1.0, b.y + b.h * 0.5)];
            Pen { width: 0.5 * SCALE, ink: 40 }.line(&mut gray, &line);
        }
    }
    for (row, field) in (1..).zip(read(&template, gray)) {
        let crossed = field.doubts.iter().any(|d| matches!(d, Doubt::CrossedOut { .. }));
        assert_eq!(crossed, row % 2 == 0, "{}", told(&field));
        assert!(crossed || field.value == "ПОБЕДА", "{}", told(&field));
    }
}

#[test]
fn the_frame_of_a_row_is_no_writing_whatever_the_template_knows_of_it() {
    for outline in ["square", "dotted"] {
        for told_as in [outline, "unknown"] {
            let template = form(outline);
            let mut gray = blank(&template);
            for row in 1..=9 {
                for (at, ch) in "ПОБЕДА".chars().enumerate() {
                    write(&mut gray, ch, &cell(&template, row, at + row % 3), row, (0.0, 0.0), 1.0);
                }
            }
            let mut reads = template.clone();
            for field in &mut reads.fields {
                let FieldSpec::Cells(spec) = &mut field.spec else { continue };
                spec.outline = if told_as == "unknown" { Outline::Unknown } else { spec.outline };
                // A layout of another program lies a little beside the print.
                spec.cells.iter_mut().for_each(|c| *c = if told_as == "unknown" { Rect::new(c.x + 0.25, c.y - 0.2, c.w, c.h) } else { *c });
            }
            for (row, field) in (1..).zip(read(&reads, gray)) {
                let value = field.value.trim_start().to_owned();
                let want = if row <= 9 { "ПОБЕДА" } else { "" };
                assert_eq!(value, want, "{outline} as {told_as}: {}", told(&field));
            }
        }
    }
}

#[test]
fn a_character_between_two_cells_is_not_lost() {
    for outline in ["dotted", "square"] {
        let template = form(outline);
        let mut gray = blank(&template);
        for row in 1..=10 {
            // In the gap, and every other time with a neighbour.
            write(&mut gray, 'Т', &cell(&template, row, 4), 0, (0.62, 0.0), 0.3);
            if row % 2 == 0 {
                write(&mut gray, 'А', &cell(&template, row, 3), 0, (0.0, 0.0), 1.0);
            }
        }
        for (row, field) in (1..=10).zip(read(&template, gray)) {
            assert!(!field.doubts.is_empty(), "{outline} {row}: {}", told(&field));
        }
    }
}
