-- First schema. Ids, JSON and states are text, moments are microseconds since 1970 in UTC, so that
-- one query text serves both databases. Text that is compared or sorted has the collation "C": the
-- same order as in SQLite, and the same package bytes on every server.

CREATE TABLE users (
    id            TEXT COLLATE "C" PRIMARY KEY,
    login         TEXT COLLATE "C" NOT NULL UNIQUE,
    title         TEXT NOT NULL,
    role          TEXT NOT NULL CHECK (role IN ('operator', 'verifier', 'senior', 'head', 'admin')),
    password_hash TEXT NOT NULL,
    disabled      BIGINT NOT NULL DEFAULT 0 CHECK (disabled IN (0, 1)),
    created_at    BIGINT NOT NULL
);

CREATE TABLE sessions (
    token_hash TEXT COLLATE "C" PRIMARY KEY,
    user_id    TEXT COLLATE "C" NOT NULL REFERENCES users (id),
    csrf       TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE TABLE exams (
    id          TEXT COLLATE "C" PRIMARY KEY,
    plan        TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('open', 'closed', 'packaged')),
    imported_at BIGINT NOT NULL,
    closed_at   BIGINT,
    packaged_at BIGINT
);

CREATE TABLE packets (
    id       TEXT COLLATE "C" PRIMARY KEY,
    exam     TEXT COLLATE "C" NOT NULL REFERENCES exams (id),
    ppe      TEXT COLLATE "C" NOT NULL,
    room     TEXT COLLATE "C" NOT NULL,
    declared BIGINT NOT NULL CHECK (declared >= 0)
);
CREATE INDEX packets_of_exam ON packets (exam, ppe, room);

-- `published_until`: the outbox lease; a page in state 'received' whose lease has passed is published again.
-- `state_before` and `excluded_by` let an undone verdict put an excluded page back.
CREATE TABLE pages (
    id              TEXT COLLATE "C" PRIMARY KEY,
    exam            TEXT COLLATE "C" NOT NULL REFERENCES exams (id),
    packet          TEXT COLLATE "C" NOT NULL REFERENCES packets (id),
    blob            TEXT NOT NULL,
    page_index      BIGINT NOT NULL,
    source          TEXT COLLATE "C" NOT NULL,
    state           TEXT NOT NULL CHECK (state IN ('received', 'read', 'set-aside', 'excluded')),
    reason          TEXT,
    reason_before   TEXT,
    state_before    TEXT,
    excluded_by     TEXT,
    current_engine  TEXT,
    published_until BIGINT,
    received_at     BIGINT NOT NULL
);
CREATE INDEX pages_of_exam ON pages (exam, id);
CREATE INDEX pages_of_packet ON pages (packet, source, page_index);
CREATE INDEX pages_outbox ON pages (received_at, id) WHERE state = 'received';

CREATE TABLE readings (
    page     TEXT COLLATE "C" NOT NULL REFERENCES pages (id),
    engine   TEXT COLLATE "C" NOT NULL,
    document TEXT NOT NULL,
    saved_at BIGINT NOT NULL,
    PRIMARY KEY (page, engine)
);

-- `origin`: 'reading' (a doubt of the engine), 'sync' (found by binding or reconciling), 'verdict'.
-- `created_by`, `closed_by`: the verdict that made or closed the task; `station_before`: where it was
-- before a verdict sent it on. All three for undo.
CREATE TABLE tasks (
    id          TEXT COLLATE "C" PRIMARY KEY,
    exam        TEXT COLLATE "C" NOT NULL REFERENCES exams (id),
    key         TEXT COLLATE "C" NOT NULL,
    station     TEXT COLLATE "C" NOT NULL,
    station_before TEXT,
    state       TEXT NOT NULL CHECK (state IN ('open', 'done', 'obsolete')),
    page        TEXT COLLATE "C" REFERENCES pages (id),
    packet      TEXT COLLATE "C" REFERENCES packets (id),
    subject     TEXT NOT NULL,
    sort_key    TEXT COLLATE "C" NOT NULL,
    origin      TEXT NOT NULL,
    created_by  TEXT,
    closed_by   TEXT,
    claimed_by  TEXT COLLATE "C" REFERENCES users (id),
    lease_until BIGINT,
    created_at  BIGINT NOT NULL,
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
    seq     BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id      TEXT COLLATE "C" NOT NULL UNIQUE,
    task    TEXT COLLATE "C" NOT NULL REFERENCES tasks (id),
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (id),
    act     TEXT NOT NULL,
    at      BIGINT NOT NULL
);
CREATE INDEX verdicts_of_task ON verdicts (task, seq);
CREATE INDEX verdicts_of_user ON verdicts (user_id, seq);

CREATE TABLE verdict_undos (
    verdict TEXT COLLATE "C" PRIMARY KEY REFERENCES verdicts (id),
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (id),
    at      BIGINT NOT NULL
);

-- The chain: hash = SHA-256 of the row and of the hash before. The one row of audit_head is the lock
-- that puts rows in order, and shows when rows were cut off the end.
CREATE TABLE audit (
    seq     BIGINT PRIMARY KEY,
    at      BIGINT NOT NULL,
    user_id TEXT COLLATE "C",
    act     TEXT NOT NULL,
    target  TEXT NOT NULL,
    detail  TEXT NOT NULL,
    prev    TEXT NOT NULL,
    hash    TEXT NOT NULL
);
CREATE TABLE audit_head (
    id   BIGINT PRIMARY KEY CHECK (id = 1),
    seq  BIGINT NOT NULL,
    hash TEXT NOT NULL
);
INSERT INTO audit_head (id, seq, hash)
VALUES (1, 0, '0000000000000000000000000000000000000000000000000000000000000000');

CREATE TABLE packages (
    id      TEXT COLLATE "C" PRIMARY KEY,
    exam    TEXT COLLATE "C" NOT NULL REFERENCES exams (id),
    packet  TEXT COLLATE "C" REFERENCES packets (id),
    version BIGINT NOT NULL,
    name    TEXT COLLATE "C" NOT NULL,
    blob    TEXT NOT NULL,
    size    BIGINT NOT NULL,
    made_at BIGINT NOT NULL,
    UNIQUE (exam, version, name)
);

CREATE TABLE settings (
    key   TEXT COLLATE "C" PRIMARY KEY,
    value TEXT NOT NULL
);
