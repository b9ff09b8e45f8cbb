//! Every defect of the scanner does what its name says and nothing beyond its bounds.

use image::{GrayImage, Luma};
use rcoi_synth::{Corner, Pass, ScanParams, Torn, scan};

const SCALE: f32 = 300.0 / 25.4;

/// A page of 60 × 80 mm with a black square near each corner and a fine grid of lines.
fn page() -> GrayImage {
    let (w, h) = ((60.0 * SCALE) as u32, (80.0 * SCALE) as u32);
    let mut page = GrayImage::from_fn(w, h, |x, y| Luma([if x % 90 < 3 || y % 110 < 3 { 40 } else { 255 }]));
    for (cx, cy) in [(80, 80), (w - 80, 80), (80, h - 80), (w - 80, h - 80)] {
        for y in cy - 30..cy + 30 {
            for x in cx - 30..cx + 30 {
                page.put_pixel(x, y, Luma([0]));
            }
        }
    }
    page
}

fn mean(page: &GrayImage) -> f64 {
    page.pixels().map(|p| f64::from(p.0[0])).sum::<f64>() / page.len() as f64
}

/// Share of pixels that differ by more than `by`.
fn changed(a: &GrayImage, b: &GrayImage, by: u8) -> f64 {
    assert_eq!(a.dimensions(), b.dimensions());
    a.pixels().zip(b.pixels()).filter(|(a, b)| a.0[0].abs_diff(b.0[0]) > by).count() as f64 / a.len() as f64
}

/// Centre of the black square that is nearest to a place, found among dark pixels within 60 pixels of it.
fn square(page: &GrayImage, (x, y): (f32, f32)) -> (f32, f32) {
    let mut sum = (0.0, 0.0, 0.0f32);
    for (px, py, pixel) in page.enumerate_pixels() {
        let (dx, dy) = (px as f32 - x, py as f32 - y);
        if dx.abs() < 60.0 && dy.abs() < 60.0 && pixel.0[0] < 20 {
            sum = (sum.0 + px as f32, sum.1 + py as f32, sum.2 + 1.0);
        }
    }
    (sum.0 / sum.2, sum.1 / sum.2)
}

#[test]
fn a_clean_pass_changes_nothing() {
    assert!(changed(&page(), &scan(&page(), &Pass::clean()), 1) < 1e-9);
}

#[test]
fn skew_turns_shift_moves_and_stretch_widens_by_the_told_amount() {
    let (clean, far) = (page(), (page().width() as f32 - 80.0, 80.0));
    let at = |pass: &Pass| square(&scan(&clean, pass), far);
    let (x0, y0) = at(&Pass::clean());
    let (x, y) = at(&Pass { shift: (2.0, -1.0), ..Pass::clean() });
    assert!((x - x0 - 2.0 * SCALE).abs() < 0.6 && (y - y0 + SCALE).abs() < 0.6, "{x} {y}");
    let half = clean.width() as f32 / 2.0 - 80.0;
    let (x, y) = at(&Pass { stretch: (1.02, 1.0), ..Pass::clean() });
    assert!((x - x0 - 0.02 * half).abs() < 0.8 && (y - y0).abs() < 0.6, "{x} {y}");
    let left = square(&scan(&clean, &Pass { skew: 3.0, ..Pass::clean() }), (80.0 + 24.0, 80.0 - 15.0));
    let right = square(&scan(&clean, &Pass { skew: 3.0, ..Pass::clean() }), (far.0 + 24.0, far.1 + 15.0));
    let angle = ((right.1 - left.1) / (right.0 - left.0)).atan().to_degrees();
    assert!((angle - 3.0).abs() < 0.1, "{angle}");
}

#[test]
fn a_turned_page_turned_again_is_the_page() {
    let turned = scan(&page(), &Pass { turned: true, ..Pass::clean() });
    assert!(changed(&page(), &turned, 50) > 0.01);
    assert!(changed(&page(), &image::imageops::rotate180(&turned), 1) < 1e-9);
}

#[test]
fn grey_paper_and_weak_black_keep_to_their_levels() {
    let out = scan(&page(), &Pass { paper: 180.0, black: 50.0, ..Pass::clean() });
    assert!(out.pixels().all(|p| (49..=181).contains(&p.0[0])));
    assert!(mean(&out) < mean(&page()) - 40.0);
}

