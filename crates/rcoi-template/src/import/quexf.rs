//! Reads queXF's banding XML: corner lines, box groups and the page id, in the pixels of a page at 300 dots to the inch.

use super::draft::{Area, Draft, Marks};
use super::xml::{self, Element};
use super::{ImportError, Imported};
use std::collections::BTreeSet;

/// Length and thickness of the corner lines that queXML prints (20 and 0.5 mm); the banding tells only their crossings.
const ARM: f64 = 236.0;
const LINE: f64 = 6.0;

/// Imports every page; a template's id is the page's id, which its bar code says too.
///
/// # Errors
/// Text that is not XML, an element that is missing or of another kind.
pub fn quexf(banding: &str) -> Result<Vec<Imported>, ImportError> {
    let root = xml::parse(banding)?;
    let questionnaire = if root.name == "questionnaire" { &root } else { root.need("questionnaire")? };
    let pages: Result<Vec<Imported>, ImportError> = questionnaire.all("page").map(one).collect();
    let pages = pages?;
    if pages.is_empty() { Err(questionnaire.expected("at least one element `page` in it")) } else { Ok(pages) }
}

fn one(page: &Element) -> Result<Imported, ImportError> {
    let id = page.need("id")?;
    if id.text().is_empty() {
        return Err(id.expected("the page's id"));
    }
    let id = id.text();
    let at = |x: &str, y: &str| Ok::<_, ImportError>((page.number_of(x)?, page.number_of(y)?));
    let (tl, tr, br, bl) = (at("tlx", "tly")?, at("trx", "try")?, at("brx", "bry")?, at("blx", "bly")?);
    // The corner lines stand equally far from opposite edges.
    let (width, height) = (tl.0 + tr.0, tl.1 + bl.1);
    let mut draft = Draft::new(id, id, "queXF's banding XML", (width, height));
    draft.identity("page-code", id);
    let corner = |which: &str, at| (format!("\"corner\", corner = \"{which}\", width = {LINE}"), at, ARM);
    let corners = [corner("top-left", tl), corner("top-right", tr), corner("bottom-right", br), corner("bottom-left", bl)];
    // Four equal corners look the same upside down; the page code, which stands at the upper edge, tells.
    draft.anchors(true, &corners);
    draft.leave("length and thickness of the corner lines: 20 and 0.5 mm are taken, as queXML prints them");
    // The banding does not tell where the page code stands: queXML prints it above the right half of the frame.
    let top = tl.1.min(tr.1);
    draft.code("page-code", "", "sheet-code", "itf", [width / 2.0, 0.25 * top, tr.0 - width / 2.0, 0.75 * top]);
    let mut groups: Vec<(f64, &Element)> = Vec::new();
    for group in page.all("boxgroup") {
        groups.push((group.number_of("sortorder").unwrap_or(f64::MAX), group));
    }
    groups.sort_by(|a, b| a.0.total_cmp(&b.0));
    for (_, group) in groups {
        field(&mut draft, group)?;
    }
    for (key, why) in [
        ("rotation", "the skew is measured on each page"),
        ("boxgroup/width", "the number of boxes tells the length"),
        ("boxgroup/groupsection", "sections are headings only"),
    ] {
        let found = match key.split_once('/') {
            Some((group, part)) => page.all(group).any(|g| g.child(part).is_some()),
            None => page.child(key).is_some(),
        };
        if found {
            draft.leave(format!("`{key}`: {why}"));
        }
    }
    draft.finish()
}

fn area(element: &Element) -> Result<Area, ImportError> {
    let (x0, y0) = (element.number_of("tlx")?, element.number_of("tly")?);
    let (x1, y1) = (element.number_of("brx")?, element.number_of("bry")?);
    if x1 <= x0 || y1 <= y0 {
        return Err(element.expected("a box with `tlx` below `brx` and `tly` below `bry`"));
    }
    Ok([x0, y0, x1 - x0, y1 - y0])
}

fn field(draft: &mut Draft, group: &Element) -> Result<(), ImportError> {
    let (name, label) = (group.need("varname")?.text(), group.text_of("label"));
    let areas: Result<Vec<Area>, ImportError> = group.all("box").map(area).collect();
    let areas = areas?;
    let Some(first) = areas.first() else {
        return Err(group.expected("at least one element `box` in it"));
    };
    let whole = areas.iter().fold(*first, |a, b| {
        let (x, y) = (a[0].min(b[0]), a[1].min(b[1]));
        [x, y, (a[0] + a[2]).max(b[0] + b[2]) - x, (a[1] + a[3]).max(b[1] + b[3]) - y]
    });
    match group.number_of("type")? as i64 {
        kind @ (1 | 2) => {
            let boxes = values(group).into_iter().zip(areas).collect();
            // A blackened box is how a respondent takes a cross back.
            draft.marks(&Marks {
                name,
                label,
                boxes,
                outline: "square",
                multiple: kind == 2,
                black_cancels: true,
                bare: true,
                ..Marks::default()
            });
        }
        // A text box takes figures too.
        3 => draft.cells(name, label, "[\"@digits\", \"@latin\"]", &areas),
        4 => draft.cells(name, label, "\"@digits\"", &areas),
        5 => draft.code(name, label, "text", "itf", whole),
        6 => draft.image(name, label, whole),
        other => {
            draft.leave(format!("box group `{name}` of type {other}: kept as a region for people"));
            draft.image(name, label, whole);
        }
    }
    Ok(())
}

