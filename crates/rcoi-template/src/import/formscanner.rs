//! Reads FormScanner's `.xtmpl`: corner points, bubble centres and areas in the pixels of the scan it was made on.

use super::draft::{Area, Draft, Marks};
use super::xml::{self, Element};
use super::{ImportError, Imported};
use image::GrayImage;
use std::collections::BTreeMap;

/// What the corner marks look like: the layout tells only their middles.
#[derive(Debug, Clone, PartialEq)]
pub struct CornerMarks {
    /// `square`, `disc`, `ring`, `corner` or `cross`.
    pub shape: String,
    /// Width of a mark in pixels.
    pub size: f32,
}

/// Imports a layout. `id` names the template; `blank` is a picture of the empty form, if there is one.
///
/// # Errors
/// Text that is not XML, an element or attribute that is missing or of another kind.
pub fn formscanner(id: &str, xtmpl: &str, marks: Option<&CornerMarks>, blank: Option<&GrayImage>) -> Result<Imported, ImportError> {
    let root = xml::parse(xtmpl)?;
    if root.name != "template" {
        return Err(root.expected("an element `template`"));
    }
    let corners = root.need("corners")?;
    let points = corner_points(corners)?;
    let fields = root.need("fields")?;
    let mut draft = Draft::new(id, id, "a FormScanner layout", page(&points, fields, blank)?);
    if let Some(picture) = blank {
        draft.blank(picture)?;
    }
    anchors(&mut draft, corners, &points, marks, blank.is_some());
    // The layout's `size` is the radius of the circle that it draws round a bubble's middle.
    let radius = fields.number_attribute("size")?;
    let mut columns: BTreeMap<String, Vec<(u32, String)>> = BTreeMap::new();
    let groups: Vec<&Element> = if fields.child("group").is_some() { fields.all("group").collect() } else { vec![fields] };
    for group in &groups {
        let in_group = if groups.len() > 1 { format!("{}-", group.attribute("name").unwrap_or_default()) } else { String::new() };
        for question in group.all("question") {
            let name = format!("{in_group}{}", question.need_attribute("question")?);
            marks_field(&mut draft, question, &name, radius)?;
            let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
            let column = question.attribute("type") == Some("QUESTIONS_BY_COLS") && question.attribute("multiple") != Some("true");
            if let (true, Ok(n)) = (column && !stem.is_empty(), name[stem.len()..].parse()) {
                columns.entry(stem.to_owned()).or_default().push((n, name.clone()));
            }
        }
        for area in group.all("area") {
            area_field(&mut draft, area, &in_group)?;
        }
    }
    for (stem, mut names) in columns.into_iter().filter(|(_, names)| names.len() > 1) {
        names.sort();
        draft.join(&stem, names.into_iter().map(|(_, name)| name).collect());
    }
    for (element, why) in [("crop", "the form is found in the whole picture"), ("rotation", "the skew is measured on each page")] {
        if root.child(element).is_some() {
            draft.leave(format!("`{element}`: {why}"));
        }
    }
    for attribute in ["density", "threshold"] {
        if let Some(value) = root.attribute(attribute) {
            draft.leave(format!("`{attribute}` {value}: darkness is measured on each page, without settings"));
        }
    }
    draft.finish()
}

fn point(element: &Element) -> Result<(f64, f64), ImportError> {
    let point = element.need("point")?;
    Ok((point.number_attribute("x")?, point.number_attribute("y")?))
}

/// The four corners of `corners`, in the order left top, right top, right bottom, left bottom.
fn corner_points(corners: &Element) -> Result<[(f64, f64); 4], ImportError> {
    let find = |position: &str| {
        let corner = corners.all("corner").find(|c| c.attribute("position") == Some(position));
        point(corner.ok_or_else(|| corners.expected(&format!("a `corner` with position {position}")))?)
    };
    Ok([find("TOP_LEFT")?, find("TOP_RIGHT")?, find("BOTTOM_RIGHT")?, find("BOTTOM_LEFT")?])
}

