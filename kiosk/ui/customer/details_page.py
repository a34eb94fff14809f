"""Confirm what was read and add what the document does not say: address (needed), telephone (optional).

What was read cannot be edited: it is right, or it is read again.
"""

from collections.abc import Callable, Iterator

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QBoxLayout, QGridLayout, QHBoxLayout, QLineEdit, QVBoxLayout

from kiosk.document.evidence import DocumentRemark
from kiosk.runtime.surface import SessionView
from kiosk.session.events import DetailsConfirmed, DocumentReadAgain
from kiosk.session.machine import Session
from kiosk.ui.customer.page import Page, PageContext
from kiosk.ui.texts import Texts, full_name
from kiosk.ui.theme import Colour, TextSize, Weight
from kiosk.ui.widgets.buttons import Button, ButtonKind
from kiosk.ui.widgets.field import Field, one_line, telephone_number
from kiosk.ui.widgets.keyboard import Keyboard
from kiosk.ui.widgets.surfaces import Card, attention_note, column, row, side_by_side
from kiosk.ui.widgets.text import BreakingText, Text, title

MAX_ADDRESS = 200
MAX_PHONE = 30
_RECOGNISED = (("names",), ("birth_date", "nationality"), ("document",), ("expiry_date", "account"))
"""By rows; what may be long has a row for itself."""


class DetailsPage(Page):
    """While the customer types, the keyboard takes the place of what was read."""

    def __init__(self, context: PageContext) -> None:
        super().__init__(context)
        self._values: dict[str, Text] = {}
        self._title = title(self.theme, self.texts("details.title"))
        self._record = self._make_record()
        self._address = self._make_field("address", MAX_ADDRESS, one_line)
        self._phone = self._make_field("phone", MAX_PHONE, telephone_number)
        self._asks_phone = context.notice.names("phone")
        self._needed = Text(self.theme, self.texts("details.address_needed"), colour=Colour.INK_SOFT)
        self._keyboard = Keyboard(self.theme, self.texts)
        self._keyboard.done.connect(self.end_typing)
        self._keyboard.hide()
        layout = column(self, self.theme, gap=22)
        layout.addWidget(self._title)
        halves = side_by_side(self.theme, gap=40)
        halves.addWidget(self._record, 11)
        halves.addLayout(self._make_fields(), 9)
        layout.addLayout(halves)
        layout.addWidget(self._keyboard)
        layout.addStretch(1)
        layout.addLayout(self._make_buttons())
        address, phone = context.typed.address, context.typed.phone
        self._address.edit.setText(address)
        self._phone.edit.setText(phone)
        self._show_whether_complete()

    def show_view(self, view: SessionView) -> None:
        for name, value in recognised(view.session, self.texts):
            self._values[name].show_text(value)
        staff = _about_document(view.session, self.texts)
        self._staff.show_text(staff or "")
        self._staff.setVisible(staff is not None)
        self._show_whether_complete()

    def begin_typing(self, field: QLineEdit) -> None:
        """Bring the keyboard and let it type into this field."""
        self._keyboard.serve(field)
        self._record.hide()
        self._title.setVisible(self.theme.portrait)
        if not self.theme.portrait:
            self._pair.setDirection(QBoxLayout.Direction.LeftToRight)
        self._keyboard.show()
        self._show_whether_complete()

    def end_typing(self) -> None:
        """Put the keyboard away and show again what was read."""
        for field in (self._address, self._phone):
            field.edit.clearFocus()
        self._keyboard.hide()
        self._pair.setDirection(QBoxLayout.Direction.TopToBottom)
        self._title.show()
        self._record.show()
        self._show_whether_complete()

    def _make_record(self) -> Card:
        card = Card(self.theme)
        layout = column(card, self.theme, margin=32, gap=16)
        heading = Text(self.theme, self.texts("details.lead"), TextSize.BODY, Weight.SEMIBOLD, Colour.ACCENT)
        layout.addWidget(heading)
        grid = QGridLayout()
        grid.setHorizontalSpacing(self.theme.px(20))
        grid.setVerticalSpacing(self.theme.px(14))
        grid.setColumnStretch(1, 3)
        grid.setColumnStretch(3, 2)
        for number, names in enumerate(_RECOGNISED):
            for place, name in enumerate(names):
                label = Text(self.theme, self.texts(f"details.{name}"), TextSize.SMALL, colour=Colour.INK_SOFT)
                value = self._values[name] = BreakingText(self.theme, "", TextSize.BODY, Weight.MEDIUM)
                value.setObjectName(f"record-{name}")
                grid.addWidget(label.on_one_line(), number, 2 * place)
                grid.addWidget(value, number, 2 * place + 1, 1, 3 if len(names) == 1 else 1)
        layout.addLayout(grid)
        layout.addStretch(1)
        return card

    def _make_field(self, name: str, longest: int, clean: Callable[[str], str]) -> Field:
        texts = self.texts
        field = Field(self.theme, name, texts(f"details.{name}"), texts(f"details.{name}_hint"), longest, clean)
        field.edit.installEventFilter(self)
        field.edit.textChanged.connect(self._note_typed)
        return field

    def _make_fields(self) -> QVBoxLayout:
        fields = column(None, self.theme, gap=22)
        self._pair: QBoxLayout = column(None, self.theme, gap=26)
        self._pair.addWidget(self._address, 3)
        if self._asks_phone:
            self._pair.addWidget(self._phone, 2)
        else:  # nobody was told of it, so nobody is asked
            self._phone.setParent(self)
            self._phone.hide()
        fields.addLayout(self._pair)
        fields.addWidget(self._needed)
        self._staff = attention_note(self.theme, "people")
        self._staff.setObjectName("staff-will-help")
        self._staff.hide()
        fields.addWidget(self._staff)
        fields.addStretch(1)
        return fields

    def _make_buttons(self) -> QHBoxLayout:
        buttons = row(None, self.theme, gap=24)
        again = Button(self.theme, "read-again", self.texts("details.read_again"), ButtonKind.QUIET)
        again.clicked.connect(lambda: self.send(DocumentReadAgain()))
        text = self.texts("details.confirm")
        self._confirm = Button(self.theme, "confirm-details", text, ButtonKind.PRIMARY, TextSize.LEAD)
        self._confirm.clicked.connect(self._send_details)
        buttons.addWidget(again, 2)
        buttons.addWidget(self._confirm, 3)
        return buttons

    def _note_typed(self) -> None:
        """Remember it for the visit: reading the document again must not cost what was typed."""
        self.context.typed.address, self.context.typed.phone = self._address.edit.text(), self._phone.edit.text()
        self._show_whether_complete()

    def _show_whether_complete(self) -> None:
        """What the keyboard hides cannot be confirmed; one thing is said at a time."""
        complete = bool(self._address.edit.text().strip())
        typing = not self._keyboard.isHidden()
        self._confirm.setEnabled(complete and not typing)
        self._needed.setVisible(not complete and not typing and self._staff.isHidden())

    def _send_details(self) -> None:
        phone = (self._phone.edit.text().strip() or None) if self._asks_phone else None
        self.send(DetailsConfirmed(self._address.edit.text().strip(), phone))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.MouseButtonRelease and isinstance(watched, QLineEdit):
            self.begin_typing(watched)
        return super().eventFilter(watched, event)


