//! Were the bars of a line all printed by one press? A symbology that checks nothing itself turns a streak or a smear into another
//! valid digit; but then one bar is darker or paler, wider or narrower than all of its kind.

use super::runs::Runs;

/// A width lies so near to the median of its kind, as a share of the step from narrow to wide. Half a step is where kinds part.
/// 400 drawn codes under streaks, blur and grain: none is misread at 0.4, and none of the legible ones is lost.
const WIDTH: f32 = 0.4;
/// A brightness lies so near to the median of its kind, as a share of the contrast of narrow bars and spaces.
const TONE: f32 = 0.3;

/// Are the runs from `start` on, each wide or narrow as `wide` says and a bar first, of one width and one tone by kind?
pub(super) fn holds(runs: &Runs, start: usize, wide: &[bool]) -> bool {
    let end = start + wide.len();
    let (Some(widths), Some(tones)) = (runs.widths.get(start..end), runs.tones.get(start..end)) else { return false };
    let kind = |space: usize, is_wide: bool| (0..wide.len()).filter(move |i| i % 2 == space && wide[*i] == is_wide);
    let median_of = |values: &[f32], space, is_wide| median(kind(space, is_wide).map(|i| values[i]).collect());
    let [Some(dark), Some(light)] = [0, 1].map(|space| median_of(tones, space, false)) else { return false };
    let near = |values: &[f32], space, is_wide, most: f32| {
        median_of(values, space, is_wide).is_none_or(|middle| kind(space, is_wide).all(|i| (values[i] - middle).abs() <= most))
    };
    [0, 1].into_iter().all(|space| {
        let (Some(narrow), Some(step)) = (median_of(widths, space, false), median_of(widths, space, true)) else { return false };
        [false, true]
            .into_iter()
            .all(|is_wide| near(widths, space, is_wide, WIDTH * (step - narrow)) && near(tones, space, is_wide, TONE * (light - dark)))
    })
}

fn median(mut values: Vec<f32>) -> Option<f32> {
    values.sort_by(f32::total_cmp);
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Narrow is two samples, wide five; `bar` darkens and `more` widens the run in the middle.
    fn line(wide: &[bool], bar: f32, more: usize) -> Runs {
        let mut line = vec![220.0; 20];
        for (i, is_wide) in wide.iter().enumerate() {
            let odd = i == wide.len() / 2;
            let tone = if i % 2 == 1 {
                220.0
            } else if odd {
                bar
            } else {
                30.0
            };
            line.extend(std::iter::repeat_n(tone, if *is_wide { 5 } else { 2 } + if odd { more } else { 0 }));
        }
        line.extend([220.0; 20]);
        Runs::of(&line, 20)
    }

    const WIDE: [bool; 13] = [false, false, true, false, false, true, false, true, true, false, false, false, true];

    #[test]
    fn one_bar_of_another_ink_or_width_does_not_belong_to_the_others() {
        assert!(holds(&line(&WIDE, 30.0, 0), 1, &WIDE));
        assert!(!holds(&line(&WIDE, 110.0, 0), 1, &WIDE), "a smear");
        assert!(!holds(&line(&WIDE, 30.0, 2), 1, &WIDE), "between narrow and wide");
        assert!(!holds(&line(&WIDE, 30.0, 0), 3, &WIDE), "the line ends before");
    }
}
