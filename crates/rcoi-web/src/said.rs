//! A sentence for a person in both languages: what a refusal carries until the language of its reader is known.

use crate::text::{Lang, Text};
use std::fmt;

/// A sentence in every language of the pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    ru: String,
    en: String,
}

impl Said {
    #[must_use]
    pub fn new(ru: impl Into<String>, en: impl Into<String>) -> Self {
        Self { ru: ru.into(), en: en.into() }
    }

    /// An entry of the table of texts.
    #[must_use]
    pub fn text(pick: fn(&Text) -> &'static str) -> Self {
        Self::new(pick(Lang::Ru.texts()), pick(Lang::En.texts()))
    }

    /// The sentence with `{name}` replaced by a value.
    #[must_use]
    pub fn with(self, name: &str, value: impl fmt::Display) -> Self {
        let (mark, value) = (format!("{{{name}}}"), value.to_string());
        Self { ru: self.ru.replace(&mark, &value), en: self.en.replace(&mark, &value) }
    }

    #[must_use]
    pub fn in_lang(&self, lang: Lang) -> &str {
        match lang {
            Lang::Ru => &self.ru,
            Lang::En => &self.en,
        }
    }

    /// A refusal of the exam rules, which speak Russian only. A sentence that is not in the table below is quoted,
    /// so that nothing is hidden from an English reader.
    #[must_use]
    pub fn by_rules(ru: String) -> Self {
        for (known, english) in RULES {
            if let Some(parts) = fit(known, &ru) {
                let en = parts.iter().fold((*english).to_owned(), |text, part| text.replacen("{}", part, 1));
                return Self { ru: tidy(&ru), en };
            }
        }
        let en = format!("The rules of the exam refuse this: “{ru}”");
        Self { ru: tidy(&ru), en }
    }
}

/// Shown in a log or by a test.
impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.ru)
    }
}

/// Sentences of the pipeline and the rules, `{}` for what varies. The figures come in the same order in both languages.
const RULES: [(&str, &str); 24] = [
    (
        "это поле вы уже читали: второе чтение делает другой человек",
        "You have read this field already: the second reading is another person's.",
    ),
    ("нужна причина", "A reason is needed."),
    (
        "здесь ожидается значение поля или передача старшему с причиной",
        "Give the value of the field, or pass it to the senior with a reason.",
    ),
    ("это расхождение не об одном листе: исключать нечего", "This difference is not about one sheet: there is nothing to exclude."),
    (
        "чужой лист без места в экзамене нельзя объяснить: исключите его или привяжите к участнику",
        "A foreign sheet without a place in the exam cannot be explained: exclude it or bind it to a participant.",
    ),
    (
        "лист нужно разместить: код, участник, исключение или повторный скан",
        "The sheet needs a place: a code, a participant, exclusion or a rescan.",
    ),
    ("расхождение нужно объяснить или исключить лист", "Explain the difference or exclude the sheet."),
    ("здесь решают, что верно: бланк или реестр", "Decide what is right here: the form or the register."),
    ("нужно основание", "A ground is needed."),
    ("описка не основание исправлять реестр", "A slip of the pen is no ground to correct the register."),
    ("запись в ППЭ-12-02 не основание оставить реестр", "A line in the correction list PPE-12-02 is no ground to keep the register."),
    ("у личных данных картинка своя у каждого поля", "Of personal data each field has a picture of its own."),
    ("нет листа, которому дать код", "There is no sheet to give a code to."),
    ("код {} принадлежит бланку {}, а лист — бланк {}", "The code {} belongs to the form {}, and the sheet is the form {}."),
    ("кода {} нет ни в одном комплекте экзамена", "The code {} is in no kit of the exam."),
    ("нет листа, который привязать", "There is no sheet to bind."),
    ("участника {} нет в экзамене", "The participant {} is not in the exam."),
    ("бланк {} не входит в комплект участника", "The form {} is not in the participant's kit."),
    (
        "форма листа не опознана: исключите его или просите повторный скан",
        "The form of the sheet is unknown: exclude it or ask for a rescan.",
    ),
    ("для этой задачи нужна другая роль", "This task needs another role."),
    ("эта задача не об одном листе: картинки нет", "This task is not about one sheet: there is no picture."),
    ("сначала нужно закрыть экзамен", "Close the exam first."),
    ("символ «{}» на месте {} не допускается; ожидались: {}", "The character “{}” at place {} is not permitted; permitted: {}"),
    ("код «{}»: контрольная цифра {}, ожидалась {}", "The code “{}”: the check digit is {}, expected {}."),
];

/// What stands at each `{}` when `text` has the shape of `known`.
pub(crate) fn fit<'t>(known: &str, text: &'t str) -> Option<Vec<&'t str>> {
    let mut pieces = known.split("{}");
    let mut rest = text.strip_prefix(pieces.next()?)?;
    let mut parts = Vec::new();
    let mut pieces = pieces.peekable();
    while let Some(piece) = pieces.next() {
        let last = pieces.peek().is_none();
        let at = if piece.is_empty() && last { rest.len() } else { rest.find(piece)? };
        parts.push(&rest[..at]);
        rest = &rest[at + piece.len()..];
    }
    rest.is_empty().then_some(parts)
}

/// A sentence of the rules begins small and has no full stop: it was made for the middle of a line.
fn tidy(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    let end = if text.ends_with(['.', '!', '?', ':']) || text.contains(": ") && text.contains(';') { "" } else { "." };
    format!("{first}{}{end}", chars.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcoi_model::FieldKind;
    use rcoi_rules::{check_sheet_code, check_value};

    fn has_cyrillic(text: &str) -> bool {
        text.chars().any(|c| ('а'..='я').contains(&c.to_lowercase().next().unwrap_or(c)))
    }

    #[test]
    fn the_figures_of_a_known_sentence_stand_in_both_languages() {
        let said = Said::by_rules("код 2232090000006 принадлежит бланку R, а лист — бланк AB".into());
        assert_eq!(said.in_lang(Lang::En), "The code 2232090000006 belongs to the form R, and the sheet is the form AB.");
        assert_eq!(said.in_lang(Lang::Ru), "Код 2232090000006 принадлежит бланку R, а лист — бланк AB.");
    }

    #[test]
    fn an_unknown_sentence_is_quoted_and_not_swallowed() {
        assert!(Said::by_rules("новая причина".into()).in_lang(Lang::En).contains("новая причина"));
    }

    #[test]
    fn what_the_rules_say_today_is_known_in_english() {
        let refusals = [
            check_value(FieldKind::Cells, "1Q", "0123456789", 4, false, &[]).unwrap_err().to_string(),
            check_sheet_code("2232090000001").unwrap_err().to_string(),
        ];
        for ru in refusals {
            let said = Said::by_rules(ru.clone());
            assert!(!has_cyrillic(said.in_lang(Lang::En)), "{ru} → {}", said.in_lang(Lang::En));
        }
    }
}
