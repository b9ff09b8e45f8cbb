-- What the head says about an exam's verification: the last row holds, `document` null = as the installation has it.
-- `applied_at`: when the last page that had been read before was looked at again. Append-only but for that.
CREATE TABLE policies (
    exam       TEXT COLLATE "C" NOT NULL REFERENCES exams (id),
    seq        BIGINT NOT NULL,
    document   TEXT,
    user_id    TEXT COLLATE "C" NOT NULL REFERENCES users (id),
    at         BIGINT NOT NULL,
    applied_at BIGINT,
    PRIMARY KEY (exam, seq)
);
CREATE INDEX policies_pending ON policies (exam) WHERE applied_at IS NULL;
