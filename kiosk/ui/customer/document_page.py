"""Read the document: its live picture, how to lay it, and what to put right."""

from typing import ClassVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout

from kiosk.runtime.surface import SessionView
from kiosk.ui.customer.page import Page, PageContext
from kiosk.ui.theme import TextSize
from kiosk.ui.widgets.camera_preview import DocumentPreview
from kiosk.ui.widgets.icon import Icon
from kiosk.ui.widgets.indicators import Spinner
from kiosk.ui.widgets.surfaces import attention_note, column, row, side_by_side
from kiosk.ui.widgets.text import Text, lead, title


class DocumentPage(Page):
    lead_key: ClassVar[str] = "document.lead"

    def __init__(self, context: PageContext) -> None:
        super().__init__(context)
        page = column(self, self.theme, gap=28)
        page.addLayout(self._heading())
        layout = side_by_side(self.theme, gap=48)
        page.addLayout(layout, 1)
        self._preview = DocumentPreview(self.theme, "document-preview", context.surface.document_pixels)
        self._preview.setAccessibleName(self.texts("document.picture"))
        if self.theme.portrait:
            self._preview.setMaximumHeight(self.theme.px(600))
            layout.addWidget(self._preview, 1)
            layout.addLayout(self._advice())
        else:
            layout.addWidget(self._preview, 8)
            layout.addLayout(self._advice(), 5)

    @property
    def worth_a_picture(self) -> bool:
        return self._preview.holds_pixels

    def show_view(self, view: SessionView) -> None:
        """The first remark only: one thing to put right at a time."""
        remark = next(iter(view.document_remarks), None)
        if remark is not None:
            self._remark.show_text(self.texts.of(remark))
        self._remark.setVisible(remark is not None)

    def _heading(self) -> QVBoxLayout:
        words = column(None, self.theme, gap=6)
        words.addWidget(title(self.theme, self.texts("document.title")))
        words.addWidget(lead(self.theme, self.texts(self.lead_key)))
        return words

    def _advice(self) -> QVBoxLayout:
        advice = column(None, self.theme, gap=24)
        for icon, key in (("passport", "document.passport"), ("document", "document.card")):
            line = row(None, self.theme, gap=22)
            line.addWidget(Icon(self.theme, icon, 64), 0, Qt.AlignmentFlag.AlignTop)
            line.addWidget(Text(self.theme, self.texts(key)), 1)
            advice.addLayout(line)
        self._remark = attention_note(self.theme, "info")
        self._remark.setObjectName("document-remark")
        advice.addWidget(self._remark)
        advice.addStretch(1)
        looking = row(None, self.theme, gap=20)
        looking.addWidget(Spinner(self.theme, 60))
        looking.addWidget(Text(self.theme, self.texts("document.looking"), TextSize.BODY), 1)
        advice.addLayout(looking)
        return advice
