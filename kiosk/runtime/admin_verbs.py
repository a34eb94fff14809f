"""What each command for IT has a store do: the same whether desk carries it out or the command itself, at rest."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from kiosk.errors import SettingsError
from kiosk.runtime.admin_socket import AdminVerb, Handler, RequestError, Say
from kiosk.settings import SETTINGS_FILE, Settings
from kiosk.store.audit_writing import write_export
from kiosk.store.backup_writing import write_backup
from kiosk.store.store import Store
from kiosk.store.store_check import check_store
from kiosk.supervision.queue_limits import ClockReading, judge_queue, queue_words

KeysStatus = Callable[[], Mapping[str, Any]]


def handlers(
    folder: Path, settings: Settings, store: Store, *, at_rest: bool, keys_status: KeysStatus | None = None
) -> dict[AdminVerb, Handler]:
    """One for each verb that can be carried out."""

    def backup(_: Mapping[str, Any], file: IO[bytes] | None, say: Say) -> Mapping[str, Any]:
        text = _settings_text(folder)
        written = write_backup(store, _demanded(file), settings.backup.recipient, text, say)
        head = asdict(written.head)
        del head["settings"]
        return {"head": head, "rows": written.rows}

    def check(_: Mapping[str, Any], __: IO[bytes] | None, say: Say) -> Mapping[str, Any]:
        return {"points": [asdict(point) for point in check_store(store, datetime.now(UTC), at_rest=at_rest, say=say)]}

    def export(arguments: Mapping[str, Any], file: IO[bytes] | None, say: Say) -> Mapping[str, Any]:
        after = arguments.get("after", 0)
        if not isinstance(after, int) or isinstance(after, bool) or after < 0:
            raise RequestError("An entry's number is 0 or more.")
        return {"last": write_export(store, _demanded(file), after, say)}

    def queue(_: Mapping[str, Any], __: IO[bytes] | None, ___: Say) -> Mapping[str, Any]:
        waiting, read = store.undelivered_summary(), ClockReading(datetime.now(UTC), 0.0)
        state = judge_queue(waiting.count, waiting.oldest_at, read, read, settings.delivery.limits)
        since = "" if waiting.oldest_at is None else waiting.oldest_at.isoformat()
        sentence = queue_words(state, settings.delivery.limits)
        return {"count": state.count, "since": since, "level": state.level, "sentence": sentence}

    known: dict[AdminVerb, Handler] = {
        AdminVerb.QUEUE_STATUS: queue,
        AdminVerb.STORE_BACKUP: backup,
        AdminVerb.STORE_CHECK: check,
        AdminVerb.AUDIT_EXPORT: export,
    }
    if keys_status is not None:
        known[AdminVerb.KEYS_STATUS] = lambda *_: keys_status()
    return known


def _demanded(file: IO[bytes] | None) -> IO[bytes]:
    if file is None:
        raise RequestError("The request came without the file to write to.")
    return file


def _settings_text(folder: Path) -> str:
    """As it stands on the disk; raise `SettingsError`."""
    path = folder / SETTINGS_FILE
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}.") from error
