-- Characters in doubt that a person may judge apart from their field: one row per cell, with its cut-out (PNG as base64).
-- `doubt`: millionths. `said`: null while nobody judged it, '' when the whole field must be seen, else what a person read there.
CREATE TABLE symbols (
    task    TEXT COLLATE "C" NOT NULL REFERENCES tasks (id),
    cell    BIGINT NOT NULL,
    symbol  TEXT COLLATE "C" NOT NULL,
    rival   TEXT COLLATE "C" NOT NULL,
    doubt   BIGINT NOT NULL,
    picture TEXT COLLATE "C" NOT NULL,
    said    TEXT COLLATE "C",
    board   TEXT COLLATE "C",
    PRIMARY KEY (task, cell)
);
CREATE INDEX symbols_open ON symbols (symbol, rival, doubt DESC) WHERE said IS NULL;
-- What a person read otherwise than the machine, and as its second choice: shown again to others as a known answer.
CREATE INDEX symbols_known ON symbols (symbol, task) WHERE said <> symbol AND said = rival;
CREATE INDEX symbols_of_board ON symbols (board);

-- Append-only but for `undone_at`.
CREATE TABLE boards (
    id        TEXT COLLATE "C" PRIMARY KEY,
    user_id   TEXT COLLATE "C" NOT NULL REFERENCES users (id),
    items     TEXT COLLATE "C" NOT NULL,
    at        BIGINT NOT NULL,
    undone_at BIGINT
);
CREATE INDEX boards_of_user ON boards (user_id, at);

-- Known answers that were shown again, and what was made of them ('' = the whole field must be seen).
CREATE TABLE controls (
    board TEXT COLLATE "C" NOT NULL REFERENCES boards (id),
    task  TEXT COLLATE "C" NOT NULL REFERENCES tasks (id),
    cell  BIGINT NOT NULL,
    truth TEXT COLLATE "C" NOT NULL,
    said  TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (board, task, cell)
);
CREATE INDEX controls_of_symbol ON controls (task, cell);
