//! The interface between cut cells and whatever names the character in them.

/// Side of a normalised glyph picture, pixels.
pub const SIDE: usize = 28;
/// Longest side of the ink inside a normalised glyph, pixels. Stands for the cap height for small marks (`-`, `,`).
pub const INK_SIDE: f32 = 20.0;

/// One character cut from its cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Glyph {
    /// Row-major [28 x 28], 0 = paper, 1 = full ink; the ink box is 20 pixels on its longest side with its aspect kept,
    /// centred by mass. Marks much smaller than a letter keep their size relative to the cap height (cap height = 20 pixels).
    pub pixels: [f32; SIDE * SIDE],
    /// Height of the ink box as a share of the cell height.
    pub rel_height: f32,
    /// Width of the ink box as a share of the cell *height* (so that the aspect is `rel_width / rel_height`).
    pub rel_width: f32,
    /// Middle of the ink box in the cell, 0 = top .. 1 = bottom.
    pub centre_y: f32,
}

/// Names characters. Knows nothing of forms: the field's alphabet is applied by the caller.
pub trait GlyphClassifier: Send + Sync {
    /// The characters it tells apart, in the order of its answers.
    fn classes(&self) -> &[char];

    /// Per glyph one calibrated probability per class and, as the last entry, the one of "none of these"
    /// (crossed out, dirt, two characters). Each row sums to 1.
    fn classify(&self, glyphs: &[Glyph]) -> Vec<Vec<f32>>;

    /// The same within the alphabet of each glyph's field: characters outside get 0, "none of these" stays, each row sums
    /// to 1. `alphabets` pairs with `glyphs`; an empty or missing alphabet means every class. A classifier that was
    /// calibrated per alphabet overrides this.
    fn classify_within(&self, glyphs: &[Glyph], alphabets: &[&str]) -> Vec<Vec<f32>> {
        let mut rows = self.classify(glyphs);
        for (row, alphabet) in rows.iter_mut().zip(alphabets) {
            if alphabet.is_empty() {
                continue;
            }
            for (chance, class) in row.iter_mut().zip(self.classes()) {
                if !alphabet.contains(*class) {
                    *chance = 0.0;
                }
            }
            let sum: f32 = row.iter().sum();
            match row.last_mut() {
                Some(reject) if sum <= 0.0 => *reject = 1.0,
                _ => row.iter_mut().for_each(|chance| *chance /= sum),
            }
        }
        rows
    }

    /// Changes whenever the answers may change, such as `model-1a2b3c4d`.
    fn version(&self) -> &str;
}
