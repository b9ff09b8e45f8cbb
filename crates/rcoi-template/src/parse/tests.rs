//! Every fault of a template file is named with its line, its field and what was expected.

use crate::{FieldSpec, Locate, Print, TemplateError, parse, parse_with};
use proptest::prelude::*;
use rcoi_model::Rect;

const GOOD: &str = r#"title = "Проба"
form = "P"
page = [210, 297]
[identity]
sheet_code = "code"
prefix = "299"
[alphabets]
answer = ["@digits", ",-"]
[locate]
kind = "anchors"
anchors = [
  { shape = "square", at = [10, 10], size = 5 },
  { shape = "square", at = [200, 10], size = 5 },
  { shape = "disc", at = [10, 280], size = 5 },
]
[[field]]
name = "code"
kind = "code"
class = "sheet-code"
symbology = "ean13"
check = "gs1"
at = [20, 20]
size = [50, 15]
[[field]]
name = "answer-{n}"
kind = "cells"
class = "answer"
at = [20, 50]
cell = [4, 6]
step = [5, 0]
count = 3
gaps = [[2, 1.5]]
overflow = [0.5, 2]
alphabet = "@answer"
pattern = "-?\\d+(,\\d+)?"
repeat = { from = 5, count = 2, step = [0, 8], blocks = [[0, 0], [90, 1]] }
[[field]]
name = "choice"
kind = "marks"
class = "answer"
at = [20, 100]
box = [5, 5]
step = [7, 0]
values = "AB"
[[text]]
at = [5, 50]
size = 3
text = "{n}"
repeat = { count = 2, step = [0, 8] }
[join]
both = ["answer-5", "answer-6"]
"#;

fn faults(text: &str) -> Vec<TemplateError> {
    parse("dir/probe.toml", text).err().unwrap_or_default()
}

#[test]
fn a_good_file_is_resolved() {
    let template = parse("dir/probe.toml", GOOD).expect("a good file");
    assert_eq!((template.id.0.as_str(), template.fields.len(), template.prints.len()), ("probe", 6, 2));
    let Some(FieldSpec::Cells(cells)) = template.field("answer-8").map(|f| &f.spec) else { panic!("answer-8") };
    assert_eq!(cells.cells[0], Rect::new(110.0, 59.0, 4.0, 6.0));
    assert_eq!(cells.cells[2].x, 121.5);
    assert_eq!(cells.overflow, Some(Rect::new(126.0, 59.0, 2.0, 6.0)));
    assert_eq!(cells.alphabet, "0123456789,-");
    assert!(matches!(&template.locate, Locate::Anchors(a) if a.len() == 3));
    assert!(matches!(&template.prints[1], Print::Text { text, at, .. } if text == "2" && at.y == 58.0));
    assert_eq!(template.joins[0].fields, ["answer-5", "answer-6"]);
}

#[test]
fn fields_may_carry_the_same_fact_and_codes_may_name_the_place_of_their_digits() {
    let code = "same_as = \"both\"\ndigits = 13\ncaption_at = [20, 36]\ncaption_size = [26, 3]";
    let text = GOOD.replacen("check = \"gs1\"", code, 1).replacen("repeat = {", "same_as = \"answer-9\"\nrepeat = {", 1);
    let text = text.replacen(
        "[[text]]",
        "[[field]]\nname = \"answer-9\"\nkind = \"marks\"\nclass = \"answer\"\nat = [20, 120]\nbox = [5, 5]\nvalues = \"1\"\n[[text]]",
        1,
    );
    let template = parse("dir/probe.toml", &text).expect("a good file");
    assert_eq!(template.field("code").and_then(|f| f.same_as.as_deref()), Some("both"));
    assert_eq!(template.field("answer-6").and_then(|f| f.same_as.as_deref()), Some("answer-9"));
    let Some(FieldSpec::Code(code)) = template.field("code").map(|f| &f.spec) else { panic!("a code") };
    assert_eq!(code.caption_cells(13)[12], Rect::new(44.0, 36.0, 2.0, 3.0));
    assert_eq!(template.field("code").map(|f| f.spec.bounds()), Some(Rect::new(20.0, 20.0, 50.0, 19.0)));
}

