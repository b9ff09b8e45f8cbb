//! Where a form lies in a picture: anchors, a marker picture, the page's own edges, or the whole picture.

mod anchors;
mod correlate;
mod features;
mod fit;
mod frame;
mod general;
mod likeness;
mod pictures;
mod shape;
mod sides;

pub(crate) use anchors::Sights;
pub(crate) use likeness::Look;

use crate::cv;
use crate::levels::Levels;
use crate::params::Params;
use image::GrayImage;
use rcoi_model::{Homography, Placement, Point};
use rcoi_template::{Anchor, AnchorShape, Locate, Template};
use shape::Linear;
use std::sync::OnceLock;

/// A picture with the reduced copies on which things are searched.
pub(crate) struct Scene<'a> {
    pub(crate) gray: &'a GrayImage,
    /// The picture with its halved copies.
    pub(crate) page: Levels<'a>,
    /// How often the copy is halved on which whole pages are searched.
    small: usize,
    /// The same for the copy on which fine things are looked at.
    fine: usize,
    /// Grey of the paper and of the darkest ink.
    pub(crate) paper: u8,
    pub(crate) black: u8,
    blobs: OnceLock<Vec<cv::Blob>>,
    ink: OnceLock<f32>,
}

/// The sheet may be longer or shorter than the picture by this share and still be what fills it.
const UNEVEN: f32 = 0.13;
/// Grey levels are counted and streaks sought on a copy at most so long, pixels: 6 in a millimetre of A4.
const FINE: u32 = 2000;
/// Grey levels are counted on about so many rows.
const COUNTED: usize = 250;
/// A triangle with less of the area of the largest is nearly a line.
const LEAST_TRIANGLE: f32 = 0.1;
/// What is less darker than the paper is its grain or what shines through, grey levels.
const LEAST_DARK: f32 = 40.0;
/// A page with less dark is blank: a line of text covers 0.3 %.
const LEAST_INK: f32 = 0.0015;

impl<'a> Scene<'a> {
    pub(crate) fn new(gray: &'a GrayImage, params: &Params) -> Self {
        let page = Levels::of(gray);
        let longest = gray.width().max(gray.height());
        let at_most = |side: u32| (0..page.deepest()).find(|level| longest >> level <= side).unwrap_or(page.deepest());
        let (small, fine) = (at_most(params.locate_side), at_most(FINE));
        let (paper, black) = levels(page.reduced(fine).0);
        Self { gray, page, small, fine, paper, black, blobs: OnceLock::new(), ink: OnceLock::new() }
    }

    /// The picture, halved so many times.
    fn level(&self, halvings: usize) -> &GrayImage {
        self.page.reduced(halvings).0
    }

    /// How often the picture can be halved.
    fn most_level(&self) -> usize {
        self.page.deepest()
    }

    /// The copy on which whole pages are searched, and how many picture pixels its pixels are wide.
    pub(crate) fn small(&self) -> &GrayImage {
        self.level(self.small)
    }

    pub(crate) fn small_factor(&self) -> f32 {
        (1_u32 << self.small) as f32
    }

    /// The copy on which fine things of the whole page are looked at, and how many picture pixels its pixels are wide.
    pub(crate) fn fine(&self) -> (&GrayImage, f32) {
        (self.level(self.fine), (1_u32 << self.fine) as f32)
    }

    /// Share of the page that is dark.
    pub(crate) fn ink(&self) -> f32 {
        *self.ink.get_or_init(|| {
            let cut = f32::from(self.paper) - (0.35 * f32::from(self.paper.saturating_sub(self.black))).max(LEAST_DARK);
            let pixels = self.small().as_raw();
            pixels.iter().filter(|p| f32::from(**p) < cut).count() as f32 / pixels.len().max(1) as f32
        })
    }

    /// True when there is less on the page than a line of text: dust and the shade of the edges.
    pub(crate) fn is_blank(&self) -> bool {
        self.ink() < LEAST_INK
    }

    /// A copy whose longer side is `side` pixels, and its picture pixels per pixel; the picture itself when that is smaller.
    fn reduced(&self, side: u32) -> (GrayImage, f32) {
        let longest = self.gray.width().max(self.gray.height()).max(1);
        let share = (side as f32 / longest as f32).min(1.0);
        let size = |side: u32| ((side as f32 * share).round() as u32).max(1);
        let copy = if share < 1.0 { cv::shrink(self.gray, size(self.gray.width()), size(self.gray.height())) } else { None };
        let copy = copy.unwrap_or_else(|| self.gray.clone());
        let factor = self.gray.width() as f32 / copy.width().max(1) as f32;
        (copy, factor)
    }

