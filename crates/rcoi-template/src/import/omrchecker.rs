//! Reads OMRChecker's `template.json` (its wiki, "About Templates"): field blocks, custom labels, crop and marker options.

use super::{ImportError, Imported, Object, expected, json_object, number, numbers, png, quote};
use base64::Engine;
use image::GrayImage;
use serde_json::Value;
use std::fmt::Write;

/// Imports a layout.
///
/// `id` names the template (the stem of the file it will be saved as). `pictures` gives a marker picture by the
/// relative path that the layout mentions. Lengths stay in the layout's own pixels.
///
/// # Errors
/// Text that is not JSON, a key that is missing or of another kind, a marker picture that cannot be had.
pub fn omrchecker(id: &str, json: &str, pictures: &dyn Fn(&str) -> Option<GrayImage>) -> Result<Imported, ImportError> {
    whole(id, json, pictures).map_err(|e| e.in_json(json))
}

fn whole(id: &str, json: &str, pictures: &dyn Fn(&str) -> Option<GrayImage>) -> Result<Imported, ImportError> {
    let root = &json_object(json)?;
    let mut import = Import { toml: String::new(), not_mapped: Vec::new() };
    let page = pair(root, "pageDimensions", "")?;
    let _ = writeln!(
        import.toml,
        "# Imported from an OMRChecker layout; lengths are its own pixels.\nid = {}\ntitle = {}\nform = {}\nunit = \"px\"\npage = [{}, {}]\n",
        quote(id),
        quote(id),
        quote(id),
        page.0,
        page.1
    );
    import.locate(root, page, pictures)?;
    let joins = import.joins(root)?;
    let blocks = root.get("fieldBlocks").and_then(Value::as_object).ok_or_else(|| expected("fieldBlocks", "an object of blocks"))?;
    for (name, block) in blocks {
        let block = block.as_object().ok_or_else(|| expected(&format!("fieldBlocks.{name}"), "an object"))?;
        import.block(name, block, root)?;
    }
    for (key, value) in root {
        match key.as_str() {
            "pageDimensions" | "bubbleDimensions" | "preProcessors" | "fieldBlocks" | "customLabels" => {}
            "emptyValue" => import.leave(format!("`emptyValue` {value}: an unmarked field reads as an empty text here")),
            "outputColumns" => import.leave("`outputColumns`: the order of columns is chosen when results are written".to_owned()),
            "options" | "alignment" | "autoAlign" => {
                import.leave(format!("`{key}` {value}: places are always corrected locally here, without settings"));
            }
            _ => import.leave(format!("`{key}`: unknown key of the layout")),
        }
    }
    import.toml.push_str(&joins);
    match crate::parse(&format!("{id}.toml"), &import.toml) {
        Ok(_) => Ok(Imported { id: id.to_owned(), toml: import.toml, not_mapped: import.not_mapped }),
        Err(faults) => Err(ImportError::Faults(faults)),
    }
}

fn pair(object: &Object, key: &str, place: &str) -> Result<(f64, f64), ImportError> {
    numbers::<2>(object.get(key), &format!("{place}{key}")).map(|[x, y]| (x, y))
}

/// `roll1..9` → `roll1` … `roll9`; other labels stay.
pub(super) fn expand(label: &str) -> Vec<String> {
    let range = || {
        let (left, right) = label.split_once("..")?;
        let last: u32 = right.trim_start_matches('.').parse().ok()?;
        let digits = left.len() - left.trim_end_matches(|c: char| c.is_ascii_digit()).len();
        let (stem, first) = left.split_at(left.len() - digits);
        let first: u32 = first.parse().ok()?;
        (first <= last && last - first < 10_000).then(|| (first..=last).map(|n| format!("{stem}{n}")).collect())
    };
    range().unwrap_or_else(|| vec![label.to_owned()])
}

/// No sheet has more fields; a longer range is a slip of the hand.
const MOST_LABELS: usize = 5000;

fn labels(list: Option<&Value>, place: &str) -> Result<Vec<String>, ImportError> {
    let texts: Option<Vec<&str>> = list.and_then(Value::as_array).and_then(|a| a.iter().map(Value::as_str).collect());
    let texts = texts.ok_or_else(|| expected(place, "a list of labels"))?;
    let labels: Vec<String> = texts.into_iter().flat_map(expand).take(MOST_LABELS + 1).collect();
    if labels.len() > MOST_LABELS { Err(expected(place, &format!("at most {MOST_LABELS} labels"))) } else { Ok(labels) }
}