/// Replaces `from` by `to` and expects exactly one fault, at the line of the change (or `line`), with these words.
fn one(from: &str, to: &str, line: Option<usize>, field: &str, words: &[&str]) {
    assert!(GOOD.contains(from), "the good file has no {from}");
    let text = GOOD.replacen(from, to, 1);
    let at = GOOD.find(from).unwrap_or(0);
    let expected = line.unwrap_or_else(|| GOOD[..at].matches('\n').count() + 1);
    let found = faults(&text);
    let said: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(found.len(), 1, "{to}: {said:#?}");
    assert_eq!((found[0].line, found[0].field.as_str()), (expected, field), "{to}: {said:?}");
    assert!(said[0].starts_with(&format!("dir/probe.toml:{expected}: ")), "{said:?}");
    for word in words {
        assert!(found[0].message.contains(word), "`{word}`: {said:?}");
    }
}

/// The line after the one where `text` starts: where the tests put what they add.
fn below(text: &str) -> Option<usize> {
    line_of(text).map(|line| line + 1)
}

fn line_of(text: &str) -> Option<usize> {
    GOOD.find(text).map(|at| GOOD[..at].matches('\n').count() + 1)
}

#[test]
fn each_slip_of_a_field_is_named() {
    let answer = "field `answer-{n}`";
    one("kind = \"cells\"", "kind = \"cell\"", None, answer, &["code, marks, cells, ink, image", "\"cell\""]);
    one("cell = [4, 6]", "cell = [4, 6]\ncolour = 1", below("cell = [4, 6]"), answer, &["unknown key `colour`", "overflow"]);
    one("cell = [4, 6]", "cell = [4]", None, answer, &["`cell`", "[width, height]", "a list of 1"]);
    one("cell = [4, 6]", "cell = [0, 6]", None, answer, &["positive"]);
    one("step = [5, 0]", "step = [3, 0]", None, answer, &["over one another"]);
    one("count = 3", "count = 0", None, answer, &["1 to 200"]);
    one("count = 3", "count = 2.5", None, answer, &["whole number", "2.5"]);
    one("gaps = [[2, 1.5]]", "gaps = [[3, 1.5]]", None, answer, &["after which cell (1 to 2)"]);
    one("alphabet = \"@answer\"", "alphabet = \"@greek\"", None, answer, &["known alphabet", "@greek", "@cyrillic"]);
    one("alphabet = \"@answer\"", "alphabet = \"\"", None, answer, &["at least one permitted character"]);
    one("alphabet = \"@answer\"", "alphabet = \"0120\"", None, answer, &["once", "`0` twice"]);
    one("alphabet = \"@answer\"\n", "", line_of("[[field]]\nname = \"answer"), answer, &["`alphabet` is missing"]);
    one("pattern = \"-?\\\\d+(,\\\\d+)?\"", "pattern = \"(a\"", None, answer, &["`pattern`", "`)` was expected"]);
    one("class = \"answer\"", "class = \"reply\"", None, answer, &["replacement-answer", "reply"]);
    one("name = \"answer-{n}\"", "name = \"answer\"", None, "field `answer`", &["`{n}` in the name"]);
    one("name = \"choice\"", "name = \"code\"", line_of("[[field]]\nname = \"choice"), "field `code`", &["a name used once", "line 16"]);
    one("at = [20, 100]", "at = [200, 100]", line_of("[[field]]\nname = \"choice"), "field `choice`", &["outside the page", "0..210"]);
    one("values = \"AB\"", "values = \"AA\"", None, "field `choice`", &["each value once", "\"A\" twice"]);
    one("values = \"AB\"", "values = []", None, "field `choice`", &["at least one value"]);
    one("values = \"AB\"", "values = \"AB\"\noutline = \"star\"", below("values = \"AB\""), "field `choice`", &["square, circle, dotted"]);
    let both = "values = \"AB\"\nbare = true\nprinted = true";
    one("values = \"AB\"", both, below("values = \"AB\""), "field `choice`", &["nothing is printed in bare boxes"]);
    one("symbology = \"ean13\"", "symbology = \"ean14\"", None, "field `code`", &["ean13, code128, qr"]);
    one("check = \"gs1\"", "check = \"gs2\"", None, "field `code`", &["none, gs1 or swapped"]);
    one("check = \"gs1\"", "digits = 12", None, "field `code`", &["13 for ean13"]);
    one("symbology = \"ean13\"\ncheck = \"gs1\"", "digits = 7\nsymbology = \"itf\"", None, "field `code`", &["even number", "7"]);
    one("check = \"gs1\"", "caption_at = [1, 1]", None, "field `code`", &["`caption_at`", "`caption_size` beside it"]);
    let code = line_of("[[field]]\nname = \"code");
    one("check = \"gs1\"", "same_as = \"cod\"", code, "field `code`", &["`same_as`", "a join or of a field", "\"cod\""]);
    one("check = \"gs1\"", "same_as = \"code\"", code, "field `code`", &["another field", "\"code\""]);
    let choice = line_of("[[field]]\nname = \"choice");
    let ink = "kind = \"ink\"\nclass = \"answer\"\nsame_as = \"code\"\nsize = [5, 5]\nat = [20, 100]\n";
    let marks = "kind = \"marks\"\nclass = \"answer\"\nat = [20, 100]\nbox = [5, 5]\nstep = [7, 0]\nvalues = \"AB\"\n";
    one(marks, ink, choice, "field `choice`", &["kind code, marks or cells", "ink"]);
    one(
        "repeat = { from = 5, count = 2",
        "repeat = { from = 5, count = 9000",
        None,
        "field `answer-{n}`.repeat",
        &["1 to 2000 copies", "18000"],
    );
    one(
        "repeat = { from = 5, count = 2",
        "repeat = { from = 5, number = 2, count = 2",
        None,
        "field `answer-{n}`.repeat",
        &["unknown key `number`", "blocks, count, from, step"],
    );
}

