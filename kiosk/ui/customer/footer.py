"""The bottom of every customer screen: the way out, and the way on without the face."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from kiosk.runtime.surface import Readiness, SessionView, may_ask_for_own_record
from kiosk.session.events import Cancelled, ConsentWithdrawn, FaceDeclined, OwnRecordAsked
from kiosk.session.machine import OWN_RECORD_PHASES, TRANSITIONS, Phase, Session
from kiosk.ui.teller.second_touch import TwoTouchButton
from kiosk.ui.texts import Texts
from kiosk.ui.theme import Colour, TextSize, Theme, Weight
from kiosk.ui.widgets.buttons import Button, ButtonKind
from kiosk.ui.widgets.icon import Icon
from kiosk.ui.widgets.surfaces import Area, row
from kiosk.ui.widgets.text import Text

FOOTER_HEIGHT = 148


class Footer(Area):
    """Offers what the session's table allows in the phase."""

    cancelled = Signal()
    face_declined = Signal()
    withdrawn = Signal()
    """After the answer, at the second touch: the record goes, and the page with the slip."""
    own_record_asked = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__(Colour.SURFACE)
        self.setFixedHeight(theme.px(FOOTER_HEIGHT))
        layout = row(self, theme, gap=24)
        layout.setContentsMargins(theme.px(48), 0, theme.px(48), 0)
        self._cancel = Button(theme, "cancel", "", ButtonKind.QUIET)
        self._cancel.clicked.connect(self.cancelled)
        self._withdraw = TwoTouchButton(theme, "withdraw", "", "")
        self._withdraw.confirmed.connect(self.withdrawn)
        self._decline = Button(theme, "decline-face", "", ButtonKind.QUIET, icon="face-off")
        self._decline.clicked.connect(self.face_declined)
        self._own_record = Button(theme, "own-record", "", ButtonKind.QUIET, icon="see")
        self._own_record.clicked.connect(self.own_record_asked)
        self._declined = QWidget()
        self._declined.setObjectName("face-declined")
        note = row(self._declined, theme, gap=18)
        note.addWidget(Icon(theme, "face-off", 44))
        self._declined_text = Text(theme, "", TextSize.SMALL, Weight.MEDIUM, Colour.ACCENT).on_one_line()
        note.addWidget(self._declined_text, 0, Qt.AlignmentFlag.AlignVCenter)
        layout.addWidget(self._cancel)
        layout.addWidget(self._withdraw)
        layout.addStretch(1)
        # Not where "Cancel" comes to stand: a double tap would leave again at once.
        layout.addWidget(self._own_record)
        layout.addWidget(self._declined)
        layout.addWidget(self._decline)

    def show_view(self, view: SessionView, languages: Sequence[Texts]) -> None:
        """Show the buttons of the phase, in one language or (before one is chosen) in all of them."""
        phase = view.session.phase
        may_decline = (phase, FaceDeclined) in TRANSITIONS and may_begin(view)
        declined = without_face(view.session)
        self._cancel.setVisible(may_cancel(phase))
        self._decline.setVisible(may_decline and not declined)
        self._declined.setVisible(may_decline and declined)
        self._show_withdraw(view.session, languages[0])
        leave = "footer.withdraw" if may_withdraw(phase) else "footer.cancel"
        leave = "footer.leave_own" if phase in OWN_RECORD_PHASES else leave
        self._own_record.setVisible((phase, OwnRecordAsked) in TRANSITIONS and may_ask_for_own_record(view))
        self._own_record.show_text("\n".join(texts("footer.own_record") for texts in languages))
        self._cancel.show_text("\n".join(texts(leave) for texts in languages))
        self._decline.show_text("\n".join(texts("footer.decline_face") for texts in languages))
        self._declined_text.show_text("\n".join(texts("footer.face_declined") for texts in languages))

    def _show_withdraw(self, session: Session, texts: Texts) -> None:
        """Only a yes has left a record."""
        self._withdraw.show_words(texts("verdict.withdraw"), texts("verdict.withdraw_again"))
        self._withdraw.setVisible(session.phase is Phase.SHOWING_VERDICT and session.answer is True)
        if self._withdraw.isHidden():
            self._withdraw.begin_anew()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        QPainter(self).fillRect(0, 0, self.width(), 2, QColor(Colour.LINE))


def without_face(session: Session) -> bool:
    """No face check will come (any more): declined, not agreed to, or the teller decides already."""
    agreed = session.consent is None or session.consent.includes_face_check
    return session.face_declined or session.referral is not None or not agreed


def may_begin(view: SessionView) -> bool:
    """A visit is under way, or one may begin: a kiosk that is not ready could not read the document."""
    ready = view.readiness is Readiness.READY and not view.holds
    return view.session.phase is not Phase.IDLE or ready


def may_withdraw(phase: Phase) -> bool:
    """Leaving takes back a consent and erases what rests on it; before one was given there is nothing to erase."""
    return (phase, ConsentWithdrawn) in TRANSITIONS


def may_cancel(phase: Phase) -> bool:
    """The verdict's page has its own way out."""
    return (phase, Cancelled) in TRANSITIONS and phase is not Phase.SHOWING_VERDICT
