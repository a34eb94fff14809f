"""What a customer takes along of their own record: square codes of the copy, and the receipt for an erasure."""

from PySide6.QtCore import Qt

from kiosk.privacy.notice import NoticeSection
from kiosk.runtime.surface import ErasureSlip
from kiosk.ui.customer.verdict_page import in_groups
from kiosk.ui.texts import Texts
from kiosk.ui.theme import Colour, TextSize, Theme, Weight
from kiosk.ui.times import lasting_time
from kiosk.ui.widgets.buttons import Button, ButtonKind
from kiosk.ui.widgets.indicators import Spinner
from kiosk.ui.widgets.qr_code import QrCode
from kiosk.ui.widgets.scroll import TouchScroll
from kiosk.ui.widgets.surfaces import Card, column, row
from kiosk.ui.widgets.text import Text, heading

COPY_CODE_SIDE = 560
"""14 cm on a 21.5" screen: at most 105 modules with the quiet zone, 1.3 mm each."""
_RECEIPT_CODE_SIDE = 400


class CopyCodes(Card):
    """The copy as one square code after the other; nothing but a turning sign until it is there."""

    def __init__(self, theme: Theme, texts: Texts) -> None:
        super().__init__(theme)
        self._texts = texts
        self._parts: tuple[str, ...] = ()
        self._number = 0
        layout = column(self, theme, margin=28, gap=16)
        layout.addStretch(1)
        self._spinner = Spinner(theme, 120)
        layout.addWidget(self._spinner, 0, Qt.AlignmentFlag.AlignHCenter)
        self._code = QrCode(theme, "copy-code", COPY_CODE_SIDE)
        self._code.setAccessibleName(texts("own_copy.qr"))
        layout.addWidget(self._code, 0, Qt.AlignmentFlag.AlignHCenter)
        self._which = Text(theme, "", TextSize.BODY, Weight.MEDIUM).centred()
        self._which.setObjectName("copy-part")
        layout.addWidget(self._which)
        self._next = Button(theme, "next-code", texts("own_copy.next"), ButtonKind.SECONDARY)
        self._next.clicked.connect(self._show_next)
        layout.addWidget(self._next)
        layout.addStretch(1)
        self.show_parts(())

    def show_parts(self, parts: tuple[str, ...]) -> None:
        """Begin with the first, unless these are there already."""
        if parts != self._parts or not parts:
            self._parts, self._number = parts, 0
            self._show()

    def _show_next(self) -> None:
        self._number = (self._number + 1) % len(self._parts)
        self._show()

    def _show(self) -> None:
        count = len(self._parts)
        self._spinner.setVisible(count == 0)
        self._code.setVisible(count > 0)
        self._which.setVisible(count > 1)
        self._next.setVisible(count > 1)
        if count:
            self._code.show_code(self._parts[self._number])
            self._which.show_text(self._texts("own_copy.part", number=self._number + 1, count=count))


class ErasureCard(Card):
    """The receipt: which record went and when, signed."""

    def __init__(self, theme: Theme, texts: Texts) -> None:
        super().__init__(theme)
        layout = column(self, theme, margin=30, gap=10)
        beside = row(None, theme, gap=26)
        self._code = QrCode(theme, "erasure-code", _RECEIPT_CODE_SIDE)
        self._code.setAccessibleName(texts("own_erased.qr"))
        beside.addWidget(self._code, 0, Qt.AlignmentFlag.AlignTop)
        words = column(None, theme, gap=8)
        words.addWidget(heading(theme, texts("own_erased.page")))
        words.addWidget(Text(theme, texts("own_erased.photograph"), TextSize.SMALL, colour=Colour.INK_SOFT))
        self._place = Text(theme, "", TextSize.SMALL, Weight.MEDIUM)
        self._place.setObjectName("erasure-place")
        words.addWidget(self._place)
        words.addStretch(1)
        beside.addLayout(words, 1)
        layout.addLayout(beside)
        label = Text(theme, texts("verdict.reference"), TextSize.SMALL, Weight.MEDIUM, Colour.INK_SOFT)
        layout.addWidget(label)
        self._reference = Text(theme, "", TextSize.SMALL, Weight.MEDIUM)
        self._reference.setObjectName("erasure-reference")
        layout.addWidget(self._reference)
        layout.addStretch(1)

    def show_receipt(self, slip: ErasureSlip) -> None:
        """Show it; the code only where one was signed."""
        self._code.setVisible(bool(slip.statement))
        if slip.statement:
            self._code.show_code(slip.statement)
        self._place.show_text(f"{slip.terminal}\n{lasting_time(slip.erased_at)}")
        self._reference.show_text(in_groups(slip.application_reference))


class StaysList(TouchScroll):
    """What the law keeps, why, and for how long; none of it names anybody."""

    def __init__(self, theme: Theme, texts: Texts, stays: tuple[NoticeSection, ...], title: str = "") -> None:
        super().__init__(theme, "stays", texts("consent.more_below"), Colour.SUNKEN)
        lines = column(None, theme, gap=16)
        lines.addWidget(Text(theme, title or texts("own_record.stays"), TextSize.BODY, Weight.SEMIBOLD))
        for section in stays:
            words = column(None, theme, gap=2)
            words.addWidget(Text(theme, section.name, TextSize.SMALL, Weight.MEDIUM))
            words.addWidget(Text(theme, section.reason, TextSize.SMALL, colour=Colour.INK_SOFT))
            words.addWidget(Text(theme, section.kept, TextSize.SMALL, colour=Colour.INK_SOFT))
            lines.addLayout(words)
        lines.addStretch(1)
        self.show_content(lines, margin=22)
