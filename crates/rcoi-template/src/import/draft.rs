//! Writes a template file of ours, piece by piece; the end result is read back before it is given out.

use super::{ImportError, Imported, blank, quote};
use image::GrayImage;
use std::fmt::Write;

/// Left, top, width, height.
pub(super) type Area = [f64; 4];

pub(super) struct Draft {
    id: String,
    toml: String,
    joins: Vec<(String, Vec<String>)>,
    not_mapped: Vec<String>,
}

/// A field of kind marks.
#[derive(Default)]
pub(super) struct Marks<'a> {
    pub(super) name: &'a str,
    /// Empty: the name.
    pub(super) label: &'a str,
    pub(super) boxes: Vec<(String, Area)>,
    pub(super) outline: &'a str,
    pub(super) multiple: bool,
    pub(super) black_cancels: bool,
    pub(super) printed: bool,
    pub(super) bare: bool,
}

impl Draft {
    /// Lengths are the pixels of the layout; `from` names its kind.
    pub(super) fn new(id: &str, title: &str, from: &str, page: (f64, f64)) -> Self {
        let mut toml = format!("# Imported from {from}; lengths are its own pixels.\n");
        let _ = writeln!(toml, "title = {}\nform = {}\nunit = \"px\"", quote(title), quote(id));
        let _ = writeln!(toml, "page = [{}, {}]", num(page.0), num(page.1));
        Self { id: id.to_owned(), toml, joins: Vec::new(), not_mapped: Vec::new() }
    }

    /// Something that has no counterpart here, and why. Said once.
    pub(super) fn leave(&mut self, line: impl Into<String>) {
        let line = line.into();
        if !self.not_mapped.contains(&line) {
            self.not_mapped.push(line);
        }
    }

    /// The picture of the empty form; to be given before all tables.
    pub(super) fn blank(&mut self, picture: &GrayImage) -> Result<(), ImportError> {
        self.toml.push_str(&blank::text(picture)?);
        Ok(())
    }

    /// The code field whose value begins with `prefix` on sheets of this form.
    pub(super) fn identity(&mut self, sheet_code: &str, prefix: &str) {
        let _ = writeln!(self.toml, "\n[identity]\nsheet_code = {}\nprefix = {}", quote(sheet_code), quote(prefix));
    }

    /// Printed marks: kind with its own keys, place, size.
    pub(super) fn anchors(&mut self, upright: bool, anchors: &[(String, (f64, f64), f64)]) {
        self.toml.push_str("\n[locate]\nkind = \"anchors\"\n");
        if upright {
            self.toml.push_str("upright = true\n");
        }
        self.toml.push_str("anchors = [\n");
        for (shape, (x, y), size) in anchors {
            let _ = writeln!(self.toml, "    {{ shape = {shape}, at = [{}, {}], size = {} }},", num(*x), num(*y), num(*size));
        }
        self.toml.push_str("]\n");
    }

    fn head(&mut self, kind: &str, name: &str, label: &str, class: &str) {
        let _ = writeln!(self.toml, "\n[[field]]\nname = {}\nkind = \"{kind}\"\nclass = \"{class}\"", quote(name.trim()));
        if !label.is_empty() && label != name {
            let _ = writeln!(self.toml, "label = {}", quote(label));
        }
    }

    pub(super) fn marks(&mut self, field: &Marks<'_>) {
        self.head("marks", field.name, field.label, "answer");
        let areas: Vec<Area> = field.boxes.iter().map(|(_, a)| *a).collect();
        self.row("box", &areas);
        let values: Vec<String> = field.boxes.iter().map(|(v, _)| quote(v)).collect();
        let _ = writeln!(self.toml, "values = [{}]\noutline = \"{}\"", values.join(", "), field.outline);
        for (key, on) in
            [("multiple", field.multiple), ("black_cancels", field.black_cancels), ("printed", field.printed), ("bare", field.bare)]
        {
            if on {
                let _ = writeln!(self.toml, "{key} = true");
            }
        }
    }

    /// A row of cells for handwriting; `alphabet` as TOML.
    pub(super) fn cells(&mut self, name: &str, label: &str, alphabet: &str, areas: &[Area]) {
        self.head("cells", name, label, "answer");
        self.row("cell", areas);
        let _ = writeln!(self.toml, "count = {}\nalphabet = {alphabet}\noutline = \"unknown\"", areas.len());
    }

    pub(super) fn code(&mut self, name: &str, label: &str, class: &str, symbology: &str, area: Area) {
        self.head("code", name, label, class);
        let _ = writeln!(self.toml, "symbology = \"{symbology}\"");
        self.rect(area);
    }

