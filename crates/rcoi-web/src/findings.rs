//! What is wrong with a picture or a file, in words of both languages, and what to do about it.

use crate::said::{Said, fit};
use crate::text::Lang;
use rcoi_model::{Finding, FindingKind};
use rcoi_pipeline::WatchWhy;

/// How much a finding asks of the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Weight {
    /// Good to know; nothing is to be done with this sheet.
    Known,
    /// The sheet was read, but scanned again it would be read better.
    Again,
    /// A person must look at the sheet before it counts.
    Stops,
}

impl Weight {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Known => "known",
            Self::Again => "again",
            Self::Stops => "stops",
        }
    }
}

pub(crate) fn weight(kind: FindingKind) -> Weight {
    match kind {
        FindingKind::UpsideDown => Weight::Known,
        _ if kind.blocks() => Weight::Stops,
        _ => Weight::Again,
    }
}

/// What is wrong, in two or three words.
pub(crate) fn title(kind: FindingKind) -> Said {
    let (ru, en) = match kind {
        FindingKind::UnknownForm => ("Неизвестный бланк", "Unknown form"),
        FindingKind::BlankPage => ("Пустая страница", "Blank page"),
        FindingKind::LostAnchors => ("Не видны метки", "Marks are missing"),
        FindingKind::UpsideDown => ("Лист перевёрнут", "Upside down"),
        FindingKind::LowResolution => ("Низкое разрешение", "Low resolution"),
        FindingKind::Blurred => ("Размыто", "Blurred"),
        FindingKind::LowContrast => ("Бледно", "Too pale"),
        FindingKind::Streak => ("Полоса", "Streak"),
        FindingKind::CutEdge => ("Край обрезан", "Edge cut off"),
        FindingKind::FoldedCorner => ("Угол загнут", "Folded corner"),
        FindingKind::StrongSkew => ("Сильный перекос", "Strong skew"),
    };
    Said::new(ru, en)
}

/// What to do about it.
pub(crate) fn advice(kind: FindingKind) -> Said {
    let (ru, en) = match kind {
        FindingKind::UnknownForm => (
            "проверьте, от этого ли экзамена лист; обрезанный или залитый пересканируйте",
            "see whether the sheet is of this exam; scan a cut or soiled one again",
        ),
        FindingKind::BlankPage => (
            "оборот оставьте: его исключит старший; если лист лёг не той стороной, пересканируйте",
            "leave the back of a sheet: the senior excludes it; scan again if it lay the wrong side up",
        ),
        FindingKind::LostAnchors => {
            ("если угол обрезан или закрыт, пересканируйте лист", "scan the sheet again if a corner is cut or covered")
        }
        FindingKind::UpsideDown => ("прочитан всё равно, делать ничего не нужно", "read anyway, nothing is to be done"),
        FindingKind::LowResolution => ("поставьте сканеру 300 точек на дюйм и пересканируйте", "set the scanner to 300 dpi and scan again"),
        FindingKind::Blurred => ("протрите стекло, прижмите лист и пересканируйте", "clean the glass, press the sheet down and scan again"),
        FindingKind::LowContrast => {
            ("сделайте темнее в настройках сканера и пересканируйте", "make it darker in the scanner's settings and scan again")
        }
        FindingKind::Streak => {
            ("протрите стекло сканера и пересканируйте эти листы", "clean the scanner's glass and scan these sheets again")
        }
        FindingKind::CutEdge => ("поправьте направляющие и размер A4, пересканируйте", "set the guides and the size to A4, scan again"),
        FindingKind::FoldedCorner => ("расправьте угол и пересканируйте", "flatten the corner and scan again"),
        FindingKind::StrongSkew => ("прочитан; поправьте направляющие лотка", "it was read; set the guides of the feeder"),
    };
    Said::new(ru, en)
}

/// The figures of a finding. The engine says them in Russian, with its own advice behind the last semicolon.
pub(crate) fn figures(finding: &Finding) -> &str {
    finding.detail.rsplit_once(';').map_or(finding.detail.as_str(), |(figures, _)| figures)
}

