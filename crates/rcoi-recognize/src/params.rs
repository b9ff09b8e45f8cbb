//! Every threshold of the engine, each with the reason for its value.

/// Thresholds of reading. Lengths are shares unless a unit is named.
#[derive(Debug, Clone, PartialEq)]
pub struct Params {
    /// Longest side of the reduced copy on which whole pages are searched, pixels: a 5 mm square is still 11 pixels wide on A4.
    pub locate_side: u32,
    /// An anchor is sought so far round the place where a sheet that fills the picture has it, as a share of the picture's longer
    /// side: 7.5 % = 22 mm on A4, where a skew by 5° moves a corner by 15 mm.
    pub anchor_reach: f32,
    /// Correlation with the look of the mark from which a place may be one: whole marks reach 0.85 to 0.99, letters 0.5.
    pub anchor_score: f32,
    /// Contrast of a mark with the paper round it, as a share of that of the darkest ink: thin lines are pale in reduced copies,
    /// and pale toner beside a black pen reaches 0.25.
    pub anchor_contrast: f32,
    /// An anchor may lie so far from where the fitted map expects it, as a share of the page width: 1.2 % = 2.5 mm on A4.
    pub anchor_tolerance: f32,
    /// Anchors that must agree before a form counts as found. Two always agree with some map, so three is the least proof.
    pub least_anchors: usize,
    /// A form whose anchors, code and print together speak for it by so much more than for any other (of 1 each) is the one.
    pub clear_lead: f32,
    /// Above this misfit of an affine map (share of the page width) a projective one is taken: photographs, and prints whose
    /// upper edge is longer than the lower one. Marks are measured to 0.05 mm; 0.2 mm on A4 is no error of measuring.
    pub affine_misfit: f32,
    /// A tile of boxes guides the local correction when its best place stands out by so much mean darkness.
    pub tile_contrast: f32,
    /// Contrast between a box's print and its surroundings that proves print: dotted frames at 150 dpi show 0.01.
    pub box_contrast: f32,
    /// Below this agreement of the tiles a form that no anchors hold counts as misplaced; good photographs reach 0.75 to 0.99,
    /// one with a wrongly found edge 0.50.
    pub standing: f32,
    /// A character cell is sampled at so many pixels of height; 28-pixel glyphs come from letters of about 0.7 of it.
    pub cell_pixels: u32,
    /// Darkness (0 paper .. 1 ink) from which a pixel belongs to a stroke; dotted frames stay below after sampling.
    pub stroke_from: f32,
    /// Ink below this share of the cell is dust: a comma of a fine pen covers about 1 %.
    pub dust_share: f32,
    /// A character below this calibrated probability goes to a person.
    pub sure_char: f32,
    /// Chance beforehand of each character that the exam does not permit in a field, beside one for those that it does:
    /// about one answer in two hundred is of the wrong kind.
    pub other_symbol: f32,
    /// Chance beforehand that a character is not the one that printed data or the roster let expect.
    pub other_value: f32,
    /// Cap height as a share of the cell height, as the classifier was trained.
    pub cap_share: f32,
    /// Ink lower than this share of the cap height keeps its size (`-`, `,`), as the classifier was trained.
    pub small_share: f32,
    /// A box whose state has a lower probability than this waits for a person.
    pub sure_mark: f32,
    /// A filled box so much paler than the darkest mark of its field may be rubbed out or in another ink: one pen stays
    /// above 0.85, a red one beside a black one shows 0.78.
    pub mark_pale: f32,
    /// From this share a box counts as blackened where the template gives that a meaning.
    pub mark_black: f32,
    /// The same where another box of the field is marked, and shows less than that share of its ink: scribbles cover 0.37 and more,
    /// crosses up to 0.25.
    pub mark_scribbled: f32,
    pub mark_over: f32,
    /// Ink in a signature window or an answer area: share of its area from which something is written.
    pub ink_present: f32,
    /// So many lines that tell the same code prove it; a contradicting share of lines above 1 − `code_agreement` asks for more.
    pub code_lines: u32,
    pub code_agreement: f32,
    /// A code below this chance goes to a person.
    pub sure_code: f32,
    /// A witness without doubt above this chance settles what another one that says the same was unsure of.
    pub sure_witness: f32,
    /// Below this many pixels per millimetre small print is lost: 72 dpi.
    pub least_resolution: f32,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            locate_side: 1280,
            anchor_reach: 0.075,
            anchor_score: 0.6,
            anchor_contrast: 0.12,
            anchor_tolerance: 0.012,
            least_anchors: 3,
            clear_lead: 0.15,
            affine_misfit: 0.001,
            tile_contrast: 0.02,
            box_contrast: 0.01,
            standing: 0.62,
            cell_pixels: 48,
            stroke_from: 0.38,
            dust_share: 0.004,
            sure_char: 0.93,
            other_symbol: 0.005,
            other_value: 0.02,
            cap_share: 0.68,
            small_share: 0.55,
            sure_mark: 0.98,
            mark_pale: 0.82,
            mark_black: 0.8,
            mark_scribbled: 0.33,
            mark_over: 0.55,
            ink_present: 0.004,
            code_lines: 4,
            code_agreement: 0.8,
            sure_code: 0.99,
            sure_witness: 0.9,
            least_resolution: 2.8,
        }
    }
}
