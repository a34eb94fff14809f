"""Who is there: teller number and PIN, typed on a pad. The PIN is never shown and never kept."""

from functools import partial

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLineEdit, QSizePolicy, QWidget

from kiosk.runtime.surface import DayState, TellerView
from kiosk.ui.texts import Texts
from kiosk.ui.theme import TARGET_PX, TextSize, Theme
from kiosk.ui.times import clock_seconds
from kiosk.ui.widgets.buttons import Button, ButtonKind
from kiosk.ui.widgets.field import Field
from kiosk.ui.widgets.surfaces import Card, attention_note, column, in_the_middle, row
from kiosk.ui.widgets.text import lead, title

MAX_ID, MAX_PIN = 12, 16


class SignIn(QWidget):
    """`signed_in(teller_id, pin)` when both are given, `left` to go back."""

    signed_in = Signal(str, str)
    left = Signal()

    def __init__(self, theme: Theme, texts: Texts) -> None:
        super().__init__()
        self._theme, self._texts = theme, texts
        self._id = Field(theme, "teller-id", texts("teller.teller_id"), longest=MAX_ID)
        self._pin = Field(theme, "pin", texts("teller.pin"), longest=MAX_PIN)
        self._pin.edit.setEchoMode(QLineEdit.EchoMode.Password)
        self._pin.edit.setInputMethodHints(Qt.InputMethodHint.ImhHiddenText | Qt.InputMethodHint.ImhNoPredictiveText)
        self._served = self._id.edit
        self._tried = False
        for field in (self._id, self._pin):
            field.edit.installEventFilter(self)
            field.edit.textChanged.connect(self._show_whether_complete)
            field.edit.returnPressed.connect(self._go_on)
        self._error = attention_note(theme, "notice")
        self._error.setObjectName("sign-in-error")
        self._error.hide()
        self.setLayout(in_the_middle(theme, self._make_card()))
        self._show_whether_complete()

    def clear(self) -> None:
        """Forget what was typed."""
        self._id.edit.clear()
        self._pin.edit.clear()
        self._tried = False
        self._error.hide()
        self._served = self._id.edit
        self._id.edit.setFocus()

    def show_view(self, view: TellerView) -> None:
        """Show why the last sign-in failed, and until when the next one would; nothing before one was tried."""
        self._opens_day.setVisible(view.day is DayState.CLOSED)
        shown = self._tried and view.sign_in_error is not None
        self._error.setVisible(shown)
        if shown:
            until = {"time": clock_seconds(view.locked_until)} if view.locked_until else {}
            self._error.show_text(self._texts(f"teller.{view.sign_in_error}", **until))

    def _make_card(self) -> Card:
        card = Card(self._theme)
        portrait = self._theme.portrait
        card.setFixedWidth(self._theme.px(860 if portrait else 1240))
        layout = column(card, self._theme, margin=56, gap=28)
        layout.addWidget(title(self._theme, self._texts("teller.title")))
        self._opens_day = lead(self._theme, self._texts("teller.opens_day"))
        self._opens_day.setObjectName("opens-day")
        self._opens_day.hide()
        layout.addWidget(self._opens_day)
        halves = column(None, self._theme, gap=36) if portrait else row(None, self._theme, gap=64)
        words = column(None, self._theme, gap=26)
        words.addWidget(self._id)
        words.addWidget(self._pin)
        words.addWidget(self._error)
        words.addStretch(1)
        halves.addLayout(words, 1)
        halves.addLayout(self._make_pad(), 1)
        layout.addLayout(halves)
        buttons = row(None, self._theme, gap=24)
        back = Button(self._theme, "back", self._texts("teller.back"), ButtonKind.QUIET)
        back.clicked.connect(self.left)
        self._sign_in = Button(self._theme, "sign-in", self._texts("teller.sign_in"), ButtonKind.PRIMARY, TextSize.LEAD)
        self._sign_in.clicked.connect(self._send)
        buttons.addWidget(back, 1)
        buttons.addWidget(self._sign_in, 2)
        layout.addLayout(buttons)
        return card

    def _make_pad(self) -> QGridLayout:
        pad = QGridLayout()
        pad.setSpacing(self._theme.px(14))
        for number, key in enumerate("123456789"):
            pad.addWidget(self._digit(key), number // 3, number % 3)
        clear = self._pad_key("pad-clear", self._texts("teller.clear"))
        clear.clicked.connect(lambda: self._served.clear())
        backspace = self._pad_key("pad-backspace", "", icon="backspace")
        backspace.speak_as(self._texts("keyboard.backspace"))
        backspace.clicked.connect(lambda: self._served.backspace())
        pad.addWidget(clear, 3, 0)
        pad.addWidget(self._digit("0"), 3, 1)
        pad.addWidget(backspace, 3, 2)
        return pad

    def _digit(self, key: str) -> Button:
        button = self._pad_key(f"pad-{key}", key)
        button.clicked.connect(partial(self._type, key))
        return button

    def _pad_key(self, name: str, text: str, icon: str | None = None) -> Button:
        button = Button(self._theme, name, text, ButtonKind.QUIET, TextSize.LEAD, icon)
        button.setMinimumHeight(self._theme.px(TARGET_PX + 8))
        button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        return button

    def _type(self, key: str, _checked: bool = False) -> None:
        self._served.insert(key)

    def _show_whether_complete(self) -> None:
        self._sign_in.setEnabled(bool(self._id.edit.text().strip() and self._pin.edit.text()))

    def _go_on(self) -> None:
        """Return leads from the number to the PIN and from there in."""
        if self._sign_in.isEnabled():
            self._send()
        else:
            self._pin.edit.setFocus()

    def _send(self) -> None:
        teller_id, pin = self._id.edit.text().strip(), self._pin.edit.text()
        self._pin.edit.clear()
        self._pin.edit.setFocus()
        self._tried = True
        self.signed_in.emit(teller_id, pin)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.FocusIn and isinstance(watched, QLineEdit):
            self._served = watched
        return super().eventFilter(watched, event)
