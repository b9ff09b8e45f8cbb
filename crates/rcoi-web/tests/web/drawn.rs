//! Pictures of the fake centre: a field with its cells and a page, drawn as SVG.

use std::fmt::Write;

/// Distance of cells and their size, pixels.
const PITCH: f32 = 44.0;
const CELL: [f32; 2] = [40.0, 52.0];
/// Margin of a cut-out.
const MARGIN: f32 = 24.0;

/// Width and height of the area of `cells` cells.
pub(crate) fn area(cells: u32) -> [f32; 2] {
    [(cells.max(1) - 1) as f32 * PITCH + CELL[0], CELL[1]]
}

/// The cells in parts of the area.
pub(crate) fn spots(cells: u32) -> Vec<[f32; 4]> {
    let width = area(cells)[0];
    (0..cells).map(|i| [i as f32 * PITCH / width, 0.0, CELL[0] / width, 1.0]).collect()
}

/// A field as a hand filled it.
pub(crate) fn field(written: &str, cells: u32) -> String {
    let (width, height) = (area(cells)[0] + 2.0 * MARGIN, CELL[1] + 2.0 * MARGIN);
    let mut svg = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"><rect width="100%" height="100%" fill="#f4f2ee"/>"##
    );
    for i in 0..cells {
        let x = MARGIN + i as f32 * PITCH;
        let _ = write!(
            svg,
            r##"<rect x="{x}" y="{MARGIN}" width="{}" height="{}" fill="#fff" stroke="#c9b6ae" stroke-width="1.5"/>"##,
            CELL[0], CELL[1]
        );
    }
    for (i, c) in written.chars().enumerate() {
        let (x, turn) = (MARGIN + i as f32 * PITCH + CELL[0] / 2.0, (i * 7 % 11) as f32 - 5.0);
        let y = MARGIN + 42.0;
        let _ = write!(
            svg,
            r##"<text x="{x}" y="{y}" font-family="DejaVu Sans" font-style="oblique" font-size="42" fill="#23304a" text-anchor="middle" transform="rotate({turn} {x} {y})">{c}</text>"##
        );
    }
    svg + "</svg>"
}

/// One cell with a digit as a hand writes it, PNG as base64; `n` makes each a little different.
pub(crate) fn cell(digit: char, n: u32) -> String {
    use base64::Engine;
    let strokes: &[(f32, f32)] = match digit {
        '1' => &[(0.3, 0.4), (0.55, 0.2), (0.5, 0.8)],
        '3' => &[(0.3, 0.25), (0.65, 0.25), (0.45, 0.48), (0.68, 0.62), (0.5, 0.8), (0.28, 0.76)],
        '7' => &[(0.28, 0.24), (0.7, 0.22), (0.48, 0.5), (0.42, 0.8)],
        _ => &[(0.66, 0.3), (0.4, 0.2), (0.32, 0.36), (0.66, 0.62), (0.5, 0.8), (0.3, 0.66), (0.66, 0.3)],
    };
    let (lean, lift) = (((n * 7) % 11) as f32 * 0.012 - 0.06, ((n * 5) % 7) as f32 * 0.01);
    let near = |x: f32, y: f32| {
        strokes.windows(2).any(|pair| {
            let (a, b) = (pair[0], pair[1]);
            let (dx, dy) = (b.0 - a.0, b.1 - a.1);
            let along = (((x - a.0) * dx + (y - a.1) * dy) / (dx * dx + dy * dy)).clamp(0.0, 1.0);
            (x - a.0 - along * dx).hypot(y - a.1 - along * dy) < 0.035
        })
    };
    let cell = image::GrayImage::from_fn(58, 72, |px, py| {
        let (x, y) = (px as f32 / 58.0 + lean * (py as f32 / 72.0 - 0.5), py as f32 / 72.0 - lift);
        let frame = px.abs_diff(6).min(px.abs_diff(51)).min(py.abs_diff(6)).min(py.abs_diff(65)) == 0;
        image::Luma([if near(x, y) {
            40
        } else if frame {
            190
        } else {
            238
        }])
    });
    let mut png = std::io::Cursor::new(Vec::new());
    cell.write_to(&mut png, image::ImageFormat::Png).unwrap();
    base64::engine::general_purpose::STANDARD.encode(png.into_inner())
}

/// Where row `n` of the drawn page stands, in parts of the page.
pub(crate) fn place(row: u32) -> [f32; 4] {
    [0.1, 0.2 + 0.035 * row as f32, 0.4, 0.022]
}

/// A whole form.
pub(crate) fn page() -> String {
    let (width, height) = (1240.0, 1754.0);
    let mut svg = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"><rect width="100%" height="100%" fill="#f7f5f1"/><text x="420" y="120" font-family="DejaVu Sans" font-size="34" font-weight="bold">Бланк ответов № 1</text>"##
    );
    for i in 0..46 {
        let (x, w) = (780 + i * 8, 2 + (i * 5) % 6);
        let _ = write!(svg, r#"<rect x="{x}" y="170" width="{w}" height="90"/>"#);
    }
    for row in 0..20 {
        for half in 0..2 {
            let (left, top) = (0.1 + 0.45 * half as f32, 0.2 + 0.035 * row as f32);
            for i in 0..12 {
                let _ = write!(
                    svg,
                    r##"<rect x="{}" y="{}" width="34" height="38" fill="#fff" stroke="#c9b6ae"/>"##,
                    left * width + i as f32 * 41.0,
                    top * height
                );
            }
            let text = ["135", "-12,5", "ПАРАДОКС", "4", "2781", "ЛЕС"][(row * 2 + half) as usize % 6];
            for (i, c) in text.chars().enumerate() {
                let (x, y) = (left * width + i as f32 * 41.0 + 17.0, top * height + 31.0);
                let _ = write!(
                    svg,
                    r##"<text x="{x}" y="{y}" font-family="DejaVu Sans" font-style="oblique" font-size="30" fill="#23304a" text-anchor="middle">{c}</text>"##
                );
            }
        }
    }
    svg + "</svg>"
}

/// A page as small as the operator sees it, PNG: lines where print is, a dark band on some.
pub(crate) fn thumbnail(page: rcoi_model::PageId, streaked: bool) -> Vec<u8> {
    let n = page.0.as_bytes()[15];
    let picture = image::GrayImage::from_fn(160, 226, |x, y| {
        let (row, column) = (y / 9, x / 5);
        let text = y > 40 && y < 210 && y % 9 > 2 && x > 14 && x < 146 && (column * 7 + row * 13 + u32::from(n)) % 5 > 1;
        let mark = !(14..=212).contains(&y) && !(14..146).contains(&x) && (4..12).contains(&(x % 150));
        let head = (20..30).contains(&y) && (14..110).contains(&x);
        let streak = streaked && (70..73).contains(&x);
        let noise = ((x * 31 + y * 17) % 7) as u8;
        image::Luma([match () {
            () if mark => 20,
            () if streak => 90,
            () if head => 120,
            () if text => 170 + noise,
            () => 246 - noise,
        }])
    });
    let picture = image::imageops::thumbnail(&picture, 56, 79);
    let mut bytes = Vec::new();
    picture.write_to(&mut std::io::Cursor::new(&mut bytes), image::ImageFormat::Png).unwrap();
    bytes
}
