//! The resolved template: geometry and meaning of one form, after repeats are expanded and everything is checked.

use crate::bars;
use rcoi_model::{CheckDigit, Homography, Point, Rect, TemplateId};

/// One form. Lengths are in form units: millimetres for our own forms, `unit = "px"` for imported ones.
/// Origin: left top corner of the page; y grows downwards.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    pub id: TemplateId,
    pub title: String,
    /// Form letter used by kits and rules: `R`, `AB`, `C1`, `C2`, `CX`, `PPE-13-02`, `TEST`.
    pub form: String,
    /// Page size in form units.
    pub width: f32,
    pub height: f32,
    pub unit: Unit,
    pub locate: Locate,
    /// How a sheet of this form is told from others and named.
    pub identity: Identity,
    pub fields: Vec<Field>,
    /// What is printed on the blank and not part of a field.
    pub prints: Vec<Print>,
    /// Values made of several fields, such as a number whose digits are marked one field each.
    pub joins: Vec<Join>,
    /// Pictures of this form are hardly ever turned: its layout alone need not tell which way is up.
    pub upright: bool,
    /// The empty form as a picture; `None` when only this file says what is printed on it.
    pub blank: Option<Blank>,
}

/// A grey picture of the empty form that covers the whole page, at any resolution.
#[derive(Clone, PartialEq, Eq)]
pub struct Blank {
    pub width: u32,
    pub height: u32,
    /// Row-major, 0 = black.
    pub pixels: Vec<u8>,
}

impl std::fmt::Debug for Blank {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Millions of pixels tell a reader of logs nothing.
        write!(f, "Blank({} × {})", self.width, self.height)
    }
}

/// A value that is the values of `fields` one after another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Join {
    pub name: String,
    pub fields: Vec<String>,
}

impl Template {
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|f| f.name == name)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Millimetre,
    /// An imported layout in the pixels of its author.
    Pixel,
}

/// How the form is found in a picture.
#[derive(Debug, Clone, PartialEq)]
pub enum Locate {
    /// Printed marks at known places. At least three.
    Anchors(Vec<Anchor>),
    /// The picture shows a sheet on a darker ground: its four edges are the page.
    PageFrame,
    /// The picture is the page.
    Whole,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Anchor {
    /// The middle of the mark; of a corner the point where the outer edges of its two lines meet.
    pub centre: Point,
    pub shape: AnchorShape,
}

#[derive(Debug, Clone, PartialEq)]
pub enum AnchorShape {
    /// Black square, side in form units.
    Square { side: f32 },
    /// Black disc, diameter in form units.
    Disc { diameter: f32 },
    /// Black ring; `diameter` = outer, `width` = thickness of the line, in form units.
    Ring { diameter: f32, width: f32 },
    /// A grey picture to search for, row-major, 0 = black; `side` = its width in form units.
    Picture { width: u32, height: u32, pixels: Vec<u8>, side: f32 },
    /// Two black lines that meet in a right angle; `arm` = length of each, `width` = thickness, in form units.
    Corner { arm: f32, width: f32, corner: PageCorner },
    /// Black bar (timing mark): `width` along x, `height` along y, in form units.
    Bar { width: f32, height: f32 },
    /// Two black lines that cross in their middles; `arm` = whole length of each, `width` = thickness, in form units.
    Cross { arm: f32, width: f32 },
}

impl AnchorShape {
    /// Width of the mark in form units.
    #[must_use]
    pub fn extent(&self) -> f32 {
        match *self {
            Self::Square { side } | Self::Picture { side, .. } => side,
            Self::Disc { diameter } | Self::Ring { diameter, .. } => diameter,
            Self::Corner { arm, .. } | Self::Cross { arm, .. } => arm,
            Self::Bar { width, height } => width.max(height),
        }
    }
}

/// The corner of the page that a corner mark hugs: its arms run from there along the page's edges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageCorner {
    TopLeft,
    TopRight,
    BottomRight,
    BottomLeft,
}

