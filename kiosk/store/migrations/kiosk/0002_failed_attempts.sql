-- Face checks that failed in a row, at most five, so that neither a terminal's wait nor a visit's three attempts begin
-- anew with a restart. Says when, and of nobody who.

CREATE TABLE failed_attempt (
    number INTEGER PRIMARY KEY,
    failed_at TEXT NOT NULL,
    boot_id TEXT NOT NULL,
    uptime_ns INTEGER NOT NULL,
    visit_open INTEGER NOT NULL CHECK (visit_open IN (0, 1))
) STRICT;
