//! Texts for people, Russian first. A typed table: a text missing in one language does not compile.

use serde_json::{Map, Value};

/// Language of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lang {
    #[default]
    Ru,
    En,
}

impl Lang {
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "ru" => Some(Self::Ru),
            "en" => Some(Self::En),
            _ => None,
        }
    }

    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Ru => "ru",
            Self::En => "en",
        }
    }

    /// All texts of this language.
    #[must_use]
    pub fn texts(self) -> &'static Text {
        match self {
            Self::Ru => &RU,
            Self::En => &EN,
        }
    }
}

macro_rules! texts {
    ($($name:ident = $ru:literal | $en:literal;)+) => {
        /// Every text of the pages, by name.
        #[derive(Debug)]
        #[allow(missing_docs)]
        pub struct Text { $(pub $name: &'static str,)+ }
        static RU: Text = Text { $($name: $ru,)+ };
        static EN: Text = Text { $($name: $en,)+ };
        impl Text {
            /// Name and text of every entry.
            fn entries(&self) -> Vec<(&'static str, &'static str)> {
                vec![$((stringify!($name), self.$name),)+]
            }
        }
    };
}

texts! {
    site = "РЦОИ · обработка бланков" | "RCOI · form processing";
    sign_in = "Вход" | "Sign in";
    sign_out = "Выйти" | "Sign out";
    login = "Логин" | "Login";
    password = "Пароль" | "Password";
    enter = "Войти" | "Sign in";
    wrong_password = "Логин или пароль не подходят." | "Login or password does not fit.";
    wait_before = "Слишком много попыток. Подождите, секунд:" | "Too many tries. Wait, seconds:";
    nav_verify = "Верификация" | "Verification";
    nav_senior = "Старший верификатор" | "Senior verifier";
    nav_exams = "Экзамены" | "Exams";
    nav_operator = "Пакеты" | "Packets";
    nav_admin = "Пользователи" | "Users";
    error_title = "Не получилось" | "That did not work";
    back = "На главную" | "To the start";
    left = "Осталось" | "Left";
    keys_short = "Enter — верно · Esc — вернуть последнее · F8 — старшему · F9 — пересканировать · F1 или ? — подсказка"
        | "Enter — confirm · Esc — take the last back · F8 — to the senior · F9 — rescan · F1 or ? — help";
    keys_title = "Клавиши" | "Keys";
    key_enter = "записать и показать следующее" | "store and show the next one";
    key_esc = "вернуть последний ответ" | "take the last answer back";
    key_f8 = "передать старшему с причиной" | "pass to the senior with a reason";
    key_f9 = "попросить пересканировать лист" | "ask for a rescan of the sheet";
    key_f2 = "к следующему сомнительному знаку" | "to the next doubtful character";
    key_f4 = "крупнее или мельче" | "larger or smaller";
    key_help = "эта подсказка" | "this help";
    key_marks = "поля с отметками: цифра или буква включает отметку" | "mark fields: a digit or letter switches a mark";
    as_written = "Пишите точно то, что стоит на бланке: не исправляйте и не дополняйте."
        | "Write exactly what stands on the form: do not correct, do not complete.";
    value = "Значение" | "Value";
    permitted = "Допустимо" | "Permitted";
    form = "Бланк" | "Form";
    reason = "Причина" | "Reason";
    confirm = "Записать" | "Store";
    cancel = "Отмена" | "Cancel";
    to_senior = "Старшему" | "To the senior";
    rescan = "Пересканировать" | "Rescan";
    undo = "Вернуть последнее" | "Take the last back";
    nothing_open = "Открытых заданий нет. Страница проверяет очередь сама." | "Nothing is open. The page keeps watching the queue.";
    loading = "Загрузка…" | "Loading…";
    senior_none = "Нерешённых листов и аудиторий нет." | "No sheets or rooms are unsettled.";
    senior_actions = "Решение" | "Decision";
    sheet_code = "Код листа" | "Sheet code";
    sheet_code_hint = "13 цифр со штрихкода" | "13 digits under the bars";
    set_code = "Записать код" | "Store the code";
    bind = "Привязать к участнику" | "Bind to a participant";
    participant = "Код участника" | "Participant code";
    exclude = "Исключить лист" | "Exclude the sheet";
    explain = "Объяснить расхождение" | "Explain the difference";
    zoom_in = "Крупнее" | "Larger";
    zoom_out = "Мельче" | "Smaller";
    rotate = "Повернуть" | "Turn";
    no_picture = "Картинки нет: файл не открывается или дело касается аудитории." | "No picture: the file cannot be opened, or this is about a room.";
    exam = "Экзамен" | "Exam";
    date = "Дата" | "Date";
    limit = "Срок, дней" | "Limit, days";
    clock = "До конца срока" | "Time left";
    overdue = "срок прошёл" | "overdue";
    days_short = "дн" | "d";
    hours_short = "ч" | "h";
    state = "Состояние" | "State";
    declared = "Заявлено" | "Declared";
    scanned = "Отсканировано" | "Scanned";
    read = "Распознано" | "Read";
    verified = "Проверено" | "Verified";
    set_aside = "Отложено" | "Set aside";
    open_tasks = "Открытых заданий" | "Open tasks";
    ppe = "ППЭ" | "Point";
    room = "Аудитория" | "Room";
    packets = "Пакеты" | "Packets";
    blocks_title = "Что мешает закрыть" | "What blocks closing";
    blocks_none = "Ничего не мешает: экзамен можно закрыть." | "Nothing blocks: the exam can be closed.";
    closed_already = "Экзамен закрыт." | "The exam is closed.";
    reconcile = "Сверить ещё раз" | "Reconcile again";
    close_exam = "Закрыть экзамен" | "Close the exam";
    make_package = "Собрать пакет для ФЦТ" | "Build the package";
    packages = "Собранные пакеты" | "Packages";
    packages_none = "Пакетов ещё нет." | "No packages yet.";
    file = "Файл" | "File";
    size = "Размер" | "Size";
    version = "Версия" | "Version";
    download = "Скачать" | "Download";
    who_settles = "кто решает:" | "settled by:";
    exams_none = "Экзаменов нет." | "No exams.";
    aside_title = "Отложенные и исключённые листы" | "Sheets set aside and excluded";
    aside_none = "Отложенных листов нет." | "No sheet is set aside.";
    source = "Файл · страница" | "File · page";
    users = "Пользователи" | "Users";
    role = "Роль" | "Role";
    new_user = "Новый пользователь" | "New user";
    create = "Создать" | "Create";
    disable = "Отключить" | "Disable";
    enable = "Включить" | "Enable";
    active = "работает" | "active";
    disabled = "отключён" | "disabled";
    password_rule = "не короче 8 знаков" | "at least 8 characters";
    role_operator = "оператор" | "operator";
    role_verifier = "верификатор" | "verifier";
    role_senior = "старший верификатор" | "senior verifier";
    role_head = "руководитель" | "head";
    role_admin = "администратор" | "administrator";
    state_open = "идёт обработка" | "in processing";
    state_closed = "закрыт" | "closed";
    state_packaged = "пакет собран" | "packaged";
    js_left = "осталось" | "left";
    js_saving = "сохраняется…" | "storing…";
    js_saved = "записано" | "stored";
    js_not_permitted = "Знак «{c}» здесь недопустим. Допустимы:" | "“{c}” is not permitted here. Permitted:";
    js_too_long = "Клеток в поле: {n}. Знаков больше не бывает — передайте старшему (F8)." | "The field has {n} cells; more cannot be stored. Pass it to the senior (F8).";
    js_reason_needed = "Напишите причину: хотя бы три знака." | "Give a reason: at least three characters.";
    js_undone = "Последний ответ возвращён." | "The last answer is back.";
    js_nothing_to_undo = "Возвращать нечего." | "Nothing to take back.";
    js_lost = "Задание уже решил другой человек." | "Someone else settled this task.";
    js_offline = "Нет связи с сервером. Ответ не потерян, пробую ещё раз." | "No connection. The answer is kept, trying again.";
    js_session_over = "Сеанс закончился. Войдите снова." | "The session is over. Sign in again.";
    js_refused = "Ответ не принят:" | "Not accepted:";
    js_code_ok = "контрольная цифра верна" | "check digit is right";
    js_code_bad = "контрольная цифра не сходится" | "check digit does not fit";
    js_code_short = "нужно 13 цифр" | "13 digits are needed";
    js_empty_shown = "пусто" | "empty";
    js_pass_1 = "Не разобрать" | "Cannot be read";
    js_pass_2 = "Зачёркнуто или исправлено" | "Crossed out or corrected";
    js_pass_3 = "Запись не в том поле" | "Written in the wrong field";
    js_rescan_1 = "Смазано или слишком бледно" | "Blurred or too faint";
    js_rescan_2 = "Край листа обрезан" | "Edge cut off";
    js_rescan_3 = "Полоса от сканера" | "Scanner streak";
    js_tasks = "заданий" | "tasks";
    js_no_match = "Такого участника на экзамене нет" | "No such participant in the exam";
    js_room_task = "Аудитория" | "Room";
}

impl Text {
    /// Texts for the page scripts (names beginning with `js_`, without that beginning) as JSON that is safe inside HTML.
    #[must_use]
    pub fn for_scripts(&self) -> String {
        let map: Map<String, Value> =
            self.entries().into_iter().filter_map(|(name, text)| Some((name.strip_prefix("js_")?.to_owned(), Value::from(text)))).collect();
        Value::Object(map).to_string().replace('<', "\\u003c")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_empty_and_russian_texts_differ_from_english_ones() {
        for ((name, ru), (_, en)) in RU.entries().into_iter().zip(EN.entries()) {
            assert!(!ru.trim().is_empty() && !en.trim().is_empty(), "{name}");
            assert_ne!(ru, en, "{name}");
        }
    }

    #[test]
    fn script_texts_cannot_end_the_script_element() {
        assert!(!Lang::Ru.texts().for_scripts().contains('<'));
        assert!(Lang::Ru.texts().for_scripts().contains("\"saving\""));
    }
}
