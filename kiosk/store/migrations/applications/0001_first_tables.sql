-- What names people, in a file and under a key of its own. Times are UTC text of fixed width, so that they sort.

CREATE TABLE store_state (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    generation INTEGER NOT NULL
) STRICT;

INSERT INTO store_state VALUES (1, 0);

CREATE TABLE application (
    application_id TEXT PRIMARY KEY,
    reference BLOB NOT NULL UNIQUE CHECK (length(reference) = 32),
    answered_at TEXT NOT NULL,
    primary_name TEXT NOT NULL,
    secondary_name TEXT NOT NULL,
    birth_date TEXT NOT NULL,
    nationality TEXT NOT NULL,
    document_kind TEXT NOT NULL,
    document_number TEXT NOT NULL,
    address TEXT NOT NULL,
    phone TEXT,
    account_class TEXT NOT NULL
) STRICT, WITHOUT ROWID;
