//! Reads page layouts with corner discs and answer boxes, as Auto Multiple Choice prints them: one JSON document for all pages.

use super::draft::{Draft, Marks};
use super::{ImportError, Imported, Object, expected, json_object, list, number, numbers, object, text};
use image::GrayImage;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Where the pictures of the empty pages come from.
#[derive(Clone, Copy)]
pub enum Blanks<'a> {
    /// By the names that the layout mentions.
    Named(&'a dyn Fn(&str) -> Option<GrayImage>),
    /// One for each page that is imported, in their order, whatever the layout names; none for the pages beyond.
    Given(&'a [GrayImage]),
}

/// Imports every page layout that occurs, once each; a template's id is `s<student>-p<page>`.
///
/// # Errors
/// Text that is not JSON, a key that is missing or of another kind, a picture that cannot be had.
pub fn boxes(json: &str, blanks: Blanks<'_>) -> Result<Vec<Imported>, ImportError> {
    all(json, blanks).map_err(|e| e.in_json(json))
}

fn all(json: &str, blanks: Blanks<'_>) -> Result<Vec<Imported>, ImportError> {
    let root = json_object(json)?;
    let mut seen = BTreeSet::new();
    let mut all = Vec::new();
    for (i, page) in list(&root, "pages", "")?.iter().enumerate() {
        let place = format!("pages[{i}].");
        let page = object(page, place.trim_end_matches('.'))?;
        let id = format!("s{}-p{}", number(page, "student", &place)?, number(page, "page", &place)?);
        if seen.insert(id.clone()) {
            let blank = match (blanks, page.get("template").and_then(Value::as_str)) {
                (Blanks::Given(pictures), _) => pictures.get(all.len()).cloned(),
                (Blanks::Named(open), Some(name)) => Some(open(name).ok_or_else(|| ImportError::Picture(name.to_owned()))?),
                (Blanks::Named(_), None) => None,
            };
            all.push(one(&id, page, &place, blank.as_ref())?);
        }
    }
    if all.is_empty() { Err(expected("pages", "at least one page")) } else { Ok(all) }
}

fn one(id: &str, page: &Object, place: &str, blank: Option<&GrayImage>) -> Result<Imported, ImportError> {
    let inside = format!("{place}layout.");
    let layout = page.get("layout").and_then(Value::as_object).ok_or_else(|| expected(&format!("{place}layout"), "an object"))?;
    let size = (number(layout, "width", &inside)?, number(layout, "height", &inside)?);
    let mut draft = Draft::new(id, id, "a layout of pages with boxes", size);
    match blank {
        Some(picture) => draft.blank(picture)?,
        None => draft.leave("no `template`: there is no picture of the empty page"),
    }
    let diameter = number(layout, "mark_diameter", &inside)?;
    let mut anchors = Vec::new();
    for (i, mark) in list(layout, "marks", &inside)?.iter().enumerate() {
        let [x, y] = numbers::<2>(Some(mark), &format!("{inside}marks[{i}]"))?;
        anchors.push(("\"disc\"".to_owned(), (x, y), diameter));
    }
    // Four equal discs look the same upside down: only the picture of the page tells.
    draft.anchors(blank.is_none(), &anchors);
    fields(&mut draft, page, place)?;
    for (i, zone) in page.get("name_zones").and_then(Value::as_array).into_iter().flatten().enumerate() {
        let inside = format!("{place}name_zones[{i}].");
        let zone = object(zone, inside.trim_end_matches('.'))?;
        let [x0, y0, x1, y1] = numbers::<4>(zone.get("box"), &format!("{inside}box"))?;
        draft.image(text(zone, "zone", &inside)?, "", [x0, y0, x1 - x0, y1 - y0]);
    }
    if page.contains_key("page_id_digits") {
        draft.leave("`page_id_digits`: printed black, not marked by hand; the picture of the empty page shows them");
    }
    draft.finish()
}

/// Boxes of one question, answer number → (printed character, area).
type Question<'a> = BTreeMap<u64, (&'a str, [f64; 4])>;

