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
    site_short = "РЦОИ" | "RCOI";
    sign_in = "Вход" | "Sign in";
    sign_out = "Выйти" | "Sign out";
    login = "Логин" | "Login";
    password = "Пароль" | "Password";
    enter = "Войти" | "Sign in";
    nav_symbols = "Знаки" | "Symbols";
    nav_verify = "Поля" | "Fields";
    nav_persons = "Участники" | "Persons";
    nav_senior = "Старший" | "Senior";
    nav_exams = "Экзамены" | "Exams";
    nav_operator = "Пакеты" | "Packets";
    nav_admin = "Пользователи" | "Users";
    theme_auto = "Тема: системная" | "Theme: system";
    theme_dark = "Тема: тёмная" | "Theme: dark";
    theme_light = "Тема: светлая" | "Theme: light";
    go_settle = "решить" | "settle";
    go_list = "показать список" | "show the list";
    go_packets = "к пакетам" | "to the packets";
    open_title = "Открытые задания" | "Open tasks";
    open_none = "Открытых заданий нет." | "No task is open.";
    open_most = "Показаны первые" | "The first ones shown:";
    about = "О чём" | "About";
    in_hand = "В работе у" | "In hand of";
    rescans_title = "Просят пересканировать" | "Rescans asked for";
    rescans_none = "Просьб нет." | "No requests.";
    asked_by = "Кто просит" | "Asked by";
    done = "Готово" | "Done";
    notes_title = "Что сказали верификаторы" | "What the verifiers said";
    whole_page = "Лист целиком" | "The whole sheet";
    fit_page = "По ширине" | "Fit";
    closing = "Закрытие" | "Closing";
    building = "Пакет собирается…" | "The package is being built…";
    ready_share = "Проверено листов" | "Sheets verified";
    sheets = "Листы" | "Sheets";
    key_digits = "выбрать решение (вне полей ввода; в поле — с Alt)" | "choose a decision (outside inputs; inside with Alt)";
    key_store = "записать решение" | "store the decision";
    key_list = "к соседнему заданию (в поле — с Alt)" | "to the neighbouring task (inside an input with Alt)";
    key_zoom = "крупнее, мельче, по ширине (в поле — с Alt)" | "larger, smaller, fit (inside an input with Alt)";
    key_turn = "повернуть лист (в поле — с Alt)" | "turn the sheet (inside an input with Alt)";
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
    key_letters = "под картинкой буквы лиловые, цифры тёмные: «З» и «3», «О» и «0» не перепутать" | "under the picture letters are purple and digits dark: “З” and “3”, “О” and “0” are not mixed up";
    key_marks = "поля с отметками: цифра или буква включает отметку" | "mark fields: a digit or letter switches a mark";
    as_written = "Пишите точно то, что стоит на бланке: не исправляйте и не дополняйте."
        | "Write exactly what stands on the form: do not correct, do not complete.";
    value = "Значение" | "Value";
    permitted = "Допустимо" | "Permitted";
    form = "Бланк" | "Form";
    reason = "Причина" | "Reason";
    confirm = "Записать" | "Store";
    send = "Отправить" | "Send";
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
    beside = "На том же листе" | "On the same sheet";
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
    raise = "Читать первым" | "Read first";
    raised = "читается первым" | "is read first";
    lower = "В общую очередь" | "In its turn";
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
    role_auditor = "контролёр (только просмотр)" | "auditor (looks only)";
    role_admin = "администратор" | "administrator";
    state_open = "идёт обработка" | "in processing";
    state_closed = "закрыт" | "closed";
    state_packaged = "пакет собран" | "packaged";
    js_restored = "Возвращено то, что прочитала машина. Ещё раз Esc — к прошлому ответу." | "The machine's reading is back. Esc again: the last answer.";
    js_undone_senior = "Возвращено решение на станции старшего." | "A decision at the senior's station was taken back.";
    js_note_value = "прочитал(а)" | "read";
    js_note_pass = "передал(а) старшему" | "passed it on";
    js_note_rescan = "просит пересканировать" | "asks for a rescan";
    js_check_is = "контрольная цифра должна быть" | "the check digit must be";
    js_days = "дн" | "d";
    js_overdue = "срок истёк" | "overdue";
    js_exclude_1 = "Посторонний лист" | "Not a sheet of the exam";
    js_exclude_2 = "Второй скан того же листа" | "A second scan of the same sheet";
    js_exclude_3 = "Пустой лист" | "A blank sheet";
    js_explain_1 = "Подтверждено актом ППЭ" | "Confirmed by an act of the point";
    js_explain_2 = "Ошибка организатора в ведомости" | "A slip of the organiser in the ledger";
    js_bind_1 = "Установлено по бланку регистрации" | "Found by the registration form";
    js_bind_2 = "Установлено по месту в аудитории" | "Found by the seat in the room";
    js_picture_lost = "Картинка не пришла: нет связи. Пробую ещё раз." | "The picture did not come: no connection. Trying again.";
    js_no_picture = "Картинка не открывается" | "The picture cannot be opened";

    js_why_none = "сверьте запись с картинкой" | "compare the value with the picture";
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
    js_pass_title = "Передать старшему верификатору" | "Pass to the senior verifier";
    js_rescan_title = "Попросить пересканировать лист" | "Ask for a rescan of the sheet";
    js_pass_1 = "Не разобрать" | "Cannot be read";
    js_pass_2 = "Зачёркнуто или исправлено" | "Crossed out or corrected";
    js_pass_3 = "Запись не в том поле" | "Written in the wrong field";
    js_rescan_1 = "Смазано или слишком бледно" | "Blurred or too faint";
    js_rescan_2 = "Край листа обрезан" | "Edge cut off";
    js_rescan_3 = "Полоса от сканера" | "Scanner streak";
    js_tasks = "заданий" | "tasks";
    js_no_match = "Такого участника на экзамене нет" | "No such participant in the exam";
    js_room_task = "Аудитория" | "Room";
    block_not_open = "экзамен уже закрыт" | "the exam is closed already";
    block_no_pages = "не принято ни одного листа" | "no sheet has come in";
    block_not_read = "листов ещё не прочитано: {n}" | "sheets not read yet: {n}";
    block_fields = "полей ждут верификации: {n}" | "fields wait for verification: {n}";
    block_passed = "полей переданы старшему верификатору: {n}" | "fields passed to the senior verifier: {n}";
    block_sheets = "нештатных листов ждут решения: {n}" | "strange sheets wait for a decision: {n}";
    block_persons = "персональных данных ждут сверки с реестром: {n}" | "personal data wait to be held against the register: {n}";
    block_persons_asked = "вопросов старшему о персональных данных: {n}" | "questions to the senior about personal data: {n}";
    block_rooms = "расхождений сверки не объяснено: {n}" | "differences not explained: {n}";
    block_set_aside = "листов отложено без решения: {n}" | "sheets set aside and not settled: {n}";
    block_not_reconciled = "сверка ещё не проведена" | "not reconciled yet";
    page_received = "ждёт чтения" | "waits to be read";
    page_set_aside = "отложен" | "set aside";
    page_excluded = "исключён" | "excluded";
    no_session = "Сеанс закончился или не начат: войдите в систему." | "The session is over or was not begun: sign in.";
    no_csrf = "Запрос без верного знака сеанса (x-csrf-token): обновите страницу." | "The request lacks the session's token (x-csrf-token): reload the page.";
    no_role = "Вашей роли это не разрешено." | "Your role does not permit this.";
    no_such = "Такого здесь нет." | "There is no such thing here.";
    no_internal = "Внутренняя ошибка. Она записана в журнал." | "Internal error. It is in the log.";
    no_other_site = "Запрос пришёл с другого сайта." | "The request came from another site.";
    no_wait = "Слишком много попыток. Подождите {n} с." | "Too many tries. Wait {n} s.";
    no_method = "Этот адрес так не вызывают." | "This address is not called this way.";
    no_body = "Не принять запрос: {why}" | "The request cannot be taken: {why}";
    no_json = "Не разобрать JSON: {why}" | "The JSON cannot be read: {why}";
    no_form = "Не разобрать форму: {why}" | "The form cannot be read: {why}";
    no_page = "Страница не построилась." | "The page could not be drawn.";
    no_password = "Логин или пароль не подходят." | "Login or password does not fit.";
    no_station = "Нет такой станции: «{name}»; бывают verifier и senior." | "There is no station “{name}”; there are verifier and senior.";
    no_claim = "За раз берут от 1 до {most} заданий, просили {n}." | "One claim takes 1 to {most} tasks, {n} were asked for.";
    no_picture_kind = "Нет такой картинки: «{name}»; бывают cutout и page." | "There is no picture “{name}”; there are cutout and page.";
    no_hold = "Это задание не за вами: его взял или уже решил другой." | "This task is not yours: somebody else has taken or settled it.";
    no_open_task = "Задание уже решено, или экзамен закрыт." | "The task is settled already, or the exam is closed.";
    no_luck = "Не получилось: {why}" | "That did not work: {why}";
    no_undo_others = "Вернуть нельзя: с этим уже работает другой человек." | "It cannot be taken back: somebody else works on it already.";
    no_undo_later = "Вернуть нельзя: после этого уже есть другое решение." | "It cannot be taken back: there is a later decision.";
    no_free_name = "Такой логин уже занят." | "That login is taken.";
    no_close = "Экзамен закрыть нельзя: открытых заданий {tasks}, нечитанных листов {pages}." | "The exam cannot be closed: {tasks} open tasks, {pages} sheets not read.";
    no_close_yet = "Экзамен закрыть нельзя: {why}." | "The exam cannot be closed: {why}.";
    no_state = "Состояние экзамена «{actual}», а нужно «{expected}»." | "The exam is “{actual}”, it must be “{expected}”.";
    no_closed_yet = "Сначала закройте экзамен." | "Close the exam first.";
    no_picture_file = "Картинка не открывается." | "The picture cannot be opened.";
    no_second_package = "Пакет этого экзамена уже собирается." | "The package of this exam is being built already.";
    no_act = "Нет такого действия: «{name}»." | "There is no act “{name}”.";
    no_login_name = "Логин: от 2 до 64 букв, цифр, точек, дефисов." | "Login: 2 to 64 letters, digits, dots, hyphens.";
    no_short_password = "Пароль не короче 8 знаков." | "A password has at least 8 characters.";
    no_such_role = "Нет такой роли." | "There is no such role.";
    no_free_login = "Логин «{name}» уже занят." | "The login “{name}” is taken.";
    no_self_disable = "Самого себя отключить нельзя." | "You cannot disable yourself.";
    no_pass_field = "Передать старшему можно только поле." | "Only a field can be passed to the senior.";
    no_senior_only = "Это решает старший верификатор: передайте ему (F8)." | "The senior verifier settles this: pass it on (F8).";
    no_participant = "Укажите код участника из списка." | "Give the code of a participant from the list.";
    no_sheet_here = "Это дело об аудитории, а не о листе: объясните расхождение." | "This is about a room, not a sheet: explain the difference.";
    no_reason = "Напишите причину: хотя бы {n} знака." | "Give a reason: at least {n} characters.";
    no_long_reason = "Причина длиннее {n} знаков." | "The reason is longer than {n} characters.";
    no_sheet_code = "Код листа — 13 цифр, а введено «{code}»." | "A sheet code has 13 digits; “{code}” was typed.";
    no_check_digit = "Контрольная цифра не сходится: проверьте набранное." | "The check digit does not fit: look at what was typed.";
    no_field = "Это не поле: выберите решение для листа или аудитории." | "This is not a field: choose a decision about the sheet or room.";
    no_clean_value = "Значение слишком длинное или содержит невидимые знаки." | "The value is too long or holds invisible characters.";
    no_mark = "Отметки «{mark}» в поле нет. Есть: {options}." | "The field has no mark “{mark}”. It has: {options}.";
    no_ink_value = "Здесь бывает «1» (есть запись) или пусто." | "Here “1” (something is written) or nothing is possible.";
    no_symbol = "Знак «{c}» здесь недопустим. Допустимы: {permitted}" | "“{c}” is not permitted here. Permitted: {permitted}";
    no_room = "Знаков больше, чем клеток ({cells}): передайте старшему (F8)." | "There are more characters than cells ({cells}): pass it to the senior (F8).";
    // The symbols station.
    symbols_read_as = "Прочитано как" | "Read as";
    symbols_none = "Знаков на проверку нет. Станция сама смотрит, не появились ли новые." | "No characters wait. The station keeps looking for new ones.";
    symbols_fields = "Поля, которые читают целиком" | "Fields that are read whole";
    symbols_rule = "Ищите чужой знак. Отмеченный без замены уйдёт на станцию полей." | "Look for the odd one out. One flagged without a replacement goes to the fields station.";
    symbols_confirm = "Остальные верны" | "The rest is right";
    symbols_flag = "Отметить" | "Flag";
    symbols_undo = "Вернуть доску" | "Take the board back";
    symbols_flagged = "Отмечено" | "Flagged";
    key_sym_enter = "записать доску: неотмеченные прочитаны верно" | "store the board: what is not flagged was read rightly";
    key_sym_letter = "знак, который написан на самом деле" | "the character that really stands there";
    key_sym_space = "отметить: пусть поле посмотрят целиком" | "flag: have the whole field seen";
    key_sym_arrows = "к соседнему знаку" | "to the neighbouring character";
    key_sym_delete = "снять отметку" | "take the flag off";
    key_sym_esc = "снять отметку, затем вернуть последнюю доску" | "take the flag off, then the last board back";
    js_sym_gone = "часть знаков уже решили другие: {n}" | "others have settled some of them: {n}";
    js_sym_back = "доска возвращена: {n}" | "the board is back: {n}";
    js_sym_nothing = "возвращать нечего" | "nothing to take back";
    js_sym_kept = "с этими полями уже работают другие: доска остаётся" | "others work on these fields already: the board stays";
    js_sym_early = "сначала просмотрите доску" | "look at the board first";
    js_sym_alike = "похоже на" | "looks like";
    js_sym_other = "без соперника" | "no rival";
    js_sym_flagged = "в поля" | "to fields";
    symbols_own = "Контрольных знаков" | "Known answers seen:";
    symbols_slips = "ошибок" | "slips:";
    symbols_own_how = "Среди знаков незаметно стоят такие, ответ на которые уже известен." | "Among the characters stand some whose answer is known already.";
    // The persons station.
    persons_title = "Сверка персональных данных" | "Personal data";
    persons_differ = "Персональные данные на бланке и в реестре расходятся" | "Personal data on the form and in the register differ";
    persons_code = "Участник" | "Participant";
    persons_form = "Бланк регистрации" | "Registration form";
    persons_register = "Реестр" | "Register";
    persons_accept = "Верен бланк" | "The form is right";
    persons_keep = "Верен реестр" | "The register is right";
    persons_ask = "Спросить старшего" | "Ask the senior";
    persons_none = "Расхождений нет. Станция сама смотрит, не появились ли новые." | "Nothing differs. The station keeps looking for new differences.";
    persons_rule = "Бланк принимают по ведомости ППЭ-12-02 или иному основанию; без основания верен реестр." | "A form is accepted on the list PPE-12-02 or another ground; without one the register is right.";
    key_person_1 = "верен бланк: реестр исправят" | "the form is right: the register will be corrected";
    key_person_2 = "верен реестр: на бланке описка" | "the register is right: the form has a slip";
    key_person_3 = "спросить старшего с причиной" | "ask the senior, with a reason";
    key_person_f4 = "крупнее, только отличия; ещё раз — обратно" | "larger, differences only; once more: back";
    key_person_arrows = "пролистать строки" | "scroll the lines";
    js_person_accept = "Бланк верен: на каком основании исправить реестр?" | "The form is right: on what ground is the register corrected?";
    js_person_keep = "Реестр верен: на каком основании?" | "The register is right: on what ground?";
    js_person_ask = "Что спросить у старшего?" | "What do you ask the senior?";
    js_person_list = "Ведомость коррекции ППЭ-12-02" | "Correction list PPE-12-02";
    js_person_slip = "Описка участника, в ППЭ-12-02 записи нет" | "A slip of the participant, no line in PPE-12-02";
    js_person_ask_1 = "Ведомости ППЭ-12-02 нет или она не читается" | "PPE-12-02 is missing or cannot be read";
    js_person_ask_2 = "Похоже на бланк другого участника" | "Looks like the form of another participant";
    js_person_ask_3 = "Часть отличий — описка, часть — новые данные" | "Some differences are slips, some are new data";
    js_person_ground_needed = "Назовите основание: хотя бы три знака." | "Give a ground: at least three characters.";
    js_person_ground = "Основание" | "Ground";
    js_person_reason = "Вопрос" | "Question";
    js_person_same = "совпадает" | "same";
    js_person_early = "сначала посмотрите на бланк" | "look at the form first";
    js_note_asked = "спрашивает" | "asks";
    no_person = "Это не персональные данные участника." | "These are not personal data.";
    no_person_act = "Здесь решают, что верно: бланк или реестр; верификатор может спросить старшего." | "Decide what is right here: the form or the register; a verifier may ask the senior.";
    no_slip_ground = "Описка — не основание исправлять реестр." | "A slip of the pen is no ground to correct the register.";
    no_list_ground = "Запись в ППЭ-12-02 — не основание оставить реестр." | "A line in PPE-12-02 is no ground to keep the register.";
    quality = "Качество" | "Quality";
    quality_left = "Остаточные ошибки" | "Remaining errors";
    quality_how = "Часть уверенно прочитанных полей люди сверяют вслепую. Ошибкой машины считается то, что подтвердил старший верификатор." | "People check a share of the confident fields blindly. A slip of the machine is one that the senior verifier confirmed.";
    quality_fields = "Поля" | "Fields";
    quality_filled = "с записью" | "with something in them";
    quality_empty = "пустые" | "empty";
    quality_shown = "Показано" | "Shown";
    quality_wrong = "Ошибок" | "Slips";
    quality_rate = "Доля (95 %-й интервал)" | "Share (95 % interval)";
    quality_at_most = "С вероятностью 97,5 % среди полей, которых никто не видел, ошибочных не больше" | "With a chance of 97.5 % the wrong ones among the fields nobody saw are at most";
    quality_none = "Ни одно поле выборки ещё не проверено." | "No field of the sample has been checked yet.";
    quality_waiting = "Ещё не проверено полей выборки:" | "Fields of the sample still to be checked:";
    quality_people = "Верификаторы" | "Verifiers";
    quality_people_how = "Контрольные знаки и поля выборки, где ответ известен." | "Known answers and fields of the sample whose answer is known.";
    quality_nobody = "Контрольных ответов ещё нет." | "No known answers have been shown yet.";
    me = "Моя страница" | "My page";
    me_places = "Где открыт вход" | "Where you are signed in";
    me_here = "здесь" | "here";
    me_end_others = "Завершить остальные" | "End the others";
    me_rate = "Мои контрольные знаки" | "My known answers";
    me_no_rate = "Контрольных знаков ещё не было." | "There were no known answers yet.";
    me_password = "Сменить пароль" | "Change the password";
    me_old = "Нынешний пароль" | "Present password";
    me_new = "Новый пароль" | "New password";
    me_again = "Новый ещё раз" | "The new one again";
    me_rules = "Не короче 8 знаков, не меньше 4 разных, без логина внутри. Все входы завершатся: войдите с новым паролем." | "At least 8 characters, 4 different ones, without the login inside. Every session ends: sign in with the new password.";
    me_change = "Сменить" | "Change";
    no_weak_password = "Пароль слишком прост: нужно не меньше 4 разных знаков и без логина внутри." | "The password is too simple: it needs 4 different characters and must not hold the login.";
    no_old_password = "Нынешний пароль введён неверно." | "The present password is wrong.";
    no_same_password = "Новый пароль введён по-разному." | "The new password was typed in two different ways.";
    no_more_streams = "Слишком много открытых страниц. Закройте лишние." | "Too many open pages. Close some.";
    session_ended = "Сеанс завершён. Всё, что подтверждено, сохранено." | "The session has ended. Everything confirmed is saved.";
    sign_in_again = "Войти снова" | "Sign in again";
    policy = "Политика верификации" | "Verification policy";
    policy_how = "Какие прочитанные поля обязательно видит человек. Меняется для этого экзамена; уже прочитанные листы пересматриваются сразу, решённое людьми остаётся." | "Which readings a person must see. It changes for this exam only; sheets read before are looked at again at once, what people settled stays.";
    policy_fields = "Поля" | "Fields";
    policy_see = "Показывать человеку" | "Show to a person";
    policy_threshold = "Порог" | "Threshold";
    policy_threshold_how = "Уверенность чтения всего поля, от 0 до 1: ниже порога поле видит человек" | "Confidence in the whole field, 0 to 1: below it a person sees the field";
    policy_station = "Кому" | "To whom";
    policy_double = "Дважды" | "Twice";
    policy_double_how = "Два человека независимо; расхождение решает старший" | "Two people independently; the senior settles a difference";
    policy_symbols = "По знакам" | "By character";
    policy_symbols_how = "Сомнительные знаки решаются на досках по 60" | "Doubtful characters are judged on boards of 60";
    policy_default = "Все прочие" | "All others";
    policy_sampling = "Контроль качества" | "Quality sampling";
    policy_sample_filled = "Заполненные уверенные поля вслепую, %" | "Confident filled fields shown blindly, %";
    policy_sample_empty = "Пустые поля вслепую, %" | "Empty fields shown blindly, %";
    policy_known = "Известных ответов среди полей и знаков, %" | "Known answers among fields and characters, %";
    policy_most = "Знаков на доску из одного поля, не больше" | "Characters of one field on boards, at most";
    policy_pace = "Темп работы" | "Pace";
    policy_pace_field = "Секунд на поле" | "Seconds for a field";
    policy_pace_symbol = "Секунд на знак" | "Seconds for a character";
    policy_pace_person = "Секунд на участника" | "Seconds for a person";
    policy_pace_sheet = "Секунд на лист или аудиторию" | "Seconds for a sheet or a room";
    policy_pace_form = "Секунд на весь бланк вручную" | "Seconds for a whole form by hand";
    policy_load = "Что это значит для людей" | "What it means for people";
    policy_now = "Сейчас" | "Now";
    policy_then = "Станет" | "Will be";
    policy_share = "Доля заполненных полей на показ" | "Share of filled fields shown";
    policy_shown = "Полей на показ" | "Fields shown";
    policy_boards = "из них по знакам" | "of them by character";
    policy_second = "вторых чтений" | "second readings";
    policy_senior = "старшему" | "to the senior";
    policy_verifier = "верификатору" | "to a verifier";
    policy_hours = "Человеко-часов на экзамен" | "Person-hours for the exam";
    policy_of = "по {n} из {all} листов" | "from {n} of {all} sheets";
    policy_empty = "Ни один лист ещё не прочитан: прогноз появится с первыми листами." | "No sheet has been read yet: the forecast comes with the first ones.";
    policy_save = "Сохранить" | "Save";
    policy_back = "Вернуть политику центра" | "Back to the centre's policy";
    policy_own = "Своя политика экзамена" | "The exam's own policy";
    policy_installed = "Действует политика центра" | "The centre's policy holds";
    policy_changed = "изменил" | "changed by";
    policy_pending = "применяется к прочитанным листам…" | "is being applied to sheets read before…";
    policy_unknown = "Политику этого экзамена задала более новая версия программы, эта её не понимает. Пока она действует, листы экзамена не читаются и он не закрывается. Уже решённое сохранено." | "A newer version of the program set the policy of this exam, and this one does not understand it. While it holds, sheets of the exam are not read and it does not close. What people settled is kept.";
    policy_unknown_way = "Запустите ту версию снова или верните политику центра: прочитанные листы будут пересмотрены по ней." | "Start that version again, or go back to the centre's policy: sheets read before are looked at again by it.";
    policy_unknown_head = "Вернуть политику центра может руководитель." | "The head can go back to the centre's policy.";
    no_known_policy = "Политику экзамена задала более новая версия программы. Её меняет руководитель: Экзамены → экзамен → политика." | "A newer version of the program set the policy of the exam. The head changes it: Exams → the exam → its policy.";
    policy_closed = "Экзамен закрыт: политика больше не меняется." | "The exam is closed: its policy does not change any more.";
    see_never = "никогда" | "never";
    see_doubt = "при сомнении" | "in doubt";
    see_when_set = "при сомнении, заполненное" | "in doubt, and filled";
    see_always = "всегда" | "always";
    see_mismatch = "при расхождении" | "when it differs";
    see_sheet = "вместе с листом" | "with the sheet";
    js_policy_saved = "сохранено, применяется" | "saved, being applied";
    js_policy_same = "изменений нет" | "nothing changed";
    js_policy_wrong = "проверьте выделенное поле" | "check the marked field";
    block_policy = "Новая политика верификации ещё применяется к прочитанным листам" | "The new verification policy is still being applied to sheets read before";
    no_board = "На доске от 1 до {most} знаков, прислали {n}." | "A board has 1 to {most} characters, {n} came.";
    // The operator's pages.
    drop_here = "Перетащите сюда файлы или папку" | "Drop files or a folder here";
    drop_kinds = "JPEG, PNG, TIFF, PDF или ZIP. Папка пакета называется ППЭ-аудитория: 0001-0101." | "JPEG, PNG, TIFF, PDF or ZIP. A packet's folder is called point-room: 0001-0101.";
    drop_rescan = "Перетащите сюда новые сканы этого пакета" | "Drop new scans of this packet here";
    drop_rescan_how = "Прежние картинки остаются; лишнюю исключит старший верификатор." | "Earlier pictures stay; the senior verifier excludes the surplus one.";
    do_files = "Файлы" | "Files";
    do_folder = "Папка" | "Folder";
    into_packet = "Пакет" | "Packet";
    by_folder = "по имени папки" | "by the folder's name";
    sending = "Передача" | "Sending";
    cancel_all = "Отменить всё" | "Cancel all";
    retry_all = "Повторить неудавшиеся" | "Retry those that failed";
    find_packet = "Найти пакет" | "Find a packet";
    packet = "Пакет" | "Packet";
    waiting = "Ждут чтения" | "To be read";
    doubtful = "Под вопросом" | "In doubt";
    remarks = "С замечаниями" | "With remarks";
    excluded = "Исключено" | "Excluded";
    last_came = "Последний лист" | "Last sheet";
    watch_title = "Папка сканера" | "The scanner's folder";
    watch_looked = "просмотрена" | "looked through";
    watch_taken = "принято файлов:" | "files taken in:";
    watch_waiting = "ещё пишутся:" | "still being written:";
    watch_no_exam = "нет открытого экзамена" | "no exam is open";
    watch_closed_exam = "экзамен, которым названа папка, уже закрыт" | "the exam that the folder is called by is closed";
    watch_which_exam = "открыто несколько экзаменов: положите папку пакета в папку с началом номера экзамена" | "several exams are open: put the packet's folder into a folder called by the beginning of the exam's id";
    packet_none = "В этом пакете ещё нет листов." | "No sheet of this packet has come yet.";
    packet_remarks = "Замечания" | "Remarks";
    packet_unread = "Ни один лист ещё не прочитан." | "No sheet has been read yet.";
    packet_clean = "Замечаний нет." | "No remarks.";
    packet_rooms = "Не сходится" | "Does not agree";
    page_no = "Лист" | "Sheet";
    key_up_rows = "к соседнему пакету" | "to the neighbouring packet";
    key_up_open = "открыть пакет" | "open the packet";
    key_up_files = "выбрать файлы; папку" | "choose files; a folder";
    key_up_find = "найти пакет" | "find a packet";
    key_up_tiles = "к соседнему листу" | "to the neighbouring sheet";
    key_up_next = "к следующему листу с замечанием" | "to the next sheet with a remark";
    key_up_back = "к списку пакетов" | "to the list of packets";
    js_up_waits = "ждёт очереди" | "waits for its turn";
    js_up_taken = "принят, листов: {n}" | "taken in, sheets: {n}";
    js_up_known = "уже есть, второй раз не принят" | "is there already, not taken twice";
    js_up_aside = "отложен: {why}" | "set aside: {why}";
    js_up_some = "принят не весь: {why}" | "not all of it was taken: {why}";
    js_up_failed = "не передан: {why}" | "not sent: {why}";
    js_up_cancelled = "отменён" | "cancelled";
    js_up_again = "нет связи, попытка {n}" | "no connection, try {n}";
    js_up_offline = "нет связи с сервером" | "no connection to the server";
    js_up_large = "файл больше {n} МБ" | "the file is larger than {n} MB";
    js_up_empty = "файл пуст" | "the file is empty";
    js_up_no_packet = "не сказано, какого он пакета: назовите пакет или дайте папку 0001-0101" | "its packet is not known: name the packet or give a folder 0001-0101";
    js_up_no_exam = "нет открытого экзамена" | "no exam is open";
    js_up_sum = "{done} из {all}" | "{done} of {all}";
    js_up_bad = "не передано: {n}" | "not sent: {n}";
    js_up_all_done = "Передано файлов: {n}" | "Files sent: {n}";
    js_up_skipped = "служебных файлов пропущено: {n}" | "system files passed over: {n}";
    js_up_cancel = "Отменить" | "Cancel";
    js_up_retry = "Повторить" | "Retry";
    js_up_leave = "Файлы ещё передаются." | "Files are still being sent.";
    js_pk_none = "не пришёл" | "has not come";
    js_pk_less = "не хватает: {n}" | "missing: {n}";
    js_pk_more = "лишних: {n}" | "surplus: {n}";
    js_pk_reading = "читается: {n}" | "being read: {n}";
    js_pk_well = "сошлось" | "agrees";
    js_pk_raised = "читается первым" | "is read first";
    js_pk_no_match = "Такого пакета нет." | "There is no such packet.";
    js_ago_now = "только что" | "just now";
    js_ago_min = "{n} мин" | "{n} min";
    js_ago_hours = "{n} ч" | "{n} h";
    js_ago_days = "{n} дн" | "{n} d";
    js_pg_sheet = "Лист {n}" | "Sheet {n}";
    js_pg_sheets = "листы" | "sheets";
    js_pg_no_form = "бланк не опознан" | "the form is unknown";
    js_pg_asked = "вопросов у верификаторов: {n}" | "questions to the verifiers: {n}";
    js_pg_file = "Файл" | "File";
    js_pg_clean = "Замечаний к картинке нет." | "No remarks about the picture.";
    js_pg_no_picture = "картинки нет" | "no picture";
    no_packet_name = "Пакет «{name}» так не называется: ожидалось имя ППЭ-аудитория, например 0001-0101." | "“{name}” is no name of a packet: point-room is expected, such as 0001-0101.";
    no_open_exam = "Экзамен закрыт: новых листов он не принимает." | "The exam is closed: it takes no new sheets.";
    no_large_file = "Файл больше {most} МБ: разделите его." | "The file is larger than {most} MB: split it.";
    no_bytes = "Файл перестал приходить: передайте его ещё раз." | "The file stopped coming: send it again.";
    no_disk = "На диске нет места. Файл не принят, остальное цело." | "The disk is full. The file was not taken in, all else is whole.";
    no_file_name = "У файла нет имени." | "The file has no name.";
    no_long_name = "Имя файла слишком длинное." | "The file's name is too long.";
    no_leaving_name = "Имя файла ведёт за пределы папки: такой файл не принимается." | "The file's name leads out of its folder: such a file is not taken.";
    no_hidden_name = "В имени файла невидимые знаки: переименуйте его." | "The file's name holds invisible characters: rename it.";
    no_other_packet = "Файл лежит в папке пакета {named}, а выбран пакет {chosen}." | "The file lies in the folder of packet {named}, but packet {chosen} was chosen.";
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
