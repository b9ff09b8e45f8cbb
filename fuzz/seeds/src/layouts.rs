//! Small layouts of every program that is imported from, and small template files with what the shipped ones do not use.

use crate::{Seed, seed};

const OMRCHECKER: &str = r#"o{"pageDimensions": [300, 400], "bubbleDimensions": [25, 20], "emptyValue": "-",
 "preProcessors": [{"name": "CropOnMarkers", "options": {"relativePath": "m.jpg", "sheetToMarkerWidthRatio": 15}}, {"name": "GaussianBlur"}],
 "customLabels": {"Roll": ["roll1..3"]},
 "fieldBlocks": {
  "a": {"fieldType": "QTYPE_MCQ4", "origin": [10, 20], "bubblesGap": 30, "labelsGap": 25.5, "fieldLabels": ["q1..3", "Last"]},
  "b": {"fieldType": "QTYPE_INT", "origin": [150, 100], "bubblesGap": 21, "labelsGap": 26, "fieldLabels": ["roll1..3"]},
  "c": {"bubbleValues": ["E", "H"], "direction": "vertical", "origin": [10, 300], "bubblesGap": 30, "labelsGap": 0, "fieldLabels": ["M"]}}}"#;

const BOXES: &str = r#"b{"pages": [{"student": 1, "page": 2, "image": "scan.png", "template": "empty.png",
 "layout": {"width": 210, "height": 280, "mark_diameter": 8, "marks": [[20, 20], [180, 20], [180, 260], [20, 260]]},
 "name_zones": [{"zone": "who", "box": [40, 30, 160, 50]}], "page_id_digits": [],
 "boxes": [{"name": "id[2]", "answer": 1, "char": "0", "box": [30, 60, 40, 70]}, {"name": "id[2]", "answer": 2, "char": "7", "box": [50, 60, 60, 70]},
  {"name": "why", "answer": 10, "char": "", "box": [30, 120, 40, 130]}, {"name": "why", "answer": 2, "char": "", "box": [30, 180, 40, 190]}]}]}"#;

const FORMSCANNER: &str = r#"f<?xml version="1.0" encoding="UTF-8"?><template density="40" threshold="127"><crop/><rotation angle="0.1"/>
<corners type="ROUND"><corner position="TOP_RIGHT"><point x="360" y="50"/></corner><corner position="TOP_LEFT"><point x="40" y="50"/></corner>
<corner position="BOTTOM_LEFT"><point x="40" y="550"/></corner><corner position="BOTTOM_RIGHT"><point x="360" y="550"/></corner></corners>
<fields groups="false" shape="CIRCLE" size="9"><group name="EMPTY"><question question="Q1" type="QUESTIONS_BY_ROWS" multiple="true" rejectMultiple="false">
<values><value response="A"><point x="100" y="100"/></value><value response="B"><point x="150" y="100"/></value></values></question>
<question question="no2" type="QUESTIONS_BY_COLS" multiple="false"><values><value response="0"><point x="80" y="200"/></value><value response="1"><point x="80" y="230"/></value></values></question>
<area name="course" type="BARCODE"><corners><corner position="TOP_LEFT"><point x="200" y="60"/></corner><corner position="TOP_RIGHT"><point x="300" y="60"/></corner>
<corner position="BOTTOM_LEFT"><point x="200" y="90"/></corner><corner position="BOTTOM_RIGHT"><point x="300" y="90"/></corner></corners></area></group></fields></template>"#;

const OPEN_MCR: &str = r#"m{"small": {"comment": "x", "fields": [
 {"field": "NO[1]", "bubbles": [{"value": "0", "u": 0.25, "v": 0.5}, {"value": "1", "u": 0.25, "v": 0.52}]},
 {"field": "NO[0]", "bubbles": [{"value": "0", "u": 0.2, "v": 0.5}, {"value": "1", "u": 0.2, "v": 0.52}]}]},
 "other": {"paper": "A4", "fields": [{"field": "Q1", "bubbles": [{"value": "A", "u": 0.5, "v": 0.5}]}]}}"#;

const QUEXF: &str = "q<queXF><questionnaire><id>7</id><page><id>00000701</id><tlx>100</tlx><tly>120</tly><trx>900</trx><try>120</try>\
 <brx>900</brx><bry>1280</bry><blx>100</blx><bly>1280</bly><rotation>0</rotation>\
 <boxgroup><type>1</type><width>1</width><varname>sex</varname><sortorder>1</sortorder><label>Ask</label>\
 <box><tlx>200</tlx><tly>400</tly><brx>250</brx><bry>460</bry><value>2</value></box><box><tlx>200</tlx><tly>480</tly><brx>250</brx><bry>540</bry></box></boxgroup>\
 <boxgroup><type>4</type><varname>age</varname><sortorder>2</sortorder><box><tlx>200</tlx><tly>600</tly><brx>250</brx><bry>660</bry></box></boxgroup>\
 <boxgroup><type>6</type><varname>why</varname><box><tlx>200</tlx><tly>700</tly><brx>250</brx><bry>760</bry></box></boxgroup></page></questionnaire></queXF>";

pub(crate) fn all() -> Vec<Seed> {
    [("omrchecker", OMRCHECKER), ("boxes", BOXES), ("formscanner", FORMSCANNER), ("open-mcr", OPEN_MCR), ("quexf", QUEXF)]
        .map(|(name, text)| seed(name, text))
        .to_vec()
}

const ANCHORS: &str = r#"title = "t"
form = "T"
unit = "px"
page = [300, 400]
blank = "empty.png"
[locate]
kind = "anchors"
upright = true
anchors = [
    { shape = "ring", at = [10, 10], size = 8, width = 2 },
    { shape = "cross", at = [290, 10], size = 8, width = 1 },
    { shape = "corner", corner = "bottom-right", at = [290, 390], size = 20, width = 2 },
    { shape = "disc", at = [10, 390], size = 8 },
]
[alphabets]
odd = ["@digits", "АБ"]
[[field]]
name = "q{n}"
kind = "marks"
class = "answer"
outline = "circle"
at = [50, 50]
box = [10, 10]
step = [15, 0]
values = ["A", "B"]
repeat = { from = 1, count = 3, step = [0, 20] }
[[field]]
name = "w"
kind = "cells"
class = "text"
at = [50, 200]
cell = [12, 16]
step = [13, 0]
count = 4
alphabet = "@odd"
pattern = "9{1,4}"
outline = "unknown"
[[field]]
name = "c"
kind = "code"
class = "sheet-code"
symbology = "qr"
at = [200, 200]
size = [50, 50]
[join]
all = ["q1", "q2"]
"#;

pub(crate) fn templates() -> Vec<Seed> {
    vec![seed("anchors.toml", ANCHORS), seed("whole.toml", "title = \"t\"\nform = \"T\"\npage = [10, 10]\n[locate]\nkind = \"whole\"\n")]
}
