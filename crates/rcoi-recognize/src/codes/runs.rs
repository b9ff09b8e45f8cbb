//! A line across bars becomes widths of bars and spaces: edges lie between samples, the cut follows the local extremes.

/// A bar code that a line tells.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Hit {
    pub(super) text: String,
    /// First and last edge of the bars along the line, samples.
    pub(super) from: f32,
    pub(super) to: f32,
}

/// What a line crosses, in samples: a space first (perhaps of no width), then bar, space, bar … The last is a space too.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Runs {
    pub(super) widths: Vec<f32>,
    /// Brightness where each is itself most: the darkest sample of a bar, the brightest of a space.
    pub(super) tones: Vec<f32>,
    length: f32,
}

/// Local contrast that tells bars from paper, as a share of the contrast of the whole line: between two blurred narrow bars
/// of a low resolution a third of it is left.
const CONTRAST: f32 = 0.25;
/// The same as a brightness: below lies the noise of JPEG.
const LEAST_CONTRAST: f32 = 14.0;
/// Extremes are taken over so many blocks round a sample.
const AROUND: usize = 2;

impl Runs {
    /// `block`: a fifth of the window, samples, in which the brightness of bars and of spaces is looked for; the window
    /// should hold eight narrow bars.
    pub(super) fn of(line: &[f32], block: usize) -> Self {
        let block = block.max(2);
        let extremes = |values: &[f32]| values.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(l, h), v| (l.min(*v), h.max(*v)));
        let blocks: Vec<(f32, f32)> = line.chunks(block).map(extremes).collect();
        let (low, high) = extremes(line);
        let (least, middle) = (((high - low) * CONTRAST).max(LEAST_CONTRAST), (low + high) / 2.0);
        let cuts: Vec<f32> = (0..blocks.len())
            .map(|i| {
                let near = &blocks[i.saturating_sub(AROUND)..(i + AROUND + 1).min(blocks.len())];
                let (l, h) = near.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(l, h), b| (l.min(b.0), h.max(b.1)));
                // Flat paper must not break into bars.
                if h - l < least { middle } else { (l + h) / 2.0 }
            })
            .collect();
        // Between the middles of blocks the cut goes straight, so that no edge jumps where blocks meet.
        let cut = |x: usize| {
            let at = (x as f32 + 0.5) / block as f32 - 0.5;
            let (i, part) = (at.max(0.0) as usize, (at.max(0.0)).fract());
            let next = cuts[(i + 1).min(cuts.len() - 1)];
            cuts[i.min(cuts.len() - 1)] * (1.0 - part) + next * part
        };
        let (mut widths, mut tones, mut last, mut dark) = (Vec::new(), Vec::new(), 0.0, false);
        let (mut before, mut tone) = (1.0, line.first().copied().unwrap_or(high));
        for (x, value) in line.iter().enumerate() {
            let above = value - cut(x);
            if (above < 0.0) != dark {
                // A line that begins within a bar has an edge at its end.
                let edge = if x == 0 { 0.0 } else { x as f32 - 0.5 + share(before, above) };
                widths.push(edge - last);
                tones.push(tone);
                (last, dark, tone) = (edge, above < 0.0, *value);
            }
            tone = if dark { tone.min(*value) } else { tone.max(*value) };
            before = above;
        }
        widths.push(line.len() as f32 - last);
        tones.push(tone);
        if dark {
            widths.push(0.0);
            tones.push(high);
        }
        Self { widths, tones, length: line.len() as f32 }
    }

    /// The same line seen from its other end.
    pub(super) fn turned(&self) -> Self {
        let backwards = |values: &[f32]| values.iter().rev().copied().collect();
        Self { widths: backwards(&self.widths), tones: backwards(&self.tones), length: self.length }
    }

    /// Where run `index` begins.
    pub(super) fn edge(&self, index: usize) -> f32 {
        self.widths[..index].iter().sum()
    }

    /// A place of the turned line as a place of this one.
    pub(super) fn mirrored(&self, hit: Hit) -> Hit {
        Hit { from: self.length - hit.to, to: self.length - hit.from, ..hit }
    }
}

/// How far between two samples the line meets the cut, 0..1.
fn share(before: f32, after: f32) -> f32 {
    if (before - after).abs() < 1e-3 { 0.5 } else { (before / (before - after)).clamp(0.0, 1.0) }
}

/// The sum of differences between `widths` (modules) and a pattern.
pub(super) fn distance(widths: &[f32], pattern: &[u8]) -> f32 {
    widths.iter().zip(pattern).map(|(w, p)| (w - f32::from(p & 0x0F)).abs()).sum()
}

/// The smallest sum of differences between `widths` (modules) and one of `patterns`: (sum, which).
pub(super) fn nearest<'p>(widths: &[f32], patterns: impl Iterator<Item = &'p [u8]>) -> (f32, usize) {
    let mut best = (f32::INFINITY, 0);
    for (i, pattern) in patterns.enumerate() {
        let sum = distance(widths, pattern);
        if sum < best.0 {
            best = (sum, i);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::Runs;

    #[test]
    fn edges_lie_between_samples() {
        // Three quarters of the ink in the samples at both ends.
        let line = [200.0, 200.0, 200.0, 80.0, 40.0, 40.0, 80.0, 200.0, 200.0, 200.0];
        let runs = Runs::of(&line, 4);
        assert_eq!((runs.widths.len(), runs.tones.as_slice()), (3, &[200.0, 40.0, 200.0][..]));
        assert!((runs.widths[1] - 3.67).abs() < 0.1, "{:?}", runs.widths);
        assert!((runs.widths.iter().sum::<f32>() - 10.0).abs() < 1e-4);
    }

    #[test]
    fn grain_of_paper_is_no_bar_and_a_line_may_begin_in_one() {
        let paper: Vec<f32> = (0..60).map(|i| 230.0 + (i % 3) as f32).collect();
        assert!(Runs::of(&paper, 4).widths.len() <= 60);
        let inside = [10.0, 10.0, 200.0, 200.0, 10.0, 10.0];
        assert_eq!(Runs::of(&inside, 2).widths.len(), 5);
        assert_eq!(Runs::of(&inside, 2).turned().widths, Runs::of(&inside, 2).widths);
        assert_eq!(Runs::of(&[], 4).widths, [0.0]);
    }
}
