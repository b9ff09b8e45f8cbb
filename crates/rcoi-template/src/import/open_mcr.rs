//! Reads bubble sheets of open-mcr: bubble centres as shares of the frame between four corner marks (JSON).

use super::draft::{Draft, Marks};
use super::{ImportError, Imported, Object, expected, json_object, list, number, object, place, text};
use std::collections::BTreeMap;

/// The sheet is a grid of 36 × 48 cells between the outer corners of its marks; a cell is this many of our units wide.
const CELL: f64 = 20.0;
const COLUMNS: f64 = 36.0;
const ROWS: f64 = 48.0;
/// A bubble and a square mark fill three quarters of a cell; the lines of the L are as thick, and twice as long.
const BUBBLE: f64 = 0.75 * CELL;

/// Imports every sheet of the layout, in its order; a template's id is the sheet's name there.
///
/// # Errors
/// Text that is not JSON, a key that is missing or of another kind.
pub fn open_mcr(json: &str) -> Result<Vec<Imported>, ImportError> {
    all(json).map_err(|e| e.in_json(json))
}

fn all(json: &str) -> Result<Vec<Imported>, ImportError> {
    let root = json_object(json)?;
    let sheets: Result<Vec<Imported>, ImportError> = root.iter().map(|(name, sheet)| one(name, object(sheet, name)?)).collect();
    let mut sheets = sheets?;
    // The parsed document is ordered by name.
    sheets.sort_by_key(|sheet| place::offset(json, &sheet.id));
    if sheets.is_empty() { Err(expected("the document", "at least one sheet")) } else { Ok(sheets) }
}

fn one(id: &str, sheet: &Object) -> Result<Imported, ImportError> {
    let (width, height) = (COLUMNS * CELL, ROWS * CELL);
    let mut draft = Draft::new(id, id, "an open-mcr layout", (width, height));
    // Places are shares of the frame, so the frame is the page. The L stands upper left, squares in the other corners.
    let middle = BUBBLE / 2.0;
    let square = |x, y| ("\"square\"".to_owned(), (x, y), BUBBLE);
    let l = (format!("\"corner\", corner = \"top-left\", width = {BUBBLE}"), (0.0, 0.0), 2.0 * BUBBLE);
    draft.anchors(false, &[l, square(width - middle, middle), square(width - middle, height - middle), square(middle, height - middle)]);
    let mut columns: BTreeMap<&str, Vec<(u32, &str)>> = BTreeMap::new();
    for (i, field) in list(sheet, "fields", &format!("{id}."))?.iter().enumerate() {
        let place = format!("{id}.fields[{i}].");
        let field = object(field, place.trim_end_matches('.'))?;
        let name = text(field, "field", &place)?;
        let mut boxes = Vec::new();
        for (k, bubble) in list(field, "bubbles", &place)?.iter().enumerate() {
            let inside = format!("{place}bubbles[{k}].");
            let bubble = object(bubble, inside.trim_end_matches('.'))?;
            let share = |key: &str| {
                let share = number(bubble, key, &inside)?;
                if (0.0..=1.0).contains(&share) {
                    Ok(share)
                } else {
                    Err(expected(&format!("{inside}{key}"), "a share of the frame, 0 to 1"))
                }
            };
            let (x, y) = (share("u")? * width, share("v")? * height);
            boxes.push((text(bubble, "value", &inside)?.to_owned(), [x - middle, y - middle, BUBBLE, BUBBLE]));
        }
        draft.marks(&Marks { name, boxes, outline: "circle", printed: true, ..Marks::default() });
        if let Some((stem, index)) = column(name) {
            columns.entry(stem).or_default().push((index, name));
        }
    }
    for (stem, mut names) in columns {
        names.sort_unstable();
        draft.join(stem, names.into_iter().map(|(_, name)| name.to_owned()).collect());
    }
    for key in sheet.keys().filter(|k| *k != "fields" && *k != "comment") {
        draft.leave(format!("`{id}.{key}`: unknown key of the layout"));
    }
    draft.leave("lengths of the corner marks: three quarters of a cell and an L of twice that are taken, as open-mcr prints them");
    draft.finish()
}

/// `LAST_NAME[3]` → (`LAST_NAME`, 3).
fn column(name: &str) -> Option<(&str, u32)> {
    let (stem, index) = name.strip_suffix(']')?.rsplit_once('[')?;
    Some((stem, index.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::open_mcr;
    use crate::{AnchorShape, FieldSpec, Locate, PageCorner};

    const LAYOUT: &str = r#"{
        "small": {"comment": "x", "fields": [
            {"field": "NO[1]", "bubbles": [{"value": "0", "u": 0.25, "v": 0.5}, {"value": "1", "u": 0.25, "v": 0.52}]},
            {"field": "NO[0]", "bubbles": [{"value": "0", "u": 0.2, "v": 0.5}, {"value": "1", "u": 0.2, "v": 0.52}]}]},
        "other": {"paper": "A4", "fields": [{"field": "Q1", "bubbles": [{"value": "A", "u": 0.5, "v": 0.5}]}]}}"#;

    #[test]
    fn each_sheet_becomes_a_template_with_its_corner_marks() {
        let all = open_mcr(LAYOUT).expect("a fair layout");
        assert_eq!(all.iter().map(|i| i.id.as_str()).collect::<Vec<_>>(), ["small", "other"], "as the layout has them");
        let small = all.iter().find(|i| i.id == "small").expect("a sheet");
        let template = crate::parse("small.toml", &small.toml).expect("what we write we read");
        let Locate::Anchors(anchors) = &template.locate else { panic!("anchors") };
        assert!(
            matches!(anchors[0].shape, AnchorShape::Corner { corner: PageCorner::TopLeft, arm, width } if arm == 30.0 && width == 15.0)
        );
        assert_eq!((anchors.len(), anchors[0].centre.x, anchors[1].centre.x, template.upright), (4, 0.0, 712.5, false));
        assert_eq!(template.joins[0].fields, ["NO[0]", "NO[1]"]);
        let Some(FieldSpec::Marks(marks)) = template.field("NO[1]").map(|f| &f.spec) else { panic!("marks") };
        assert_eq!((marks.boxes[0].area.centre().x, marks.boxes[1].area.centre().y.round()), (180.0, 499.0));
        assert!(all.iter().any(|i| i.not_mapped.iter().any(|l| l.contains("other.paper"))));
    }

    #[test]
    fn a_fault_of_the_layout_names_its_place() {
        for (from, to, word) in [
            ("\"u\": 0.5", "\"u\": 5", "line 5: `other.fields[0].bubbles[0].u`"),
            ("\"value\": \"A\"", "\"value\": 1", "other.fields[0].bubbles[0].value"),
            ("\"field\": \"Q1\"", "\"name\": \"Q1\"", "other.fields[0].field"),
        ] {
            let error = open_mcr(&LAYOUT.replacen(from, to, 1)).err().map(|e| e.to_string()).unwrap_or_default();
            assert!(error.contains(word), "{word}: {error}");
        }
    }
}
