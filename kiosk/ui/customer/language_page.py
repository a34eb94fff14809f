"""Choose the language: one large card each, every card in its own language."""

from functools import partial

from kiosk.session.events import Language, LanguageChosen
from kiosk.ui.customer.page import Page, PageContext
from kiosk.ui.theme import Colour, TextSize, Weight
from kiosk.ui.widgets.buttons import ChoiceCard
from kiosk.ui.widgets.surfaces import column, side_by_side
from kiosk.ui.widgets.text import Text


class LanguagePage(Page):
    def __init__(self, context: PageContext) -> None:
        super().__init__(context)
        layout = column(self, self.theme, gap=10)
        layout.addStretch(2)
        for number, texts in enumerate(context.welcome_texts):
            size, colour = (TextSize.TITLE, Colour.INK) if number == 0 else (TextSize.HEADING, Colour.INK_SOFT)
            layout.addWidget(Text(self.theme, texts("language.title"), size, Weight.SEMIBOLD, colour))
        layout.addSpacing(self.theme.px(44))
        cards = side_by_side(self.theme, gap=36)
        for texts in context.welcome_texts:
            card = ChoiceCard(self.theme, f"language-{texts.language}", texts("language.name"))
            card.setMinimumHeight(self.theme.px(240))
            card.add(Text(self.theme, texts("language.name"), TextSize.TITLE, Weight.SEMIBOLD, Colour.ACCENT).centred())
            card.clicked.connect(partial(self._choose, texts.language))
            cards.addWidget(card)
        layout.addLayout(cards)
        layout.addStretch(3)

    def _choose(self, language: Language, _checked: bool = False) -> None:
        self.send(LanguageChosen(language))