fn fields(draft: &mut Draft, page: &Object, place: &str) -> Result<(), ImportError> {
    let mut order: Vec<&str> = Vec::new();
    let mut questions: BTreeMap<&str, Question<'_>> = BTreeMap::new();
    for (i, answer) in list(page, "boxes", place)?.iter().enumerate() {
        let inside = format!("{place}boxes[{i}].");
        let answer = object(answer, inside.trim_end_matches('.'))?;
        let name = text(answer, "name", &inside)?;
        let n = number(answer, "answer", &inside)?;
        let [x0, y0, x1, y1] = numbers::<4>(answer.get("box"), &format!("{inside}box"))?;
        let shown = answer.get("char").and_then(Value::as_str).unwrap_or_default().trim();
        if !questions.contains_key(name) {
            order.push(name);
        }
        if questions.entry(name).or_default().insert(n as u64, (shown, [x0, y0, x1 - x0, y1 - y0])).is_some() {
            return Err(expected(&format!("{inside}answer"), &format!("each answer of \"{name}\" once, found {n} twice")));
        }
    }
    let mut codes: BTreeMap<&str, BTreeMap<u32, String>> = BTreeMap::new();
    for name in order {
        let question = &questions[name];
        let digit = indexed(name);
        let boxes = question.iter().map(|(n, (_, area))| (value(question, *n), *area)).collect();
        // The layout does not say whether several answers may be right; a column of a code has one.
        draft.marks(&Marks { name, boxes, outline: "square", multiple: digit.is_none(), ..Marks::default() });
        if let Some((code, index)) = digit {
            codes.entry(code).or_default().insert(index, name.to_owned());
        }
    }
    for (code, columns) in codes {
        // Columns are numbered from the right.
        draft.join(code, columns.into_values().rev().collect());
    }
    Ok(())
}

/// What is printed at the box when that tells all boxes of the question apart, else the answer's number.
fn value(question: &Question<'_>, n: u64) -> String {
    let shown: BTreeSet<&str> = question.values().map(|(shown, _)| *shown).collect();
    let apart = shown.len() == question.len() && !shown.contains("") && shown.iter().all(|s| !s.contains('|'));
    question.get(&n).filter(|_| apart).map_or_else(|| n.to_string(), |(shown, _)| (*shown).to_owned())
}