    /// Least contrast of a mark with the paper, grey levels.
    fn least_contrast(&self, params: &Params) -> f32 {
        params.anchor_contrast * f32::from(self.paper.saturating_sub(self.black))
    }

    /// Dark regions of the small copy. Thin lines are paler there than what they are printed with.
    fn blobs(&self) -> &[cv::Blob] {
        self.blobs.get_or_init(|| {
            let small = self.small();
            let cut = f32::from(self.paper) - 0.42 * (f32::from(self.paper) - f32::from(self.black));
            let mask = small.as_raw().iter().map(|p| if f32::from(*p) < cut { 255 } else { 0 }).collect();
            GrayImage::from_raw(small.width(), small.height(), mask).map_or_else(Vec::new, |mask| cv::blobs(&mask, 12))
        })
    }
}

/// Grey of the paper and of the darkest ink, counted on some rows.
fn levels(gray: &GrayImage) -> (u8, u8) {
    let (width, step) = (gray.width().max(1) as usize, (gray.height() as usize / COUNTED).max(1));
    // Neighbours are mostly of the same grey: counted apart, they need not wait for each other.
    let mut apart = [[0_u32; 256]; 4];
    for row in gray.as_raw().chunks_exact(width).step_by(step) {
        for four in row.chunks_exact(4) {
            for (counts, p) in apart.iter_mut().zip(four) {
                counts[usize::from(*p)] += 1;
            }
        }
    }
    let counts: Vec<u32> = (0..256).map(|level| apart.iter().map(|counts| counts[level]).sum()).collect();
    let all: u32 = counts.iter().sum();
    let below = |share: f32| {
        let mut sum = 0;
        let wanted = (share * all as f32) as u32;
        let level = counts.iter().position(|count| {
            sum += count;
            sum > wanted
        });
        level.unwrap_or(255) as u8
    };
    let paper = below(0.75);
    (paper, below(0.004).min(paper.saturating_sub(30)))
}

/// Every way `template` may lie in the scene, best first: several where its marks or edges look alike turned, none when it is not there.
pub(crate) fn locate(scene: &Scene<'_>, template: &Template, params: &Params) -> Vec<Placement> {
    match &template.locate {
        Locate::Whole => vec![whole(scene, template)],
        Locate::PageFrame => vec![frame::find(scene, template).unwrap_or_else(|| whole(scene, template))],
        Locate::Anchors(anchors) if anchors.iter().all(|a| matches!(a.shape, AnchorShape::Picture { .. })) => {
            pictures::find(scene, template, anchors).into_iter().collect()
        }
        Locate::Anchors(anchors) => anchors::find(scene, template, anchors, params),
    }
}

/// The way a form lies that shows all its marks where a sheet that fills the picture has them, turned clockwise by `turn` quarters.
/// Costs a small part of [`locate`].
pub(crate) fn at_first_sight<'t>(
    scene: &Scene<'_>,
    template: &'t Template,
    turn: u8,
    sights: &mut Sights<'t>,
    params: &Params,
) -> Option<Placement> {
    match &template.locate {
        Locate::Anchors(anchors) if anchors.iter().all(|a| !matches!(a.shape, AnchorShape::Picture { .. })) => {
            anchors::at_first_sight(scene, (template, anchors), turn, sights, params)
        }
        _ => None,
    }
}

/// Where the print of the form lies when no marks tell it: `found` = what [`locate`] gave. `None` when nothing better is known than that.
pub(crate) fn by_print(scene: &Scene<'_>, template: &Template, look: &Look, found: &[Placement], params: &Params) -> Option<Placement> {
    // Of a form that is not printed from its template, only the boxes are known: too little, and too regular.
    if !look.whole {
        return None;
    }
    let first = found.first().map_or_else(|| lying(scene, template, 0), |p| p.form_to_picture);
    let starts: Vec<Homography> = (0..if template.upright { 1 } else { 4 })
        .map(|turn| turned(template, turn).then(&first))
        .filter(|map| Linear::near(map, Point::new(template.width / 2.0, template.height / 2.0), 1.0).strain() <= UNEVEN)
        .collect();
    let mut placement = features::find(scene, template, look, &starts, params)?;
    if let Locate::Anchors(anchors) = &template.locate {
        placement.anchors_total = anchors.len() as u32;
    }
    Some(placement)
}

