-- What opens with the machine: consents, verdicts on their way, the audit trail, tellers, erasures. Times are UTC
-- text of fixed width, so that they sort.

CREATE TABLE store_state (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    generation INTEGER NOT NULL,
    audit_size INTEGER NOT NULL,
    audit_head BLOB NOT NULL CHECK (length(audit_head) = 32)
) STRICT;

-- SHA-256 of nothing: the head of the empty tree (RFC 6962, section 2.1).
INSERT INTO store_state VALUES (1, 0, 0, x'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');

CREATE TABLE consent (
    visit_id TEXT PRIMARY KEY,
    list_version INTEGER NOT NULL,
    text_sha256 TEXT NOT NULL,
    language TEXT NOT NULL,
    purposes TEXT NOT NULL,
    given_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE outbox (
    sequence INTEGER PRIMARY KEY,
    visit_id TEXT NOT NULL UNIQUE,
    reference BLOB NOT NULL UNIQUE CHECK (length(reference) = 32),
    answered_at TEXT NOT NULL,
    message TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_attempt_at TEXT NOT NULL,
    delivered_at TEXT,
    receipt TEXT,
    CHECK ((delivered_at IS NULL) = (receipt IS NULL))
) STRICT;

CREATE INDEX outbox_undelivered ON outbox (sequence) WHERE delivered_at IS NULL;

-- The content goes when its time is over; the leaf hash stays, or the tree could not be recomputed.
CREATE TABLE audit (
    sequence INTEGER PRIMARY KEY,
    recorded_at TEXT,
    boot_id TEXT,
    uptime_ns INTEGER,
    actor TEXT,
    kind TEXT,
    detail TEXT,
    leaf_hash BLOB NOT NULL CHECK (length(leaf_hash) = 32)
) STRICT;

CREATE TABLE erasure (
    application_id TEXT PRIMARY KEY,
    reason TEXT NOT NULL,
    ordered_at TEXT NOT NULL,
    erased_at TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE teller (
    teller_id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    pin_hash TEXT NOT NULL,
    added_at TEXT NOT NULL,
    failed_attempts INTEGER NOT NULL DEFAULT 0 CHECK (failed_attempts >= 0),
    locked_until TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE counter (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL CHECK (value >= 0)
) STRICT, WITHOUT ROWID;
