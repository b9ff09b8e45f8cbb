-- First schema. Ids, JSON and states are text, moments are microseconds since 1970 in UTC, so that
-- one query text serves both databases. Same numbers and names as in the folder `postgres`.
CREATE TABLE users (
    id            TEXT PRIMARY KEY,
    login         TEXT NOT NULL UNIQUE,
    title         TEXT NOT NULL,
    role          TEXT NOT NULL CHECK (role IN ('operator', 'verifier', 'senior', 'head', 'admin')),
    password_hash TEXT NOT NULL,
    disabled      INTEGER NOT NULL DEFAULT 0 CHECK (disabled IN (0, 1)),
    created_at    INTEGER NOT NULL
);

CREATE TABLE sessions (
    token_hash TEXT PRIMARY KEY,
    user_id    TEXT NOT NULL REFERENCES users (id),
    csrf       TEXT NOT NULL,
    expires_at INTEGER NOT NULL
);

CREATE TABLE exams (
    id          TEXT PRIMARY KEY,
    plan        TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('open', 'closed', 'packaged')),
    imported_at INTEGER NOT NULL,
    closed_at   INTEGER,
    packaged_at INTEGER
);

CREATE TABLE packets (
    id       TEXT PRIMARY KEY,
    exam     TEXT NOT NULL REFERENCES exams (id),
    ppe      TEXT NOT NULL,
    room     TEXT NOT NULL,
    declared INTEGER NOT NULL CHECK (declared >= 0)
);
CREATE INDEX packets_of_exam ON packets (exam, ppe, room);

-- `published_until`: the outbox lease; a page in state 'received' whose lease has passed is published again.
-- `state_before` and `excluded_by` let an undone verdict put an excluded page back.
CREATE TABLE pages (
    id              TEXT PRIMARY KEY,
    exam            TEXT NOT NULL REFERENCES exams (id),
    packet          TEXT NOT NULL REFERENCES packets (id),
    blob            TEXT NOT NULL,
    page_index      INTEGER NOT NULL,
    source          TEXT NOT NULL,
    state           TEXT NOT NULL CHECK (state IN ('received', 'read', 'set-aside', 'excluded')),
    reason          TEXT,
    reason_before   TEXT,
    state_before    TEXT,
    excluded_by     TEXT,
    current_engine  TEXT,
    published_until INTEGER,
    received_at     INTEGER NOT NULL
);
CREATE INDEX pages_of_exam ON pages (exam, id);
CREATE INDEX pages_of_packet ON pages (packet, source, page_index);
CREATE INDEX pages_outbox ON pages (received_at, id) WHERE state = 'received';

CREATE TABLE readings (
    page     TEXT NOT NULL REFERENCES pages (id),
    engine   TEXT NOT NULL,
    document TEXT NOT NULL,
    saved_at INTEGER NOT NULL,
    PRIMARY KEY (page, engine)
);

-- `origin`: 'reading' (a doubt of the engine), 'sync' (found by binding or reconciling), 'verdict'.
-- `created_by`, `closed_by`: the verdict that made or closed the task; `station_before`: where it was
-- before a verdict sent it on. All three for undo.
CREATE TABLE tasks (
    id          TEXT PRIMARY KEY,
    exam        TEXT NOT NULL REFERENCES exams (id),
    key         TEXT NOT NULL,
    station     TEXT NOT NULL,
    station_before TEXT,
    state       TEXT NOT NULL CHECK (state IN ('open', 'done', 'obsolete')),
    page        TEXT REFERENCES pages (id),
    packet      TEXT REFERENCES packets (id),
    subject     TEXT NOT NULL,
    sort_key    TEXT NOT NULL,
    origin      TEXT NOT NULL,
    created_by  TEXT,
    closed_by   TEXT,
    claimed_by  TEXT REFERENCES users (id),
    lease_until INTEGER,
    created_at  INTEGER NOT NULL,
    UNIQUE (exam, key)
);
CREATE INDEX tasks_open ON tasks (station, sort_key, id) WHERE state = 'open';
CREATE INDEX tasks_claimed ON tasks (claimed_by) WHERE state = 'open';
CREATE INDEX tasks_of_page ON tasks (page);
CREATE INDEX tasks_of_packet ON tasks (packet, state);
CREATE INDEX tasks_created_by ON tasks (created_by);
CREATE INDEX tasks_closed_by ON tasks (closed_by);

-- Append-only. A verdict that is named in verdict_undos does not count.
CREATE TABLE verdicts (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    id      TEXT NOT NULL UNIQUE,
    task    TEXT NOT NULL REFERENCES tasks (id),
    user_id TEXT NOT NULL REFERENCES users (id),
    act     TEXT NOT NULL,
    at      INTEGER NOT NULL
);
CREATE INDEX verdicts_of_task ON verdicts (task, seq);
CREATE INDEX verdicts_of_user ON verdicts (user_id, seq);

CREATE TABLE verdict_undos (
    verdict TEXT PRIMARY KEY REFERENCES verdicts (id),
    user_id TEXT NOT NULL REFERENCES users (id),
    at      INTEGER NOT NULL
);

-- The chain: hash = SHA-256 of the row and of the hash before. The one row of audit_head is the lock
-- that puts rows in order, and shows when rows were cut off the end.
CREATE TABLE audit (
    seq     INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL,
    user_id TEXT,
    act     TEXT NOT NULL,
    target  TEXT NOT NULL,
    detail  TEXT NOT NULL,
    prev    TEXT NOT NULL,
    hash    TEXT NOT NULL
);
CREATE TABLE audit_head (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    seq  INTEGER NOT NULL,
    hash TEXT NOT NULL
);
INSERT INTO audit_head (id, seq, hash)
VALUES (1, 0, '0000000000000000000000000000000000000000000000000000000000000000');

CREATE TABLE packages (
    id      TEXT PRIMARY KEY,
    exam    TEXT NOT NULL REFERENCES exams (id),
    packet  TEXT REFERENCES packets (id),
    version INTEGER NOT NULL,
    name    TEXT NOT NULL,
    blob    TEXT NOT NULL,
    size    INTEGER NOT NULL,
    made_at INTEGER NOT NULL,
    UNIQUE (exam, version, name)
);

CREATE TABLE settings (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
