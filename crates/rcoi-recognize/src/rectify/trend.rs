//! One affine correction that suits all tiles best.

use super::peaks::Peaks;
use rcoi_model::Point;

/// One affine correction of the whole sheet: shift = offset + slope · (place − middle).
#[derive(Debug, Clone, Copy)]
pub(super) struct Trend {
    middle: Point,
    offset: Point,
    /// Rows: what x and y of the place add to the shift in x, in y.
    slope: [[f32; 2]; 2],
}

impl Trend {
    pub(super) const NONE: Self = Self { middle: Point::new(0.0, 0.0), offset: Point::new(0.0, 0.0), slope: [[0.0; 2]; 2] };

    pub(super) fn at(&self, p: Point) -> Point {
        let (x, y) = (p.x - self.middle.x, p.y - self.middle.y);
        Point::new(self.offset.x + self.slope[0][0] * x + self.slope[0][1] * y, self.offset.y + self.slope[1][0] * x + self.slope[1][1] * y)
    }

    fn score(&self, tiles: &[&Peaks]) -> f32 {
        tiles.iter().map(|t| t.at(self.at(t.centre))).sum::<f32>() / tiles.len() as f32
    }

    /// Coarse search over shifts and stretches, then downhill in all six numbers. A large correction must earn its place.
    pub(super) fn seek(tiles: &[&Peaks], reach: f32) -> (Self, f32) {
        let n = tiles.len() as f32;
        let middle = Point::new(tiles.iter().map(|t| t.centre.x).sum::<f32>() / n, tiles.iter().map(|t| t.centre.y).sum::<f32>() / n);
        let spread = |f: fn(Point) -> f32| tiles.iter().map(|t| (f(t.centre) - f(middle)).abs()).fold(0.0, f32::max);
        let (wide, high) = (spread(|p| p.x), spread(|p| p.y));
        let pitch = tiles.iter().map(|t| (t.pitch.0, t.pitch.1)).fold((f32::INFINITY, f32::INFINITY), |a, b| (a.0.min(b.0), a.1.min(b.1)));
        let zero = Self { middle, offset: Point::default(), slope: [[0.0; 2]; 2] };
        let cost = |t: &Self| {
            let ends = ((t.slope[0][0] * wide).abs() + (t.slope[0][1] * high).abs() + t.offset.x.abs()) / pitch.0
                + ((t.slope[1][0] * wide).abs() + (t.slope[1][1] * high).abs() + t.offset.y.abs()) / pitch.1;
            t.score(tiles) - 0.05 * ends - 0.1 * ends * ends
        };
        let mut best = (cost(&zero), zero);
        // Stretch by up to most of a pitch at the ends; with one or two tiles across there is nothing to stretch.
        let stretch = |ends: f32, pitch: f32, tiles: f32| -> Vec<f32> {
            if tiles < 2.0 * pitch { vec![0.0] } else { (-3..=3).map(|i| i as f32 * 0.25 * pitch / ends.max(1e-3)).collect() }
        };
        for sx in stretch(wide, pitch.0, wide) {
            for sy in stretch(high, pitch.1, high) {
                let steps = (reach / 0.18) as i32;
                for ox in -steps..=steps {
                    for oy in -steps..=steps {
                        let offset = Point::new(ox as f32 * 0.18 * pitch.0, oy as f32 * 0.18 * pitch.1);
                        let trend = Self { middle, offset, slope: [[sx, 0.0], [0.0, sy]] };
                        let score = cost(&trend);
                        if score > best.0 {
                            best = (score, trend);
                        }
                    }
                }
            }
        }
        for round in 0..4 {
            let part = 0.12 * 0.5_f32.powi(round);
            let steps = [part * pitch.0, part * pitch.1];
            for _ in 0..6 {
                let before = best.0;
                for number in (0..6).filter(|n| matches!(n, 0 | 1) || if matches!(n, 2 | 4) { wide > pitch.0 } else { high > pitch.1 }) {
                    for sign in [-1.0, 1.0] {
                        let mut trend = best.1;
                        match number {
                            0 => trend.offset.x += sign * steps[0],
                            1 => trend.offset.y += sign * steps[1],
                            2 => trend.slope[0][0] += sign * steps[0] / wide.max(1e-3),
                            3 => trend.slope[0][1] += sign * steps[0] / high.max(1e-3),
                            4 => trend.slope[1][0] += sign * steps[1] / wide.max(1e-3),
                            _ => trend.slope[1][1] += sign * steps[1] / high.max(1e-3),
                        }
                        let score = cost(&trend);
                        if score > best.0 {
                            best = (score, trend);
                        }
                    }
                }
                if best.0 <= before {
                    break;
                }
            }
        }
        (best.1, best.0)
    }
}
