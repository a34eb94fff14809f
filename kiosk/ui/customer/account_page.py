"""Choose the account class, each explained in a sentence."""

from functools import partial

from kiosk.session.events import AccountClass, AccountClassChosen
from kiosk.ui.customer.page import Page, PageContext
from kiosk.ui.theme import Colour, TextSize, Weight
from kiosk.ui.widgets.buttons import ChoiceCard
from kiosk.ui.widgets.surfaces import Note, column, side_by_side
from kiosk.ui.widgets.text import Text, lead, title


class AccountPage(Page):
    def __init__(self, context: PageContext) -> None:
        super().__init__(context)
        layout = column(self, self.theme, gap=12)
        layout.addStretch(1)
        layout.addWidget(title(self.theme, self.texts("account.title")))
        layout.addWidget(lead(self.theme, self.texts("account.lead")))
        layout.addSpacing(self.theme.px(36))
        cards = side_by_side(self.theme, gap=28)
        for account_class in AccountClass:
            cards.addWidget(self._card(account_class), 1)
        layout.addLayout(cards)
        layout.addStretch(2)

    def _card(self, account_class: AccountClass) -> ChoiceCard:
        name = self.texts.of(account_class)
        about = self.texts(f"account_about.{account_class}")
        card = ChoiceCard(self.theme, f"account-{account_class}", name)
        card.setAccessibleDescription(about)
        card.setMinimumHeight(self.theme.px(270 if self.theme.portrait else 400))
        card.add(Text(self.theme, name, TextSize.TITLE, Weight.SEMIBOLD, Colour.ACCENT))
        card.add(Text(self.theme, about))
        card.body.addStretch(1)
        if account_class is AccountClass.CLASS_I:
            card.add(Note(self.theme, "people", self.texts("account.teller_joins")))
        card.clicked.connect(partial(self._choose, account_class))
        return card

    def _choose(self, account_class: AccountClass, _checked: bool = False) -> None:
        self.send(AccountClassChosen(account_class))