fn whole(scene: &Scene<'_>, template: &Template) -> Placement {
    Placement { form_to_picture: lying(scene, template, 0), quarter_turns: 0, anchors_found: 0, anchors_total: 0, residual: 0.0 }
}

/// The map of a form whose sheet was turned clockwise by `turn` quarters and fills the picture.
fn lying(scene: &Scene<'_>, template: &Template, turn: u8) -> Homography {
    let (w, h) = (scene.gray.width() as f32 / template.width, scene.gray.height() as f32 / template.height);
    turned(template, turn).then(&Homography([f64::from(w), 0.0, 0.0, 0.0, f64::from(h), 0.0, 0.0, 0.0, 1.0]))
}

/// The sheet turned clockwise by `turn` quarters within its own edges, to which it is stretched.
fn turned(template: &Template, turn: u8) -> Homography {
    let (w, h) = (f64::from(template.width), f64::from(template.height));
    Homography(match turn % 4 {
        0 => [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
        1 => [0.0, -w / h, w, h / w, 0.0, 0.0, 0.0, 0.0, 1.0],
        2 => [-1.0, 0.0, w, 0.0, -1.0, h, 0.0, 0.0, 1.0],
        _ => [0.0, w / h, 0.0, -h / w, 0.0, h, 0.0, 0.0, 1.0],
    })
}

/// The placement that maps `from` (form units) onto `to` (picture pixels).
fn placed(from: &[Point], to: &[Point], total: usize, template: &Template, params: Option<&Params>) -> Option<Placement> {
    let affine = fit::affine(from, to)?;
    let width = affine.apply(Point::new(0.0, 0.0)).distance(affine.apply(Point::new(template.width, 0.0)));
    let misfit = fit::misfit(&affine, from, to);
    let allowed = params.map_or(0.0, |p| p.affine_misfit) * width;
    let map = if misfit > allowed && well_spread(from) { fit::projective(from, to).unwrap_or(affine) } else { affine };
    let scale = width / template.width;
    Some(Placement {
        quarter_turns: turns(&map, template),
        residual: fit::misfit(&map, from, to) / scale.max(1e-6),
        form_to_picture: map,
        anchors_found: from.len() as u32,
        anchors_total: total as u32,
    })
}

/// True when the points hold a projective map: of four, no three may stand nearly on a line.
fn well_spread(points: &[Point]) -> bool {
    let area = |a: Point, b: Point, c: Point| ((b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x)).abs();
    let without = |k: usize| -> Vec<Point> { points.iter().enumerate().filter(|(i, _)| *i != k).map(|(_, p)| *p).collect() };
    let triangles: Vec<f32> = (0..points.len()).map(without).map(|t| if t.len() == 3 { area(t[0], t[1], t[2]) } else { 1.0 }).collect();
    let most = triangles.iter().copied().fold(0.0, f32::max);
    points.len() >= 4 && triangles.iter().all(|t| *t > LEAST_TRIANGLE * most)
}

/// Quarter turns by which the picture must be turned clockwise to stand upright.
fn turns(map: &Homography, template: &Template) -> u8 {
    let (a, b) = (map.apply(Point::new(0.0, 0.0)), map.apply(Point::new(template.width, 0.0)));
    let angle = (b.y - a.y).atan2(b.x - a.x);
    let clockwise = (angle / std::f32::consts::FRAC_PI_2).round() as i32;
    (-clockwise).rem_euclid(4) as u8
}

/// How grey the picture is where a mark's dark parts should be; `None` outside the picture and for marks of any look.
pub(crate) fn mark_grey(scene: &Scene<'_>, anchor: &Anchor, map: &Homography) -> Option<f32> {
    shape::grey(scene.gray, anchor, map)
}

/// Picture pixels per form unit across and along the form.
pub(crate) fn sizes(placement: &Placement, template: &Template) -> (f32, f32) {
    let map = &placement.form_to_picture;
    let origin = map.apply(Point::new(0.0, 0.0));
    let (right, down) = (map.apply(Point::new(template.width, 0.0)), map.apply(Point::new(0.0, template.height)));
    (origin.distance(right) / template.width, origin.distance(down) / template.height)
}

/// Angle between the form's upper edge and the nearest axis of the picture, degrees.
pub(crate) fn skew_degrees(placement: &Placement, template: &Template) -> f32 {
    let map = &placement.form_to_picture;
    let (a, b) = (map.apply(Point::new(0.0, 0.0)), map.apply(Point::new(template.width, 0.0)));
    let angle = (b.y - a.y).atan2(b.x - a.x).to_degrees();
    angle - (angle / 90.0).round() * 90.0
}
