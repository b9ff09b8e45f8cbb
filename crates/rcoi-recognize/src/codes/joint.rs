//! The joint reading of bars that no line tells: every place is compared with every sign over bands of the bars' height, the
//! printed digits are heard too, and the check digit decides with them (Bayes over all codes that fulfil it).

use super::bars::{Kind, Place};
use super::layout::{FINE, Layout, Look, Shape, Slot};
use super::solve::{self, Chances};
use super::{CodeRead, caption, obeys};
use crate::sample::{Patch, cut};
use rcoi_template::{CodeField, bars};

/// Bands over the height of the bars: damage that spares some of it spares whole bands.
const BANDS: usize = 6;
/// Largest slope of bars, as a share of their height, and the steps that are tried: 7°.
const SLOPE: f32 = 0.12;
const SLOPES: i32 = 12;
/// A place whose bars are paler than this share of the code's contrast tells nothing.
const LEAST_GAIN: f32 = 0.6;
/// Mean square error of a fitting shape, in units of the contrast, below which the fit says no more about doubt: blur and
/// grain that the model does not know.
const GRAIN: f32 = 0.02;
/// Noise above this is no longer grain: what explains it badly explains it not.
const MOST_GRAIN: f32 = 0.03;
/// Chance that a place is covered by something that is no bar at all.
const COVERED: f32 = 0.02;
/// Energy of a covered place: above it, one sign is as bad as another.
const NOTHING: f32 = 7.0;
/// Independent looks in a sign, for the weight of its fit.
const LOOKS: f32 = 7.0;
/// Bars whose places fit on average worse than this are none, or nothing that could be told.
const WORST_FIT: f32 = 0.03;
/// Bars tell at least so much about a sign on average (log of the chances of the best and the worst): noise and stripes by
/// accident tell 4 to 8, a code with one lost digit 17.
const LEAST_TOLD: f32 = 8.5;
/// A search that begins worse than this ends there.
const WORST_START: f32 = 1.6 * WORST_FIT;
/// So many layouts are looked at in full.
const TRIED: usize = 4;
/// A guard that fits worse is none.
const WORST_GUARD: f32 = 0.06;
/// Bars narrower than this, pixels of the picture, tell nothing.
const LEAST_MODULE: f32 = 1.1;
/// No chance is told higher, and this is less than `sure_code`: what no line tells, a person confirms. In drawn damage (a quarter
/// of the bars painted over, blurred at 150 dpi) bars and digits together made a 72 out of a 27, which no check digit sees, and
/// the chances alone were sure of it.
const MOST: f32 = 0.97;

/// Reads the field from all that its bars and digits tell; the confidence is the chance of the code among all that
/// fulfil the check. `None` when neither bars nor digits tell anything.
pub(super) fn read(place: &Place<'_>, kind: Kind, field: &CodeField) -> Option<CodeRead> {
    let told = Straight::of(place).and_then(|s| s.told(place, kind, field));
    let digits = match kind {
        Kind::Ean13 => caption::read(place, field, 13),
        Kind::Itf if field.digits > 0 => caption::read(place, field, field.digits as usize),
        _ => None,
    };
    let (text, chance) = match kind {
        Kind::Ean13 => solve::ean13(told.as_ref(), digits.as_deref())?,
        Kind::Code128 => solve::code128(told.as_ref()?)?,
        Kind::Itf => solve::itf(told.as_ref(), digits.as_deref(), field.check)?,
    };
    obeys(field, &text).then_some(CodeRead { text, confidence: chance.min(MOST) })
}

/// Profiles across the bars after their slope is taken out, 0 = black.
struct Straight {
    /// The whole height first, then bands from top to bottom.
    profiles: Vec<Vec<f32>>,
    /// Darkest to brightest of the whole.
    contrast: f32,
    /// Pixels of the picture to one of a profile.
    step: f32,
}

impl Straight {
    fn of(place: &Place<'_>) -> Option<Self> {
        let (wide, high) = place.size();
        if wide < 40.0 || high < 6.0 {
            return None;
        }
        let (width, height) = ((wide as usize).clamp(360, 1600), (high as usize).clamp(24, 96));
        let patch = cut(place.page, &place.map, &place.rect, width, height);
        let aspect = (high / height as f32) / (wide / width as f32);
        // The right slope lays bar on bar: the mean of all rows changes most sharply.
        let slope = (-SLOPES..=SLOPES).map(|i| i as f32 / SLOPES as f32 * SLOPE * aspect).map(|s| (sharpness(&patch, s), s));
        let (_, slope) = slope.max_by(|a, b| a.0.total_cmp(&b.0))?;
        let mut profiles = vec![profile(&patch, slope, 0, height)];
        profiles.extend((0..BANDS).map(|b| profile(&patch, slope, height * b / BANDS, height * (b + 1) / BANDS)));
        let mut sorted: Vec<f32> = profiles.iter().flatten().copied().collect();
        sorted.sort_by(f32::total_cmp);
        let at = |share: f32| sorted[(share * (sorted.len() - 1) as f32) as usize];
        let contrast = at(0.95) - at(0.05);
        (contrast >= 10.0).then_some(Self { profiles, contrast, step: wide / width as f32 })
    }

