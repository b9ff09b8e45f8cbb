-- Sessions end when idle, too: `seen_at` is the last request (0 for rows of before: they lapse at once).
-- An auditor sees figures and changes nothing; such a user has the weakest role beside the flag, so that a
-- program that does not know the flag gives away as little as possible.
ALTER TABLE sessions ADD COLUMN seen_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX sessions_of_user ON sessions (user_id);
ALTER TABLE users ADD COLUMN auditor BIGINT NOT NULL DEFAULT 0 CHECK (auditor IN (0, 1));