#[test]
fn noise_dust_and_streaks_touch_a_bounded_share_of_the_page() {
    let clean = scan(&page(), &Pass { paper: 240.0, ..Pass::clean() });
    let share = |pass: Pass, by: u8| changed(&clean, &scan(&page(), &Pass { paper: 240.0, ..pass }), by);
    let noisy = Pass { noise: 3.0, ..Pass::clean() };
    assert!(share(noisy.clone(), 0) > 0.5 && share(noisy, 7) < 1e-9);
    let dusty = share(Pass { dust: 40, ..Pass::clean() }, 5);
    assert!(dusty > 0.0 && dusty * f64::from(page().width() * page().height()) <= 40.0 * 9.0, "{dusty}");
    let streaked = share(Pass { streaks: 1, ..Pass::clean() }, 5);
    assert!(streaked > 0.5 / f64::from(page().width()) && streaked <= 3.0 / f64::from(page().width()), "{streaked}");
}

#[test]
fn blur_softens_edges_and_keeps_the_ink() {
    let sharp = scan(&page(), &Pass::clean());
    let mut steepest = 255;
    for rounds in 1..=4 {
        let soft = scan(&page(), &Pass { blur: rounds, ..Pass::clean() });
        let steep =
            soft.rows().flat_map(|row| row.map(|p| p.0[0]).collect::<Vec<u8>>().windows(2).map(|w| w[0].abs_diff(w[1])).max()).max();
        let steep = steep.unwrap_or(0);
        assert!(steep < steepest, "round {rounds}: {steep}");
        steepest = steep;
        assert!((mean(&soft) - mean(&sharp)).abs() < 1.0);
    }
    assert!(steepest < 100, "{steepest}");
}

#[test]
fn a_torn_corner_shows_the_lid_there_and_nowhere_else() {
    let (w, h) = page().dimensions();
    for (corner, x, y) in
        [(Corner::LeftTop, 2, 2), (Corner::RightTop, w - 3, 2), (Corner::LeftBottom, 2, h - 3), (Corner::RightBottom, w - 3, h - 3)]
    {
        let torn = Torn { corner, width: 12.0, height: 20.0 };
        let out = scan(&page(), &Pass { torn: Some(torn), lid: 60, ..Pass::clean() });
        assert_eq!(out.get_pixel(x, y).0[0], 60, "{corner:?}");
        let lost = changed(&page(), &out, 1) * f64::from(w * h);
        let whole = f64::from(12.0 * SCALE * 20.0 * SCALE / 2.0);
        assert!(lost > 0.8 * whole && lost < 1.05 * whole, "{corner:?}: {lost} of {whole}");
    }
}

#[test]
fn a_scanner_makes_every_defect_sooner_or_later_and_keeps_to_its_parameters() {
    let params = ScanParams::default();
    let passes: Vec<Pass> = (0..2000).map(|seed| Pass::choose(&params, seed)).collect();
    for pass in &passes {
        assert!(pass.skew.abs() <= 3.0 && pass.shift.0.abs() <= 2.0 && pass.shift.1.abs() <= 2.0);
        assert!((pass.stretch.0 - 1.0).abs() <= 0.006 && (pass.stretch.1 - 1.0).abs() <= 0.006);
        assert!(pass.dust <= 40 && pass.blur <= 4 && (70..=85).contains(&pass.quality));
        assert!(pass.paper - pass.black > 100.0, "ink stays visible");
    }
    let share = |has: &dyn Fn(&Pass) -> bool| passes.iter().filter(|p| has(p)).count() as f64 / passes.len() as f64;
    for (told, found) in [
        (params.turned, share(&|p| p.turned)),
        (params.streaked, share(&|p| p.streaks > 0)),
        (params.blurred, share(&|p| p.blur > 0)),
        (params.grey, share(&|p| p.paper < 215.0)),
        (params.torn, share(&|p| p.torn.is_some())),
        (params.dark_lid, share(&|p| p.lid < 100)),
    ] {
        assert!((told - found).abs() < 0.03 && found > 0.0, "{told} {found}");
    }
    assert!(share(&|p| p.skew.abs() > 2.0) > 0.02, "strong skew happens");
    assert_eq!(Pass::choose(&params, 5), Pass::choose(&params, 5));
}