    /// A region for people.
    pub(super) fn image(&mut self, name: &str, label: &str, area: Area) {
        self.head("image", name, label, "text");
        self.rect(area);
    }

    fn rect(&mut self, [x, y, w, h]: Area) {
        let _ = writeln!(self.toml, "at = [{}, {}]\nsize = [{}, {}]", num(x), num(y), num(w), num(h));
    }

    /// Equal boxes about the middles of the given ones: at even steps when they stand so, else each at its place.
    fn row(&mut self, key: &str, areas: &[Area]) {
        let least = |i: usize| areas.iter().map(|a| a[i]).fold(f64::INFINITY, f64::min);
        let (w, h) = (least(2), least(3));
        let corners: Vec<(f64, f64)> = areas.iter().map(|a| (a[0] + (a[2] - w) / 2.0, a[1] + (a[3] - h) / 2.0)).collect();
        let _ = writeln!(self.toml, "{key} = [{}, {}]", num(w), num(h));
        let (Some(first), Some(last)) = (corners.first(), corners.last()) else { return };
        let steps = (corners.len().max(2) - 1) as f64;
        let step = ((last.0 - first.0) / steps, (last.1 - first.1) / steps);
        // A box may lie a hundredth of its size beside an even row.
        let even = |(i, c): (usize, &(f64, f64))| {
            (c.0 - first.0 - step.0 * i as f64).abs() <= w / 100.0 && (c.1 - first.1 - step.1 * i as f64).abs() <= h / 100.0
        };
        if corners.iter().enumerate().all(even) {
            let _ = writeln!(self.toml, "at = [{}, {}]\nstep = [{}, {}]", num(first.0), num(first.1), num(step.0), num(step.1));
        } else {
            let places: Vec<String> = corners.iter().map(|(x, y)| format!("[{}, {}]", num(*x), num(*y))).collect();
            let _ = writeln!(self.toml, "places = [{}]", places.join(", "));
        }
    }

    /// A value made of several fields.
    pub(super) fn join(&mut self, name: &str, fields: Vec<String>) {
        self.joins.push((name.to_owned(), fields));
    }

    pub(super) fn finish(mut self) -> Result<Imported, ImportError> {
        if !self.joins.is_empty() {
            self.toml.push_str("\n[join]\n");
        }
        for (name, fields) in &self.joins {
            let fields: Vec<String> = fields.iter().map(|f| quote(f)).collect();
            let _ = writeln!(self.toml, "{} = [{}]", quote(name), fields.join(", "));
        }
        match crate::parse(&format!("{}.toml", self.id), &self.toml) {
            Ok(template) => {
                blank::check(&template)?;
                Ok(Imported { id: self.id, toml: self.toml, not_mapped: self.not_mapped })
            }
            Err(faults) => Err(ImportError::Faults(faults)),
        }
    }
}

/// Thousandths are finer than any print.
fn num(value: f64) -> String {
    let text = format!("{value:.3}");
    let short = text.trim_end_matches('0').trim_end_matches('.');
    if short == "-0" { "0".to_owned() } else { short.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::{Draft, Marks, num};
    use crate::FieldSpec;

    #[test]
    fn numbers_are_short() {
        assert_eq!([num(1.0), num(-0.0001), num(0.5), num(120.0), num(2.34567)], ["1", "0", "0.5", "120", "2.346"]);
    }

    #[test]
    fn uneven_boxes_keep_their_places_and_even_ones_become_steps() {
        let mut draft = Draft::new("form", "A \"form\"", "a test", (300.0, 400.0));
        let corner = |x, y| ("\"square\"".to_owned(), (x, y), 10.0);
        draft.anchors(false, &[corner(10.0, 10.0), corner(290.0, 10.0), corner(10.0, 390.0)]);
        let boxes = |ys: [f64; 3]| ys.iter().enumerate().map(|(i, y)| (i.to_string(), [50.0, *y, 20.0, 20.0])).collect();
        draft.marks(&Marks { name: "even", boxes: boxes([50.0, 80.0, 110.0]), outline: "square", ..Marks::default() });
        draft.marks(&Marks { name: "odd", boxes: boxes([250.0, 180.0, 210.0]), outline: "square", multiple: true, ..Marks::default() });
        let imported = draft.finish().expect("a fair draft");
        assert_eq!((imported.toml.matches("places").count(), imported.toml.matches("step").count()), (1, 1));
        let template = crate::parse("form.toml", &imported.toml).expect("what we write we read");
        let Some(FieldSpec::Marks(odd)) = template.field("odd").map(|f| &f.spec) else { panic!("marks") };
        assert_eq!(odd.boxes.iter().map(|b| b.area.y).collect::<Vec<_>>(), [250.0, 180.0, 210.0]);
    }
}
