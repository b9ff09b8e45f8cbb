//! The only file of this crate that names OpenCV: reduction, blobs, template search. Grey pictures are row-major bytes.

use image::GrayImage;
use opencv::core::{CV_32S, Mat, MatTraitConst, MatTraitConstManual, Size, no_array};
use opencv::imgproc::{
    CC_STAT_AREA, CC_STAT_HEIGHT, CC_STAT_LEFT, CC_STAT_TOP, CC_STAT_WIDTH, INTER_AREA, MORPH_CLOSE, MORPH_RECT, TM_CCOEFF_NORMED,
    connected_components_with_stats, get_structuring_element_def, match_template, morphology_ex_def, resize,
};

/// One connected dark region. Pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Blob {
    pub(crate) left: i32,
    pub(crate) top: i32,
    pub(crate) width: i32,
    pub(crate) height: i32,
    pub(crate) area: i32,
    pub(crate) cx: f32,
    pub(crate) cy: f32,
}

/// A copy reduced by area averaging; `None` when OpenCV refuses the size.
pub(crate) fn shrink(gray: &GrayImage, width: u32, height: u32) -> Option<GrayImage> {
    let run = || -> opencv::Result<Vec<u8>> {
        let source = Mat::new_rows_cols_with_data(gray.height() as i32, gray.width() as i32, gray.as_raw())?;
        let mut small = Mat::default();
        resize(&source, &mut small, Size::new(width as i32, height as i32), 0.0, 0.0, INTER_AREA)?;
        Ok(small.data_bytes()?.to_vec())
    };
    run().ok().and_then(|bytes| GrayImage::from_raw(width, height, bytes))
}

/// A copy without dark things thinner than `side` pixels (grey closing); `None` when OpenCV refuses.
pub(crate) fn close(gray: &GrayImage, side: i32) -> Option<GrayImage> {
    let run = || -> opencv::Result<Vec<u8>> {
        let source = Mat::new_rows_cols_with_data(gray.height() as i32, gray.width() as i32, gray.as_raw())?;
        let shape = get_structuring_element_def(MORPH_RECT, Size::new(side, side))?;
        let mut closed = Mat::default();
        morphology_ex_def(&source, &mut closed, MORPH_CLOSE, &shape)?;
        Ok(closed.data_bytes()?.to_vec())
    };
    run().ok().and_then(|bytes| GrayImage::from_raw(gray.width(), gray.height(), bytes))
}

/// Dark regions (8-connected) of a mask, 255 = belongs. `min_area` in pixels.
pub(crate) fn blobs(mask: &GrayImage, min_area: i32) -> Vec<Blob> {
    let run = || -> opencv::Result<Vec<Blob>> {
        let source = Mat::new_rows_cols_with_data(mask.height() as i32, mask.width() as i32, mask.as_raw())?;
        let (mut labels, mut stats, mut centres) = (Mat::default(), Mat::default(), Mat::default());
        let count = connected_components_with_stats(&source, &mut labels, &mut stats, &mut centres, 8, CV_32S)?;
        let mut found = Vec::new();
        for i in 1..count {
            let stat = |column: i32| stats.at_2d::<i32>(i, column).copied();
            let area = stat(CC_STAT_AREA)?;
            if area >= min_area {
                found.push(Blob {
                    left: stat(CC_STAT_LEFT)?,
                    top: stat(CC_STAT_TOP)?,
                    width: stat(CC_STAT_WIDTH)?,
                    height: stat(CC_STAT_HEIGHT)?,
                    area,
                    cx: *centres.at_2d::<f64>(i, 0)? as f32,
                    cy: *centres.at_2d::<f64>(i, 1)? as f32,
                });
            }
        }
        Ok(found)
    };
    run().unwrap_or_default()
}

/// Agreement of a pattern with every place of a picture, row by row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scores {
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// Normalised correlation, −1..1, of the pattern whose left top corner lies there.
    pub(crate) values: Vec<f32>,
}

/// Normalised correlation of `pattern` with every place of `picture`; `None` when it does not fit in.
pub(crate) fn scores(picture: &GrayImage, pattern: &GrayImage) -> Option<Scores> {
    if pattern.width() > picture.width() || pattern.height() > picture.height() || pattern.width() < 4 || pattern.height() < 4 {
        return None;
    }
    let run = || -> opencv::Result<Scores> {
        let image = Mat::new_rows_cols_with_data(picture.height() as i32, picture.width() as i32, picture.as_raw())?;
        let wanted = Mat::new_rows_cols_with_data(pattern.height() as i32, pattern.width() as i32, pattern.as_raw())?;
        let mut scores = Mat::default();
        match_template(&image, &wanted, &mut scores, TM_CCOEFF_NORMED, &no_array())?;
        Ok(Scores { width: scores.cols() as usize, height: scores.rows() as usize, values: scores.data_typed::<f32>()?.to_vec() })
    };
    run().ok()
}

/// Best place of `pattern` in `picture` by normalised correlation: (left, top, score -1..1).
pub(crate) fn find(picture: &GrayImage, pattern: &GrayImage) -> Option<(f32, f32, f32)> {
    let scores = scores(picture, pattern)?;
    let (place, best) = scores.values.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1))?;
    Some(((place % scores.width) as f32, (place / scores.width) as f32, *best))
}
