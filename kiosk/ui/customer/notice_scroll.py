"""A notice to be read: every word that its hash covers, but for the choices that stand beside it."""

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QVBoxLayout

from kiosk.privacy.notice import Notice, NoticeSection
from kiosk.ui.texts import Texts
from kiosk.ui.theme import Colour, TextSize, Theme, Weight
from kiosk.ui.widgets.icon import Icon
from kiosk.ui.widgets.scroll import TouchScroll
from kiosk.ui.widgets.surfaces import column, row
from kiosk.ui.widgets.text import Text


class NoticeScroll(TouchScroll):
    """Built a section at each turn of the event loop: all at once would hold up the screen."""

    def __init__(self, theme: Theme, texts: Texts, notice: Notice) -> None:
        super().__init__(theme, "notice", texts("consent.more_below"))
        self._texts, self._notice = texts, notice
        lines = column(None, theme, gap=26)
        for paragraph in notice.summary:
            lines.addWidget(Text(theme, paragraph, TextSize.BODY))
        lines.addStretch(1)
        self.show_content(lines)
        self._unbuilt = list(notice.sections)
        QTimer.singleShot(0, self, lambda: self._build_on(lines))

    @property
    def settled(self) -> bool:
        """Everything is there."""
        return not self._unbuilt

    def _build_on(self, lines: QVBoxLayout) -> None:
        lines.insertLayout(lines.count() - 1, self._make_section(self._unbuilt.pop(0)))
        if self._unbuilt:
            QTimer.singleShot(0, self, lambda: self._build_on(lines))
            return
        notice = self._notice
        version = self._texts("consent.version", version=notice.list_version)
        for paragraph in (*notice.rights, *notice.responsible, version):
            lines.insertWidget(lines.count() - 1, Text(self._theme, paragraph, TextSize.SMALL))

    def _make_section(self, section: NoticeSection) -> QVBoxLayout:
        """What is collected in bold; below it why, how long it is kept, and whether it stays."""
        layout = column(None, self._theme, gap=4)
        layout.addWidget(Text(self._theme, section.name, TextSize.BODY, Weight.SEMIBOLD))
        layout.addWidget(Text(self._theme, section.reason, TextSize.SMALL))
        layout.addLayout(small_line(self._theme, "clock", section.kept))
        layout.addLayout(small_line(self._theme, "send" if section.leaves_kiosk else "lock", section.place))
        return layout


def small_line(theme: Theme, icon: str, words: str) -> QVBoxLayout:
    """A pictogram and a soft sentence beside it."""
    around = column(None, theme)
    line = row(None, theme, gap=12)
    line.addWidget(Icon(theme, icon, 38), 0, Qt.AlignmentFlag.AlignTop)
    line.addWidget(Text(theme, words, TextSize.SMALL, colour=Colour.INK_SOFT), 1)
    around.addLayout(line)
    return around
