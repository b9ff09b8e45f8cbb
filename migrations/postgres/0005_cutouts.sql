-- Fields that people are asked about, cut out while their page was decoded (PNG as base64). They can be cut again from the
-- page at any time: a row that is not there costs a moment.
CREATE TABLE cutouts (
    page    TEXT COLLATE "C" NOT NULL REFERENCES pages (id),
    field   TEXT COLLATE "C" NOT NULL,
    picture TEXT NOT NULL,
    PRIMARY KEY (page, field)
);
