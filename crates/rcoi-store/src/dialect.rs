//! The few statements that SQLite and PostgreSQL spell differently, side by side.

use crate::db::Both;

/// State of an exam, held still until the end of the transaction.
/// SQLite needs no lock: a writing transaction is alone. $1 exam.
pub(crate) const EXAM_STATE_HELD: Both =
    Both { sqlite: "SELECT state FROM exams WHERE id = $1", postgres: "SELECT state FROM exams WHERE id = $1 FOR SHARE" };

/// An exam held for changing its plan or state. $1 exam.
pub(crate) const EXAM_LOCKED: Both = Both {
    sqlite: "SELECT state, plan FROM exams WHERE id = $1",
    postgres: "SELECT state, plan FROM exams WHERE id = $1 FOR NO KEY UPDATE",
};

/// A page held for changing. $1 page.
pub(crate) const PAGE_LOCKED: Both =
    Both { sqlite: "SELECT * FROM pages WHERE id = $1", postgres: "SELECT * FROM pages WHERE id = $1 FOR UPDATE" };

/// A task held for changing. $1 task.
pub(crate) const TASK_LOCKED: Both =
    Both { sqlite: "SELECT * FROM tasks WHERE id = $1", postgres: "SELECT * FROM tasks WHERE id = $1 FOR UPDATE" };

/// Takes pages out of the outbox for a while. $1 new lease end, $2 now, $3 how many.
pub(crate) const TAKE_UNPUBLISHED: Both = Both {
    sqlite: "UPDATE pages SET published_until = $1 WHERE id IN (
                 SELECT id FROM pages
                 WHERE state = 'received' AND (published_until IS NULL OR published_until <= $2)
                   AND (reader_until IS NULL OR reader_until <= $2)
                 ORDER BY urgency, received_at, id LIMIT $3)
             RETURNING id, urgency, received_at",
    postgres: "WITH picked AS MATERIALIZED (
                   SELECT id FROM pages
                   WHERE state = 'received' AND (published_until IS NULL OR published_until <= $2)
                     AND (reader_until IS NULL OR reader_until <= $2)
                   ORDER BY urgency, received_at, id LIMIT $3 FOR UPDATE SKIP LOCKED)
               UPDATE pages SET published_until = $1 FROM picked WHERE pages.id = picked.id
               RETURNING pages.id, pages.urgency, pages.received_at",
};

/// Gives free tasks of a station to a user. $1 user, $2 new lease end, $3 now, $4 station, $5 exam or null, $6 how many,
/// $7 and $8 from which sort key to which.
/// One station: the index `tasks_open` then has the tasks in their order, and a backlog of millions costs what an empty one does.
/// PostgreSQL: rows another claim is holding are skipped, so two people never wait for or get the same task.
pub(crate) const CLAIM: Both = Both {
    sqlite: "UPDATE tasks SET claimed_by = $1, lease_until = $2 WHERE id IN (
                 SELECT id FROM tasks
                 WHERE state = 'open' AND (claimed_by IS NULL OR lease_until <= $3)
                   AND station = $4 AND ($5 IS NULL OR exam = $5) AND sort_key >= $7 AND sort_key < $8
                 ORDER BY sort_key, id LIMIT $6)
             RETURNING *",
    postgres: "WITH picked AS MATERIALIZED (
                   SELECT id FROM tasks
                   WHERE state = 'open' AND (claimed_by IS NULL OR lease_until <= $3)
                     AND station = $4 AND ($5::text IS NULL OR exam = $5) AND sort_key >= $7 AND sort_key < $8
                   ORDER BY sort_key, id LIMIT $6 FOR UPDATE SKIP LOCKED)
               UPDATE tasks SET claimed_by = $1, lease_until = $2 FROM picked WHERE tasks.id = picked.id
               RETURNING tasks.*",
};

/// Gives a user the free tasks behind the open symbols of one character, the likeliest slips together.
/// $1 user, $2 new lease end, $3 now, $4 symbol, $5 how many symbols. SQLite takes a CROSS JOIN in the order it is written in; on its
/// own it may go through all open tasks.
pub(crate) const CLAIM_SYMBOLS: Both = Both {
    sqlite: "UPDATE tasks SET claimed_by = $1, lease_until = $2 WHERE id IN (
                 SELECT t.id FROM symbols s CROSS JOIN tasks t ON t.id = s.task
                 WHERE s.said IS NULL AND s.symbol = $4 AND t.state = 'open' AND t.station = 'verifier'
                   AND (t.claimed_by IS NULL OR t.claimed_by = $1 OR t.lease_until <= $3)
                 ORDER BY s.rival, s.doubt DESC LIMIT $5)",
    postgres: "WITH picked AS MATERIALIZED (
                   SELECT t.id FROM symbols s JOIN tasks t ON t.id = s.task
                   WHERE s.said IS NULL AND s.symbol = $4 AND t.state = 'open' AND t.station = 'verifier'
                     AND (t.claimed_by IS NULL OR t.claimed_by = $1 OR t.lease_until <= $3)
                   ORDER BY s.rival, s.doubt DESC LIMIT $5 FOR UPDATE OF t SKIP LOCKED)
               UPDATE tasks SET claimed_by = $1, lease_until = $2 WHERE id IN (SELECT id FROM picked)",
};
