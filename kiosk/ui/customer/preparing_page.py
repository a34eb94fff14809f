"""Before the face check: what comes, and a gentler one for who wants it. Nothing shines and no camera is read here.

Nothing is ticked beforehand, and nothing goes on by itself.
"""

from PySide6.QtWidgets import QVBoxLayout, QWidget

from kiosk.session.events import FaceCheckChosen
from kiosk.ui.customer.page import Page, PageContext
from kiosk.ui.theme import TextSize
from kiosk.ui.widgets.buttons import Button, ButtonKind, TickBox
from kiosk.ui.widgets.icon import Icon
from kiosk.ui.widgets.surfaces import Note, column, row, side_by_side
from kiosk.ui.widgets.text import Text, heading, lead, title
from kiosk.verification.layers import ChallengeVariant


class PreparingPage(Page):
    """Sends the chosen variant."""

    def __init__(self, context: PageContext) -> None:
        super().__init__(context)
        layout = side_by_side(self.theme, gap=64)
        self.setLayout(layout)
        layout.addLayout(self._make_what_comes(), 1)
        layout.addLayout(self._make_choice(), 1)

    def _make_what_comes(self) -> QVBoxLayout:
        words = column(None, self.theme, gap=18)
        words.addWidget(title(self.theme, self.texts("preparing.title")))
        words.addWidget(lead(self.theme, self.texts("preparing.lead")))
        words.addSpacing(self.theme.px(28))
        self._prompts = Text(self.theme, self.texts("preparing.prompts"), TextSize.LEAD)
        self._light = self._make_line("light", Text(self.theme, self.texts("preparing.light"), TextSize.LEAD))
        self._light.setObjectName("light-comes")
        forget = Text(self.theme, self.texts("preparing.forget"), TextSize.LEAD)
        # The light comes last: where it is left out, it leaves no hole.
        for line in (self._make_line("person", self._prompts), self._make_line("forget", forget), self._light):
            words.addWidget(line)
            words.addSpacing(self.theme.px(14))
        words.addStretch(1)
        return words

    def _make_line(self, icon: str, words: Text) -> QWidget:
        line = QWidget()
        layout = row(line, self.theme, gap=28)
        layout.addWidget(Icon(self.theme, icon, 64))
        layout.addWidget(words, 1)
        return line

    def _make_choice(self) -> QVBoxLayout:
        choice = column(None, self.theme, gap=20)
        choice.addWidget(heading(self.theme, self.texts("preparing.question")))
        self._no_light = self._make_box("no_light")
        self._no_turns = self._make_box("no_turns")
        for box in (self._no_light, self._no_turns):
            choice.addWidget(box)
        self._same = Note(self.theme, "people", self.texts("preparing.same"))
        self._same.setObjectName("gentler-is-as-good")
        choice.addWidget(self._same)
        choice.addStretch(1)
        go_on = Button(
            self.theme, "begin-face-check", self.texts("preparing.continue"), ButtonKind.PRIMARY, TextSize.LEAD
        )
        go_on.setMinimumHeight(self.theme.px(124))
        go_on.clicked.connect(lambda: self.send(FaceCheckChosen(self._variant)))
        choice.addWidget(go_on)
        self._show_choice()
        return choice

    def _make_box(self, key: str) -> TickBox:
        name = key.replace("_", "-")
        box = TickBox(self.theme, name, self.texts(f"preparing.{key}"), self.texts(f"preparing.{key}_about"))
        box.toggled.connect(self._show_choice)
        return box

    @property
    def _variant(self) -> ChallengeVariant:
        match self._no_turns.isChecked(), self._no_light.isChecked():
            case False, False:
                return ChallengeVariant.FULL
            case True, False:
                return ChallengeVariant.WITHOUT_TURNS
            case False, True:
                return ChallengeVariant.WITHOUT_LIGHT
            case _:
                return ChallengeVariant.WITHOUT_TURNS_AND_LIGHT

    def _show_choice(self) -> None:
        """What comes is what was chosen; nothing moves below a finger."""
        variant = self._variant
        self._prompts.show_text(
            self.texts("preparing.prompts" if variant.has_turns else "preparing.prompts_without_turns")
        )
        for widget, is_shown in ((self._same, variant is not ChallengeVariant.FULL), (self._light, variant.has_light)):
            policy = widget.sizePolicy()
            policy.setRetainSizeWhenHidden(True)
            widget.setSizePolicy(policy)
            widget.setVisible(is_shown)
