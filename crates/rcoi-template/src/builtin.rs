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
}