/// `q12` → (`q`, 12).
fn numbered(label: &str) -> Option<(&str, u32)> {
    let stem = label.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = &label[stem.len()..];
    (digits == "0" || !digits.starts_with('0')).then_some(())?;
    Some((stem, digits.parse().ok()?))
}

struct Import {
    toml: String,
    not_mapped: Vec<String>,
}

impl Import {
    fn leave(&mut self, line: String) {
        self.not_mapped.push(line);
    }

    fn locate(&mut self, root: &Object, page: (f64, f64), pictures: &dyn Fn(&str) -> Option<GrayImage>) -> Result<(), ImportError> {
        let empty = Vec::new();
        let steps = root.get("preProcessors").map_or(Ok(&empty), |v| v.as_array().ok_or_else(|| expected("preProcessors", "a list")))?;
        let nothing = Object::new();
        let (mut frame, mut markers) = (false, None);
        for step in steps {
            let name = step.get("name").and_then(Value::as_str).ok_or_else(|| expected("preProcessors", "a `name` in each step"))?;
            let options = step.get("options").and_then(Value::as_object).unwrap_or(&nothing);
            match name {
                "CropPage" => {
                    frame = true;
                    for (key, value) in options {
                        self.leave(format!("CropPage `{key}` {value}: the page's edges are found without settings"));
                    }
                }
                "CropOnMarkers" => {
                    let path = options.get("relativePath").and_then(Value::as_str).unwrap_or("omr_marker.jpg");
                    let ratio = options.get("sheetToMarkerWidthRatio").and_then(Value::as_f64).unwrap_or(17.0);
                    let picture = pictures(path).ok_or_else(|| ImportError::Picture(path.to_owned()))?;
                    markers = Some((picture, ratio));
                    for (key, value) in options.iter().filter(|(k, _)| !["relativePath", "sheetToMarkerWidthRatio"].contains(&k.as_str())) {
                        self.leave(format!(
                            "CropOnMarkers `{key}` {value}: markers are searched for in all sizes and places, without settings"
                        ));
                    }
                }
                "FeatureBasedAlignment" => {
                    let reference = options.get("reference").map(Value::to_string).unwrap_or_default();
                    self.leave(format!(
                        "FeatureBasedAlignment {reference}: pictures are not matched with a reference; the picture is taken as the page"
                    ));
                }
                "GaussianBlur" | "MedianBlur" | "Levels" => {
                    self.leave(format!("{name}: brightness and noise are measured on each page, without settings"));
                }
                other => self.leave(format!("{other}: this step is not known here")),
            }
        }
        if frame && markers.is_some() {
            self.leave("CropPage before CropOnMarkers: the markers are searched for in the whole picture".to_owned());
        }
        match markers {
            Some((picture, ratio)) => self.markers(&picture, ratio, page)?,
            None => {
                let _ = writeln!(self.toml, "[locate]\nkind = \"{}\"\nupright = true\n", if frame { "page-frame" } else { "whole" });
            }
        }
        Ok(())
    }

    /// The centres of the four markers are the corners of the layout's page.
    fn markers(&mut self, picture: &GrayImage, ratio: f64, page: (f64, f64)) -> Result<(), ImportError> {
        if !(ratio.is_finite() && ratio > 0.0) {
            return Err(expected("CropOnMarkers.sheetToMarkerWidthRatio", "a positive number"));
        }
        // A marker is searched for at some hundred pixels at most; larger pictures only swell the file.
        const WIDEST: u32 = 120;
        let small = if picture.width() > WIDEST {
            let height = (picture.height() * WIDEST / picture.width()).max(1);
            image::imageops::resize(picture, WIDEST, height, image::imageops::FilterType::Triangle)
        } else {
            picture.clone()
        };
        let bytes = png(&small).ok_or_else(|| expected("CropOnMarkers.relativePath", "a picture that is not empty"))?;
        let text = base64::engine::general_purpose::STANDARD.encode(bytes);
        let size = page.0 / ratio;
        let _ = writeln!(self.toml, "[locate]\nkind = \"anchors\"\nupright = true\nanchors = [");
        for (x, y) in [(0.0, 0.0), (page.0, 0.0), (0.0, page.1), (page.0, page.1)] {
            let _ = writeln!(self.toml, "    {{ shape = \"picture\", at = [{x}, {y}], size = {size:.2} }},");
        }
        let _ = writeln!(self.toml, "]\nmarker = \"\"\"");
        for line in text.as_bytes().chunks(120) {
            let _ = writeln!(self.toml, "{}", String::from_utf8_lossy(line));
        }
        self.toml.push_str("\"\"\"\n\n");
        Ok(())
    }

