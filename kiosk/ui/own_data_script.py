"""What a simulated customer does who comes back for their own record: see it, take a copy, have it erased."""

from PySide6.QtWidgets import QLabel

from kiosk.privacy.own_code import normalised
from kiosk.session.machine import Phase
from kiosk.ui.album import Album
from kiosk.ui.customer.window import CustomerWindow
from kiosk.ui.walk_plan import WalkPlan
from kiosk.ui.walking import Script, press, wait_for


class OwnDataScript:
    """Remembers the code of the slip, as a customer does who has it at home."""

    def __init__(self, window: CustomerWindow, album: Album, plan: WalkPlan) -> None:
        self._window, self._album, self._plan = window, album, plan
        self._code = ""
        self._taken = False

    def read_slip(self) -> None:
        """Note the code that stands on the slip."""
        label = self._window.findChild(QLabel, "slip-own-code")
        self._code = "" if label is None else normalised(label.text())

    def ask(self) -> Script:
        """Touch "Your data here" as soon as the welcome screen offers it."""
        yield from press(self._window, "own-record")

    def on_page(self, phase: Phase) -> Script:
        """What to do on a page of this way; nothing where the machine goes on by itself."""
        match phase:
            case Phase.OWN_LANGUAGE:
                yield from press(self._window, f"language-{self._plan.language}")
            case Phase.OWN_CONSENT:
                yield from press(self._window, "agree-own")
            case Phase.OWN_CODE:
                for character in self._code:
                    yield from press(self._window, f"key-{character}")
                yield from press(self._window, "enter-code")
            case Phase.OWN_RECORD if self._taken:
                yield from press(self._window, "erase-own")
            case Phase.OWN_RECORD:
                self._taken = True
                yield from press(self._window, "take-copy")
            case Phase.OWN_COPY:
                yield from wait_for(self._window, "copy-code")
                self._album.take("own_copy-code")
                yield from press(self._window, "back-to-record")
            case Phase.OWN_ERASURE:
                yield from press(self._window, "erase-now")
            case Phase.OWN_ERASED | Phase.OWN_MISSING:
                yield from press(self._window, "leave-own")
            case _:
                return
