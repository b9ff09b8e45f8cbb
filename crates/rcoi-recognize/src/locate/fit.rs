//! Least-squares maps from form to picture: affine and projective (normal equations, direct linear transform).

use rcoi_model::{Homography, Point};

/// Solves a·x = b by elimination with pivots; `None` when the equations depend on each other.
fn solve<const N: usize>(mut a: [[f64; N]; N], mut b: [f64; N]) -> Option<[f64; N]> {
    for col in 0..N {
        let pivot = (col..N).max_by(|x, y| a[*x][col].abs().total_cmp(&a[*y][col].abs()))?;
        if a[pivot][col].abs() < 1e-9 {
            return None;
        }
        a.swap(col, pivot);
        b.swap(col, pivot);
        for row in 0..N {
            if row != col {
                let factor = a[row][col] / a[col][col];
                let upper = a[col];
                for (value, above) in a[row].iter_mut().zip(upper) {
                    *value -= factor * above;
                }
                b[row] -= factor * b[col];
            }
        }
    }
    let mut x = [0.0; N];
    for i in 0..N {
        x[i] = b[i] / a[i][i];
    }
    Some(x)
}

/// Middle and scale that bring points near the unit square: keeps the equations well conditioned.
fn normaliser(points: &[Point]) -> (f64, f64, f64) {
    let n = points.len().max(1) as f64;
    let cx = points.iter().map(|p| f64::from(p.x)).sum::<f64>() / n;
    let cy = points.iter().map(|p| f64::from(p.y)).sum::<f64>() / n;
    let spread = points.iter().map(|p| (f64::from(p.x) - cx).abs() + (f64::from(p.y) - cy).abs()).sum::<f64>() / n;
    (cx, cy, 1.0 / spread.max(1e-9))
}

fn scaling((cx, cy, s): (f64, f64, f64)) -> Homography {
    Homography([s, 0.0, -cx * s, 0.0, s, -cy * s, 0.0, 0.0, 1.0])
}

fn fit<const N: usize>(from: &[Point], to: &[Point], row: fn(f64, f64, f64, bool) -> [f64; N]) -> Option<Homography> {
    let (nf, nt) = (scaling(normaliser(from)), scaling(normaliser(to)));
    let (mut a, mut b) = ([[0.0; N]; N], [0.0; N]);
    for (p, q) in from.iter().zip(to) {
        let (p, q) = (nf.apply(*p), nt.apply(*q));
        for (target, is_y) in [(f64::from(q.x), false), (f64::from(q.y), true)] {
            let r = row(f64::from(p.x), f64::from(p.y), target, is_y);
            for i in 0..N {
                for j in 0..N {
                    a[i][j] += r[i] * r[j];
                }
                b[i] += r[i] * target;
            }
        }
    }
    let x = solve(a, b)?;
    let mut m = [0.0; 9];
    m[..N].copy_from_slice(&x);
    m[8] = 1.0;
    Some(nf.then(&Homography(m)).then(&nt.inverse()?))
}

/// Affine map; needs three points that are not on one line.
pub(crate) fn affine(from: &[Point], to: &[Point]) -> Option<Homography> {
    if from.len() < 3 {
        return None;
    }
    fit::<6>(from, to, |x, y, _, is_y| if is_y { [0.0, 0.0, 0.0, x, y, 1.0] } else { [x, y, 1.0, 0.0, 0.0, 0.0] })
}

/// Projective map; needs four points, no three on one line.
pub(crate) fn projective(from: &[Point], to: &[Point]) -> Option<Homography> {
    if from.len() < 4 {
        return None;
    }
    fit::<8>(
        from,
        to,
        |x, y, t, is_y| {
            if is_y { [0.0, 0.0, 0.0, x, y, 1.0, -t * x, -t * y] } else { [x, y, 1.0, 0.0, 0.0, 0.0, -t * x, -t * y] }
        },
    )
}

/// Root mean square distance between mapped and wanted points, picture pixels.
pub(crate) fn misfit(map: &Homography, from: &[Point], to: &[Point]) -> f32 {
    let n = from.len().max(1) as f32;
    (from.iter().zip(to).map(|(p, q)| map.apply(*p).distance(*q).powi(2)).sum::<f32>() / n).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn both_fits_give_back_the_map_that_made_the_points(
            angle in -3.2_f64..3.2, scale in 2.0_f64..20.0, dx in -500.0_f64..3000.0, dy in -500.0_f64..3000.0, shear in -0.05_f64..0.05
        ) {
            let (s, c) = angle.sin_cos();
            let map = Homography([scale * c, scale * (shear - s), dx, scale * s, scale * c, dy, 0.0, 0.0, 1.0]);
            let from = [Point::new(10.0, 10.0), Point::new(200.0, 12.0), Point::new(195.0, 280.0), Point::new(8.0, 285.0), Point::new(180.0, 54.0)];
            let to = from.map(|p| map.apply(p));
            for found in [affine(&from, &to), projective(&from, &to)] {
                let found = found.expect("five points are enough");
                let p = Point::new(100.0, 150.0);
                prop_assert!(found.apply(p).distance(map.apply(p)) < 0.5);
            }
        }
    }

    #[test]
    fn points_on_one_line_give_no_map() {
        let line = [Point::new(0.0, 0.0), Point::new(1.0, 1.0), Point::new(2.0, 2.0)];
        assert!(affine(&line, &line).is_none());
    }
}
