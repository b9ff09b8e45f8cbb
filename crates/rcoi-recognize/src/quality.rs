//! What is wrong with a picture as a whole, with the figures that show it.

use crate::locate::{Scene, skew_degrees};
use crate::params::Params;
use rcoi_model::{Finding, FindingKind, Placement, Rect};
use rcoi_template::{Template, Unit};

/// Skew that scanners should not have, degrees.
const STRONG_SKEW: f32 = 3.5;

/// Findings of a page whose form is known.
pub(crate) fn of_form(scene: &Scene<'_>, template: &Template, placement: &Placement, params: &Params) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut say = |kind, detail: String| found.push(Finding { kind, detail });
    if placement.anchors_found < placement.anchors_total {
        say(FindingKind::LostAnchors, format!("найдено меток: {} из {}", placement.anchors_found, placement.anchors_total));
    }
    if placement.quarter_turns != 0 {
        say(FindingKind::UpsideDown, format!("лист повёрнут на {}°, прочитан", 90 * u32::from(placement.quarter_turns)));
    }
    let skew = skew_degrees(placement, template);
    if skew.abs() > STRONG_SKEW {
        say(FindingKind::StrongSkew, format!("перекос {skew:.1}°"));
    }
    if template.unit == Unit::Millimetre {
        let map = &placement.form_to_picture;
        let origin = map.apply(rcoi_model::Point::new(0.0, 0.0));
        let scale = origin.distance(map.apply(rcoi_model::Point::new(template.width, 0.0))) / template.width;
        if scale < params.least_resolution {
            say(FindingKind::LowResolution, format!("{:.0} точек на дюйм", scale * 25.4));
        }
    }
    let contrast = scene.paper.saturating_sub(scene.black);
    if contrast < 70 {
        say(FindingKind::LowContrast, format!("бумага {}, самое тёмное {}", scene.paper, scene.black));
    }
    let cut: Vec<&str> = template.fields.iter().filter(|f| leaves(scene, placement, &f.spec.bounds())).map(|f| f.label.as_str()).collect();
    if let Some(first) = cut.first() {
        say(FindingKind::CutEdge, format!("за краем картинки полей: {}, первое — «{first}»; пересканируйте лист", cut.len()));
    }
    let per_millimetre = scene.gray.width().max(scene.gray.height()) as f32 / PAPER_LENGTH;
    if let Some(width) = edge_width(scene)
        && width >= LEAST_BLUR
        && width / per_millimetre > BLURRED
    {
        say(FindingKind::Blurred, format!("края знаков размыты на {:.1} мм; протрите стекло", width / per_millimetre));
    }
    for (place, share) in streaks(scene) {
        let crossed = template.fields.iter().filter(|f| crosses(scene, placement, &f.spec.bounds(), place)).count();
        if crossed > 0 {
            let side = if place.across { "сверху" } else { "слева" };
            let detail = format!("тёмная полоса в {:.0} % ширины {side}, задевает полей: {crossed}; протрите стекло", share * 100.0);
            say(FindingKind::Streak, detail);
        }
    }
    found
}

/// Longer side of a sheet, millimetres: what a picture of unknown resolution most likely shows.
const PAPER_LENGTH: f32 = 297.0;
/// Edges of print are wider than this when the picture is out of focus, millimetres: a sharp scan has 0.1–0.2.
const BLURRED: f32 = 0.42;
/// Fewer pixels are what a coarse picture of a sharp edge has.
const LEAST_BLUR: f32 = 4.0;
/// Rows of the picture on which edges are looked for.
const ROWS: u32 = 48;
/// Edges that must be seen before anything is said about them.
const LEAST_EDGES: usize = 60;

/// True when part of an area lies outside the picture.
fn leaves(scene: &Scene<'_>, placement: &Placement, area: &Rect) -> bool {
    let (w, h) = (scene.gray.width() as f32, scene.gray.height() as f32);
    // Half a per cent over the edge is the frame of the outermost box, not its content.
    let (rx, ry) = (0.005 * w, 0.005 * h);
    placement.form_to_picture.apply_rect(area).0.iter().any(|p| p.x < -rx || p.y < -ry || p.x > w + rx || p.y > h + ry)
}