    fn joins(&mut self, root: &Object) -> Result<String, ImportError> {
        let mut out = String::new();
        let Some(custom) = root.get("customLabels") else { return Ok(out) };
        let custom = custom.as_object().ok_or_else(|| expected("customLabels", "an object of lists"))?;
        if !custom.is_empty() {
            out.push_str("[join]\n");
        }
        for (name, list) in custom {
            let names: Vec<String> = labels(Some(list), &format!("customLabels.{name}"))?.iter().map(|l| quote(l)).collect();
            let _ = writeln!(out, "{} = [{}]", quote(name), names.join(", "));
        }
        Ok(out)
    }

    fn block(&mut self, name: &str, block: &Object, root: &Object) -> Result<(), ImportError> {
        let place = format!("fieldBlocks.{name}.");
        let kind = block.get("fieldType").and_then(Value::as_str);
        let list = |text: &str| text.chars().map(String::from).collect::<Vec<_>>();
        let (values, default) = match kind {
            Some("QTYPE_INT") => (list("0123456789"), "vertical"),
            Some("QTYPE_INT_FROM_1") => (list("1234567890"), "vertical"),
            Some("QTYPE_MCQ4") => (list("ABCD"), "horizontal"),
            Some("QTYPE_MCQ5") => (list("ABCDE"), "horizontal"),
            None => (labels(block.get("bubbleValues"), &format!("{place}bubbleValues"))?, "vertical"),
            Some(other) => {
                return Err(expected(
                    &format!("{place}fieldType"),
                    &format!("QTYPE_INT, QTYPE_INT_FROM_1, QTYPE_MCQ4 or QTYPE_MCQ5, found {other}"),
                ));
            }
        };
        // A field type sets the direction, whatever the block says beside it.
        let direction = if kind.is_some() { default } else { block.get("direction").and_then(Value::as_str).unwrap_or(default) };
        let down = match direction {
            "vertical" => true,
            "horizontal" => false,
            other => return Err(expected(&format!("{place}direction"), &format!("vertical or horizontal, found {other}"))),
        };
        let origin = pair(block, "origin", &place)?;
        let size = if block.contains_key("bubbleDimensions") {
            pair(block, "bubbleDimensions", &place)?
        } else {
            pair(root, "bubbleDimensions", "")?
        };
        let bubbles = number(block, "bubblesGap", &place)?;
        let names = labels(block.get("fieldLabels"), &format!("{place}fieldLabels"))?;
        let gap = if names.len() > 1 { number(block, "labelsGap", &place)? } else { 0.0 };
        for key in block.keys() {
            const KNOWN: [&str; 8] =
                ["fieldType", "bubbleValues", "direction", "origin", "bubbleDimensions", "bubblesGap", "labelsGap", "fieldLabels"];
            if key == "emptyValue" {
                self.leave(format!("{place}{key}: an unmarked field reads as an empty text here"));
            } else if !KNOWN.contains(&key.as_str()) {
                self.leave(format!("{place}{key}: unknown key of the layout"));
            }
        }
        let step = if down { (0.0, bubbles) } else { (bubbles, 0.0) };
        let next = if down { (gap, 0.0) } else { (0.0, gap) };
        let values: Vec<String> = values.iter().map(|v| quote(v)).collect();
        let mut first = 0;
        while first < names.len() {
            let run = run_length(&names[first..]);
            let at = (origin.0 + next.0 * first as f64, origin.1 + next.1 * first as f64);
            let (label, repeat) = match numbered(&names[first]).filter(|_| run > 1) {
                Some((stem, from)) => {
                    (format!("{stem}{{n}}"), format!("repeat = {{ from = {from}, count = {run}, step = [{}, {}] }}\n", next.0, next.1))
                }
                None => (names[first].clone(), String::new()),
            };
            let _ = writeln!(
                self.toml,
                "[[field]]\nname = {}\nkind = \"marks\"\nclass = \"answer\"\noutline = \"unknown\"\nat = [{:.3}, {:.3}]\nbox = [{}, {}]\nstep = [{}, {}]\nvalues = [{}]\n{repeat}",
                quote(&label),
                at.0,
                at.1,
                size.0,
                size.1,
                step.0,
                step.1,
                values.join(", ")
            );
            first += run;
        }
        Ok(())
    }
}

/// How many labels from the first on count up by one.
fn run_length(names: &[String]) -> usize {
    let Some((stem, from)) = names.first().and_then(|n| numbered(n)) else { return 1 };
    names.iter().enumerate().take_while(|(i, n)| numbered(n) == Some((stem, from.saturating_add(*i as u32)))).count().max(1)
}

#[cfg(test)]
mod tests {
    use super::{expand, omrchecker};
    use crate::{FieldSpec, Locate};
    use rcoi_model::Rect;

