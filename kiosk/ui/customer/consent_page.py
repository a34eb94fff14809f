"""Notice and consent: what is collected and why, then a box for each purpose, none ticked beforehand.

Every word of the notice comes from the data protection list; the consent that is sent carries its hash.
"""

from datetime import UTC, datetime

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from kiosk.privacy.consent import Consent, Purpose
from kiosk.privacy.notice import NoticeChoice
from kiosk.runtime.surface import SessionView
from kiosk.session.events import ConsentGiven, ConsentRefused
from kiosk.ui.customer.notice_scroll import NoticeScroll
from kiosk.ui.customer.page import Page, PageContext
from kiosk.ui.theme import Colour, TextSize
from kiosk.ui.widgets.buttons import Button, ButtonKind, TickBox
from kiosk.ui.widgets.surfaces import Note, column, row, side_by_side
from kiosk.ui.widgets.text import Text, title


class ConsentPage(Page):
    def __init__(self, context: PageContext) -> None:
        super().__init__(context)
        layout = column(self, self.theme, gap=12)
        layout.addWidget(title(self.theme, context.notice.title))
        layout.addWidget(Text(self.theme, context.notice.choice, colour=Colour.INK_SOFT))
        halves = side_by_side(self.theme, gap=28)
        self._notice = NoticeScroll(self.theme, self.texts, context.notice)
        halves.addWidget(self._notice, 7)
        halves.addLayout(self._make_choices(), 0 if self.theme.portrait else 8)
        layout.addLayout(halves, 1)

    def show_view(self, view: SessionView) -> None:
        declined = view.session.face_declined
        face = self._boxes[Purpose.FACE_CHECK]
        if declined:
            face.setChecked(False)
        face.setVisible(not declined)
        self._declined.setVisible(declined)

    @property
    def settled(self) -> bool:
        return self._notice.settled

    def _make_choices(self) -> QVBoxLayout:
        layout = column(None, self.theme, gap=10)
        self._boxes = {choice.purpose: self._make_box(choice) for choice in self.context.notice.choices}
        for box in self._boxes.values():
            layout.addWidget(box)
        self._declined = Note(self.theme, "face-off", self.texts("consent.face_declined"))
        layout.addWidget(self._declined)
        layout.addStretch(1)
        layout.addLayout(self._make_buttons())
        return layout

    def _make_box(self, choice: NoticeChoice) -> TickBox:
        needed = choice.purpose is Purpose.APPLICATION
        hint = self.texts("consent.needed" if needed else "consent.optional")
        name = "consent-application" if needed else "consent-face"
        agreed = self.texts("consent.agree", name=choice.name)
        explained = self.texts("consent.explained", explanation=choice.explanation, kept=choice.kept, hint=hint)
        return TickBox(self.theme, name, agreed, explained)

    def _make_buttons(self) -> QHBoxLayout:
        texts, theme = self.texts, self.theme
        go_on = Button(theme, "continue", texts("consent.continue"), ButtonKind.PRIMARY, TextSize.LEAD)
        go_on.setEnabled(False)
        self._boxes[Purpose.APPLICATION].toggled.connect(go_on.setEnabled)
        go_on.clicked.connect(self._give)
        disagree = Button(theme, "disagree", texts("consent.disagree"), ButtonKind.QUIET)
        disagree.clicked.connect(lambda: self.send(ConsentRefused()))
        buttons = row(None, theme, gap=20)
        buttons.addWidget(disagree, 2)
        buttons.addWidget(go_on, 3)
        return buttons

    def _give(self) -> None:
        purposes = {purpose for purpose, box in self._boxes.items() if box.isChecked()}
        notice = self.context.notice
        self.send(
            ConsentGiven(
                Consent(
                    list_version=notice.list_version,
                    text_sha256=notice.text_sha256,
                    language=self.texts.language,
                    purposes=frozenset(purposes),
                    given_at=datetime.now(UTC),
                )
            )
        )