/// `student[3]` → (`student`, 3).
fn indexed(name: &str) -> Option<(&str, u32)> {
    let (stem, index) = name.strip_suffix(']')?.rsplit_once('[')?;
    Some((stem, index.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::{Blanks, boxes};
    use crate::{AnchorShape, FieldSpec, Locate};
    use image::{GrayImage, Luma};
    use rcoi_model::Rect;

    const LAYOUT: &str = r#"{"pages": [
        {"student": 1, "page": 2, "image": "scan-a.png", "template": "empty.png",
         "layout": {"width": 200, "height": 300, "mark_diameter": 8, "marks": [[20, 20], [180, 20], [180, 280], [20, 280]]},
         "name_zones": [{"zone": "who", "box": [40, 30, 160, 50]}], "page_id_digits": [],
         "boxes": [
            {"name": "id[2]", "answer": 1, "char": "0", "box": [30, 60, 40, 70]},
            {"name": "id[2]", "answer": 2, "char": "7", "box": [50, 60, 60, 70]},
            {"name": "id[1]", "answer": 1, "char": "0", "box": [30, 80, 40, 90]},
            {"name": "id[1]", "answer": 2, "char": "7", "box": [50, 80, 60, 90]},
            {"name": "why", "answer": 10, "char": "", "box": [30, 120, 40, 130]},
            {"name": "why", "answer": 2, "char": "", "box": [30, 180, 40, 190]},
            {"name": "why", "answer": 1, "char": "", "box": [30, 140, 40, 150]}]},
        {"student": 1, "page": 2, "image": "scan-b.png"}]}"#;

    /// The empty page at half the layout's size, with print at every box.
    fn empty() -> GrayImage {
        let boxes = [[30, 60], [50, 60], [30, 80], [50, 80], [30, 120], [30, 180], [30, 140]];
        let black = |x: u32, y: u32| boxes.iter().any(|[l, t]| (*l..l + 10).contains(&(2 * x)) && (*t..t + 10).contains(&(2 * y)));
        GrayImage::from_fn(100, 150, |x, y| Luma([if black(x, y) { 60 } else { 255 }]))
    }

    fn picture(name: &str) -> Option<GrayImage> {
        (name == "empty.png").then(empty)
    }

    #[test]
    fn a_page_that_was_scanned_twice_becomes_one_template() {
        let all = boxes(LAYOUT, Blanks::Named(&picture)).expect("a fair layout");
        assert_eq!(all.iter().map(|i| i.id.as_str()).collect::<Vec<_>>(), ["s1-p2"]);
        assert!(all[0].not_mapped.iter().any(|l| l.contains("page_id_digits")));
        let template = crate::parse("s1-p2.toml", &all[0].toml).expect("what we write we read");
        assert_eq!(template.blank.as_ref().map(|b| (b.width, b.height, b.pixels[0])), Some((100, 150, 255)));
        assert!(matches!(&template.locate, Locate::Anchors(a) if a.len() == 4 && a[2].shape == AnchorShape::Disc { diameter: 8.0 }));
        let marks = |name: &str| match template.field(name).map(|f| &f.spec) {
            Some(FieldSpec::Marks(m)) => m.clone(),
            other => panic!("{name}: {other:?}"),
        };
        let why = marks("why");
        let read: Vec<(&str, Rect)> = why.boxes.iter().map(|b| (b.value.as_str(), b.area)).collect();
        assert_eq!(read[0], ("1", Rect::new(30.0, 140.0, 10.0, 10.0)));
        assert_eq!((read[1].0, read[2].0, read[2].1.y, why.multiple), ("2", "10", 120.0, true));
        assert_eq!((marks("id[2]").boxes[1].value.as_str(), marks("id[2]").multiple), ("7", false));
        assert_eq!(template.joins[0].fields, ["id[2]", "id[1]"]);
        assert!(matches!(template.field("who").map(|f| &f.spec), Some(FieldSpec::Image(r)) if r.w == 120.0));
    }

    #[test]
    fn a_blank_that_is_given_goes_in_and_a_wrong_one_is_told() {
        let import = |pictures: &[GrayImage]| boxes(LAYOUT, Blanks::Given(pictures)).map(|mut all| all.remove(0));
        let template = |toml: &str| crate::parse("s1-p2.toml", toml).expect("what we write we read");
        let without = import(&[]).expect("the named picture is not asked for");
        assert!(template(&without.toml).blank.is_none() && template(&without.toml).upright);
        let with = import(&[empty()]).expect("the right picture");
        assert_eq!(template(&with.toml).blank.map(|b| (b.width, b.height)), Some((100, 150)));
        let with = without.clone().with_blank(&empty()).expect("the right picture");
        assert_eq!(template(&with.toml).blank.map(|b| (b.width, b.height)), Some((100, 150)));
        let said = |picture: &GrayImage| without.clone().with_blank(picture).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(said(&image::imageops::rotate180(&empty())).contains("upside down"), "{}", said(&image::imageops::rotate180(&empty())));
        assert!(said(&image::imageops::rotate90(&empty())).contains("quarter"));
        assert!(said(&GrayImage::from_pixel(100, 150, Luma([255]))).contains("0 of 7"));
        assert!(said(&GrayImage::from_pixel(100, 120, Luma([255]))).contains("whole page"));
    }

    #[test]
    fn a_fault_of_the_layout_names_its_place() {
        for (from, to, word) in [
            ("\"box\": [50, 80, 60, 90]", "\"box\": [50, 80]", "line 9: `pages[0].boxes[3].box`"),
            ("\"mark_diameter\": 8", "\"mark_diameter\": null", "pages[0].layout.mark_diameter"),
            ("\"answer\": 10", "\"answer\": 2", "each answer of \"why\" once"),
            ("empty.png", "gone.png", "gone.png"),
            ("\"pages\"", "\"sheets\"", "`pages`"),
        ] {
            let error = boxes(&LAYOUT.replacen(from, to, 1), Blanks::Named(&picture)).err().map(|e| e.to_string()).unwrap_or_default();
            assert!(error.contains(word), "{word}: {error}");
        }
    }
}
