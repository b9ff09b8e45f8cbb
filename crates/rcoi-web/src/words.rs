//! Plain words for doubts, troubles, fields and states: what a person reads on the screen.

use crate::roles::Post;
use crate::said::Said;
use crate::text::{Lang, Text};
use rcoi_model::{Doubt, ExamState, PageState, Role, RoomTrouble, SheetTrouble, TaskSubject};
use rcoi_rules::{Block, BlockKind, See};

/// What is doubtful about a field.
#[must_use]
pub fn doubt(doubt: &Doubt, lang: Lang) -> String {
    let (ru, en): (String, String) = match doubt {
        Doubt::Ambiguous { .. } => ("знак читается неоднозначно".into(), "a character can be read in two ways".into()),
        Doubt::MultipleMarks => ("отметок больше, чем можно".into(), "more marks than allowed".into()),
        Doubt::Cancelled => ("отметка закрашена: отменена?".into(), "a blackened mark: cancelled?".into()),
        Doubt::Overflow => ("запись выходит за последнюю клетку".into(), "writing goes beyond the last cell".into()),
        Doubt::NotPermitted { .. } => ("недопустимый знак".into(), "a character that is not permitted".into()),
        Doubt::PatternFailed { expected } => (format!("не тот вид записи, ожидается: {expected}"), format!("expected form: {expected}")),
        Doubt::ChecksumFailed => ("контрольная цифра не сходится".into(), "check digit does not fit".into()),
        Doubt::CodeUnreadable => ("код не читается".into(), "the code cannot be read".into()),
        Doubt::OffsetInk => ("запись рядом с клеткой".into(), "ink beside the box".into()),
        Doubt::CrossedOut { .. } => ("зачёркнуто или написано поверх".into(), "crossed out or written over".into()),
        Doubt::Gap { .. } => ("пустая клетка внутри записи".into(), "an empty cell inside the text".into()),
        Doubt::Faint => ("бледная отметка".into(), "a faint mark".into()),
        Doubt::Missing => ("обязательное поле пусто".into(), "a required field is empty".into()),
        Doubt::Damaged => ("поле повреждено или обрезано".into(), "the field is damaged or cut off".into()),
        Doubt::Disagrees { with } => (format!("расходится с: {}", field(with, lang)), format!("disagrees with: {}", field(with, lang))),
    };
    pick(lang, ru, en)
}

/// Zero-based cells that a doubt points at.
#[must_use]
pub fn doubtful_cells(doubts: &[Doubt]) -> Vec<u32> {
    let mut cells: Vec<u32> = doubts
        .iter()
        .filter_map(|d| match d {
            Doubt::Ambiguous { cells } | Doubt::NotPermitted { cells } | Doubt::CrossedOut { cells } | Doubt::Gap { cells } => Some(cells),
            _ => None,
        })
        .flatten()
        .copied()
        .collect();
    cells.sort_unstable();
    cells.dedup();
    cells
}

/// What is wrong with a sheet.
#[must_use]
pub fn sheet_trouble(trouble: SheetTrouble, lang: Lang) -> String {
    let (ru, en) = match trouble {
        SheetTrouble::Undecodable => ("Файл не открывается как картинка", "The file cannot be opened as a picture"),
        SheetTrouble::UnknownForm => ("Неизвестный бланк", "Unknown form"),
        SheetTrouble::BlankPage => ("Пустая страница", "Blank page"),
        SheetTrouble::CodeUnreadable => ("Штрихкод листа не читается", "The sheet's barcode cannot be read"),
        SheetTrouble::UnknownCode => ("Такого кода нет ни в одном комплекте экзамена", "The code is in no kit of the exam"),
        SheetTrouble::DuplicateCode => ("Один и тот же код на двух картинках", "The same code on two pictures"),
        SheetTrouble::ForeignSheet => {
            ("Лист другого экзамена: регион, предмет или дата не те", "A sheet of another exam: region, subject or date differ")
        }
        SheetTrouble::Unlinked => ("Дополнительный лист, на который никто не ссылается", "An extra sheet no other sheet points at"),
        SheetTrouble::Passed => ("Передано верификатором", "Passed on by a verifier"),
    };
    pick(lang, ru.to_owned(), en.to_owned())
}

