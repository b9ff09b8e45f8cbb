-- What the operator sees of a page without opening its reading: the form, how the sheet lies (quarter turns) and the findings
-- about the picture as JSON. One row per reading, written with it. `many`: how many findings there are.
CREATE TABLE page_findings (
    page     TEXT NOT NULL,
    engine   TEXT NOT NULL,
    form     TEXT,
    turns    INTEGER NOT NULL,
    findings TEXT NOT NULL,
    many     INTEGER NOT NULL,
    PRIMARY KEY (page, engine),
    FOREIGN KEY (page, engine) REFERENCES readings (page, engine)
);
INSERT INTO page_findings (page, engine, form, turns, findings, many)
SELECT page, engine, json_extract(document, '$.template'), COALESCE(json_extract(document, '$.placement.quarter_turns'), 0),
       COALESCE(json_extract(document, '$.findings'), '[]'), COALESCE(json_array_length(document, '$.findings'), 0)
FROM readings;

-- Files of the watched folder that were looked at. A file that changes is another one: its time or its size differs.
CREATE TABLE watched_files (
    path     TEXT NOT NULL,
    size     INTEGER NOT NULL,
    modified INTEGER NOT NULL,
    outcome  TEXT NOT NULL CHECK (outcome IN ('taken', 'set-aside', 'refused')),
    reason   TEXT,
    pages    INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    PRIMARY KEY (path, size, modified)
);
