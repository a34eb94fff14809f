-- Key announcements travel in the outbox beside verdicts and belong to no visit.

CREATE TABLE outbox_new (
    sequence INTEGER PRIMARY KEY,
    kind INTEGER NOT NULL CHECK (kind IN (1, 2)),
    visit_id TEXT UNIQUE,
    reference BLOB UNIQUE CHECK (reference IS NULL OR length(reference) = 32),
    answered_at TEXT NOT NULL,
    message TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_attempt_at TEXT NOT NULL,
    delivered_at TEXT,
    receipt TEXT,
    CHECK ((delivered_at IS NULL) = (receipt IS NULL)),
    CHECK ((kind = 1) = (visit_id IS NOT NULL) AND (kind = 1) = (reference IS NOT NULL))
) STRICT;

INSERT INTO outbox_new
SELECT sequence, 1, visit_id, reference, answered_at, message, attempts, next_attempt_at, delivered_at, receipt
FROM outbox;

DROP TABLE outbox;
ALTER TABLE outbox_new RENAME TO outbox;
-- Not a partial index: SQLite would plan each statement on this table anew whenever it is given values.
CREATE INDEX outbox_delivery ON outbox (delivered_at);

-- How the consent was given, a closed set of words: by the customer's touch, or by a guardian before the teller.
ALTER TABLE consent ADD COLUMN act TEXT NOT NULL DEFAULT 'touched';

-- The key to the application records, wrapped for each teller by the teller's PIN and a secret of the vault.
ALTER TABLE teller ADD COLUMN staff_key TEXT NOT NULL DEFAULT '';

-- The public half of every signing key this kiosk has had: old slips and checkpoints are checked with them.
CREATE TABLE signing_key (
    thumbprint TEXT PRIMARY KEY,
    public_key BLOB NOT NULL CHECK (length(public_key) = 32),
    since TEXT NOT NULL,
    announced_in INTEGER
) STRICT, WITHOUT ROWID;

-- Signed heads of the audit tree, with the machine's counter where it has one.
CREATE TABLE audit_checkpoint (
    tree_size INTEGER PRIMARY KEY,
    tree_head BLOB NOT NULL CHECK (length(tree_head) = 32),
    signed_at TEXT NOT NULL,
    machine_counter INTEGER,
    thumbprint TEXT NOT NULL,
    signature BLOB NOT NULL CHECK (length(signature) = 64)
) STRICT;

-- The latest time that was believed, and since when the clock is in doubt.
CREATE TABLE clock_state (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    latest_at TEXT NOT NULL,
    boot_id TEXT NOT NULL,
    uptime_ns INTEGER NOT NULL,
    doubted_at TEXT
) STRICT;
