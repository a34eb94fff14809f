"""What a simulated customer does on each page, and what a simulated teller does at the console.

A script yields after every act, so that its reader sets the pace; a thing not there yet is waited for.
"""

from PySide6.QtWidgets import QAbstractButton, QWidget

from kiosk.session.machine import OWN_RECORD_PHASES, Phase
from kiosk.ui import hands
from kiosk.ui.album import Album
from kiosk.ui.customer.window import CustomerWindow
from kiosk.ui.own_data_script import OwnDataScript
from kiosk.ui.walk_plan import ConsentChoice, TellerChoice, WalkPlan
from kiosk.ui.walking import Script, press, press_field, wait_for, write

__all__ = ["CustomerScript", "Script", "TellerScript"]


class CustomerScript:
    """The customer's part of a plan."""

    def __init__(self, window: CustomerWindow, album: Album, plan: WalkPlan) -> None:
        self._window, self._album, self._plan = window, album, plan
        self.own_data = OwnDataScript(window, album, plan)

    def on_page(self, phase: Phase) -> Script:
        """What to do on this phase's page: leave, decline, or go on."""
        if phase is self._plan.walk_away_at:
            return
        if phase is self._plan.cancel_at:
            yield from press(self._window, "cancel")
            return
        if phase is self._plan.decline_face_at:
            yield from press(self._window, "decline-face")
        yield from self._go_on(phase)

    def _go_on(self, phase: Phase) -> Script:
        match phase:
            case Phase.IDLE:
                yield from press(self._window, "start")
            case Phase.CHOOSING_LANGUAGE:
                yield from press(self._window, f"language-{self._plan.language}")
            case Phase.ASKING_CONSENT:
                yield from self._consent()
            case Phase.CHOOSING_ACCOUNT_CLASS:
                yield from press(self._window, f"account-{self._plan.account_class}")
            case Phase.CONFIRMING_DETAILS:
                yield from self._complete_details()
            case Phase.PREPARING_FACE_CHECK:
                yield from self._choose_face_check()
            case Phase.SHOWING_VERDICT:
                self.own_data.read_slip()
                yield from press(self._window, "finish")
            case _ if phase in OWN_RECORD_PHASES:
                yield from self.own_data.on_page(phase)
            case _:
                return  # nothing to press: the camera looks, or somebody else acts

    def _consent(self) -> Script:
        if self._plan.consent is ConsentChoice.REFUSE:
            yield from press(self._window, "disagree")
            return
        yield from press(self._window, "consent-application")
        # The box is gone once the face is declined.
        if self._plan.consent is ConsentChoice.ACCEPT and hands.find(self._window, "consent-face", QAbstractButton):
            yield from press(self._window, "consent-face")
        yield from press(self._window, "continue")

    def _choose_face_check(self) -> Script:
        if not self._plan.variant.has_light:
            yield from press(self._window, "no-light")
        if not self._plan.variant.has_turns:
            yield from press(self._window, "no-turns")
        yield from press(self._window, "begin-face-check")

    def _complete_details(self) -> Script:
        yield from write(self._window, "address", self._plan.address)
        self._album.take("confirming_details-typing")
        yield from press(self._window, "keyboard-done")
        if self._plan.phone is not None:
            yield from write(self._window, "phone", self._plan.phone)
            yield from press(self._window, "keyboard-done")
        self._album.take("confirming_details-complete")
        yield from press(self._window, "confirm-details")


class TellerScript:
    """The teller's part of a plan."""

    def __init__(self, window: CustomerWindow, album: Album, plan: WalkPlan) -> None:
        self._window, self._album, self._plan = window, album, plan

    def decide(self, act: TellerChoice) -> Script:
        """Open the console, sign in, look, answer, sign off."""
        yield from self._sign_in()
        yield from wait_for(self._window, "teller-close")
        self._album.take("teller-waiting-visit")
        match act:
            case TellerChoice.CONFIRM:
                yield from press(self._window, "check-face")
                yield from press(self._window, "check-person")
                yield from press(self._window, "teller-confirm")
            case TellerChoice.REFUSE:
                yield from press(self._window, "teller-refuse")
                yield from press(self._window, f"reason-{self._plan.refusal}")
                yield from wait_for(self._window, f"reason-{self._plan.refusal}")
                self._album.take("teller-refusing")
                yield from press(self._window, f"reason-{self._plan.refusal}")
            case TellerChoice.CLOSE:
                yield from press(self._window, "teller-close")
                yield from press(self._window, "teller-close")
        yield from press(self._window, "sign-off")

    def open_day(self) -> Script:
        """Sign in, which opens the terminal, and leave it to the customers."""
        self._album.take("welcome-not-opened")
        yield from self._sign_in()
        yield from press(self._window, "sign-off")

    def open_account(self) -> Script:
        """Mark the newest account as opened and let the time for undoing pass."""
        yield from self._sign_in()
        yield from press(self._window, "tab-applications")
        while (mark := self._newest("mark-opened-")) is None:
            yield
        self._album.take("teller-applications")
        application_id = mark.objectName().removeprefix("mark-opened-")
        yield from press(self._window, mark.objectName())
        yield from press(self._window, f"mark-yes-{application_id}")
        self._album.take("teller-erasing")
        while self._window.findChild(QWidget, f"mark-opened-{application_id}") is not None:
            yield
        yield from press(self._window, "sign-off")

    def _sign_in(self) -> Script:
        corner = yield from wait_for(self._window, "teller-corner")
        hands.touch(corner)
        while self._window.console.isHidden():
            yield
        hands.lift(corner)
        self._album.take("teller-sign-in")
        yield from write(self._window, "teller-id", self._plan.teller_id)
        yield from self._enter_pin()
        yield from press(self._window, "sign-in")
        yield from wait_for(self._window, "sign-off")

    def _enter_pin(self) -> Script:
        yield from press_field(self._window, "pin")
        for digit in self._plan.pin:
            yield from press(self._window, f"pad-{digit}")

    def _newest(self, prefix: str) -> QAbstractButton | None:
        marks = [
            button
            for button in self._window.findChildren(QAbstractButton)
            if button.objectName().startswith(prefix) and button.isVisible()
        ]
        return marks[-1] if marks else None
