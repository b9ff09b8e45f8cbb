//! What is wrong with a picture as a whole, with the figures that show it.

use crate::locate::{Scene, mark_grey, sizes, skew_degrees};
use crate::params::Params;
use rcoi_model::{Finding, FindingKind, Placement, Point, Rect};
use rcoi_template::{Locate, Template, Unit};

/// Skew that scanners should not have, degrees.
const STRONG_SKEW: f32 = 3.5;
/// The darkest ink of a page differs from its paper by at least so many grey levels, else faint pens are lost.
const LEAST_CONTRAST: u8 = 70;
/// Printed marks differ from the paper by at least so many grey levels: good print has 150 to 250, draft toner 60.
const LEAST_TONER: f32 = 80.0;
/// One direction may be scanned finer than the other by this share: feeders stretch by 2 %.
const UNEVEN: f32 = 0.06;

/// Findings of a page whose form is known.
pub(crate) fn of_form(scene: &Scene<'_>, template: &Template, placement: &Placement, params: &Params) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut say = |kind, detail: String| found.push(Finding { kind, detail });
    let marks = marks(scene, template, placement);
    if placement.anchors_found == 0 && placement.anchors_total > 0 {
        let detail =
            format!("не найдено ни одной метки из {}, лист найден по остальной печати; пересканируйте лист", placement.anchors_total);
        say(FindingKind::LostAnchors, detail);
    } else if placement.anchors_found < placement.anchors_total {
        let lost = lost(scene, template, &marks, (placement.anchors_total - placement.anchors_found) as usize);
        let (seen, all) = (placement.anchors_found, placement.anchors_total);
        say(FindingKind::LostAnchors, format!("найдено меток: {seen} из {all}, нет: {lost}; если поля сомнительны, пересканируйте лист"));
    }
    if placement.quarter_turns != 0 {
        say(FindingKind::UpsideDown, format!("лист повёрнут на {}°, прочитан", 90 * u32::from(placement.quarter_turns)));
    }
    let skew = skew_degrees(placement, template);
    if skew.abs() > STRONG_SKEW {
        say(FindingKind::StrongSkew, format!("перекос {skew:.1}°; поправьте направляющие сканера"));
    }
    let (wide, high) = sizes(placement, template);
    if template.unit == Unit::Millimetre && wide.min(high) < params.least_resolution {
        say(FindingKind::LowResolution, format!("{:.0} точек на дюйм; пересканируйте с 300", wide.min(high) * 25.4));
    } else if wide.max(high) > (1.0 + UNEVEN) * wide.min(high) {
        let detail = format!("по ширине в {:.2} раза подробнее, чем по высоте; задайте сканеру одно разрешение", wide / high);
        say(FindingKind::LowResolution, detail);
    }
    let contrast = scene.paper.saturating_sub(scene.black);
    let toner = middle(marks.iter().map(|m| f32::from(scene.paper) - m.1).collect());
    if contrast < LEAST_CONTRAST {
        let detail = format!("бумага {}, самое тёмное {} из 255; пересканируйте темнее", scene.paper, scene.black);
        say(FindingKind::LowContrast, detail);
    } else if let Some(toner) = toner
        && toner < LEAST_TONER
    {
        say(
            FindingKind::LowContrast,
            format!("печать бледная: метки темнее бумаги на {toner:.0} из 255; проверьте тонер, пересканируйте темнее"),
        );
    }
    if let Some((corner, share)) = folded(scene, template, placement) {
        let detail =
            format!("угол листа загнут или оторван: {corner}, под ним тёмного {:.0} %; расправьте и пересканируйте", share * 100.0);
        say(FindingKind::FoldedCorner, detail);
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
        let crossed = template.fields.iter().filter(|f| crosses(placement, &f.spec.bounds(), place)).count();
        if crossed > 0 {
            let side = if place.across { "сверху" } else { "слева" };
            let detail = format!("тёмная полоса в {:.0} % ширины {side}, задевает полей: {crossed}; протрите стекло", share * 100.0);
            say(FindingKind::Streak, detail);
        }
    }
    found
}

/// The template's marks: their places on the form and how grey the picture is there.
fn marks(scene: &Scene<'_>, template: &Template, placement: &Placement) -> Vec<(Point, f32)> {
    let Locate::Anchors(anchors) = &template.locate else { return Vec::new() };
    let one = |a: &rcoi_template::Anchor| Some((a.centre, mark_grey(scene, a, &placement.form_to_picture)?));
    anchors.iter().filter_map(one).collect()
}

/// Where on the sheet the palest `count` marks should be.
fn lost(scene: &Scene<'_>, template: &Template, marks: &[(Point, f32)], count: usize) -> String {
    let mut pale: Vec<&(Point, f32)> = marks.iter().collect();
    pale.sort_by(|a, b| b.1.total_cmp(&a.1));
    let half = (f32::from(scene.paper) + f32::from(scene.black)) / 2.0;
    let named: Vec<String> = pale.iter().take(count).filter(|m| m.1 > half).map(|m| place_name(template, m.0)).collect();
    if named.is_empty() { "стоят не на месте".to_owned() } else { named.join(", ") }
}

