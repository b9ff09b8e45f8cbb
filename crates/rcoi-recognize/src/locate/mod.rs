//! Where a form lies in a picture: anchors, a marker picture, the page's own edges, or the whole picture.

mod anchors;
mod fit;
mod frame;
mod pictures;

use crate::cv;
use crate::levels::Levels;
use crate::params::Params;
use crate::sample::percentile;
use image::GrayImage;
use rcoi_model::{Homography, Placement, Point};
use rcoi_template::{AnchorShape, Locate, Template};

/// A picture with the reduced copy on which things are searched.
pub(crate) struct Scene<'a> {
    pub(crate) gray: &'a GrayImage,
    /// The picture with its halved copies.
    pub(crate) page: Levels<'a>,
    pub(crate) small: GrayImage,
    /// Picture pixels per pixel of the reduced copy.
    pub(crate) factor: f32,
    /// Grey of the paper and of the darkest ink.
    pub(crate) paper: u8,
    pub(crate) black: u8,
    blobs: Vec<cv::Blob>,
}

impl<'a> Scene<'a> {
    pub(crate) fn new(gray: &'a GrayImage, params: &Params) -> Self {
        let longest = gray.width().max(gray.height()).max(1);
        let share = (params.locate_side as f32 / longest as f32).min(1.0);
        let size = |side: u32| ((side as f32 * share).round() as u32).max(1);
        let small = if share < 1.0 { cv::shrink(gray, size(gray.width()), size(gray.height())) } else { None };
        let small = small.unwrap_or_else(|| gray.clone());
        let factor = gray.width() as f32 / small.width().max(1) as f32;
        let paper = percentile(small.as_raw(), 0.75);
        let black = percentile(small.as_raw(), 0.004).min(paper.saturating_sub(30));
        let cut = f32::from(black) + 0.5 * (f32::from(paper) - f32::from(black));
        let mask = GrayImage::from_raw(
            small.width(),
            small.height(),
            small.as_raw().iter().map(|p| if f32::from(*p) < cut { 255 } else { 0 }).collect(),
        )
        .unwrap_or_default();
        let blobs = cv::blobs(&mask, 12);
        Self { gray, page: Levels::of(gray), small, factor, paper, black, blobs }
    }
}

/// Finds `template` in the scene; `None` when it is not there.
pub(crate) fn locate(scene: &Scene<'_>, template: &Template, params: &Params) -> Option<Placement> {
    match &template.locate {
        Locate::Whole => Some(whole(scene, template)),
        Locate::PageFrame => Some(frame::find(scene, template).unwrap_or_else(|| whole(scene, template))),
        Locate::Anchors(anchors) if anchors.iter().all(|a| matches!(a.shape, AnchorShape::Picture { .. })) => {
            pictures::find(scene, template, anchors)
        }
        Locate::Anchors(anchors) => anchors::find(scene, template, anchors, params),
    }
}

fn whole(scene: &Scene<'_>, template: &Template) -> Placement {
    let (sx, sy) = (scene.gray.width() as f32 / template.width, scene.gray.height() as f32 / template.height);
    let map = Homography([f64::from(sx), 0.0, 0.0, 0.0, f64::from(sy), 0.0, 0.0, 0.0, 1.0]);
    Placement { form_to_picture: map, quarter_turns: 0, anchors_found: 0, anchors_total: 0, residual: 0.0 }
}

/// The placement that maps `from` (form units) onto `to` (picture pixels).
fn placed(from: &[Point], to: &[Point], total: usize, template: &Template, params: Option<&Params>) -> Option<Placement> {
    let affine = fit::affine(from, to)?;
    let width = affine.apply(Point::new(0.0, 0.0)).distance(affine.apply(Point::new(template.width, 0.0)));
    let misfit = fit::misfit(&affine, from, to);
    let allowed = params.map_or(0.0, |p| p.affine_misfit) * width;
    let map = if misfit > allowed { fit::projective(from, to).unwrap_or(affine) } else { affine };
    let scale = width / template.width;
    Some(Placement {
        quarter_turns: turns(&map, template),
        residual: fit::misfit(&map, from, to) / scale.max(1e-6),
        form_to_picture: map,
        anchors_found: from.len() as u32,
        anchors_total: total as u32,
    })
}

/// Quarter turns by which the picture must be turned clockwise to stand upright.
fn turns(map: &Homography, template: &Template) -> u8 {
    let (a, b) = (map.apply(Point::new(0.0, 0.0)), map.apply(Point::new(template.width, 0.0)));
    let angle = (b.y - a.y).atan2(b.x - a.x);
    let clockwise = (angle / std::f32::consts::FRAC_PI_2).round() as i32;
    (-clockwise).rem_euclid(4) as u8
}

/// Angle between the form's upper edge and the nearest axis of the picture, degrees.
pub(crate) fn skew_degrees(placement: &Placement, template: &Template) -> f32 {
    let map = &placement.form_to_picture;
    let (a, b) = (map.apply(Point::new(0.0, 0.0)), map.apply(Point::new(template.width, 0.0)));
    let angle = (b.y - a.y).atan2(b.x - a.x).to_degrees();
    angle - (angle / 90.0).round() * 90.0
}
