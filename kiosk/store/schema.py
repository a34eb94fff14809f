"""Numbered SQL migrations, and the proof that every column is on the data protection list. Opens no database."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from sqlcipher3 import dbapi2 as sqlcipher

from kiosk.errors import StoreError
from kiosk.privacy.data_list import Column, DataProtectionList
from kiosk.store.timestamps import to_text

_FILE_NAME = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")
_BOOKS = (
    "CREATE TABLE schema_migration (number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at TEXT NOT NULL) STRICT"
)


class DatabaseNewerError(StoreError):
    """A newer program has worked on this database."""

    def __init__(self, database: Path, found: int, known: int) -> None:
        self.database, self.found, self.known = database, found, known
        super().__init__(f"{database} has form {found}, this program knows {known}: install the newer program.")


class ColumnNotListedError(StoreError):
    """The database has columns that nobody was told of."""

    def __init__(self, columns: list[Column]) -> None:
        self.columns = columns
        names = ", ".join(map(str, columns))
        super().__init__(f"No element of the data protection list names {names}: add it there, with a new version.")


class ListedColumnMissingError(StoreError):
    """The list promises something about columns that do not exist."""

    def __init__(self, columns: list[Column]) -> None:
        self.columns = columns
        names = ", ".join(map(str, columns))
        super().__init__(f"The data protection list names {names}, which the store does not have: correct the list.")


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered step of a database's form."""

    number: int
    name: str
    sql: str

    def statements(self) -> Iterator[str]:
        """Split at complete statements; `executescript` would commit in between."""
        statement = ""
        for line in self.sql.splitlines(keepends=True):
            statement += line
            if sqlcipher.complete_statement(statement):
                yield statement
                statement = ""


@cache
def migrations_of(folder: str) -> tuple[Migration, ...]:
    """The migrations of one database in order; numbered 1, 2, 3… without a gap."""
    files = resources.files("kiosk.store") / "migrations" / folder
    named = [(match, file) for file in files.iterdir() if (match := _FILE_NAME.fullmatch(file.name))]
    migrations = sorted(
        (Migration(int(match[1]), match[2], file.read_text(encoding="utf-8")) for match, file in named),
        key=lambda migration: migration.number,
    )
    assert [migration.number for migration in migrations] == list(range(1, len(migrations) + 1))
    return tuple(migrations)


def applied_number(connection: Any) -> int:
    """The number of the last migration a database has seen, 0 for a new one."""
    found = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'schema_migration'").fetchone()
    if found is None:
        return 0
    return int(connection.execute("SELECT coalesce(max(number), 0) FROM schema_migration").fetchone()[0])


def apply(connection: Any, migration: Migration, now: datetime) -> None:
    """Run one migration inside the caller's transaction and record it."""
    if migration.number == 1:
        connection.execute(_BOOKS)
    for statement in migration.statements():
        connection.execute(statement)
    row = (migration.number, migration.name, to_text(now))
    connection.execute("INSERT INTO schema_migration VALUES (?, ?, ?)", row)


def demand_listed(connection: Any, database: Path, data_list: DataProtectionList) -> None:
    """Raise unless the database's columns and the list's are the same."""
    columns = set(_columns(connection, database.name))
    listed = data_list.columns_of(database.name)
    if columns - listed:
        raise ColumnNotListedError(sorted(columns - listed))
    if listed - columns:
        raise ListedColumnMissingError(sorted(listed - columns))


def _columns(connection: Any, file: str) -> Iterator[Column]:
    """Every column there is, those of views and generated ones included."""
    rows = connection.execute(
        "SELECT m.name, c.name FROM sqlite_master AS m, pragma_table_xinfo(m.name) AS c"
        " WHERE m.type IN ('table', 'view') AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
    )
    for table, column in rows:
        yield Column(file, table, column)