/// The layout does not tell the size of the page: the marks are taken to stand equally far from opposite edges.
fn page(points: &[(f64, f64); 4], fields: &Element, blank: Option<&GrayImage>) -> Result<(f64, f64), ImportError> {
    if let Some(blank) = blank {
        return Ok((f64::from(blank.width()), f64::from(blank.height())));
    }
    let range = |get: fn(&(f64, f64)) -> f64| {
        let all = || points.iter().map(get);
        (all().fold(f64::INFINITY, f64::min), all().fold(0.0, f64::max))
    };
    let ((left, right), (top, bottom)) = (range(|p| p.0), range(|p| p.1));
    let (mut width, mut height) = (left + right, top + bottom);
    for element in everything(fields) {
        if element.name == "point" {
            width = width.max(element.number_attribute("x")? + left.min(50.0));
            height = height.max(element.number_attribute("y")? + top.min(50.0));
        }
    }
    Ok((width.round(), height.round()))
}

fn everything(element: &Element) -> Vec<&Element> {
    element.children.iter().flat_map(|c| std::iter::once(c).chain(everything(c))).collect()
}

fn anchors(draft: &mut Draft, corners: &Element, points: &[(f64, f64); 4], marks: Option<&CornerMarks>, blank: bool) {
    let width = points[1].0 - points[0].0;
    let guess = CornerMarks {
        shape: if corners.attribute("type") == Some("ROUND") { "disc" } else { "square" }.to_owned(),
        size: (width / 20.0).round() as f32,
    };
    if marks.is_none() {
        draft.leave(format!(
            "corner marks: their look and size are not in the layout; {}s {} wide are taken, say otherwise with --anchor and --anchor-size",
            guess.shape, guess.size
        ));
    }
    let marks = marks.unwrap_or(&guess);
    let thick = f64::from(marks.size) / 5.0;
    let all: Vec<(String, (f64, f64), f64)> = points
        .iter()
        .zip(["top-left", "top-right", "bottom-right", "bottom-left"])
        .map(|(at, corner)| {
            let more = match marks.shape.as_str() {
                "corner" => format!(", corner = \"{corner}\", width = {thick:.1}"),
                "ring" | "cross" => format!(", width = {thick:.1}"),
                _ => String::new(),
            };
            (format!("\"{}\"{more}", marks.shape), *at, f64::from(marks.size))
        })
        .collect();
    // Four equal marks look the same upside down; FormScanner takes its pictures as upright.
    draft.anchors(!blank, &all);
}

fn marks_field(draft: &mut Draft, question: &Element, name: &str, radius: f64) -> Result<(), ImportError> {
    let mut boxes = Vec::new();
    for value in question.need("values")?.all("value") {
        let (x, y) = point(value)?;
        boxes.push((value.need_attribute("response")?.to_owned(), [x - radius, y - radius, 2.0 * radius, 2.0 * radius]));
    }
    if question.attribute("rejectMultiple") == Some("true") {
        draft.leave("`rejectMultiple`: several marks where one is allowed are a doubt here");
    }
    let multiple = question.attribute("multiple") == Some("true");
    draft.marks(&Marks { name, boxes, outline: "circle", multiple, ..Marks::default() });
    Ok(())
}

