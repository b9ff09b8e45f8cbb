-- Characters in doubt that a person may judge apart from their field: one row per cell, with its cut-out (PNG as base64).
-- `doubt`: millionths. `said`: null while nobody judged it, '' when the whole field must be seen, else what a person read there.
CREATE TABLE symbols (
    task    TEXT NOT NULL REFERENCES tasks (id),
    cell    INTEGER NOT NULL,
    symbol  TEXT NOT NULL,
    rival   TEXT NOT NULL,
    doubt   INTEGER NOT NULL,
    picture TEXT NOT NULL,
    said    TEXT,
    board   TEXT,
    PRIMARY KEY (task, cell)
);
CREATE INDEX symbols_open ON symbols (symbol, rival, doubt DESC) WHERE said IS NULL;
-- What a person read otherwise than the machine, and as its second choice: shown again to others as a known answer.
CREATE INDEX symbols_known ON symbols (symbol, task) WHERE said <> symbol AND said = rival;
CREATE INDEX symbols_of_board ON symbols (board);

-- Append-only but for `undone_at`.
CREATE TABLE boards (
    id        TEXT PRIMARY KEY,
    user_id   TEXT NOT NULL REFERENCES users (id),
    items     TEXT NOT NULL,
    at        INTEGER NOT NULL,
    undone_at INTEGER
);
CREATE INDEX boards_of_user ON boards (user_id, at);

-- Known answers that were shown again, and what was made of them ('' = the whole field must be seen).
CREATE TABLE controls (
    board TEXT NOT NULL REFERENCES boards (id),
    task  TEXT NOT NULL REFERENCES tasks (id),
    cell  INTEGER NOT NULL,
    truth TEXT NOT NULL,
    said  TEXT NOT NULL,
    PRIMARY KEY (board, task, cell)
);
CREATE INDEX controls_of_symbol ON controls (task, cell);