#[test]
fn each_slip_outside_the_fields_is_named() {
    one("title = \"Проба\"\n", "", Some(1), "", &["`title` is missing"]);
    one("page = [210, 297]", "page = \"A4\"", None, "", &["`page`", "[width, height]", "\"A4\""]);
    one("page = [210, 297]", "page = [210, 2970]", None, "", &["`page`", "at most 1500", "2970"]);
    one("page = [210, 297]", "page = [210, 297]\nunit = \"inch\"", below("page ="), "", &["mm or px", "inch"]);
    one("page = [210, 297]", "page = [210, 297]\nid = \"other\"", below("page ="), "", &["\"probe\"", "\"other\""]);
    one("page = [210, 297]", "page = [210, 297]\nfields = 1", below("page ="), "", &["unknown key `fields`", "field"]);
    one("sheet_code = \"code\"", "sheet_code = \"choice\"", line_of("[identity]"), "identity", &["kind code", "\"choice\""]);
    one("kind = \"anchors\"", "kind = \"corners\"", None, "locate", &["anchors, page-frame, whole", "corners"]);
    one("shape = \"disc\"", "shape = \"star\"", None, "locate anchors 3", &["square, disc, ring, picture, corner, cross, bar", "star"]);
    one("shape = \"disc\"", "shape = \"cross\"", None, "locate anchors 3", &["`width` is missing", "thickness"]);
    one("shape = \"disc\"", "shape = \"cross\", width = 3", None, "locate anchors 3", &["at most half of `size` (2.5)", "found 3"]);
    one("shape = \"disc\"", "shape = \"corner\", width = 1", None, "locate anchors 3", &["`corner` is missing", "top-left"]);
    one("shape = \"disc\"", "shape = \"corner\", width = 1, corner = \"left\"", None, "locate anchors 3", &["bottom-left", "\"left\""]);
    one("page = [210, 297]", "page = [210, 297]\nblank = \"gone.png\"", below("page ="), "", &["beside the template", "gone.png"]);
    one("page = [210, 297]", "page = [210, 297]\nblank = \"AAAA\"", below("page ="), "", &["`blank`", "PNG picture"]);
    one("  { shape = \"disc\", at = [10, 280], size = 5 },\n", "", line_of("[locate]"), "locate", &["3 to 400 anchors", "found 2"]);
    one("at = [10, 280]", "at = [110, 11]", line_of("[locate]"), "locate", &["one line"]);
    one(
        "at = [10, 280], size = 5 }",
        "at = [10, 280], size = 5 }, { shape = \"square\", at = [200, 280], size = 5 }",
        line_of("[locate]"),
        "locate",
        &["which way is up", "180°", "upright = true"],
    );
    one("at = [5, 50]", "at = [5, 500]", line_of("[[text]]"), "text 1", &["outside the page"]);
    one("size = 3", "size = -3", None, "text 1", &["positive font size"]);
    one("text = \"{n}\"", "text = 7", None, "text 1", &["the words to print", "the number 7"]);
    one(
        "both = [\"answer-5\", \"answer-6\"]",
        "both = [\"answer-5\", \"answer-9\"]",
        None,
        "join `both`",
        &["names of fields", "answer-9"],
    );
    one("answer = [\"@digits\", \",-\"]", "answer = [\"@digits\", \"1\"]", None, "alphabets", &["`answer`", "`1` twice"]);
}

