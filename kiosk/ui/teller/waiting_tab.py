"""The visit that waits for the teller: why, what the machine noticed, who, the things to check, and the answer."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from kiosk.runtime.surface import DayState, TellerSurface, TellerView, VisitStage, WaitingVisit
from kiosk.session.events import RefusalReason, TellerCheck
from kiosk.session.visible_record import VisibleRecord
from kiosk.ui.teller.face_check_notes import face_check_notes
from kiosk.ui.teller.record_grid import record_grid
from kiosk.ui.teller.second_touch import TwoTouchButton, pause
from kiosk.ui.texts import Texts
from kiosk.ui.theme import Colour, TextSize, Theme, Weight
from kiosk.ui.times import clock_time
from kiosk.ui.widgets.buttons import Button, ButtonKind, TickBox
from kiosk.ui.widgets.icon import Icon
from kiosk.ui.widgets.scroll import TouchScroll
from kiosk.ui.widgets.surfaces import Card, attention_note, column, discard, side_by_side
from kiosk.ui.widgets.text import Text, lead, title
from kiosk.verification.decision import ReferralReason


class WaitingTab(QWidget):
    """Built anew for every visit that waits and every stage of one that does not: ticks of the last cannot stay."""

    def __init__(self, theme: Theme, surface: TellerSurface, texts: Texts) -> None:
        super().__init__()
        self._theme, self._surface, self._texts = theme, surface, texts
        self._place: QVBoxLayout = column(self, theme)
        self._shown: QWidget | None = None
        self._shown_for: WaitingVisit | VisitStage | DayState | None = None

    def show_view(self, view: TellerView) -> None:
        nobody = view.day if view.visit is VisitStage.NONE and view.day is not DayState.OPEN else view.visit
        shown_for = view.waiting or nobody
        if shown_for == self._shown_for:
            return
        self._shown_for = shown_for
        if self._shown is not None:
            self._place.removeWidget(self._shown)
            discard(self._shown)
        self._shown = self._make_visit(view.waiting) if view.waiting else self._make_nobody(nobody)
        self._place.addWidget(self._shown)
        self._shown.show()

    def _make_visit(self, visit: WaitingVisit) -> QWidget:
        content = WaitingVisitView(self._theme, self._texts, visit)
        content.confirmed.connect(self._surface.confirm)
        content.refused.connect(self._surface.refuse)
        content.closed.connect(self._surface.close_visit)
        return content

    def _make_nobody(self, stage: VisitStage | DayState) -> QWidget:
        content = QWidget()
        layout = column(content, self._theme, gap=18)
        layout.addStretch(2)
        icon = "document" if stage is VisitStage.ANSWERED else "people"
        layout.addWidget(Icon(self._theme, icon, 130), 0, Qt.AlignmentFlag.AlignHCenter)
        key = f"teller.{'day' if isinstance(stage, DayState) else 'visit'}_{stage}"
        layout.addWidget(title(self._theme, self._texts(key)).centred())
        layout.addWidget(lead(self._theme, self._texts(f"{key}_lead")).centred())
        if stage is VisitStage.UNDER_WAY:
            layout.addSpacing(self._theme.px(24))
            close = CloseButton(self._theme, self._texts)
            close.confirmed.connect(self._surface.close_visit)
            layout.addWidget(close, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(3)
        return content


class CloseButton(TwoTouchButton):
    """Ends a visit without an answer."""

    def __init__(self, theme: Theme, texts: Texts) -> None:
        super().__init__(theme, "teller-close", texts("teller.close"), texts("teller.close_again"))


class WaitingVisitView(QWidget):
    """Everything about one visit; signals what the teller decided."""

    confirmed = Signal(object)
    """Carries the checks that the teller has made."""
    refused = Signal(object)
    """Carries the `RefusalReason`."""
    closed = Signal()

    def __init__(self, theme: Theme, texts: Texts, visit: WaitingVisit) -> None:
        super().__init__()
        self._theme, self._texts, self._visit = theme, texts, visit
        self._asked_reason: RefusalReason | None = None
        self._reasons: dict[RefusalReason, Button] = {}
        layout = side_by_side(theme, gap=40)
        self.setLayout(layout)
        layout.addLayout(self._make_left(), 6)
        self._decide = self._make_decide()
        self._refuse = self._make_reasons()
        self._refuse.hide()
        layout.addWidget(self._decide, 5)
        layout.addWidget(self._refuse, 5)

    def _make_left(self) -> QVBoxLayout:
        """Why stays in sight; what was noticed and what was read scrolls below it."""
        left = column(None, self._theme, gap=22)
        why = Card(self._theme, Colour.ACCENT_SOFT, None)
        lines = column(why, self._theme, margin=22, gap=6)
        lines.addWidget(Text(self._theme, self._texts("teller.why"), TextSize.SMALL, Weight.MEDIUM, Colour.ACCENT))
        reason = Text(self._theme, self._why(), TextSize.LEAD, Weight.SEMIBOLD)
        reason.setObjectName("referral-reason")
        lines.addWidget(reason)
        since = self._texts("teller.since", time=clock_time(self._visit.since))
        lines.addWidget(Text(self._theme, since, TextSize.SMALL, colour=Colour.INK_SOFT))
        left.addWidget(why)
        if self._visit.record is None:
            left.addStretch(1)
        else:
            left.addWidget(self._make_below(self._visit.record), 1)
        return left

    def _why(self) -> str:
        """The reason; where more stands below, it says so."""
        reason = self._texts.of(self._visit.reason)
        more = self._visit.suspicions and self._visit.reason is ReferralReason.ATTEMPTS_USED_UP
        return self._texts("teller.reason_and_more", reason=reason) if more else reason

    def _make_below(self, record: VisibleRecord) -> TouchScroll:
        """An address may be longer than the screen has room for."""
        scroll = TouchScroll(self._theme, "waiting-record", self._texts("consent.more_below"))
        content = column(None, self._theme, gap=22)
        if (noticed := face_check_notes(self._theme, self._texts, self._visit)) is not None:
            content.addWidget(noticed)
        content.addLayout(record_grid(self._theme, self._texts, record))
        content.addStretch(1)
        scroll.show_content(content, margin=16)
        return scroll

    def _make_decide(self) -> QWidget:
        content = QWidget()
        layout = column(content, self._theme, gap=20)
        self._checks = {
            check: TickBox(self._theme, f"check-{check}", self._texts(f"teller.check_{check}"))
            for check in TellerCheck
            if check in self._visit.checks
        }
        self._confirm = Button(
            self._theme, "teller-confirm", self._texts("teller.confirm"), ButtonKind.PRIMARY, TextSize.LEAD
        )
        self._confirm.setMinimumHeight(self._theme.px(116))
        self._confirm.clicked.connect(lambda: self.confirmed.emit(self._made))
        refuse = Button(self._theme, "teller-refuse", self._texts("teller.refuse"), ButtonKind.GRAVE, TextSize.LEAD)
        refuse.clicked.connect(self._ask_reason)
        refuse.setEnabled(self._visit.can_be_answered)
        for check in self._checks.values():
            check.setEnabled(self._visit.can_be_answered)
            check.toggled.connect(self._show_whether_checked)
            layout.addWidget(check)
        if not self._visit.can_be_answered:
            layout.addWidget(attention_note(self._theme, "notice", self._texts("teller.cannot_answer")))
        layout.addStretch(1)
        close = CloseButton(self._theme, self._texts)
        close.confirmed.connect(self.closed)
        for button in (self._confirm, refuse, close):
            layout.addWidget(button)
        self._show_whether_checked()
        return content

    def _make_reasons(self) -> QWidget:
        content = QWidget()
        layout = column(content, self._theme, gap=18)
        layout.addWidget(Text(self._theme, self._texts("teller.refuse_title"), TextSize.HEADING, Weight.SEMIBOLD))
        for reason in RefusalReason:
            button = Button(self._theme, f"reason-{reason}", self._texts.of(reason), ButtonKind.QUIET)
            button.clicked.connect(lambda _=False, reason=reason: self._choose_reason(reason))
            self._reasons[reason] = button
            layout.addWidget(button)
        layout.addStretch(1)
        back = Button(self._theme, "refuse-back", self._texts("teller.refuse_back"), ButtonKind.SECONDARY)
        back.clicked.connect(self._stop_refusing)
        layout.addWidget(back)
        return content

    def _show_whether_checked(self) -> None:
        self._confirm.setEnabled(self._made == self._visit.checks and self._visit.can_be_answered)

    @property
    def _made(self) -> frozenset[TellerCheck]:
        return frozenset(check for check, box in self._checks.items() if box.isChecked())

    def _ask_reason(self) -> None:
        self._decide.hide()
        self._refuse.show()

    def _stop_refusing(self) -> None:
        self._choose_none()
        self._refuse.hide()
        self._decide.show()

    def _choose_reason(self, reason: RefusalReason) -> None:
        """The first touch asks, the second refuses, if it is not the second tap of a double tap."""
        if self._asked_reason is reason:
            self.refused.emit(reason)
            return
        self._choose_none()
        self._asked_reason = reason
        button = self._reasons[reason]
        button.show_kind(ButtonKind.GRAVE)
        button.show_text(self._texts("teller.refuse_again", reason=self._texts.of(reason)))
        pause(button)

    def _choose_none(self) -> None:
        self._asked_reason = None
        for reason, button in self._reasons.items():
            button.show_kind(ButtonKind.QUIET)
            button.show_text(self._texts.of(reason))
