//! Drawn sheets with what goes wrong at scanners: each fault is named with its figures, and only where it matters.

use image::{GrayImage, Luma, imageops};
use rcoi_model::{FindingKind, PageReading, TemplateId};
use rcoi_recognize::{FormReader, Glyph, GlyphClassifier, Params, Picture};
use rcoi_template::{Preprint, TemplateSet, builtin, draw};
use std::sync::OnceLock;

const DPI: f32 = 150.0;
const SCALE: f32 = DPI / 25.4;

/// Names nothing: nobody writes on these sheets.
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

fn sheet_at(dpi: f32) -> GrayImage {
    let template = builtin().get(&TemplateId("bubble-100".to_owned())).cloned().expect("a shipped form");
    let twelve = "236900000123";
    let code = format!("{twelve}{}", rcoi_model::ean13_check_digit(twelve));
    let preprint: Preprint = [("code".to_owned(), code.clone()), ("code-vertical".to_owned(), code)].into();
    draw::gray(&template, &preprint, dpi).expect("a drawn blank")
}

fn sheet() -> GrayImage {
    static SHEET: OnceLock<GrayImage> = OnceLock::new();
    SHEET.get_or_init(|| sheet_at(DPI)).clone()
}

fn read(gray: GrayImage) -> PageReading {
    static READER: OnceLock<FormReader> = OnceLock::new();
    let reader = READER.get_or_init(|| {
        let only = builtin().get(&TemplateId("bubble-100".to_owned())).cloned().expect("a shipped form");
        let set = TemplateSet { templates: vec![only] };
        FormReader::with_classifier(set, Params::default(), Box::new(Nobody)).expect("one template")
    });
    reader.read_page(&Picture { gray, dpi: None })
}

/// What is said of a picture, in the order of its kinds.
fn said(gray: GrayImage) -> Vec<(FindingKind, String)> {
    let mut all: Vec<(FindingKind, String)> = read(gray).findings.into_iter().map(|f| (f.kind, f.detail)).collect();
    all.sort();
    all
}

/// The only thing that is said.
fn only(gray: GrayImage) -> (FindingKind, String) {
    let all = said(gray);
    assert_eq!(all.len(), 1, "{all:?}");
    all.into_iter().next().expect("one")
}

/// Every pixel made anew from its place (millimetres) and brightness.
fn changed(mut gray: GrayImage, change: impl Fn(f32, f32, u8) -> u8) -> GrayImage {
    for (x, y, pixel) in gray.enumerate_pixels_mut() {
        pixel.0[0] = change((x as f32 + 0.5) / SCALE, (y as f32 + 0.5) / SCALE, pixel.0[0]);
    }
    gray
}

#[test]
fn nothing_is_said_of_a_good_scan() {
    assert_eq!(said(sheet()), []);
}

#[test]
fn a_turned_sheet_is_read_and_said_so() {
    let (kind, detail) = only(imageops::rotate180(&sheet()));
    assert_eq!(kind, FindingKind::UpsideDown);
    assert!(detail.contains("180°"), "{detail}");
}

#[test]
fn a_streak_is_remarked_only_where_it_crosses_fields() {
    let streak = |at: f32| move |x: f32, _: f32, old: u8| if (x - at).abs() < 0.12 { old.saturating_sub(110) } else { old };
    let (kind, detail) = only(changed(sheet(), streak(62.0)));
    assert_eq!(kind, FindingKind::Streak);
    assert!(detail.contains("протрите стекло"), "{detail}");
    assert_eq!(said(changed(sheet(), streak(4.0))), []);
}

#[test]
fn a_lost_mark_is_named_by_its_place() {
    let white = |x: f32, y: f32, old: u8| if x > 190.0 && y > 278.0 { 255 } else { old };
    let (kind, detail) = only(changed(sheet(), white));
    assert_eq!(kind, FindingKind::LostAnchors);
    assert!(detail.contains("4 из 5") && detail.contains("снизу справа"), "{detail}");
}

#[test]
fn a_folded_corner_shows_the_dark_lid_and_is_named() {
    let folded = |x: f32, y: f32, old: u8| if x + (297.0 - y) < 30.0 { 20 } else { old };
    let all = said(changed(sheet(), folded));
    let corner = all.iter().find(|(kind, _)| *kind == FindingKind::FoldedCorner);
    assert!(corner.is_some_and(|(_, detail)| detail.contains("снизу слева")), "{all:?}");
    assert!(all.iter().any(|(kind, _)| *kind == FindingKind::LostAnchors), "{all:?}");
}

#[test]
fn pale_toner_and_a_pale_scan_are_told_by_figures() {
    // Pale print, but some dark ink of a pen: only the marks tell.
    let toner = |x: f32, y: f32, old: u8| {
        if (20.0..60.0).contains(&x) && (270.0..283.0).contains(&y) { 0 } else { 255 - (f32::from(255 - old) * 0.25) as u8 }
    };
    let (kind, detail) = only(changed(sheet(), toner));
    assert_eq!(kind, FindingKind::LowContrast);
    assert!(detail.contains("тонер"), "{detail}");
    let (kind, detail) = only(changed(sheet(), |_, _, old| 255 - (f32::from(255 - old) * 0.22) as u8));
    assert_eq!(kind, FindingKind::LowContrast);
    assert!(detail.contains("бумага 255"), "{detail}");
}

#[test]
fn too_coarse_and_uneven_resolutions_are_named() {
    let all = said(sheet_at(60.0));
    assert!(all.iter().any(|(kind, detail)| *kind == FindingKind::LowResolution && detail.contains("60 точек")), "{all:?}");
    let sheet = sheet();
    let squeezed = imageops::resize(&sheet, sheet.width(), sheet.height() * 90 / 100, imageops::FilterType::Triangle);
    let all = said(squeezed);
    assert!(all.iter().any(|(kind, detail)| *kind == FindingKind::LowResolution && detail.contains("разрешение")), "{all:?}");
}

#[test]
fn a_cut_edge_and_a_page_of_another_kind_are_named() {
    let sheet = sheet();
    let cut = imageops::crop_imm(&sheet, 0, 0, sheet.width(), sheet.height() * 85 / 100).to_image();
    let all = said(cut);
    assert!(all.iter().any(|(kind, _)| *kind == FindingKind::CutEdge), "{all:?}");
    assert_eq!(only(GrayImage::from_pixel(1240, 1754, Luma([250]))).0, FindingKind::BlankPage);
    // A table of another form.
    let table = changed(GrayImage::from_pixel(1240, 1754, Luma([255])), |x, y, old| if x % 17.0 < 0.5 || y % 11.0 < 0.5 { 0 } else { old });
    let (kind, detail) = only(table);
    assert_eq!(kind, FindingKind::UnknownForm);
    assert!(detail.contains("выберите шаблон"), "{detail}");
}
