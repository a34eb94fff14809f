"""On the way to one's own record: what can be done here and what is read for it, the code, the document, the search."""

from datetime import UTC, datetime
from typing import ClassVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QBoxLayout, QVBoxLayout

from kiosk.privacy.consent import Consent, Purpose
from kiosk.privacy.own_code import ALPHABET, LENGTH, in_groups_of_five, is_own_code, normalised
from kiosk.runtime.surface import SessionView
from kiosk.session.events import (
    ConsentGiven,
    ConsentRefused,
    OwnCodeAgain,
    OwnCodeEntered,
    OwnRecordLeft,
    OwnRecordOutcome,
)
from kiosk.ui.customer.document_page import DocumentPage
from kiosk.ui.customer.notice_scroll import NoticeScroll
from kiosk.ui.customer.page import Page, PageContext
from kiosk.ui.customer.waiting_pages import CalmPage, RoundSign
from kiosk.ui.theme import Colour, TextSize, Weight
from kiosk.ui.widgets.buttons import Button, ButtonKind
from kiosk.ui.widgets.code_pad import CodePad
from kiosk.ui.widgets.field import Field
from kiosk.ui.widgets.icon import Icon
from kiosk.ui.widgets.surfaces import Card, column, row, side_by_side
from kiosk.ui.widgets.text import Text, heading, lead, title

_TYPED_AT_MOST = 40
"""A pasted code may come with blanks and hyphens; what is no part of a code is left out."""


class OwnConsentPage(Page):
    """See, take along, erase: what is read for it, and a button that says yes to exactly that."""

    def __init__(self, context: PageContext) -> None:
        super().__init__(context)
        assert context.notice.own_record is not None
        self._own_notice = context.notice.own_record
        layout = column(self, self.theme, gap=12)
        layout.addWidget(title(self.theme, self._own_notice.title))
        layout.addSpacing(self.theme.px(8))
        layout.addLayout(self._make_offers())
        layout.addSpacing(self.theme.px(12))
        halves = side_by_side(self.theme, gap=36)
        self._notice = NoticeScroll(self.theme, self.texts, self._own_notice)
        halves.addWidget(self._notice, 1)
        halves.addLayout(self._make_choice(), 0 if self.theme.portrait else 1)
        layout.addLayout(halves, 1)

    @property
    def settled(self) -> bool:
        return self._notice.settled

    def _make_offers(self) -> QBoxLayout:
        """What can be done, in three pictures."""
        offers = row(None, self.theme, gap=24)
        for icon in ("see", "take", "erase"):
            card = Card(self.theme, Colour.ACCENT_SOFT, None)
            line = row(card, self.theme, margin=22, gap=20)
            line.addWidget(Icon(self.theme, icon, 56), 0, Qt.AlignmentFlag.AlignVCenter)
            line.addWidget(Text(self.theme, self.texts(f"own_consent.{icon}"), TextSize.BODY, Weight.MEDIUM), 1)
            offers.addWidget(card, 1)
        return offers

    def _make_choice(self) -> QVBoxLayout:
        notice, theme = self._own_notice, self.theme
        (choice,) = notice.choices
        layout = column(None, theme, gap=18)
        card = Card(theme)
        words = column(card, theme, margin=28, gap=8)
        words.addWidget(heading(theme, notice.choice))
        words.addWidget(Text(theme, choice.name, TextSize.BODY, Weight.MEDIUM, Colour.ACCENT))
        for sentence in (choice.explanation, choice.kept):
            words.addWidget(Text(theme, sentence, TextSize.SMALL, colour=Colour.INK_SOFT))
        layout.addWidget(card)
        layout.addStretch(1)
        buttons = row(None, theme, gap=20)
        disagree = Button(theme, "disagree", self.texts("consent.disagree"), ButtonKind.QUIET)
        disagree.clicked.connect(lambda: self.send(ConsentRefused()))
        agree = Button(theme, "agree-own", self.texts("own_consent.agree"), ButtonKind.PRIMARY, TextSize.LEAD)
        agree.clicked.connect(self._agree)
        buttons.addWidget(disagree, 2)
        buttons.addWidget(agree, 3)
        layout.addLayout(buttons)
        return layout

    def _agree(self) -> None:
        notice = self._own_notice
        purposes = frozenset({Purpose.OWN_RECORD})
        language, given_at = self.texts.language, datetime.now(UTC)
        self.send(ConsentGiven(Consent(notice.list_version, notice.text_sha256, language, purposes, given_at)))


