-- Many processes read at once. `reader` holds the page until `reader_until`; `attempts`: how often somebody began to
-- read it; `fault`: what went wrong on our side the last time. `urgency`: pages with a smaller one are read first; it is the
-- day (since 1970) on which the limit of the exam ends, 0 where the head raised the packet. `changed_at`: when the page last
-- came, was read or left, so that the process that reconciles sees what others did.
ALTER TABLE pages ADD COLUMN reader TEXT;
ALTER TABLE pages ADD COLUMN reader_until INTEGER;
ALTER TABLE pages ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE pages ADD COLUMN fault TEXT;
ALTER TABLE pages ADD COLUMN urgency INTEGER NOT NULL DEFAULT 100000;
ALTER TABLE pages ADD COLUMN changed_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE packets ADD COLUMN urgency INTEGER NOT NULL DEFAULT 100000;
DROP INDEX pages_outbox;
CREATE INDEX pages_outbox ON pages (urgency, received_at, id) WHERE state = 'received';
CREATE INDEX pages_changed ON pages (changed_at);