impl PageCorner {
    /// Direction of the arms along x and y: +1 to the right and down.
    #[must_use]
    pub fn arms(self) -> (f32, f32) {
        match self {
            Self::TopLeft => (1.0, 1.0),
            Self::TopRight => (-1.0, 1.0),
            Self::BottomRight => (-1.0, -1.0),
            Self::BottomLeft => (1.0, -1.0),
        }
    }

    /// Which corner it is after so many clockwise quarter turns of the page.
    #[must_use]
    pub fn turned(self, quarters: u32) -> Self {
        const ROUND: [PageCorner; 4] = [PageCorner::TopLeft, PageCorner::TopRight, PageCorner::BottomRight, PageCorner::BottomLeft];
        ROUND[(self as usize + quarters as usize) % 4]
    }
}

/// How a sheet is identified.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Identity {
    /// Name of the `code` field whose value is the sheet code.
    pub sheet_code: Option<String>,
    /// The sheet code of this form begins so; empty = no statement.
    pub prefix: String,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    pub name: String,
    /// Label for people, Russian.
    pub label: String,
    /// Policy class: `sheet-code`, `form-code`, `answer`, `replacement-number`, `replacement-answer`, `replacement-count`, `person`,
    /// `document`, `place`, `subject`, `event`, `signature`, `text`, `link`, `ledger`, `reserve`.
    pub class: String,
    /// An empty required field is doubtful (`Doubt::Missing`).
    pub required: bool,
    /// The field or join that carries the same fact on this form: two readings that differ are doubtful.
    pub same_as: Option<String>,
    pub spec: FieldSpec,
}

#[derive(Debug, Clone, PartialEq)]
pub enum FieldSpec {
    Code(CodeField),
    Marks(MarksField),
    Cells(CellsField),
    /// Presence of ink only.
    Ink(Rect),
    /// A region for people, with blank detection.
    Image(Rect),
}