/// A place of the sheet in words.
fn place_name(template: &Template, p: Point) -> String {
    let third = |at: f32, all: f32, words: [&'static str; 3]| words[((at / all * 3.0) as usize).min(2)];
    let (down, right) =
        (third(p.y, template.height, ["сверху", "посередине", "снизу"]), third(p.x, template.width, ["слева", "по центру", "справа"]));
    format!("{down} {right}")
}

fn middle(mut values: Vec<f32>) -> Option<f32> {
    let at = values.len() / 2;
    (!values.is_empty()).then(|| *values.select_nth_unstable_by(at, f32::total_cmp).1)
}

/// Legs of the triangle that is looked at in each corner of the sheet, as a share of its shorter side: 12 mm of A4.
const FOLD: f32 = 0.057;
/// A corner of which more is dark is not paper.
const FOLDED: f32 = 0.6;

/// A corner of the sheet under which the dark lid of the scanner shows, and how much of it is dark.
fn folded(scene: &Scene<'_>, template: &Template, placement: &Placement) -> Option<(String, f32)> {
    let cut = f32::from(scene.paper) - 0.5 * f32::from(scene.paper.saturating_sub(scene.black));
    let leg = FOLD * template.width.min(template.height);
    let sheet = Rect::new(0.0, 0.0, template.width, template.height);
    sheet.corners().into_iter().find_map(|corner| {
        let inward = |at: f32, by: f32| if at > 0.0 { at - by } else { at + by };
        let (mut dark, mut seen) = (0, 0);
        for k in 0..64 {
            // Points of the triangle, clear of the very edge.
            let (u, v) = (((k % 8) as f32 + 0.5) / 8.0, ((k / 8) as f32 + 0.5) / 8.0);
            if u + v < 1.0 {
                let p = placement.form_to_picture.apply(Point::new(inward(corner.x, leg * (0.1 + u)), inward(corner.y, leg * (0.1 + v))));
                if p.x >= 0.0 && p.y >= 0.0 && p.x < scene.gray.width() as f32 && p.y < scene.gray.height() as f32 {
                    seen += 1;
                    dark += i32::from(f32::from(scene.gray.get_pixel(p.x as u32, p.y as u32).0[0]) < cut);
                }
            }
        }
        let share = dark as f32 / seen.max(1) as f32;
        (seen >= 12 && share > FOLDED).then(|| (place_name(template, corner), share))
    })
}

/// Longer side of a sheet, millimetres: what a picture of unknown resolution most likely shows.
const PAPER_LENGTH: f32 = 297.0;
/// Edges of print are wider than this when the picture is out of focus, millimetres: a sharp scan has 0.1–0.2.
const BLURRED: f32 = 0.42;
/// Fewer pixels are what a coarse picture of a sharp edge has.
const LEAST_BLUR: f32 = 4.0;
/// Rows of the picture on which edges are looked for.
const ROWS: u32 = 48;
/// Pixels of a row that are looked at together.
const PAPER_RUN: usize = 32;
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
        for (index, part) in row.chunks(PAPER_RUN).enumerate() {
            // Most of a row is paper.
            if f32::from(part.iter().fold(255, |darkest: u8, v| darkest.min(*v))) >= high {
                last_high = Some(index * PAPER_RUN + part.len() - 1);
                continue;
            }
            for (x, value) in part.iter().enumerate().map(|(k, v)| (index * PAPER_RUN + k, f32::from(*v))) {
                if value >= high {
                    last_high = Some(x);
                } else if value <= low
                    && let Some(from) = last_high.take()
                {
                    widths.push((x - from) as f32);
                }
            }
        }
    }
    if widths.len() < LEAST_EDGES {
        return None;
    }
    let middle = widths.len() / 2;
    Some(*widths.select_nth_unstable_by(middle, f32::total_cmp).1)
}

/// A straight dark line from edge to edge of the picture: dirt on the glass of a sheet feeder. Picture pixels.
#[derive(Debug, Clone, Copy)]
struct Line {
    at: f32,
    /// It runs along a row (the sheet was fed sideways), else along a column.
    across: bool,
}

/// Lines that are darker than their neighbours on nearly their whole length, margins included; print never reaches both edges.
fn streaks(scene: &Scene<'_>) -> Vec<(Line, f32)> {
    let (copy, factor) = scene.fine();
    let (w, h) = (copy.width() as usize, copy.height() as usize);
    let raw = copy.as_raw();
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
                found.push((Line { at: (line as f32 + 0.5) * factor, across }, line as f32 / lines as f32));
                last = Some(line);
            }
        }
    }
    found.truncate(6);
    found
}

/// True when a line passes through an area.
fn crosses(placement: &Placement, area: &Rect, line: Line) -> bool {
    let bounds = placement.form_to_picture.apply_rect(area).bounds();
    if line.across { line.at > bounds.y && line.at < bounds.bottom() } else { line.at > bounds.x && line.at < bounds.right() }
}

/// The one finding of a page that no template fits.
pub(crate) fn of_stranger(scene: &Scene<'_>) -> Finding {
    let dark = scene.ink() * 100.0;
    if scene.is_blank() {
        return Finding {
            kind: FindingKind::BlankPage, detail: format!("тёмного {dark:.2} %; пустой лист, исключите его")
        };
    }
    let (w, h) = (scene.gray.width(), scene.gray.height());
    let detail = format!("ни один шаблон не подошёл (картинка {w} × {h}, тёмного {dark:.1} %); выберите шаблон или исключите лист");
    Finding { kind: FindingKind::UnknownForm, detail }
}