/// What is wrong with a room or a participant.
#[must_use]
pub fn room_trouble(trouble: RoomTrouble, lang: Lang) -> String {
    let (ru, en) = match trouble {
        RoomTrouble::CountDiffers => ("Листов отсканировано не столько, сколько заявлено", "Scanned sheets differ from declared ones"),
        RoomTrouble::LedgerDiffers => ("Ведомость 13-02-МАШ расходится с листами", "13-02-MASH differs from the sheets"),
        RoomTrouble::LedgerMissing => ("Нет ведомости 13-02-МАШ", "No 13-02-MASH for the room"),
        RoomTrouble::SheetMissing => ("У участника не хватает листа комплекта", "A participant lacks a sheet of the kit"),
        RoomTrouble::AttendanceDiffers => {
            ("Явка расходится: отмечен отсутствующим, а листы есть, или наоборот", "Attendance differs from the sheets")
        }
        RoomTrouble::ActDiffers => {
            ("Отметка об удалении или незавершении расходится с актом", "The removal or early-finish mark differs from the act")
        }
        RoomTrouble::PersonDiffers => ("Данные участника на бланке расходятся со списком", "Personal data differ from the roster"),
        RoomTrouble::ReplacementsDiffer => ("Число замен у организатора и на бланке разное", "The number of replacements differs"),
        RoomTrouble::WrongRoom => ("Лист отсканирован в пакете другой аудитории", "The sheet was scanned in another room's packet"),
    };
    pick(lang, ru.to_owned(), en.to_owned())
}

/// Label of a field by its agreed name; used when the template gives none.
#[must_use]
pub fn field(name: &str, lang: Lang) -> String {
    let numbered = |prefix: &str| name.strip_prefix(prefix).filter(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()));
    if let Some(n) = numbered("answer-") {
        return pick(lang, format!("Ответ на задание {n}"), format!("Answer to task {n}"));
    }
    if let Some(n) = numbered("q-") {
        return pick(lang, format!("Вопрос {n}"), format!("Question {n}"));
    }
    if let Some(n) = numbered("student-") {
        return pick(lang, format!("Номер ученика, цифра {n}"), format!("Student number, digit {n}"));
    }
    if let Some(rest) = name.strip_prefix("replacement-") {
        match rest.split_once('-') {
            Some((n, "number")) => return pick(lang, format!("Замена {n}: номер задания"), format!("Replacement {n}: task number")),
            Some((n, "answer")) => return pick(lang, format!("Замена {n}: ответ"), format!("Replacement {n}: answer")),
            _ => {}
        }
    }
    let (ru, en) = match name {
        "code" => ("Код листа", "Sheet code"),
        "code-vertical" => ("Код листа (вертикальный)", "Sheet code (vertical)"),
        "region" => ("Регион", "Region"),
        "subject" => ("Код предмета", "Subject code"),
        "subject-name" => ("Название предмета", "Subject name"),
        "school" => ("Код образовательной организации", "School code"),
        "class-number" => ("Класс: номер", "Class number"),
        "class-letter" => ("Класс: буква", "Class letter"),
        "ppe" => ("Код ППЭ", "Point code"),
        "room" => ("Номер аудитории", "Room"),
        "date" => ("Дата", "Date"),
        "surname" => ("Фамилия", "Surname"),
        "name" => ("Имя", "Name"),
        "patronymic" => ("Отчество", "Patronymic"),
        "document-series" => ("Документ: серия", "Document series"),
        "document-number" => ("Документ: номер", "Document number"),
        "removed" => ("Удалён с экзамена", "Removed"),
        "not-finished" => ("Не закончил экзамен", "Not finished"),
        "replacement-count" => ("Количество замен", "Number of replacements"),
        "sheet-number" => ("Номер листа", "Sheet number"),
        "link" => ("Код следующего листа", "Code of the next sheet"),
        "page" => ("Страница", "Page"),
        "pages" => ("Всего страниц", "Pages"),
        "seated" => ("Распределено", "Seated"),
        "came" => ("Явились", "Came"),
        "absent" => ("Не явились", "Absent"),
        "count-r" => ("Бланков регистрации", "Registration forms"),
        "count-ab" => ("Бланков ответов № 1", "Answer forms 1"),
        "count-c1" => ("Бланков ответов № 2, лист 1", "Answer forms 2, sheet 1"),
        "count-c2" => ("Бланков ответов № 2, лист 2", "Answer forms 2, sheet 2"),
        "count-cx" => ("Дополнительных бланков", "Extra forms"),
        "variant" => ("Вариант", "Variant"),
        other => return other.to_owned(),
    };
    pick(lang, ru.to_owned(), en.to_owned())
}