    /// What each sign may be, where bars are found at all.
    fn told(&self, place: &Place<'_>, kind: Kind, field: &CodeField) -> Option<Chances> {
        let mut layouts: Vec<_> = self.layouts(place, kind, field).into_iter().map(|(l, ends)| (self.guards(&l, ends), l, ends)).collect();
        layouts.sort_by(|a, b| a.0.total_cmp(&b.0));
        // How many signs there are, the guards tell best.
        let fits = layouts.into_iter().take(TRIED).filter_map(|(_, layout, ends)| self.fit(layout, ends));
        let fit = fits.min_by(|a, b| a.misfit.total_cmp(&b.misfit)).filter(|f| f.misfit < WORST_FIT)?;
        let told = self.chances(&fit);
        let gain = |row: &Vec<f32>| {
            let (least, most) = row.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(l, m), v| (l.min(*v), m.max(*v)));
            most - least
        };
        let mean = told.0.iter().map(gain).sum::<f32>() / told.0.len().max(1) as f32;
        (mean > LEAST_TOLD).then_some(told)
    }

    /// Layouts that may stand here, each with the places of its first and last edge to begin the search with, profile pixels.
    fn layouts(&self, place: &Place<'_>, kind: Kind, field: &CodeField) -> Vec<(Layout, (f32, f32))> {
        let width = self.profiles[0].len() as f32;
        let (area, _) = field.upright();
        let scale = width / place.rect.w;
        // Where the template has the bars, and where the picture shows some.
        let drawn = |modules: f32, quiet: (usize, usize)| {
            let module = area.w * scale / (modules + (quiet.0 + quiet.1) as f32);
            let left = (area.x - place.rect.x) * scale + quiet.0 as f32 * module;
            (left, left + modules * module)
        };
        let seen = self.ends();
        let mut all = Vec::new();
        let mut push = |layout: Layout, quiet: (usize, usize)| {
            let widest = (layout.modules * LEAST_MODULE) / self.step;
            for ends in std::iter::once(drawn(layout.modules, quiet)).chain(seen) {
                if ends.1 - ends.0 >= widest {
                    all.push((layout.clone(), ends));
                }
            }
        };
        let both = (bars::QUIET, bars::QUIET);
        match kind {
            Kind::Ean13 => push(Layout::ean13(), bars::EAN_QUIET),
            Kind::Code128 => (2..=24).for_each(|values| push(Layout::code128(values), both)),
            Kind::Itf => {
                let pairs = if field.digits > 0 { field.digits as usize / 2..=field.digits as usize / 2 } else { 3..=10 };
                pairs.for_each(|pairs| [2.0, 2.5, 3.0].into_iter().for_each(|wide| push(Layout::itf(pairs, wide), both)));
            }
        }
        all
    }

    /// First and last sharp edge.
    fn ends(&self) -> Option<(f32, f32)> {
        let sharp = |p: &[f32]| (p[0] - p[1]).abs() > 0.3 * self.contrast;
        let all = &self.profiles[0];
        let first = all.windows(3).position(|w| sharp(&[w[0], w[2]]))?;
        let last = all.windows(3).rposition(|w| sharp(&[w[0], w[2]]))?;
        (last > first).then_some((first as f32 + 1.5, last as f32 + 1.5))
    }

    /// Mean error of the guards at the best ends near these.
    fn guards(&self, layout: &Layout, ends: (f32, f32)) -> f32 {
        let shapes = layout.draw(Look { spread: 0.0, blur: 0.5 });
        let module = (ends.1 - ends.0) / layout.modules;
        let moves = || (-5..=5).map(|i| i as f32 * 0.5 * module);
        let errors = moves().flat_map(|a| moves().map(move |b| (ends.0 + a, ends.1 + b))).map(|ends| {
            let guards = layout.slots[..layout.guards].iter().map(|slot| {
                let seen = self.seen(slot, &shapes[slot.set][0], layout, ends, 0, 0.0);
                shapes[slot.set].iter().map(|s| self.error(&seen, s)).fold(f32::INFINITY, f32::min)
            });
            guards.sum::<f32>()
        });
        errors.fold(f32::INFINITY, f32::min) / layout.guards as f32
    }

    /// Moves both ends until the places fit best; coarse, then fine.
    fn fit(&self, layout: Layout, ends: (f32, f32)) -> Option<Fit> {
        // The whole height, and the band with the sharpest bars, which damage may have spared.
        let energy = |p: &Vec<f32>| p.windows(2).map(|w| (w[1] - w[0]) * (w[1] - w[0])).sum::<f32>();
        let bands = &self.profiles[1..];
        let best = (0..bands.len()).max_by(|a, b| energy(&bands[*a]).total_cmp(&energy(&bands[*b])))?;
        let mut shapes = layout.draw(Look { spread: 0.0, blur: 0.5 });
        let mut found = (WORST_START, ends, 0);
        for (reach, step) in [(2.5, 0.5), (0.375, 0.125)] {
            let from = found.1;
            let module = (from.1 - from.0) / layout.modules;
            let moves: Vec<f32> = (0..).map(|i| -reach + i as f32 * step).take_while(|m| *m <= reach + 1e-3).collect();
            for profile in [0, best + 1] {
                for (a, b) in moves.iter().flat_map(|a| moves.iter().map(move |b| (*a, *b))) {
                    let ends = (from.0 + a * module, from.1 + b * module);
                    let misfit = self.misfit(&layout, &shapes, ends, profile, found.0);
                    if misfit < found.0 {
                        found = (misfit, ends, profile);
                    }
                }
            }
        }
        if found.0 >= WORST_START {
            return None;
        }
        for (spread, blur) in [-0.15, 0.0, 0.15, 0.3].into_iter().flat_map(|s| [0.3, 0.5, 0.8].map(|b| (s, b))) {
            let drawn = layout.draw(Look { spread, blur });
            let misfit = self.misfit(&layout, &drawn, found.1, found.2, found.0);
            if misfit < found.0 {
                (found.0, shapes) = (misfit, drawn);
            }
        }
        Some(Fit { layout, shapes, ends: found.1, misfit: found.0 })
    }

    /// Mean over all places of the error of the best shape; gives up above `most`.
    fn misfit(&self, layout: &Layout, shapes: &[Vec<Shape>], ends: (f32, f32), profile: usize, most: f32) -> f32 {
        let (mut sum, mut strange) = (0.0, 0);
        let limit = most * layout.slots.len() as f32;
        for (i, slot) in layout.slots.iter().enumerate() {
            let seen = self.seen(slot, &shapes[slot.set][0], layout, ends, profile, 0.0);
            let error = shapes[slot.set].iter().map(|s| self.error(&seen, s)).fold(f32::INFINITY, f32::min);
            sum += error;
            // One guard may be torn off.
            strange += usize::from(i < layout.guards && error > WORST_GUARD);
            if sum > limit || strange > 1 {
                return f32::INFINITY;
            }
        }
        sum / layout.slots.len() as f32
    }

    /// Darkness at the samples of a place, 0 paper .. 1 ink of the code's contrast, about its mean.
    fn seen(&self, slot: &Slot, shape: &Shape, layout: &Layout, ends: (f32, f32), profile: usize, shift: f32) -> Vec<f32> {
        let module = (ends.1 - ends.0) / layout.modules;
        let line = &self.profiles[profile];
        let mut seen: Vec<f32> = (0..shape.dark.len())
            .map(|i| {
                let x = ends.0 + (slot.at + shift + (i as f32 + 0.5) / FINE as f32) * module - 0.5;
                let x = x.clamp(0.0, (line.len() - 2) as f32);
                let (k, part) = (x as usize, x.fract());
                -(line[k] * (1.0 - part) + line[k + 1] * part) / self.contrast
            })
            .collect();
        let mean = seen.iter().sum::<f32>() / seen.len() as f32;
        seen.iter_mut().for_each(|v| *v -= mean);
        seen
    }

    /// Mean square error of what is seen against a shape of the best gain, which is no less than `LEAST_GAIN`.
    fn error(&self, seen: &[f32], shape: &Shape) -> f32 {
        let (mut square, mut along) = (0.0, 0.0);
        for (v, d) in seen.iter().zip(&shape.dark) {
            square += v * v;
            along += v * (d - shape.mean);
        }
        let gain = (along / shape.square.max(1e-6)).clamp(LEAST_GAIN, 1.3);
        ((square - 2.0 * gain * along + gain * gain * shape.square) / seen.len() as f32).max(0.0)
    }

    /// Log chances of every shape at every sign's place, over all bands; the first entry is the guard with several shapes, if
    /// there is one (the start of a Code 128).
    fn chances(&self, fit: &Fit) -> Chances {
        let layout = &fit.layout;
        let signs: Vec<&Slot> = layout.slots.iter().filter(|s| fit.shapes[s.set].len() > 1).collect();
        // Errors by place, band, shape; a sign may lie a little beside its place.
        let errors = |slot: &Slot, band: usize| -> Vec<f32> {
            let looks: Vec<Vec<f32>> =
                [-0.25, 0.0, 0.25].map(|s| self.seen(slot, &fit.shapes[slot.set][0], layout, fit.ends, band, s)).into();
            let best = |shape: &Shape| looks.iter().map(|seen| self.error(seen, shape)).fold(f32::INFINITY, f32::min);
            fit.shapes[slot.set].iter().map(best).collect()
        };
        let all: Vec<Vec<Vec<f32>>> = signs.iter().map(|slot| (1..=BANDS).map(|b| errors(slot, b)).collect()).collect();
        let mut least: Vec<f32> = all.iter().flatten().map(|e| e.iter().copied().fold(f32::INFINITY, f32::min)).collect();
        least.sort_by(f32::total_cmp);
        // A third of all looks may be spoilt without making the good ones doubtful.
        let grain = least.get(least.len() / 3).copied().unwrap_or(GRAIN).clamp(GRAIN, MOST_GRAIN);
        let rows = all.iter().map(|bands| {
            let mut sum = vec![0.0; bands.first().map_or(0, Vec::len)];
            let mut heard = 0.0_f32;
            for errors in bands {
                let looks: Vec<f32> = errors.iter().map(|e| mixed(LOOKS / 2.0 * e / grain)).collect();
                let best = looks.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                heard += f32::from(best > mixed(f32::INFINITY) + 1.0);
                sum.iter_mut().zip(&looks).for_each(|(s, l)| *s += l);
            }
            // Bands of one print are no independent witnesses: four count as two.
            let weight = 1.0 / heard.max(1.0).sqrt();
            sum.iter_mut().for_each(|s| *s *= weight);
            sum
        });
        Chances(rows.collect())
    }
}

