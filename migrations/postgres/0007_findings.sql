-- What the operator sees of a page without opening its reading: the form, how the sheet lies (quarter turns) and the findings
-- about the picture as JSON. One row per reading, written with it. `many`: how many findings there are.
CREATE TABLE page_findings (
    page     TEXT COLLATE "C" NOT NULL,
    engine   TEXT COLLATE "C" NOT NULL,
    form     TEXT COLLATE "C",
    turns    BIGINT NOT NULL,
    findings TEXT COLLATE "C" NOT NULL,
    many     BIGINT NOT NULL,
    PRIMARY KEY (page, engine),
    FOREIGN KEY (page, engine) REFERENCES readings (page, engine)
);
-- JSON of PostgreSQL knows no NUL, and one stands in a document when an archive was hostile.
INSERT INTO page_findings (page, engine, form, turns, findings, many)
SELECT page, engine, d ->> 'template', COALESCE((d #>> '{placement,quarter_turns}')::bigint, 0), COALESCE((d -> 'findings')::text, '[]'),
       COALESCE(json_array_length(d -> 'findings'), 0)
FROM (SELECT page, engine, replace(document, '\u0000', '\ufffd')::json AS d FROM readings) r;

-- Files of the watched folder that were looked at. A file that changes is another one: its time or its size differs.
CREATE TABLE watched_files (
    path     TEXT COLLATE "C" NOT NULL,
    size     BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    outcome  TEXT COLLATE "C" NOT NULL CHECK (outcome IN ('taken', 'set-aside', 'refused')),
    reason   TEXT COLLATE "C",
    pages    BIGINT NOT NULL,
    at       BIGINT NOT NULL,
    PRIMARY KEY (path, size, modified)
);