/// Name of a form by its template id.
#[must_use]
pub fn form(template: &str, lang: Lang) -> String {
    let (ru, en) = match template {
        "ege-r" => ("Бланк регистрации", "Registration form"),
        "ege-ab" => ("Бланк ответов № 1", "Answer form 1"),
        "ege-c1" => ("Бланк ответов № 2, лист 1", "Answer form 2, sheet 1"),
        "ege-c2" => ("Бланк ответов № 2, лист 2", "Answer form 2, sheet 2"),
        "ege-c-extra" => ("Дополнительный бланк № 2", "Extra answer form 2"),
        "ppe-13-02" => ("Ведомость 13-02-МАШ", "Ledger 13-02-MASH"),
        other => (other, other),
    };
    pick(lang, ru.to_owned(), en.to_owned())
}

/// Name of a role.
#[must_use]
pub fn role(role: Role, t: &'static Text) -> &'static str {
    match role {
        Role::Operator => t.role_operator,
        Role::Verifier => t.role_verifier,
        Role::Senior => t.role_senior,
        Role::Head => t.role_head,
        Role::Admin => t.role_admin,
    }
}

/// Name of a post.
#[must_use]
pub fn post(post: Post, t: &'static Text) -> &'static str {
    post.role().map_or(t.role_auditor, |known| role(known, t))
}

/// One line of the list that blocks closing.
#[must_use]
pub fn block(kind: BlockKind, count: u64, station: Option<Role>) -> Said {
    let said = match kind {
        BlockKind::NotOpen => Said::text(|t| t.block_not_open),
        BlockKind::NoPages => Said::text(|t| t.block_no_pages),
        BlockKind::NotRead => Said::text(|t| t.block_not_read),
        BlockKind::Fields if station == Some(Role::Senior) => Said::text(|t| t.block_passed),
        BlockKind::Fields => Said::text(|t| t.block_fields),
        BlockKind::Sheets => Said::text(|t| t.block_sheets),
        BlockKind::Rooms => Said::text(|t| t.block_rooms),
        BlockKind::Persons if station == Some(Role::Senior) => Said::text(|t| t.block_persons_asked),
        BlockKind::Persons => Said::text(|t| t.block_persons),
        BlockKind::SetAside => Said::text(|t| t.block_set_aside),
        BlockKind::Policy => Said::text(|t| t.block_policy),
        BlockKind::NotReconciled => Said::text(|t| t.block_not_reconciled),
    };
    said.with("n", count)
}

/// Why an exam was not closed.
#[must_use]
pub fn still_blocked(blocks: &[Block]) -> Said {
    let lines = |lang| blocks.iter().map(|b| block(b.kind, b.count, None).in_lang(lang).to_owned()).collect::<Vec<_>>().join("; ");
    let whole = |lang: Lang| lang.texts().no_close_yet.replace("{why}", &lines(lang));
    Said::new(whole(Lang::Ru), whole(Lang::En))
}

/// Name of a page state.
#[must_use]
pub fn page_state(state: PageState, t: &'static Text) -> &'static str {
    match state {
        PageState::Received => t.page_received,
        PageState::Read => t.read,
        PageState::SetAside => t.page_set_aside,
        PageState::Excluded => t.page_excluded,
    }
}

/// What a task is about, in a line without values.
#[must_use]
pub fn subject(subject: &TaskSubject, lang: Lang) -> String {
    match subject {
        TaskSubject::Field { field: name, .. } => field(name, lang),
        TaskSubject::Sheet { trouble, .. } => sheet_trouble(*trouble, lang),
        TaskSubject::Room { trouble, .. } => room_trouble(*trouble, lang),
        TaskSubject::Person { .. } => lang.texts().persons_differ.to_owned(),
    }
}

/// Name of a class of fields in the policy; an unknown one is shown as the policy writes it.
#[must_use]
pub fn class(name: &str, lang: Lang) -> String {
    let (ru, en) = match name {
        "sheet-code" => ("Штрихкод листа", "Barcode of the sheet"),
        "form-code" => ("Код бланка цифрами", "Code of the form in digits"),
        "answer" => ("Краткие ответы", "Short answers"),
        "replacement-number" => ("Замена: номер задания", "Replacement: number of the task"),
        "replacement-answer" => ("Замена: ответ", "Replacement: answer"),
        "replacement-count" => ("Количество замен", "Number of replacements"),
        "person" => ("Фамилия, имя, отчество", "Names"),
        "document" => ("Документ", "Document"),
        "place" => ("Регион, школа, ППЭ, аудитория", "Region, school, point, room"),
        "subject" => ("Предмет", "Subject"),
        "event" => ("Удаление, досрочный уход", "Removal, early leave"),
        "signature" => ("Подписи", "Signatures"),
        "text" => ("Развёрнутые ответы", "Long answers"),
        "reserve" => ("Резервные поля", "Reserve fields"),
        "link" => ("Ссылка на дополнительный бланк", "Link to an extra sheet"),
        "ledger" => ("Ведомость 13-02-МАШ", "Ledger 13-02-MASH"),
        "date" => ("Дата", "Date"),
        "subject-name" => ("Название предмета", "Name of the subject"),
        other => return other.to_owned(),
    };
    pick(lang, ru.to_owned(), en.to_owned())
}

/// When people look at a field.
#[must_use]
pub fn see(see: See, t: &'static Text) -> &'static str {
    match see {
        See::Never => t.see_never,
        See::Doubt => t.see_doubt,
        See::WhenSet => t.see_when_set,
        See::Always => t.see_always,
        See::Mismatch => t.see_mismatch,
        See::Sheet => t.see_sheet,
    }
}

/// Name of an exam state.
#[must_use]
pub fn exam_state(state: ExamState, t: &'static Text) -> &'static str {
    match state {
        ExamState::Open => t.state_open,
        ExamState::Closed => t.state_closed,
        ExamState::Packaged => t.state_packaged,
    }
}

fn pick(lang: Lang, ru: String, en: String) -> String {
    match lang {
        Lang::Ru => ru,
        Lang::En => en,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agreed_field_names_have_labels() {
        assert_eq!(field("answer-17", Lang::Ru), "Ответ на задание 17");
        assert_eq!(field("replacement-2-number", Lang::Ru), "Замена 2: номер задания");
        assert_eq!(field("replacement-count", Lang::En), "Number of replacements");
        assert_eq!(field("answer-x", Lang::Ru), "answer-x");
    }

    #[test]
    fn doubtful_cells_are_gathered_once_in_order() {
        let doubts = [Doubt::Gap { cells: vec![4] }, Doubt::Ambiguous { cells: vec![1, 4] }, Doubt::Faint];
        assert_eq!(doubtful_cells(&doubts), [1, 4]);
    }
}