/// Why a file of the watched folder waits.
pub(crate) fn watch_why(why: &WatchWhy) -> Said {
    match why {
        WatchWhy::NoExam => Said::text(|t| t.watch_no_exam),
        WatchWhy::ClosedExam => Said::text(|t| t.watch_closed_exam),
        WatchWhy::WhichExam => Said::text(|t| t.watch_which_exam),
        WatchWhy::Said(text) => reason(text),
    }
}

/// Why a file was not taken or a page was set aside. The intake and the decoders speak as they do in their logs; a sentence that
/// is not in the tables below is quoted as it is, so that nothing is hidden.
pub(crate) fn reason(text: &str) -> Said {
    let (what, remedy) = text.rsplit_once("; ").map_or((text, None), |(what, remedy)| (what, Some(remedy)));
    // Some remedies hold a semicolon of their own.
    let (what, remedy) = match what.rsplit_once("; ") {
        Some((before, middle)) if remedy.is_some_and(|r| find(&format!("{middle}; {r}"), REMEDIES).is_some()) => {
            (before, text.get(before.len() + 2..))
        }
        _ => (what, remedy),
    };
    match (find(what, FAULTS), remedy.map(|r| find(r, REMEDIES))) {
        (Some(what), None) => what,
        (Some(what), Some(Some(remedy))) => {
            let both = |lang: Lang| format!("{}; {}", what.in_lang(lang), remedy.in_lang(lang));
            Said::new(both(Lang::Ru), both(Lang::En))
        }
        _ => find(text, FAULTS).unwrap_or_else(|| Said::new(text, text)),
    }
}

fn find(text: &str, table: &[(&str, &str)]) -> Option<Said> {
    table.iter().find_map(|(en, ru)| {
        let parts = fit(en, text).or_else(|| fit(ru, text))?;
        let filled = |pattern: &str| parts.iter().fold(pattern.to_owned(), |filled, part| filled.replacen("{}", part, 1));
        Some(Said::new(filled(ru), filled(en)))
    })
}

/// English and Russian, `{}` for what varies, in the same order.
const FAULTS: &[(&str, &str)] = &[
    ("the file is empty", "файл пуст"),
    ("the file has {} bytes, more than the limit of {}", "в файле {} байт, больше предела {}"),
    ("not a jpeg, png, tiff, webp, pdf or zip: the file looks like {}", "это не jpeg, png, tiff, webp, pdf или zip; похоже на {}"),
    ("the page is {} x {} pixels, more than the limit of {} in all", "страница {} x {} точек, всего больше предела {}"),
    ("the page is {} x {} pixels: nothing to read", "страница {} x {} точек: читать нечего"),
    ("the file has {} pages, more than the limit of {}", "в файле {} страниц, больше предела {}"),
    ("the {} has no pages", "в файле {} нет страниц"),
    ("the {} is cut short: {}", "файл {} обрывается: {}"),
    ("the {} is damaged: {}", "файл {} повреждён: {}"),
    ("the {} uses what is not supported: {}", "в файле {} есть то, что не поддерживается: {}"),
    ("the {} is protected by a password", "файл {} закрыт паролем"),
    ("the {} decoder gave up: {}", "файл {} не раскрывается: {}"),
    ("the archive has {} members, more than the limit of {}", "в архиве {} файлов, больше предела {}"),
    ("the archive unpacks to more than the limit of {} bytes", "архив распаковывается больше чем в {} байт"),
    ("the member unpacks {} : 1, more than the limit of {} : 1", "файл в архиве распаковывается {} : 1, больше предела {} : 1"),
    ("the archive holds no files", "в архиве нет файлов"),
    ("an archive inside an archive is refused", "архив внутри архива не берётся"),
    ("the member's name is refused: {}", "имя файла в архиве не годится: {}"),
    ("the file has no name", "у файла нет имени"),
    ("the name is longer than {} bytes, or a part of it than {}", "имя длиннее {} байт или часть его длиннее {}"),
    ("the name leads out of its folder", "имя ведёт за пределы папки"),
    ("the name holds invisible characters", "в имени невидимые знаки"),
    ("it cannot be read from the disk: {}", "не читается с диска: {}"),
    (
        "no packet folder in the path: a name PPPP-RRRR is expected, such as 0001-0101",
        "в пути нет папки пакета: ожидалось имя PPPP-RRRR, например 0001-0101",
    ),
    ("reading stopped after {} s", "чтение дольше {} с прервано"),
    ("reading broke off: {}", "чтение оборвалось: {}"),
    ("not processed after {} tries; the last one: {}", "не обработан, попыток: {}; последняя: {}"),
    ("the file in the store is damaged: {}", "файл в хранилище повреждён: {}"),
    ("the reading failed: {}", "сбой при чтении: {}"),
];

