"""Prints the customer's slip once the verdict is committed, away from the screen thread. Keeps no copy."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from PySide6.QtCore import QObject, Signal, SignalInstance

from hardware.errors import HardwareError
from hardware.printer import NoPrinter, Printer
from kiosk.runtime.session_controller import SessionController
from kiosk.runtime.surface import ErasureSlip, OwnRecord, SessionView, VisitSlip
from kiosk.session.events import Language
from kiosk.session.machine import Phase, Session


class SlipPrinting(QObject):
    """A printer that fails is told to teller and IT; the slip stands on the screen in any case."""

    trouble = Signal(str)

    def __init__(
        self,
        printer: Printer,
        compose: Callable[[VisitSlip, Language], tuple[str, str]],
        parent: QObject | None = None,
    ) -> None:
        """`compose(slip, language)` gives title and text."""
        super().__init__(parent)
        self._printer = printer
        self._compose = compose
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="printer")

    def follow(self, controller: SessionController) -> None:
        """Print whenever this controller's session comes to show a verdict."""

        def print_at_verdict(session: Session) -> None:
            slip = controller.view.slip
            if session.phase is Phase.SHOWING_VERDICT and slip is not None:
                self.print_slip(slip, session.language)

        if not isinstance(self._printer, NoPrinter):
            controller.session_changed.connect(print_at_verdict)

    def follow_own_records(
        self,
        controller: SessionController,
        handed_over: SignalInstance,
        compose: Callable[[OwnRecord | ErasureSlip], tuple[str, str]],
    ) -> None:
        """Print a customer's copy and receipt, at the screen and by a teller's act; once in each visit."""
        printed: list[OwnRecord | ErasureSlip] = []

        def print_new(view: SessionView) -> None:
            if view.own_record is None and view.erasure is None:
                printed.clear()
            copy = view.own_record if view.own_record is not None and view.own_record.copy else None
            for what in (copy, view.erasure):
                if what is not None and what not in printed:
                    printed.append(what)
                    self.print_page(*compose(what))

        if not isinstance(self._printer, NoPrinter):
            controller.view_changed.connect(print_new)
            handed_over.connect(lambda what: self.print_page(*compose(what)))

    def print_page(self, title: str, text: str) -> "Future[None]":
        """Hand a page to the printer in a thread of its own."""
        printed = self._thread.submit(self._printer.print_text, title, text)
        printed.add_done_callback(self._report)
        return printed

    def print_slip(self, slip: VisitSlip, language: Language) -> "Future[None]":
        """Hand the slip to the printer in a thread of its own."""
        return self.print_page(*self._compose(slip, language))

    def _report(self, printed: "Future[None]") -> None:
        if isinstance(error := printed.exception(), HardwareError):
            self.trouble.emit(str(error))