def recognised(session: Session, texts: Texts) -> Iterator[tuple[str, str]]:
    """Yield what the document says and what was chosen, ready to show; nothing before a document was read."""
    evidence = session.evidence
    if evidence is not None:
        yield "names", full_name(evidence.primary_name, evidence.secondary_name)
        yield "birth_date", evidence.birth_date.isoformat()
        yield "nationality", evidence.nationality
        yield "document", f"{texts.of(evidence.kind)} {evidence.number}"
        yield "expiry_date", evidence.expiry_date.isoformat()
    if session.account_class is not None:
        yield "account", texts.of(session.account_class)


_WORTH_NAMING = (
    DocumentRemark.NEEDS_GUARDIAN,
    DocumentRemark.UNDER_AGE,
    DocumentRemark.EXPIRED,
    DocumentRemark.NOT_AN_IDENTITY_DOCUMENT,
    DocumentRemark.NUMBER_UNSURE,
)
"""What a customer can understand and perhaps mend; of the rest they read only that staff will help."""


def _about_document(session: Session, texts: Texts) -> str | None:
    """One sentence where the document leads to the staff, or where its holder must look twice."""
    remarks = session.evidence.remarks if session.evidence is not None else ()
    named = next((remark for remark in _WORTH_NAMING if remark in remarks), None)
    if named is not None:
        return texts.of(named)
    return texts("details.staff_will_help") if session.referral is not None else None