#[test]
fn upright_pictures_may_have_symmetrical_anchors() {
    let four =
        GOOD.replacen("at = [10, 280], size = 5 }", "at = [10, 280], size = 5 }, { shape = \"square\", at = [200, 280], size = 5 }", 1);
    assert_eq!(faults(&four.replacen("kind = \"anchors\"", "kind = \"anchors\"\nupright = true", 1)), []);
}

#[test]
fn corner_marks_that_hug_their_corners_look_the_same_upside_down_and_one_odd_mark_tells() {
    let (from, to) = (GOOD.find("anchors = [\n").expect("anchors"), GOOD.find("]\n[[field]]").expect("fields"));
    let with = |marks: [&str; 4]| {
        let places = ["[10, 10]", "[200, 10]", "[10, 280]", "[200, 280]"];
        let all: String = marks.iter().zip(places).map(|(m, at)| format!("{{ {m}, at = {at}, size = 12 }},\n")).collect();
        format!("{}anchors = [\n{all}{}", &GOOD[..from], &GOOD[to..])
    };
    let hug = |which: &str| format!("shape = \"corner\", width = 1, corner = \"{which}\"");
    let corners = ["top-left", "top-right", "bottom-left", "bottom-right"].map(hug);
    let four = with(corners.each_ref().map(String::as_str));
    assert!(faults(&four).iter().any(|e| e.message.contains("180°")), "{:?}", faults(&four));
    let square = "shape = \"square\"";
    assert_eq!(faults(&with([corners[0].as_str(), square, square, square])), []);
    assert_eq!(faults(&with([square, corners[1].as_str(), "shape = \"cross\", width = 1", square])), []);
    // Two corners that both point down the page change places with none of the others.
    assert_eq!(faults(&with([corners[0].as_str(), square, square, corners[0].as_str()])), []);
}

#[test]
fn boxes_may_stand_each_at_its_own_place() {
    let steps = "at = [20, 100]\nbox = [5, 5]\nstep = [7, 0]\n";
    let template = parse("probe.toml", &GOOD.replacen(steps, "box = [5, 5]\nplaces = [[20, 100], [40, 91.5]]\n", 1)).expect("a good file");
    let Some(FieldSpec::Marks(marks)) = template.field("choice").map(|f| &f.spec) else { panic!("choice") };
    assert_eq!(marks.boxes[1].area, Rect::new(40.0, 91.5, 5.0, 5.0));
    let who = "field `choice`";
    let line = line_of("box = [5, 5]");
    one(steps, "box = [5, 5]\nplaces = [[20, 100]]\n", line, who, &["one place for each of 2 boxes", "found 1"]);
    one(steps, "box = [5, 5]\nplaces = [[20, 100], [23, 103]]\n", line, who, &["boxes 1 and 2 lie over one another"]);
    one(steps, "at = [20, 100]\nbox = [5, 5]\nplaces = [[20, 100], [40, 100]]\n", line_of("at = [20, 100]"), who, &["beside `places`"]);
}

