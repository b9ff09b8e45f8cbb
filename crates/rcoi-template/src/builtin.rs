//! The templates that are shipped inside the program.

use crate::{TemplateSet, parse};

/// File names and texts of the shipped templates.
pub const SOURCES: [(&str, &str); 7] = [
    ("ege-r.toml", include_str!("../../../templates-omr/ege-r.toml")),
    ("ege-ab.toml", include_str!("../../../templates-omr/ege-ab.toml")),
    ("ege-c1.toml", include_str!("../../../templates-omr/ege-c1.toml")),
    ("ege-c2.toml", include_str!("../../../templates-omr/ege-c2.toml")),
    ("ege-c-extra.toml", include_str!("../../../templates-omr/ege-c-extra.toml")),
    ("ppe-13-02.toml", include_str!("../../../templates-omr/ppe-13-02.toml")),
    ("bubble-100.toml", include_str!("../../../templates-omr/bubble-100.toml")),
];

/// All shipped templates. That each of them is valid is checked by a test; an invalid one would be left out.
#[must_use]
pub fn builtin() -> TemplateSet {
    TemplateSet { templates: SOURCES.iter().filter_map(|(name, text)| parse(name, text).ok()).collect() }
}

#[cfg(test)]
mod tests {
    use super::{SOURCES, builtin};

    #[test]
    fn every_shipped_template_is_valid() {
        for (name, text) in SOURCES {
            let faults = crate::parse(name, text).err().unwrap_or_default();
            assert!(faults.is_empty(), "{}", faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
        }
        assert_eq!(builtin().templates.len(), SOURCES.len());
    }

    #[test]
    fn the_example_of_the_manual_is_valid() {
        let manual = include_str!("../../../templates-omr/README.md");
        let example = manual.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap_or_default();
        let template = crate::parse("quiz.toml", example).expect("the manual's example");
        assert_eq!((template.fields.len(), template.field("answer-20").is_some()), (23, true));
    }

    #[test]
    fn forms_have_the_agreed_names_and_prefixes_of_their_own() {
        let set = builtin();
        for (id, form, prefix) in [
            ("ege-r", "R", "230"),
            ("ege-ab", "AB", "231"),
            ("ege-c1", "C1", "232"),
            ("ege-c2", "C2", "233"),
            ("ege-c-extra", "CX", "234"),
            ("ppe-13-02", "PPE-13-02", "235"),
            ("bubble-100", "TEST", "236"),
        ] {
            let template = set.by_form(form).expect("a form");
            assert_eq!((template.id.0.as_str(), template.identity.prefix.as_str()), (id, prefix));
            assert!(template.field("code").is_some() && template.field("code-vertical").is_some(), "{id}");
        }
    }

    #[test]
    fn the_short_answer_form_has_forty_rows_of_seventeen_cells() {
        let set = builtin();
        let template = set.by_form("AB").expect("a form");
        let cells = |name: &str| match template.field(name).map(|f| &f.spec) {
            Some(crate::FieldSpec::Cells(c)) => c.cells.clone(),
            other => panic!("{name}: {other:?}"),
        };
        assert!((1..=40).all(|n| cells(&format!("answer-{n}")).len() == 17));
        assert!(
            (1..=6).all(|n| cells(&format!("replacement-{n}-number")).len() == 2 && cells(&format!("replacement-{n}-answer")).len() == 17)
        );
        // Measured on the federal form: first cell of row 1 and last cell of row 40.
        assert!((cells("answer-1")[0].x - 13.98).abs() < 0.05 && (cells("answer-1")[0].y - 73.66).abs() < 0.05);
        assert!((cells("answer-40")[16].right() - 202.14).abs() < 0.1 && (cells("answer-40")[16].bottom() - 236.21).abs() < 0.1);
    }
}
