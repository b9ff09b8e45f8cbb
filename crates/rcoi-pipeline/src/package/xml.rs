//! `sheets.xml` of a packet; its schema is `crates/rcoi-pipeline/xsd/sheets-1.xsd`.

use super::model::{ExamFacts, PackagedCorrection, PackagedPacket, PackagedSheet};
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};
use rcoi_model::{FieldKind, Ground};
use std::io;

/// Namespace of version 1.
pub(super) const NAMESPACE: &str = "urn:rcoi:sheets:1";

/// Writes the sheets in the order given.
pub(super) fn sheets(exam: &ExamFacts, name: &str, packet: &PackagedPacket, sheets: &[&PackagedSheet]) -> io::Result<Vec<u8>> {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 1);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let (declared, count, date) = (packet.declared.to_string(), sheets.len().to_string(), exam.date.to_string());
    writer
        .create_element("packet")
        .with_attributes([
            ("xmlns", NAMESPACE),
            ("name", name),
            ("region", exam.region.as_str()),
            ("department", exam.department.as_str()),
            ("subject", exam.subject.as_str()),
            ("test-type", exam.test_type.as_str()),
            ("stage", exam.stage.as_str()),
            ("date", date.as_str()),
            ("ppe", packet.ppe.as_str()),
            ("room", packet.room.as_str()),
            ("declared", declared.as_str()),
            ("sheets", count.as_str()),
        ])
        .write_inner_content(|writer| {
            for line in &packet.explained {
                writer.create_element("explained").write_text_content(BytesText::new(&legal(line)))?;
            }
            for sheet in sheets {
                write_sheet(writer, sheet)?;
            }
            Ok(())
        })?;
    let mut bytes = writer.into_inner();
    bytes.push(b'\n');
    Ok(bytes)
}

fn write_sheet(writer: &mut Writer<Vec<u8>>, sheet: &PackagedSheet) -> io::Result<()> {
    let (code, image, page) = (legal(&sheet.code), sheet.image_name(), sheet.page.to_string());
    let participant = legal(sheet.participant.as_deref().unwrap_or_default());
    let mut element = writer.create_element("sheet").with_attributes([
        ("form", sheet.form.as_str()),
        ("template", sheet.template.as_str()),
        ("code", code.as_str()),
        ("image", image.as_str()),
        ("page", page.as_str()),
        ("engine", sheet.engine.as_str()),
    ]);
    if !participant.is_empty() {
        element = element.with_attribute(("participant", participant.as_str()));
    }
    element.write_inner_content(|writer| {
        for field in sheet.sent_fields() {
            let (name, class, confidence) = (legal(&field.name), legal(&field.class), format!("{:.4}", field.confidence));
            writer
                .create_element("field")
                .with_attributes([
                    ("name", name.as_str()),
                    ("class", class.as_str()),
                    ("kind", kind_word(field.kind)),
                    ("settled", field.settled.as_str()),
                    ("confidence", confidence.as_str()),
                ])
                .write_inner_content(|writer| {
                    writer.create_element("value").write_text_content(BytesText::new(&legal(&field.value)))?;
                    writer.create_element("machine").write_text_content(BytesText::new(&legal(&field.machine)))?;
                    Ok(())
                })?;
        }
        match sheet.sent_correction() {
            Some(correction) => write_correction(writer, correction),
            None => Ok(()),
        }
    })?;
    Ok(())
}

fn write_correction(writer: &mut Writer<Vec<u8>>, correction: &PackagedCorrection) -> io::Result<()> {
    let PackagedCorrection { ground, settled, changes } = correction;
    writer
        .create_element("correction")
        .with_attributes([("ground", ground_word(ground)), ("settled", settled.as_str())])
        .write_inner_content(|writer| {
            if let Ground::Stated { reason } = ground {
                writer.create_element("reason").write_text_content(BytesText::new(&legal(reason)))?;
            }
            for change in changes {
                let field = legal(&change.field);
                writer.create_element("change").with_attribute(("field", field.as_str())).write_inner_content(|writer| {
                    writer.create_element("old").write_text_content(BytesText::new(&legal(&change.old)))?;
                    writer.create_element("new").write_text_content(BytesText::new(&legal(&change.new)))?;
                    Ok(())
                })?;
            }
            Ok(())
        })?;
    Ok(())
}

fn ground_word(ground: &Ground) -> &'static str {
    match ground {
        Ground::CorrectionList => "correction-list",
        Ground::WritingSlip => "writing-slip",
        Ground::Stated { .. } => "stated",
    }
}

fn kind_word(kind: FieldKind) -> &'static str {
    match kind {
        FieldKind::Code => "code",
        FieldKind::Marks => "marks",
        FieldKind::Cells => "cells",
        FieldKind::Ink => "ink",
        FieldKind::Image => "image",
    }
}

/// XML 1.0 forbids most control characters even escaped; a code read from paper may hold any.
fn legal(text: &str) -> String {
    text.chars()
        .map(|c| if matches!(c, '\u{9}' | '\u{a}' | '\u{d}') || c >= ' ' && !matches!(c, '\u{fffe}' | '\u{ffff}') { c } else { '\u{fffd}' })
        .collect()
}
