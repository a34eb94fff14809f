"""Builds the kiosk out of its parts; the only module that knows them all. Entry of the desk process.

Confined first, then Qt: a thread that exists before the filter would escape it.
"""

import argparse
import logging
import os
import signal
import socket
import sys
import time
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from kiosk.runtime.confinement import confine_desk

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from kiosk.runtime.desk_process import Desk
    from kiosk.ui.customer.window import CustomerWindow

MODELS_DIR = Path(__file__).resolve().parent.parent / "assets" / "models" / "built"
_LOOK_FOR_SIGNALS_MS = 200
_LOG_AGAIN_S = 3600.0
EXIT_MISTAKE = 70


def main(arguments: list[str] | None = None) -> int:
    """Run desk until it is told to end; return 0 for an orderly end."""
    options = _parser().parse_args(arguments)
    confine_desk(options.launcher_pid)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    from kiosk.errors import KioskError

    try:
        return _run(options, socket.socket(fileno=options.launcher_fd))
    except KioskError as error:
        logging.getLogger(__name__).error("%s", error)
        if options.demo:
            from kiosk.admin.demo_desk import report

            report(error=str(error))
        else:
            sys.stdout.write(f"kiosk: {error}\n")
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="kiosk-desk", description=__doc__)
    parser.add_argument("--launcher-pid", type=int, required=True)
    parser.add_argument("--launcher-fd", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--passphrase-fd", type=int)
    parser.add_argument("--models", required=True, help="the models in force and their thresholds, as JSON")
    parser.add_argument("--demo", action="store_true", help="report to `kiosk demo` on standard output")
    parser.add_argument("--walk", type=Path, help="demo: the plan that the simulated customer and teller follow")
    parser.add_argument("--visits", type=int, default=1, help="demo: how many visits to walk through, 0 for no end")
    parser.add_argument("--drain", action="store_true", help="demo: end as soon as the outbox is empty")
    parser.add_argument("--pictures", type=Path, help="demo: save a picture of every screen here")
    return parser


def _run(options: argparse.Namespace, launcher: socket.socket) -> int:
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    import msgspec
    from PySide6.QtWidgets import QApplication

    from hardware.printer import open_printer
    from kiosk.runtime.desk_process import open_desk
    from kiosk.runtime.slip_printing import SlipPrinting
    from kiosk.session.events import Language
    from kiosk.ui.own_record_words import own_page
    from kiosk.ui.slip_text import slip_text
    from kiosk.verification.comparison import ModelsInForce

    application = QApplication(["kiosk"])
    desk = open_desk(
        options.folder,
        launcher,
        options.passphrase_fd,
        MODELS_DIR,
        msgspec.json.decode(options.models, type=ModelsInForce),
    )
    desk.crew.launcher_lost.connect(lambda: application.exit(1))
    troubles = TroubleLog()
    desk.controller.trouble.connect(troubles.note)
    desk.delivery.trouble.connect(troubles.note)
    desk.retention.trouble.connect(troubles.note)
    desk.checkpoints.trouble.connect(troubles.note)
    desk.teller.day.trouble.connect(troubles.note)
    for watch in (desk.queue, desk.disk, desk.certificates, desk.clock):
        watch.trouble.connect(troubles.note)
    window = _open_window(desk)
    responsible = {language: desk.notice(language.value).responsible for language in Language}
    slips = SlipPrinting(
        open_printer(desk.settings.kiosk.printer),
        partial(slip_text, demo=desk.controller.view.demo, responsible=responsible),
    )
    slips.follow(desk.controller)
    own = partial(own_page, demo=desk.controller.view.demo)
    slips.follow_own_records(desk.controller, desk.teller.handed_over, own)
    slips.trouble.connect(troubles.note)
    slips.trouble.connect(desk.teller.notice)
    _end_on_signals(application)
    _end_on_mistakes(application)
    desk.start()
    if options.demo:
        from kiosk.admin.demo_desk import DemoDesk

        window.demo = DemoDesk(application, desk, window, options)  # type: ignore[attr-defined]
    try:
        code = application.exec()
    finally:
        desk.stop()
    # Qt's objects and Python's are torn down in no defined order at exit, which crashes now and then; everything
    # durable is closed by now.
    logging.shutdown()
    sys.stdout.flush()
    os._exit(code)


class TroubleLog:
    """Writes what is wrong into desk's log, the same sentence once an hour at most: a camera may be away for days."""

    def __init__(self) -> None:
        self._noted_at: dict[str, float] = {}

    def note(self, sentence: str) -> None:
        now = time.monotonic()
        self._noted_at = {said: at for said, at in self._noted_at.items() if now - at < _LOG_AGAIN_S}
        if sentence not in self._noted_at:
            self._noted_at[sentence] = now
            logging.getLogger(__name__).warning("%s", sentence)


def _open_window(desk: "Desk") -> "CustomerWindow":
    from PySide6.QtCore import QSize

    from kiosk.session.events import Language
    from kiosk.ui.customer.window import CustomerWindow

    notices = {language: desk.notice(language.value) for language in Language}
    kiosk = desk.settings.kiosk
    window = CustomerWindow(desk.controller, desk.teller, notices, kiosk.bank_name, Language(kiosk.language))
    screen = desk.settings.screen
    if screen.width and screen.height:
        window.show_on(QSize(screen.width, screen.height))
    else:
        window.show_full_screen()
    return window


def _end_on_mistakes(application: "QApplication") -> None:
    """A mistake of our own ends desk, and with it the visit: the launcher starts one that knows nothing of it."""

    def end(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        logging.getLogger(__name__).critical("A mistake in the kiosk ends desk.", exc_info=(kind, error, trace))
        application.exit(EXIT_MISTAKE)

    sys.excepthook = end


def _end_on_signals(application: "QApplication") -> None:
    """End in good order; Qt's loop runs no Python by itself, so a timer gives signal handlers their turn."""
    from PySide6.QtCore import QTimer

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: application.exit(0))
    timer = QTimer(application, interval=_LOOK_FOR_SIGNALS_MS)
    timer.timeout.connect(lambda: None)
    timer.start()


if __name__ == "__main__":
    raise SystemExit(main())