#[test]
fn a_blank_comes_from_the_file_or_from_beside_it() {
    let page = "page = [210, 297]";
    let picture = image::GrayImage::from_fn(210, 297, |x, _| image::Luma([x as u8]));
    let png = crate::import::png(&picture).expect("a picture");
    let inside = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, png);
    let embedded = parse("probe.toml", &GOOD.replacen(page, &format!("{page}\nblank = \"{inside}\""), 1)).expect("a good file");
    let beside = |name: &str| (name == "empty.jpg").then(|| picture.clone());
    let named = GOOD.replacen(page, &format!("{page}\nblank = \"empty.jpg\""), 1);
    let named = parse_with("probe.toml", &named, &beside).expect("a good file");
    for template in [embedded, named] {
        let blank = template.blank.expect("a blank");
        assert_eq!((blank.width, blank.height, blank.pixels[7]), (210, 297, 7));
    }
    let wide = GOOD.replacen(page, &format!("{page}\nblank = \"wide.png\""), 1);
    let found = parse_with("probe.toml", &wide, &|_| Some(image::GrayImage::new(300, 297))).err().unwrap_or_default();
    assert!(found.len() == 1 && found[0].message.contains("the whole page") && found[0].message.contains("300 × 297"), "{found:?}");
}

#[test]
fn a_short_file_that_unfolds_into_a_long_form_is_a_fault() {
    let values: Vec<String> = (0..60).map(|n| format!("\"{n}\"")).collect();
    let field = |values: &str, count: u32| {
        format!(
            "[[field]]\nname = \"q{{n}}\"\nkind = \"marks\"\nclass = \"answer\"\nat = [1, 1]\nbox = [1, 1]\nstep = [1, 0]\n\
             values = [{values}]\nrepeat = {{ count = {count}, step = [0, 0.01] }}\n"
        )
    };
    let said = |text: String| faults(&text).iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    assert!(said(format!("{GOOD}{}", field(&values.join(", "), 2000))).contains("at most 100000 boxes"));
    let many: Vec<String> = (0..1001).map(|n| format!("\"{n}\"")).collect();
    assert!(said(format!("{GOOD}{}", field(&many.join(", "), 1))).contains("at most 1000 values"));
}

#[test]
fn text_that_is_not_toml_names_its_line() {
    let found = faults("title = \"a\"\nform = \n");
    assert!(found.iter().any(|e| e.line == 2 && e.message.contains("not valid TOML")), "{found:?}");
}

#[test]
fn all_faults_come_together_in_the_order_of_lines() {
    let text = GOOD.replacen("count = 3", "count = 0", 1).replacen("check = \"gs1\"", "check = \"x\"", 1).replacen(
        "values = \"AB\"",
        "values = 5",
        1,
    );
    let lines: Vec<usize> = faults(&text).iter().map(|e| e.line).collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines.is_sorted());
}

proptest! {
    #[test]
    fn a_spoilt_file_is_read_to_its_end_and_never_panics(
        removed in prop::collection::vec(0usize..60, 0..4),
        at in 0usize..1500,
        sign in prop::sample::select(vec!["0", "9e9", "-", "\"", "[", "]", "{", "\n", "=", "Ж", ".", "nan"]),
    ) {
        let mut text: String = GOOD.lines().enumerate().filter(|(i, _)| !removed.contains(i)).map(|(_, l)| format!("{l}\n")).collect();
        if let Some((offset, _)) = text.char_indices().nth(at) {
            text.insert_str(offset, sign);
        }
        let lines = text.lines().count();
        for fault in faults(&text) {
            prop_assert!(fault.line <= lines + 1 && !fault.message.is_empty(), "{fault}");
        }
    }
}