/// The values of a group's boxes; a box without a value of its own gets its number.
fn values(group: &Element) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let value = |(i, b): (usize, &Element)| {
        let value = b.text_of("value");
        if !value.is_empty() && seen.insert(value.to_owned()) { value.to_owned() } else { format!("#{}", i + 1) }
    };
    group.all("box").enumerate().map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::quexf;
    use crate::{AnchorShape, FieldSpec, Locate, PageCorner, Symbology};

    fn boxes(kind: u32, name: &str, order: u32, places: &[(u32, u32, &str)]) -> String {
        let one = |(x, y, value): &(u32, u32, &str)| {
            format!("<box><tlx>{x}</tlx><tly>{y}</tly><brx>{}</brx><bry>{}</bry><value>{value}</value></box>", x + 50, y + 60)
        };
        format!(
            "<boxgroup><type>{kind}</type><width>1</width><varname>{name}</varname><sortorder>{order}</sortorder><label>Ask {name}</label>{}</boxgroup>",
            places.iter().map(one).collect::<String>()
        )
    }

    fn banding() -> String {
        format!(
            "<queXF><questionnaire><id>7</id><page><id>00000701</id><tlx>100</tlx><tly>120</tly><trx>900</trx><try>120</try>\
             <brx>900</brx><bry>1280</bry><blx>100</blx><bly>1280</bly><rotation>0</rotation>{}{}{}{}{}</page></questionnaire></queXF>",
            boxes(4, "age", 3, &[(200, 300, ""), (250, 300, ""), (301, 300, "")]),
            boxes(1, "sex", 1, &[(200, 400, "2"), (200, 480, "1")]),
            boxes(2, "likes", 2, &[(400, 400, "a"), (500, 400, ""), (600, 400, "c")]),
            boxes(6, "why", 5, &[(200, 600, "")]),
            boxes(9, "odd", 6, &[(200, 700, "")]),
        )
    }

    #[test]
    fn groups_become_fields_of_their_kind_in_their_order() {
        let all = quexf(&banding()).expect("a fair banding");
        assert_eq!(all[0].id, "00000701");
        let template = crate::parse("00000701.toml", &all[0].toml).expect("what we write we read");
        let names: Vec<&str> = template.fields.iter().map(|f| f.name.as_str()).collect();
        assert_eq!(names, ["page-code", "sex", "likes", "age", "why", "odd"]);
        assert_eq!((template.width, template.height, template.identity.prefix.as_str()), (1000.0, 1400.0, "00000701"));
        assert!(matches!(template.field("page-code").map(|f| &f.spec), Some(FieldSpec::Code(c)) if c.symbology == Symbology::Itf));
        let Locate::Anchors(anchors) = &template.locate else { panic!("anchors") };
        assert!(matches!(anchors[2].shape, AnchorShape::Corner { corner: PageCorner::BottomRight, .. }));
        let marks = |name: &str| match template.field(name).map(|f| &f.spec) {
            Some(FieldSpec::Marks(m)) => m.clone(),
            other => panic!("{name}: {other:?}"),
        };
        assert_eq!((marks("sex").multiple, marks("sex").black_cancels, marks("likes").multiple), (false, true, true));
        assert_eq!(marks("likes").boxes.iter().map(|b| b.value.as_str()).collect::<Vec<_>>(), ["a", "#2", "c"]);
        assert!(
            matches!(template.field("age").map(|f| &f.spec), Some(FieldSpec::Cells(c)) if c.cells.len() == 3 && c.alphabet == "0123456789")
        );
        assert!(matches!(template.field("why").map(|f| &f.spec), Some(FieldSpec::Image(_))));
        assert!(all[0].not_mapped.iter().any(|l| l.contains("type 9")) && all[0].not_mapped.iter().any(|l| l.contains("rotation")));
    }

    #[test]
    fn a_fault_of_the_banding_names_its_place() {
        for (from, to, word) in [
            ("<trx>900</trx>", "", "page[1]"),
            ("<tlx>250</tlx>", "<tlx>x</tlx>", "boxgroup[1]/box[2]/tlx"),
            ("<brx>350</brx>", "<brx>30</brx>", "boxgroup[1]/box[3]"),
            ("<varname>age</varname>", "", "`varname`"),
            ("<id>00000701</id>", "<id/>", "page[1]/id"),
        ] {
            let text = banding().replacen("<brx>351</brx>", "<brx>350</brx>", 1);
            let error = quexf(&text.replacen(from, to, 1)).err().map(|e| e.to_string()).unwrap_or_default();
            assert!(error.contains(word), "{word}: {error}");
        }
    }
}
