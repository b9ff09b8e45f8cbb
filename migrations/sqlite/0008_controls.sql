-- Fields whose value two witnesses settled, shown again to somebody who has not seen them: is he as exact as he is quick?
-- They are no tasks: nothing waits for them, nothing follows from them. `id`: what the person gets for the id of a task.
CREATE TABLE field_controls (
    id          TEXT PRIMARY KEY,
    task        TEXT NOT NULL REFERENCES tasks (id),
    user_id     TEXT NOT NULL REFERENCES users (id),
    truth       TEXT NOT NULL,
    given_at    INTEGER NOT NULL,
    lease_until INTEGER NOT NULL,
    UNIQUE (user_id, task)
);

-- Append-only but for `undone_at`. `after_seq`: the last verdict of this person before it, 0 = none.
CREATE TABLE control_answers (
    verdict   TEXT PRIMARY KEY,
    control   TEXT NOT NULL REFERENCES field_controls (id),
    user_id   TEXT NOT NULL REFERENCES users (id),
    act       TEXT NOT NULL,
    at        INTEGER NOT NULL,
    after_seq INTEGER NOT NULL,
    undone_at INTEGER
);
CREATE UNIQUE INDEX control_answers_of ON control_answers (control) WHERE undone_at IS NULL;
CREATE INDEX control_answers_by ON control_answers (user_id, at) WHERE undone_at IS NULL;

-- What the senior settled, and second readings: where known fields come from.
CREATE INDEX tasks_witnessed ON tasks (exam, id)
    WHERE state = 'done' AND (substr(key, 1, 7) = 'senior/' OR substr(key, length(key) - 1) = '/2');

-- A change of the policy on its way through the pages: the last page it has reached (they go by id), and the process that
-- carries it, for a while at a time.
ALTER TABLE policies ADD COLUMN applied_to TEXT;
ALTER TABLE policies ADD COLUMN carrier TEXT;
ALTER TABLE policies ADD COLUMN carried_until INTEGER;
