//! What is wrong with a picture as a whole, with the figures that show it.

use crate::locate::{Scene, skew_degrees};
use crate::params::Params;
use rcoi_model::{Finding, FindingKind, Placement};
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
    found
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