    fn none(_: &str) -> Option<image::GrayImage> {
        None
    }

    const LAYOUT: &str = r#"{
        "pageDimensions": [300, 400], "bubbleDimensions": [25, 20], "emptyValue": "-",
        "preProcessors": [{"name": "CropPage", "options": {"morphKernel": [10, 10]}}, {"name": "GaussianBlur"}],
        "customLabels": {"Roll": ["roll1..3"]},
        "fieldBlocks": {
            "a": {"fieldType": "QTYPE_MCQ4", "origin": [10, 20], "bubblesGap": 30, "labelsGap": 25.5, "fieldLabels": ["q1..3", "Last, \"named\""]},
            "b": {"fieldType": "QTYPE_INT", "origin": [150, 100], "bubblesGap": 21, "labelsGap": 26, "fieldLabels": ["roll1..3"]},
            "c": {"bubbleValues": ["E", "H"], "direction": "vertical", "origin": [10, 300], "bubblesGap": 30, "labelsGap": 0, "fieldLabels": ["Medium"]}
        }}"#;

    #[test]
    fn a_range_label_becomes_its_members() {
        assert_eq!(expand("roll9..11"), ["roll9", "roll10", "roll11"]);
        assert_eq!(expand("q1...2"), ["q1", "q2"]);
        assert_eq!(expand("What..?"), ["What..?"]);
    }

    #[test]
    fn a_layout_keeps_places_values_and_joins() {
        let imported = omrchecker("sheet", LAYOUT, &none).expect("a fair layout");
        let template = crate::parse("sheet.toml", &imported.toml).expect("what we write we read");
        assert_eq!(template.locate, Locate::PageFrame);
        assert_eq!(template.fields.len(), 8);
        let marks = |name: &str| match template.field(name).map(|f| &f.spec) {
            Some(FieldSpec::Marks(m)) => m.boxes.clone(),
            other => panic!("{name}: {other:?}"),
        };
        assert_eq!(marks("q3")[3].area, Rect::new(100.0, 71.0, 25.0, 20.0));
        assert_eq!(marks("Last, \"named\"")[0].area.y, 96.5);
        assert_eq!((marks("roll2")[9].area, marks("roll2")[9].value.as_str()), (Rect::new(176.0, 289.0, 25.0, 20.0), "9"));
        assert_eq!(marks("Medium")[1].area.y, 330.0);
        assert_eq!(template.joins[0].fields, ["roll1", "roll2", "roll3"]);
        for left in ["emptyValue", "morphKernel", "GaussianBlur"] {
            assert!(imported.not_mapped.iter().any(|l| l.contains(left)), "{left}");
        }
    }

    #[test]
    fn four_marker_pictures_become_the_corners_of_the_page() {
        let json = LAYOUT.replace(
            "\"CropPage\", \"options\": {\"morphKernel\": [10, 10]}",
            "\"CropOnMarkers\", \"options\": {\"relativePath\": \"m.jpg\", \"sheetToMarkerWidthRatio\": 15}",
        );
        let marker = |name: &str| (name == "m.jpg").then(|| image::GrayImage::from_fn(8, 8, |x, y| image::Luma([(x * 20 + y) as u8])));
        let imported = omrchecker("sheet", &json, &marker).expect("a fair layout");
        let template = crate::parse("sheet.toml", &imported.toml).expect("what we write we read");
        let Locate::Anchors(anchors) = template.locate else { panic!("anchors were expected") };
        assert_eq!((anchors.len(), anchors[3].centre.x, anchors[3].centre.y), (4, 300.0, 400.0));
        assert!(
            matches!(&anchors[0].shape, crate::AnchorShape::Picture { width: 8, pixels, side, .. } if *side == 20.0 && pixels[1] == 20)
        );
        assert!(omrchecker("sheet", &json, &none).is_err_and(|e| e.to_string().contains("m.jpg")));
    }

    #[test]
    fn a_fault_of_the_layout_names_its_place() {
        for (from, to, word) in [
            ("\"origin\": [10, 20]", "\"origin\": [10]", "line 6: `fieldBlocks.a.origin`"),
            ("QTYPE_INT", "QTYPE_X", "fieldBlocks.b.fieldType"),
            ("\"q1..3\"", "\"q1..3\", \"r1..5001\"", "at most 5000 labels"),
            ("{", "", "JSON"),
        ] {
            let error = omrchecker("sheet", &LAYOUT.replacen(from, to, 1), &none).err().map(|e| e.to_string()).unwrap_or_default();
            assert!(error.contains(word), "{word}: {error}");
        }
    }
}