def typed_code(text: str) -> str:
    """What is left of a text as the code of a slip, in its groups."""
    code = "".join(character for character in normalised(text) if character in ALPHABET)
    return in_groups_of_five(code[:LENGTH])


class OwnCodePage(Page):
    """The code, typed on keys of its own."""

    def __init__(self, context: PageContext) -> None:
        super().__init__(context)
        layout = side_by_side(self.theme, gap=44)
        self.setLayout(layout)
        words = column(None, self.theme, gap=16)
        words.addWidget(title(self.theme, self.texts("own_code.title")))
        words.addWidget(lead(self.theme, self.texts("own_code.lead")))
        words.addSpacing(self.theme.px(20))
        self._field = Field(
            self.theme, "own-code", self.texts("own_code.label"), "ABCDE FGHJK", _TYPED_AT_MOST, typed_code
        )
        self._field.edit.setFont(self.theme.font(TextSize.TITLE, Weight.SEMIBOLD))
        self._field.edit.setMinimumHeight(self.theme.px(110))
        self._field.edit.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._field.edit.textChanged.connect(lambda _: self._show_whether_complete())
        words.addWidget(self._field)
        words.addWidget(Text(self.theme, self.texts("own_code.alphabet"), TextSize.SMALL, colour=Colour.INK_SOFT))
        pad = CodePad(self.theme, self.texts, self._field.edit)
        self._go_on = Button(self.theme, "enter-code", self.texts("own_code.go_on"), ButtonKind.PRIMARY, TextSize.LEAD)
        self._go_on.clicked.connect(lambda: self.send(OwnCodeEntered(self._field.edit.text())))
        self._field.edit.returnPressed.connect(self._go_on.click)
        self._go_on.setMinimumHeight(self.theme.px(124))
        if self.theme.portrait:
            layout.addLayout(words)
            layout.addSpacing(self.theme.px(24))
            layout.addWidget(pad)
            layout.addStretch(1)
            layout.addWidget(self._go_on)
        else:
            words.addStretch(1)
            words.addWidget(self._go_on)
            layout.addLayout(words, 4)
            layout.addWidget(pad, 5)
        self._show_whether_complete()

    def _show_whether_complete(self) -> None:
        self._go_on.setEnabled(is_own_code(normalised(self._field.edit.text())))


class OwnDocumentPage(DocumentPage):
    lead_key: ClassVar[str] = "own_document.lead"


class OwnSearchPage(CalmPage):
    section = "own_search"


class OwnErasingPage(CalmPage):
    section = "own_erasing"


class OwnMissingPage(Page):
    """One calm sentence, the same whatever did not fit."""

    def __init__(self, context: PageContext) -> None:
        super().__init__(context)
        theme = self.theme
        layout = column(self, theme, gap=22)
        layout.addStretch(3)
        layout.addWidget(RoundSign(theme, "people", 200), 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addSpacing(theme.px(16))
        self._title, self._lead = title(theme, ""), lead(theme, "")
        layout.addWidget(self._title.centred())
        layout.addWidget(self._lead.centred())
        layout.addSpacing(theme.px(24))
        buttons = row(None, theme, gap=24)
        self._again = Button(theme, "code-again", self.texts("own_missing.again"), ButtonKind.PRIMARY, TextSize.LEAD)
        self._again.clicked.connect(lambda: self.send(OwnCodeAgain()))
        leave = Button(theme, "leave-own", self.texts("own_missing.leave"), ButtonKind.SECONDARY, TextSize.LEAD)
        leave.clicked.connect(lambda: self.send(OwnRecordLeft()))
        buttons.addStretch(1)
        for button in (leave, self._again):
            button.setMinimumHeight(theme.px(112))
            buttons.addWidget(button, 2)
        buttons.addStretch(1)
        layout.addLayout(buttons)
        layout.addStretch(4)

    def show_view(self, view: SessionView) -> None:
        outcome = view.session.own_outcome
        key = outcome if outcome is not OwnRecordOutcome.NONE else OwnRecordOutcome.OUT_OF_REACH
        self._title.show_text(self.texts(f"own_missing.{key}_title"))
        self._lead.show_text(self.texts(f"own_missing.{key}_lead"))
        self._again.setVisible(outcome is OwnRecordOutcome.NOT_FOUND)
