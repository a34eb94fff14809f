"""The answer: thank you, or see our staff. Never why; calm either way. With the slip to photograph."""

import math

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QVBoxLayout

from kiosk.privacy.own_code import in_groups_of_five
from kiosk.runtime.surface import SessionView, VisitSlip
from kiosk.session.events import VerdictAcknowledged
from kiosk.ui.customer.page import Page, PageContext
from kiosk.ui.customer.waiting_pages import RoundSign
from kiosk.ui.texts import Texts
from kiosk.ui.theme import Colour, TextSize, Theme, Weight
from kiosk.ui.times import lasting_time
from kiosk.ui.widgets.buttons import Button, ButtonKind
from kiosk.ui.widgets.qr_code import QrCode
from kiosk.ui.widgets.scroll import TouchScroll
from kiosk.ui.widgets.surfaces import Card, column, row, side_by_side
from kiosk.ui.widgets.text import Text, heading, lead, title

_TICK_MS = 250
MORE_TIME_BELOW_S = 20.0
_CODE_SIDE = 360
"""9 cm on a 21.5" screen: with its quiet zone at most 117 modules of 0.75 mm, which a telephone reads close by."""


class VerdictPage(Page):
    def __init__(self, context: PageContext) -> None:
        super().__init__(context)
        self._view = SessionView()
        self._accepted: bool | None = None
        layout = side_by_side(self.theme, gap=64)
        self.setLayout(layout)
        self._words = column(None, self.theme, gap=18)
        self._slip = SlipCard(context)
        if self.theme.portrait:
            layout.addLayout(self._words)
            layout.addWidget(self._slip, 1)
        else:
            layout.addLayout(self._words, 1)
            layout.addWidget(self._slip, 1)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._show_time_left)
        self._timer.start(_TICK_MS)

    def show_view(self, view: SessionView) -> None:
        self._view = view
        if self._accepted is None:
            self._accepted = view.session.answer is True
            self._add_words("yes" if self._accepted else "no")
        if view.slip is not None:
            self._slip.show_slip(view.slip)
        self._slip.setVisible(view.slip is not None)
        self._show_time_left()

    def _add_words(self, answer: str) -> None:
        theme, texts, words = self.theme, self.texts, self._words
        words.addStretch(1)
        sign = (
            RoundSign(theme, "tick", 124, Colour.ACCENT, Colour.ON_ACCENT)
            if answer == "yes"
            else RoundSign(theme, "people", 124)
        )
        words.addWidget(sign)
        words.addSpacing(theme.px(10))
        words.addWidget(title(theme, texts(f"verdict.{answer}_title")))
        words.addWidget(lead(theme, texts(f"verdict.{answer}_lead")))
        words.addSpacing(theme.px(12))
        finish = Button(theme, "finish", texts("verdict.finish"), ButtonKind.PRIMARY, TextSize.LEAD)
        finish.setMinimumHeight(theme.px(112))
        finish.clicked.connect(lambda: self.send(VerdictAcknowledged()))
        words.addWidget(finish)
        self._closes = Text(theme, "", TextSize.SMALL, colour=Colour.INK_SOFT)
        self._closes.setObjectName("closes")
        words.addWidget(self._closes)
        self._more_time = Button(theme, "still-here", texts("verdict.more_time"), ButtonKind.QUIET)
        self._more_time.clicked.connect(self.context.surface.touched)
        words.addWidget(self._more_time)
        words.addStretch(2)

    def _show_time_left(self) -> None:
        left_s = self.seconds_left(self._view.idle_ends_at_s)
        if self._accepted is None:
            return
        self._closes.setVisible(left_s is not None)
        self._more_time.setVisible(left_s is not None and left_s <= MORE_TIME_BELOW_S)
        if left_s is not None:
            self._closes.show_text(self.texts("verdict.closes", seconds=math.ceil(left_s)))


class SlipCard(Card):
    """What the customer takes home: the reference and the code that proves it, as a square code and in words."""

    def __init__(self, context: PageContext) -> None:
        super().__init__(context.theme)
        theme, texts = context.theme, context.texts
        self._texts = texts
        layout = column(self, theme, margin=32, gap=8)
        self._code = QrCode(theme, "slip-code", _CODE_SIDE)
        self._code.setAccessibleName(texts("verdict.qr"))
        beside = row(None, theme, gap=24)
        beside.addWidget(self._code, 0, Qt.AlignmentFlag.AlignTop)
        words = column(None, theme, gap=8)
        words.addWidget(heading(theme, texts("verdict.slip")))
        self._own_code = OwnCodeNote(theme, texts)
        words.addWidget(self._own_code)
        words.addStretch(1)
        beside.addLayout(words, 1)
        layout.addLayout(beside)
        below = column(None, theme, gap=8)
        below.addWidget(Text(theme, texts("verdict.slip_lead"), TextSize.SMALL, colour=Colour.INK_SOFT))
        self._own_code_about = Text(theme, texts("verdict.own_code_about"), TextSize.SMALL, colour=Colour.INK_SOFT)
        below.addWidget(self._own_code_about)
        self._lines = {name: self._add_line(below, name) for name in ("terminal", "reference", "salt")}
        for sentence in context.notice.responsible:
            below.addWidget(Text(theme, sentence, TextSize.SMALL, colour=Colour.INK_SOFT))
        below.addStretch(1)
        scroll = TouchScroll(theme, "slip-lines", texts("consent.more_below"))
        scroll.show_content(below, margin=18)
        layout.addWidget(scroll, 1)

    def show_slip(self, slip: VisitSlip) -> None:
        self._code.show_code(slip_code(slip))
        self._own_code.show_code(slip.own_code)
        self._own_code_about.setVisible(bool(slip.own_code))
        self._lines["terminal"].show_text(f"{slip.terminal} · {lasting_time(slip.issued_at)}")
        self._lines["reference"].show_text(in_groups(slip.application_reference))
        self._lines["salt"].show_text(in_groups(slip.salt))

    def _add_line(self, layout: QVBoxLayout, name: str) -> Text:
        label = Text(self._theme, self._texts(f"verdict.{name}"), TextSize.SMALL, Weight.MEDIUM, Colour.INK_SOFT)
        value = Text(self._theme, "", TextSize.SMALL, Weight.MEDIUM)
        value.setObjectName(f"slip-{name}")
        layout.addWidget(label)
        layout.addWidget(value)
        return value


class OwnCodeNote(Card):
    """The code with which the customer sees, takes and erases what is held; nothing where nothing is."""

    def __init__(self, theme: Theme, texts: Texts) -> None:
        super().__init__(theme, Colour.ACCENT_SOFT, None)
        layout = column(self, theme, margin=18, gap=6)
        layout.addWidget(Text(theme, texts("verdict.own_code"), TextSize.BODY, Weight.SEMIBOLD))
        self._code = Text(theme, "", TextSize.HEADING, Weight.BOLD)
        self._code.setObjectName("slip-own-code")
        layout.addWidget(self._code)

    def show_code(self, code: str) -> None:
        self._code.show_text(in_groups_of_five(code))
        self.setVisible(bool(code))


def slip_code(slip: VisitSlip) -> str:
    """The text of the square code: the signed statement of the visit, as `kiosk audit prove` takes it."""
    return slip.statement


def in_groups(digits: str) -> str:
    """Hex digits in groups of four, so that they can be read out."""
    return " ".join(digits[start : start + 4] for start in range(0, len(digits), 4))