/// Middle distance between 80 % and 20 % of the brightness on the edges of dark things, picture pixels.
fn edge_width(scene: &Scene<'_>) -> Option<f32> {
    let gray = scene.gray;
    let contrast = f32::from(scene.paper) - f32::from(scene.black);
    let (high, low) = (f32::from(scene.paper) - 0.2 * contrast, f32::from(scene.black) + 0.2 * contrast);
    let mut widths = Vec::new();
    for step in 0..ROWS {
        let y = (gray.height() * (2 * step + 1) / (2 * ROWS)) as usize;
        let row = &gray.as_raw()[y * gray.width() as usize..(y + 1) * gray.width() as usize];
        let mut last_high = None;
        for (x, value) in row.iter().map(|v| f32::from(*v)).enumerate() {
            if value >= high {
                last_high = Some(x);
            } else if value <= low
                && let Some(from) = last_high.take()
            {
                widths.push((x - from) as f32);
            }
        }
    }
    if widths.len() < LEAST_EDGES {
        return None;
    }
    let middle = widths.len() / 2;
    Some(*widths.select_nth_unstable_by(middle, f32::total_cmp).1)
}

/// A straight dark line from edge to edge of the picture: dirt on the glass of a sheet feeder. Pixels of the reduced copy.
#[derive(Debug, Clone, Copy)]
struct Line {
    at: f32,
    /// It runs along a row (the sheet was fed sideways), else along a column.
    across: bool,
}

/// Lines that are darker than their neighbours on nearly their whole length, margins included; print never reaches both edges.
fn streaks(scene: &Scene<'_>) -> Vec<(Line, f32)> {
    let small = &scene.small;
    let (w, h) = (small.width() as usize, small.height() as usize);
    let raw = small.as_raw();
    let mut found: Vec<(Line, f32)> = Vec::new();
    for across in [false, true] {
        let (lines, length) = if across { (h, w) } else { (w, h) };
        let at = |line: usize, along: usize| if across { raw[line * w + along] } else { raw[along * w + line] };
        let step = (length / 200).max(1);
        let mut last = None;
        for line in 4..lines.saturating_sub(4) {
            let dark = |along: usize| {
                let beside = at(line - 4, along).min(at(line + 4, along));
                at(line, along).saturating_add(14) < beside
            };
            // The ends first: they dismiss nearly every line.
            let ends = (0..10).filter(|i| dark(length * (2 * i + 1) / 1000) && dark(length - 1 - length * (2 * i + 1) / 1000)).count();
            if ends < 8 {
                continue;
            }
            let (seen, all) = (0..length).step_by(step).fold((0, 0), |(s, n), along| (s + usize::from(dark(along)), n + 1));
            if seen * 10 >= all * 8 && last.is_none_or(|l| line > l + 8) {
                found.push((Line { at: line as f32 + 0.5, across }, line as f32 / lines as f32));
                last = Some(line);
            }
        }
    }
    found.truncate(6);
    found
}

/// True when a line passes through an area.
fn crosses(scene: &Scene<'_>, placement: &Placement, area: &Rect, line: Line) -> bool {
    let bounds = placement.form_to_picture.apply_rect(area).bounds();
    let at = line.at * scene.factor;
    if line.across { at > bounds.y && at < bounds.bottom() } else { at > bounds.x && at < bounds.right() }
}

/// The one finding of a page that no template fits.
pub(crate) fn of_stranger(scene: &Scene<'_>) -> Finding {
    let cut = f32::from(scene.paper) - 0.35 * f32::from(scene.paper);
    let dark = scene.small.as_raw().iter().filter(|p| f32::from(**p) < cut).count() as f32 / scene.small.as_raw().len().max(1) as f32;
    if dark < 0.0015 {
        Finding { kind: FindingKind::BlankPage, detail: format!("тёмного {:.2} %", dark * 100.0) }
    } else {
        Finding {
            kind: FindingKind::UnknownForm, detail: "ни один шаблон не подошёл; выберите шаблон или исключите лист".to_owned()
        }
    }
}
