"""A desk without screens that opens and closes the day as it is told on standard input, for who reads its memory."""

import sys
from pathlib import Path
from typing import cast

from PySide6.QtCore import QCoreApplication, QEventLoop, QTimer

from kiosk.runtime.clock import SystemClock
from kiosk.runtime.session_controller import SessionController
from kiosk.runtime.store_bridge import StoreBridge
from kiosk.runtime.surface import DayState
from kiosk.runtime.teller_desk import TellerDesk
from kiosk.store.data_list_file import read_data_list
from kiosk.store.store import Store
from tests import desk_parts
from tests.stores import KEYS, STAFF_PEPPER

application = QCoreApplication([])
desk_parts.open_test_store = lambda folder, *_: Store(
    folder, KEYS, read_data_list()
)  # the key comes from the teller only


def until(state: DayState, teller: TellerDesk) -> None:
    """Let desk's loop run until the day is at this."""
    loop, look = QEventLoop(), QTimer(interval=20)
    look.timeout.connect(lambda: loop.quit() if teller.day.state is state else None)
    look.start()
    loop.exec()


with desk_parts.desk_parts(Path(sys.argv[1])) as desk:
    teller = TellerDesk(
        cast(SessionController, desk.controller), desk.store, StoreBridge(), SystemClock(), STAFF_PEPPER
    )
    for line in sys.stdin:
        match line.split():
            case ["open", teller_id, pin]:
                teller.sign_in(teller_id, pin)
                until(DayState.OPEN, teller)
            case ["close"]:
                teller.close_day()
                desk.store.tree_head()  # after the closing
        print(teller.day.state, flush=True)