/// Log chance of a look with this energy, when the place may be covered instead.
pub(super) fn mixed(energy: f32) -> f32 {
    ((1.0 - COVERED) * (-energy).exp() + COVERED * (-NOTHING).exp()).ln()
}

struct Fit {
    layout: Layout,
    shapes: Vec<Vec<Shape>>,
    /// First and last edge, profile pixels.
    ends: (f32, f32),
    misfit: f32,
}

fn shifted(row: &[u8], x: usize, by: f32) -> f32 {
    let at = (x as f32 + by).clamp(0.0, (row.len() - 2) as f32);
    let (k, part) = (at as usize, at.fract());
    f32::from(row[k]) * (1.0 - part) + f32::from(row[k + 1]) * part
}

/// How sharply the mean of the rows changes when they are laid on one another along a slope, pixels to a row.
fn sharpness(patch: &Patch, slope: f32) -> f32 {
    let middle = patch.height as f32 / 2.0;
    let mut sum = vec![0.0; patch.width];
    for y in (0..patch.height).step_by(3) {
        let (row, by) = (patch.row(y), slope * (y as f32 - middle));
        sum.iter_mut().enumerate().for_each(|(x, s)| *s += shifted(row, x, by));
    }
    sum.windows(2).map(|w| (w[1] - w[0]) * (w[1] - w[0])).sum()
}

/// The median of every column of some rows along a slope: what crosses the bars in fewer than half of them is gone.
fn profile(patch: &Patch, slope: f32, top: usize, bottom: usize) -> Vec<f32> {
    let middle = patch.height as f32 / 2.0;
    let mut column = Vec::with_capacity(bottom - top);
    (0..patch.width)
        .map(|x| {
            column.clear();
            column.extend((top..bottom).map(|y| shifted(patch.row(y), x, slope * (y as f32 - middle))));
            column.sort_by(f32::total_cmp);
            // The middle half, averaged: a plain median of few rows keeps their grain.
            let kept = &column[column.len() / 4..column.len() - column.len() / 4];
            kept.iter().sum::<f32>() / kept.len() as f32
        })
        .collect()
}
