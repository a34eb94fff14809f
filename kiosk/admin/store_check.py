"""`kiosk store check`: says what is in order in the store and what is not."""

import argparse
import json

from kiosk.admin.store_access import Asked, ask
from kiosk.admin.store_progress import StoreProgress
from kiosk.runtime.admin_socket import AdminVerb
from kiosk.store.anchor import AnchorError
from kiosk.store.audit_trail import AuditBrokenError
from kiosk.store.database_errors import CipherSettingError, StoreDamagedError
from kiosk.store.schema import ColumnNotListedError, ListedColumnMissingError
from kiosk.store.store_check import Standing
from kiosk.store.store_errors import ApplicationsMissingError

_EXIT_WRONG, _EXIT_LOOK = 1, 3
_WRONG_AT_THE_OPENING = (
    AnchorError,
    ApplicationsMissingError,
    AuditBrokenError,
    CipherSettingError,
    ColumnNotListedError,
    ListedColumnMissingError,
    StoreDamagedError,
)
_MARKS = {
    Standing.IN_ORDER: "in order",
    Standing.LOOK: "LOOK",
    Standing.WRONG: "WRONG",
    Standing.NOT_CHECKED: "not checked",
}


def check(arguments: argparse.Namespace) -> int:
    """Print each point; the exit code says the worst."""
    asked = Asked(arguments.folder, AdminVerb.STORE_CHECK, {}, arguments.passphrase_file)
    try:
        points = ask(asked, say=StoreProgress("checked"))["points"]
    except _WRONG_AT_THE_OPENING as error:
        points = [{"name": "opening", "standing": Standing.WRONG, "sentence": str(error)}]
    standings = {Standing(point["standing"]) for point in points}
    if arguments.json:
        print(json.dumps({"points": points}, indent=1))
    else:
        for point in points:
            print(f"{point['name']:<20} {_MARKS[Standing(point['standing'])]:<12} {point['sentence']}")
    if Standing.WRONG in standings:
        return _EXIT_WRONG
    return _EXIT_LOOK if Standing.LOOK in standings else 0
