"""The schema of ``jikimi.db``, as the steps that led to it; only ever appended to."""

from __future__ import annotations

from stream.care.dead_letters import note_all_names
from stream.storage.migrations import Step

LOGS = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE cursors (source TEXT PRIMARY KEY, cursor TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE counters (
    source TEXT NOT NULL, name TEXT NOT NULL, n INTEGER NOT NULL,
    PRIMARY KEY (source, name)
) WITHOUT ROWID;
CREATE TABLE statuses (source TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE dead_letters (
    seq INTEGER PRIMARY KEY, stage TEXT NOT NULL, source TEXT NOT NULL,
    reason TEXT NOT NULL, at INTEGER NOT NULL, body BLOB NOT NULL
);
CREATE TABLE posts_log (offset INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE seen (
    post_id TEXT PRIMARY KEY, account TEXT NOT NULL, body BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX seen_account ON seen (account);
CREATE TABLE subject_log (
    id INTEGER PRIMARY KEY, post_offset INTEGER, body BLOB NOT NULL
);
CREATE TABLE offsets (
    consumer TEXT NOT NULL, partition INTEGER NOT NULL,
    next INTEGER NOT NULL, watermark INTEGER NOT NULL,
    PRIMARY KEY (consumer, partition)
) WITHOUT ROWID;
CREATE TABLE state (
    operator TEXT NOT NULL, partition INTEGER NOT NULL, key TEXT NOT NULL,
    expires_at INTEGER NOT NULL, value BLOB NOT NULL,
    PRIMARY KEY (operator, partition, key)
) WITHOUT ROWID;
CREATE TABLE timers (
    operator TEXT NOT NULL, partition INTEGER NOT NULL,
    at INTEGER NOT NULL, key TEXT NOT NULL,
    PRIMARY KEY (operator, partition, at, key)
) WITHOUT ROWID;
CREATE TABLE results (
    kind TEXT NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (kind, id)
) WITHOUT ROWID;
CREATE INDEX results_seq ON results (seq);
"""

# Letters get numbers that are never given out again, so that a person can name one.
CARE = """
CREATE TABLE requests (
    id INTEGER PRIMARY KEY AUTOINCREMENT, body BLOB NOT NULL, asked_at INTEGER NOT NULL,
    done_at INTEGER, outcome BLOB
);
CREATE INDEX requests_waiting ON requests (id) WHERE done_at IS NULL;
CREATE TABLE letters (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, stage TEXT NOT NULL, source TEXT NOT NULL,
    reason TEXT NOT NULL, at INTEGER NOT NULL, size INTEGER NOT NULL, body BLOB NOT NULL
);
INSERT INTO letters
    SELECT seq, stage, source, reason, at, length(body), body FROM dead_letters;
DROP TABLE dead_letters;
ALTER TABLE letters RENAME TO dead_letters;
CREATE TABLE dead_names (
    name INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (name, seq)
) WITHOUT ROWID;
"""

HOLDS = """
CREATE TABLE holds (
    post_id TEXT PRIMARY KEY, reason TEXT NOT NULL, who TEXT NOT NULL,
    at INTEGER NOT NULL, alert_id TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX holds_alert ON holds (alert_id);
"""

UNNAMED = """
CREATE TABLE unnamed (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, post_id TEXT NOT NULL UNIQUE, account TEXT NOT NULL,
    source TEXT NOT NULL, taken_at INTEGER NOT NULL, due_at INTEGER NOT NULL,
    tries INTEGER NOT NULL, body BLOB NOT NULL
);
CREATE INDEX unnamed_account ON unnamed (account);
"""

ECHOES = """
CREATE TABLE echoes (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, post_id TEXT NOT NULL UNIQUE, account TEXT NOT NULL,
    source TEXT NOT NULL, at INTEGER NOT NULL, taken_at INTEGER NOT NULL,
    subjects TEXT NOT NULL, keys BLOB NOT NULL, sketch BLOB NOT NULL, body BLOB
);
CREATE INDEX echoes_account ON echoes (account);
"""

STEPS = (
    Step("logs", LOGS),
    Step("care", CARE, note_all_names),
    Step("holds", HOLDS),
    Step("unnamed", UNNAMED),
    Step("echoes", ECHOES),
)
