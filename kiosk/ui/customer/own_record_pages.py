"""One's own record: what is held and what stays beside it, a copy to take along, the erasure and its receipt."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from kiosk.privacy.notice import NoticeSection
from kiosk.runtime.surface import OwnRecord, SessionView
from kiosk.session.events import (
    OwnCopyAsked,
    OwnErasureAsked,
    OwnErasureConfirmed,
    OwnRecordBack,
    OwnRecordLeft,
)
from kiosk.ui.customer.notice_scroll import small_line
from kiosk.ui.customer.page import Page, PageContext
from kiosk.ui.customer.take_home import CopyCodes, ErasureCard, StaysList
from kiosk.ui.customer.waiting_pages import RoundSign
from kiosk.ui.own_record_words import held_values, stays_values
from kiosk.ui.theme import Colour, TextSize, Weight
from kiosk.ui.times import calendar_day
from kiosk.ui.widgets.buttons import Button, ButtonKind
from kiosk.ui.widgets.icon import Icon
from kiosk.ui.widgets.scroll import TouchScroll
from kiosk.ui.widgets.surfaces import Note, column, row, side_by_side
from kiosk.ui.widgets.text import BreakingText, Text, heading, lead, title


class OwnRecordPage(Page):
    """Every element that is held, with its value, the reason and until when; then what stays, which names nobody."""

    def __init__(self, context: PageContext) -> None:
        super().__init__(context)
        self._shown: OwnRecord | None = None
        layout = column(self, self.theme, gap=14)
        layout.addWidget(title(self.theme, self.texts("own_record.title")))
        halves = side_by_side(self.theme, gap=36)
        self._place = column(None, self.theme)
        halves.addLayout(self._place, 9)
        halves.addLayout(self._make_acts(), 0 if self.theme.portrait else 4)
        layout.addLayout(halves, 1)

    def show_view(self, view: SessionView) -> None:
        own = view.own_record
        if own is None or self._shown is not None:
            return
        self._shown = own
        self._until.show_text(self.texts("own_record.until", date=calendar_day(own.erased_at_latest)))
        self._place.addWidget(self._make_list(own))

    def _make_list(self, own: OwnRecord) -> TouchScroll:
        scroll = TouchScroll(self.theme, "held", self.texts("consent.more_below"))
        lines = column(None, self.theme, gap=22)
        for section in own.held:
            lines.addLayout(self._make_section(section, held_values(own, self.texts).get(section.element_id, "–")))
        lines.addSpacing(self.theme.px(10))
        lines.addWidget(heading(self.theme, self.texts("own_record.stays")))
        for section in own.stays:
            lines.addLayout(self._make_section(section, stays_values(own, self.texts).get(section.element_id, "")))
        lines.addStretch(1)
        scroll.show_content(lines)
        return scroll

    def _make_section(self, section: NoticeSection, value: str) -> QHBoxLayout:
        """What it is and what stands there; beside it why, and how long."""
        theme = self.theme
        what = column(None, theme, gap=4)
        what.addWidget(Text(theme, section.name, TextSize.SMALL, colour=Colour.INK_SOFT))
        if value:
            shown = BreakingText(theme, value, TextSize.BODY, Weight.SEMIBOLD)
            shown.setObjectName(f"held-{section.element_id}")
            what.addWidget(shown)
        what.addStretch(1)
        why = column(None, theme, gap=4)
        why.addWidget(Text(theme, section.reason, TextSize.SMALL))
        why.addLayout(small_line(theme, "clock", section.kept))
        why.addStretch(1)
        layout = row(None, theme, gap=28)
        layout.addLayout(what, 2)
        layout.addLayout(why, 3)
        return layout

    def _make_acts(self) -> QVBoxLayout:
        theme, texts = self.theme, self.texts
        layout = column(None, theme, gap=18)
        self._until = Note(theme, "clock")
        self._until.setObjectName("until")
        layout.addWidget(self._until)
        layout.addStretch(1)
        take = Button(theme, "take-copy", texts("own_record.take"), ButtonKind.SECONDARY, TextSize.LEAD, "take")
        take.clicked.connect(lambda: self.send(OwnCopyAsked()))
        erase = Button(theme, "erase-own", texts("own_record.erase"), ButtonKind.SECONDARY, TextSize.LEAD, "erase")
        erase.clicked.connect(lambda: self.send(OwnErasureAsked()))
        finish = Button(theme, "leave-own", texts("own_record.finish"), ButtonKind.PRIMARY, TextSize.LEAD)
        finish.clicked.connect(lambda: self.send(OwnRecordLeft()))
        pair = row(None, theme, gap=18) if theme.portrait else column(None, theme, gap=18)
        for button in (take, erase):
            button.setMinimumHeight(theme.px(112))
            pair.addWidget(button)
        finish.setMinimumHeight(theme.px(112))
        layout.addLayout(pair)
        layout.addWidget(finish)
        return layout


class OwnCopyPage(Page):
    """The copy as square codes to photograph; no device of a customer is ever connected."""

    def __init__(self, context: PageContext) -> None:
        super().__init__(context)
        theme, texts = self.theme, self.texts
        layout = side_by_side(theme, gap=56)
        self.setLayout(layout)
        self._codes = CopyCodes(theme, texts)
        words = column(None, theme, gap=18)
        if not theme.portrait:
            words.addStretch(1)
        words.addWidget(title(theme, texts("own_copy.title")))
        words.addWidget(lead(theme, texts("own_copy.lead")))
        for icon, key in (("lock", "careful"), ("info", "machine"), ("document", "printed")):
            line = row(None, theme, gap=20)
            line.addWidget(Icon(theme, icon, 48), 0, Qt.AlignmentFlag.AlignTop)
            line.addWidget(Text(theme, texts(f"own_copy.{key}")), 1)
            words.addLayout(line)
        words.addStretch(2)
        buttons = row(None, theme, gap=20)
        back = Button(theme, "back-to-record", texts("own_copy.back"), ButtonKind.SECONDARY, TextSize.LEAD)
        back.clicked.connect(lambda: self.send(OwnRecordBack()))
        finish = Button(theme, "leave-own", texts("own_record.finish"), ButtonKind.PRIMARY, TextSize.LEAD)
        finish.clicked.connect(lambda: self.send(OwnRecordLeft()))
        for button in (back, finish):
            button.setMinimumHeight(theme.px(112))
            buttons.addWidget(button, 1)
        if theme.portrait:
            layout.addLayout(words)
            layout.addWidget(self._codes, 1)
            layout.addLayout(buttons)
        else:
            words.addLayout(buttons)
            layout.addLayout(words, 1)
            layout.addWidget(self._codes, 1)

    def show_view(self, view: SessionView) -> None:
        self._codes.show_parts(() if view.own_record is None else view.own_record.copy)


class OwnErasurePage(Page):
    """Asked once: what goes, what stays and why."""

    def __init__(self, context: PageContext) -> None:
        super().__init__(context)
        self._shown = False
        theme, texts = self.theme, self.texts
        layout = column(self, theme, gap=16)
        layout.addWidget(title(theme, texts("own_erasure.title")))
        layout.addWidget(lead(theme, texts("own_erasure.lead")))
        layout.addSpacing(theme.px(8))
        self._halves = side_by_side(theme, gap=32)
        layout.addLayout(self._halves, 1)
        buttons = row(None, theme, gap=24)
        back = Button(theme, "back-to-record", texts("own_erasure.back"), ButtonKind.SECONDARY, TextSize.LEAD)
        back.clicked.connect(lambda: self.send(OwnRecordBack()))
        erase = Button(theme, "erase-now", texts("own_erasure.erase"), ButtonKind.GRAVE, TextSize.LEAD, "erase")
        erase.clicked.connect(lambda: self.send(OwnErasureConfirmed()))
        for button in (back, erase):
            button.setMinimumHeight(theme.px(112))
            buttons.addWidget(button, 1)
        layout.addLayout(buttons)

    def show_view(self, view: SessionView) -> None:
        own = view.own_record
        if own is None or self._shown:
            return
        self._shown = True
        self._halves.addWidget(self._make_goes(own), 1)
        self._halves.addWidget(StaysList(self.theme, self.texts, own.stays), 1)

    def _make_goes(self, own: OwnRecord) -> TouchScroll:
        scroll = TouchScroll(self.theme, "goes", self.texts("consent.more_below"))
        lines = column(None, self.theme, gap=8)
        lines.addWidget(Text(self.theme, self.texts("own_erasure.goes"), TextSize.BODY, Weight.SEMIBOLD))
        for section in own.held:
            line = row(None, self.theme, gap=16)
            line.addWidget(Icon(self.theme, "erase", 34), 0, Qt.AlignmentFlag.AlignTop)
            line.addWidget(Text(self.theme, section.name, TextSize.SMALL), 1)
            lines.addLayout(line)
        lines.addStretch(1)
        scroll.show_content(lines, margin=22)
        return scroll


class OwnErasedPage(Page):
    """It is gone; the receipt says what stays."""

    def __init__(self, context: PageContext) -> None:
        super().__init__(context)
        theme, texts = self.theme, self.texts
        layout = side_by_side(theme, gap=56)
        self.setLayout(layout)
        words = column(None, theme, gap=14)
        words.addWidget(RoundSign(theme, "tick", 96, Colour.ACCENT, Colour.ON_ACCENT))
        words.addWidget(title(theme, texts("own_erased.title")))
        words.addWidget(lead(theme, texts("own_erased.lead")))
        words.addSpacing(theme.px(10))
        self._stays = column(None, theme)
        finish = Button(theme, "leave-own", texts("own_record.finish"), ButtonKind.PRIMARY, TextSize.LEAD)
        finish.setMinimumHeight(theme.px(112))
        finish.clicked.connect(lambda: self.send(OwnRecordLeft()))
        self._receipt = ErasureCard(theme, texts)
        layout.addLayout(words, 0 if theme.portrait else 5)
        layout.addWidget(self._receipt, 0 if theme.portrait else 6)
        if theme.portrait:
            layout.addLayout(self._stays, 1)
            layout.addWidget(finish)
        else:
            words.addLayout(self._stays, 1)
            words.addWidget(finish)

    def show_view(self, view: SessionView) -> None:
        if view.erasure is not None and self._stays.isEmpty():
            self._receipt.show_receipt(view.erasure)
            self._stays.addWidget(StaysList(self.theme, self.texts, view.erasure.stays))