impl FieldSpec {
    /// Smallest rectangle that holds the whole field.
    #[must_use]
    pub fn bounds(&self) -> Rect {
        let all = |rects: &mut dyn Iterator<Item = Rect>| {
            let first = rects.next().unwrap_or_default();
            rects.fold(first, |sum, r| sum.union(&r))
        };
        match self {
            Self::Code(code) => code.caption.map_or(code.area, |c| code.area.union(&c)),
            Self::Marks(marks) => all(&mut marks.boxes.iter().map(|b| b.area)),
            Self::Cells(cells) => all(&mut cells.cells.iter().copied()),
            Self::Ink(area) | Self::Image(area) => *area,
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct CodeField {
    pub area: Rect,
    pub symbology: Symbology,
    /// Bars run down the page instead of across it.
    pub vertical: bool,
    pub check: CheckDigit,
    /// Expected digits, 0 = any.
    pub digits: u32,
    /// Where the value is printed once more for people, digits of the height of this area at even distances. `None`: an
    /// EAN-13 has its digits where the standard has them, other codes have none.
    pub caption: Option<Rect>,
}

impl CodeField {
    /// The area with its bars standing upright, and the map from there to the page: the area itself, or a lying twin
    /// (left top corner 0, 0) of one whose bars run down the page.
    #[must_use]
    pub fn upright(&self) -> (Rect, Homography) {
        if !self.vertical {
            return (self.area, Homography::IDENTITY);
        }
        let a = &self.area;
        // A quarter turn clockwise: (x, y) of the twin stands at (right − y, top + x).
        let turn = [0.0, -1.0, f64::from(a.right()), 1.0, 0.0, f64::from(a.y), 0.0, 0.0, 1.0];
        (Rect::new(0.0, 0.0, a.h, a.w), Homography(turn))
    }

    /// Where the bars end: the lower edge of the long ones, measured in `upright`.
    #[must_use]
    pub fn bars_bottom(&self) -> f32 {
        let (area, _) = self.upright();
        // Printed by the standard, the digits take the lowest sixth.
        area.y + if self.symbology == Symbology::Ean13 && self.caption.is_none() { area.h * 0.91 } else { area.h }
    }

    /// The places of the printed digits in `upright`, one for each of `count`: their height is that of the digits. Empty when
    /// nothing is printed.
    #[must_use]
    pub fn caption_cells(&self, count: usize) -> Vec<Rect> {
        let (area, _) = self.upright();
        if let Some(caption) = self.caption {
            let c = if self.vertical {
                Rect::new(caption.y - self.area.y, self.area.right() - caption.right(), caption.h, caption.w)
            } else {
                caption
            };
            let step = c.w / count.max(1) as f32;
            return (0..count).map(|i| Rect::new(c.x + i as f32 * step, c.y, step, c.h)).collect();
        }
        if self.symbology != Symbology::Ean13 || count != 13 {
            return Vec::new();
        }
        let module = area.w / (bars::EAN_QUIET.0 + bars::EAN_MODULES + bars::EAN_QUIET.1) as f32;
        let (height, base) = (area.h * 0.146, area.y + area.h * 0.984);
        // The first digit stands in the quiet zone, six below each half.
        let centre = |i: usize| match i {
            0 => -5.0,
            1..=6 => 7.0 * i as f32 - 0.5,
            _ => 7.0 * i as f32 + 4.5,
        };
        let left = area.x + bars::EAN_QUIET.0 as f32 * module;
        (0..13).map(|i| Rect::new(left + (centre(i) - 3.5) * module, base - height, 7.0 * module, height)).collect()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Symbology {
    Ean13,
    Code128,
    Qr,
    DataMatrix,
    Itf,
}

#[derive(Debug, Clone, PartialEq)]
pub struct MarksField {
    pub boxes: Vec<MarkBox>,
    /// More than one mark is allowed.
    pub multiple: bool,
    /// A fully blackened box means a cancelled mark.
    pub black_cancels: bool,
    /// Nothing is printed inside the boxes; else a layout that names no print may still have some.
    pub bare: bool,
    pub outline: Outline,
}

#[derive(Debug, Clone, PartialEq)]
pub struct MarkBox {
    pub value: String,
    pub area: Rect,
    /// Text printed inside the box (a letter or digit), empty = none. Imported templates may not know it.
    pub printed: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outline {
    Square,
    Circle,
    /// Dotted rounded frame, as on the federal forms.
    Dotted,
    None,
    /// Imported: something is printed there, its look is unknown.
    Unknown,
}

#[derive(Debug, Clone, PartialEq)]
pub struct CellsField {
    pub cells: Vec<Rect>,
    /// Permitted characters, every one once.
    pub alphabet: String,
    /// A simple pattern of the whole value: see the template language. Empty = none.
    pub pattern: String,
    /// Where ink counts as overflow beyond the last cell.
    pub overflow: Option<Rect>,
    pub outline: Outline,
    /// Grey fill behind the cells, 0 = white .. 1 = black (the real form shades printed cells).
    pub shade: f32,
    /// Text is pre-printed by the machine, not handwritten.
    pub printed: bool,
}

/// Something printed on the blank.
#[derive(Debug, Clone, PartialEq)]
pub enum Print {
    /// `at` = left end (or middle, or right end) of the base line; `size` = font size in form units.
    Text {
        at: Point,
        size: f32,
        text: String,
        bold: bool,
        align: Align,
    },
    Line {
        from: Point,
        to: Point,
        width: f32,
    },
    Box {
        area: Rect,
        width: f32,
        fill: f32,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    Left,
    Middle,
    Right,
}

/// All templates that a page may be.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TemplateSet {
    pub templates: Vec<Template>,
}

impl TemplateSet {
    #[must_use]
    pub fn get(&self, id: &TemplateId) -> Option<&Template> {
        self.templates.iter().find(|t| &t.id == id)
    }

    #[must_use]
    pub fn by_form(&self, form: &str) -> Option<&Template> {
        self.templates.iter().find(|t| t.form == form)
    }
}

/// Values that are printed on a blank before it is handed out: field name → text (codes included).
pub type Preprint = std::collections::BTreeMap<String, String>;