fn area_field(draft: &mut Draft, area: &Element, in_group: &str) -> Result<(), ImportError> {
    let name = format!("{in_group}{}", area.need_attribute("name")?);
    let points = corner_points(area.need("corners")?)?;
    let bound = |get: fn(&(f64, f64)) -> f64, pick: fn(f64, f64) -> f64, start: f64| points.iter().map(get).fold(start, pick);
    let (x0, y0) = (bound(|p| p.0, f64::min, f64::INFINITY), bound(|p| p.1, f64::min, f64::INFINITY));
    let (x1, y1) = (bound(|p| p.0, f64::max, 0.0), bound(|p| p.1, f64::max, 0.0));
    let rect: Area = [x0, y0, x1 - x0, y1 - y0];
    if area.attribute("type") == Some("BARCODE") {
        draft.leave("areas of type BARCODE: the layout does not tell the symbology; Code 128 is taken");
        draft.code(&name, "", "text", "code128", rect);
    } else {
        draft.image(&name, "", rect);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{CornerMarks, formscanner};
    use crate::{AnchorShape, FieldSpec, Locate, Symbology};
    use rcoi_model::Rect;
    use std::fmt::Write;

    fn corner(position: &str, x: f64, y: f64) -> String {
        format!("<corner position=\"{position}\"><point x=\"{x}\" y=\"{y}\"/></corner>")
    }

    fn question(name: &str, kind: &str, multiple: bool, places: &[(&str, f64, f64)]) -> String {
        let mut out = format!("<question question=\"{name}\" type=\"{kind}\" multiple=\"{multiple}\" rejectMultiple=\"false\"><values>");
        for (value, x, y) in places {
            let _ = write!(out, "<value response=\"{value}\"><point x=\"{x}\" y=\"{y}\"/></value>");
        }
        out + "</values></question>"
    }

    fn layout() -> String {
        let four = |x0, y0, x1, y1| {
            [("TOP_RIGHT", x1, y0), ("TOP_LEFT", x0, y0), ("BOTTOM_LEFT", x0, y1), ("BOTTOM_RIGHT", x1, y1)]
                .map(|(p, x, y)| corner(p, x, y))
                .concat()
        };
        format!(
            "<template density=\"40\" threshold=\"127\"><rotation angle=\"0.1\"/><corners type=\"ROUND\">{}</corners>\
             <fields groups=\"false\" shape=\"CIRCLE\" size=\"9\"><group name=\"EMPTY\">{}{}{}\
             <area name=\"course\" type=\"BARCODE\"><corners>{}</corners></area></group></fields></template>",
            four(40.0, 50.0, 360.0, 550.0),
            question("Q1", "QUESTIONS_BY_ROWS", true, &[("A", 100.0, 100.0), ("B", 150.0, 100.0), ("C", 203.0, 104.0)]),
            question("no2", "QUESTIONS_BY_COLS", false, &[("0", 80.0, 200.0), ("1", 80.0, 230.0)]),
            question("no1", "QUESTIONS_BY_COLS", false, &[("0", 50.0, 200.0), ("1", 50.0, 230.0)]),
            four(100.0, 400.0, 300.0, 450.0),
        )
    }

    #[test]
    fn bubbles_joins_and_codes_keep_their_places() {
        let imported = formscanner("sheet", &layout(), None, None).expect("a fair layout");
        let template = crate::parse("sheet.toml", &imported.toml).expect("what we write we read");
        assert_eq!((template.width, template.height, template.upright), (400.0, 600.0, true));
        assert!(matches!(&template.locate, Locate::Anchors(a) if a[2].centre.x == 360.0 && matches!(a[2].shape, AnchorShape::Disc { .. })));
        let Some(FieldSpec::Marks(marks)) = template.field("Q1").map(|f| &f.spec) else { panic!("marks") };
        assert_eq!((marks.multiple, marks.boxes[2].area), (true, Rect::new(194.0, 95.0, 18.0, 18.0)));
        assert_eq!(template.joins[0].fields, ["no1", "no2"]);
        assert!(matches!(template.field("course").map(|f| &f.spec), Some(FieldSpec::Code(c)) if c.symbology == Symbology::Code128));
        for left in ["rotation", "density", "corner marks", "BARCODE"] {
            assert!(imported.not_mapped.iter().any(|l| l.contains(left)), "{left}");
        }
    }

    #[test]
    fn the_look_of_the_corner_marks_may_be_told() {
        let marks = CornerMarks { shape: "ring".to_owned(), size: 40.0 };
        let imported = formscanner("sheet", &layout(), Some(&marks), None).expect("a fair layout");
        let template = crate::parse("sheet.toml", &imported.toml).expect("what we write we read");
        assert!(matches!(&template.locate, Locate::Anchors(a) if a[0].shape == AnchorShape::Ring { diameter: 40.0, width: 8.0 }));
        let star = CornerMarks { shape: "star".to_owned(), size: 40.0 };
        assert!(formscanner("sheet", &layout(), Some(&star), None).is_err_and(|e| e.to_string().contains("star")));
    }

    #[test]
    fn a_fault_of_the_layout_names_its_place() {
        for (from, to, word) in [
            ("x=\"150\"", "x=\"far\"", "question[1]/values[1]/value[2]/point[1]@x"),
            ("TOP_LEFT", "TOP", "position TOP_LEFT"),
            ("size=\"9\"", "", "`size`"),
            ("</template>", "", "line 1"),
        ] {
            let error = formscanner("sheet", &layout().replacen(from, to, 1), None, None).err().map(|e| e.to_string()).unwrap_or_default();
            assert!(error.contains(word), "{word}: {error}");
        }
    }
}