const REMEDIES: &[(&str, &str)] = &[
    ("split it into smaller files", "разделите его на меньшие файлы"),
    (
        "take it out of the folder, or save what it shows as a picture or PDF",
        "уберите его из папки или сохраните то, что в нём видно, картинкой или PDF",
    ),
    ("scan the sheet again at 300 dpi", "пересканируйте лист с 300 точками на дюйм"),
    (
        "copy the file once more; if that does not help, scan the sheet again",
        "скопируйте файл ещё раз; если не поможет, пересканируйте лист",
    ),
    ("save it anew as JPEG, PNG, TIFF or PDF", "сохраните его заново как JPEG, PNG, TIFF или PDF"),
    ("save it without the password", "сохраните его без пароля"),
    ("scan the sheet again, and keep this file for the developers", "пересканируйте лист, а этот файл сохраните для разработчиков"),
    ("pack fewer files into one archive, or give a folder", "упакуйте в один архив меньше файлов или дайте папку"),
    (
        "do not unpack it before you know who made it; give the scans as a folder",
        "не распаковывайте, пока не узнаете, кто его сделал; дайте сканы папкой",
    ),
    ("rename the file and pack the archive again", "переименуйте файл и упакуйте архив заново"),
    ("unpack the inner archive first", "сначала распакуйте внутренний архив"),
    ("pack the scans again", "упакуйте сканы заново"),
    ("look at the rights and at the disk", "проверьте права и диск"),
    ("scan the sheet again", "пересканируйте лист"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finding_says_what_to_do_in_both_languages() {
        use FindingKind as F;
        let all = [
            F::UnknownForm,
            F::BlankPage,
            F::LostAnchors,
            F::UpsideDown,
            F::LowResolution,
            F::Blurred,
            F::LowContrast,
            F::Streak,
            F::CutEdge,
            F::FoldedCorner,
            F::StrongSkew,
        ];
        for kind in all {
            for said in [title(kind), advice(kind)] {
                assert_ne!(said.in_lang(Lang::Ru), said.in_lang(Lang::En), "{kind:?}");
            }
        }
        assert_eq!(advice(F::Streak).in_lang(Lang::En), "clean the scanner's glass and scan these sheets again");
        assert_eq!((weight(F::UpsideDown), weight(F::Streak), weight(F::UnknownForm)), (Weight::Known, Weight::Again, Weight::Stops));
    }

    #[test]
    fn figures_stand_without_the_engine_s_own_advice() {
        let of = |detail: &str| figures(&Finding { kind: FindingKind::Streak, detail: detail.to_owned() }).to_owned();
        assert_eq!(of("тёмная полоса в 12 % ширины слева; протрите стекло"), "тёмная полоса в 12 % ширины слева");
        assert_eq!(of("лист повёрнут на 180°, прочитан"), "лист повёрнут на 180°, прочитан");
    }

    #[test]
    fn a_reason_is_said_in_the_language_of_its_reader() {
        let cut = reason("the png is cut short: 3 of 9 rows; copy the file once more; if that does not help, scan the sheet again");
        assert_eq!(
            cut.in_lang(Lang::Ru),
            "файл png обрывается: 3 of 9 rows; скопируйте файл ещё раз; если не поможет, пересканируйте лист"
        );
        assert_eq!(reason("the file is empty; scan the sheet again").in_lang(Lang::Ru), "файл пуст; пересканируйте лист");
        assert_eq!(reason("чтение дольше 60 с прервано").in_lang(Lang::En), "reading stopped after 60 s");
        assert_eq!(reason("что-то новое; и ещё").in_lang(Lang::En), "что-то новое; и ещё");
        let lost = reason("не обработан, попыток: 5; последняя: память");
        assert_eq!(lost.in_lang(Lang::En), "not processed after 5 tries; the last one: память");
    }
}
