"""The pages with the mirror: find your place, then follow the prompts. They show guidance; they judge nothing."""

import math

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from kiosk.runtime.surface import SessionView
from kiosk.ui.customer.page import Page, PageContext
from kiosk.ui.theme import Colour, TextSize, Theme, Weight
from kiosk.ui.widgets.camera_preview import FacePreview
from kiosk.ui.widgets.gesture_pictogram import MIRROR_DIRECTION, GesturePictogram
from kiosk.ui.widgets.icon import Icon
from kiosk.ui.widgets.indicators import ProgressDots
from kiosk.ui.widgets.surfaces import CARD_RADIUS, Note, column, row, side_by_side
from kiosk.ui.widgets.text import Text, heading
from kiosk.verification.quality import CaptureGuidance

_TICK_MS = 40
_FILL_S = 1.2
_TIPS = (("glasses", "tip_glasses"), ("person", "tip_alone"), ("forget", "tip_forget"))


class GuidanceBand(QWidget):
    """The one sentence to follow, right above the picture where the eyes are."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._colour = Colour.STAGE
        self.setFixedHeight(theme.px(112))
        self.sentence = Text(theme, "", TextSize.HEADING, Weight.SEMIBOLD, Colour.ON_STAGE).centred()
        self.sentence.setObjectName("guidance")
        column(self, theme, margin=12).addWidget(self.sentence)

    def show_sentence(self, sentence: str, colour: Colour = Colour.STAGE) -> None:
        self.sentence.show_text(sentence)
        self.setAccessibleName(sentence)
        self._colour = colour
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._colour))
        radius = self._theme.px(CARD_RADIUS)
        painter.drawRoundedRect(self.rect(), radius, radius)


class FacePage(Page):
    """Band and mirror at one side, words at the other (below, in portrait)."""

    def __init__(self, context: PageContext) -> None:
        super().__init__(context)
        self.view = SessionView()
        self.band = GuidanceBand(self.theme)
        self.preview = FacePreview(self.theme, "face-preview", context.surface.preview_pixels)
        self.preview.setAccessibleName(self.texts("positioning.mirror"))
        mirror = column(None, self.theme, gap=16)
        mirror.addWidget(self.band)
        mirror.addWidget(self.preview, 1)
        layout = side_by_side(self.theme, gap=48)
        self.setLayout(layout)
        words = column(None, self.theme, gap=18)
        self.add_words(words)
        if self.theme.portrait:
            layout.addLayout(mirror, 1)
            layout.addLayout(words)
        else:
            layout.addLayout(mirror, 9)
            layout.addLayout(words, 5)
        self._timer = QTimer(self)
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self.tick)
        self._timer.start()

    def show_view(self, view: SessionView) -> None:
        self.view = view
        self.tick()

    @property
    def worth_a_picture(self) -> bool:
        return self.preview.holds_pixels

    def add_words(self, words: QVBoxLayout) -> None:
        """Add what stands beside the mirror."""

    def tick(self) -> None:
        """Move what moves."""


class PositioningPage(FacePage):
    """The ring fills while the face is fit."""

    def __init__(self, context: PageContext) -> None:
        self._filled = 0.0
        super().__init__(context)

    def add_words(self, words: QVBoxLayout) -> None:
        words.addWidget(heading(self.theme, self.texts("positioning.title")))
        words.addWidget(Text(self.theme, self.texts("positioning.lead"), colour=Colour.INK_SOFT))
        words.addSpacing(self.theme.px(14))
        self._again = Note(self.theme, "info", self.texts("positioning.again"))
        self._again.setObjectName("try-again")
        words.addWidget(self._again)
        self._wait = Note(self.theme, "clock", self.texts("positioning.wait_about"))
        self._wait.setObjectName("short-break")
        words.addWidget(self._wait)
        for icon, key in _TIPS:
            line = row(None, self.theme, gap=20)
            line.addWidget(Icon(self.theme, icon, 48))
            line.addWidget(Text(self.theme, self.texts(f"positioning.{key}")), 1)
            words.addLayout(line)
        words.addStretch(1)

    def show_view(self, view: SessionView) -> None:
        super().show_view(view)
        waits = view.wait_ends_at_s is not None
        self._again.setVisible(view.session.attempts > 0 and not waits)
        self._wait.setVisible(waits)

    def tick(self) -> None:
        step = _TICK_MS / 1000 / _FILL_S
        left_s = self.seconds_left(self.view.wait_ends_at_s)
        fit = self.view.guidance is CaptureGuidance.FIT and left_s is None
        sentence = self.texts.of(self.view.guidance)
        if left_s is not None:
            sentence = self.texts("positioning.wait", seconds=math.ceil(left_s))
        self.band.show_sentence(sentence, Colour.ACCENT if fit else Colour.STAGE)
        self._filled = min(1.0, self._filled + step) if fit else max(0.0, self._filled - 2 * step)
        self.preview.show_ring(self._filled)


class LivenessPage(FacePage):
    """The ring runs out with the time to answer; arrows point as in a mirror."""

    def add_words(self, words: QVBoxLayout) -> None:
        self._pictogram = GesturePictogram(self.theme, 300)
        self._dots = ProgressDots(self.theme)
        self._progress = Text(self.theme, "", TextSize.LEAD, Weight.MEDIUM, Colour.INK_SOFT)
        if self.theme.portrait:
            beside = row(None, self.theme, gap=48)
            beside.addWidget(self._pictogram)
            right = column(None, self.theme, gap=20)
            right.addStretch(1)
            right.addWidget(heading(self.theme, self.texts("liveness.title")))
            right.addWidget(self._progress)
            right.addWidget(self._dots, 0, Qt.AlignmentFlag.AlignLeft)
            right.addStretch(1)
            beside.addLayout(right, 1)
            words.addLayout(beside)
            return
        words.addWidget(heading(self.theme, self.texts("liveness.title")))
        words.addStretch(1)
        words.addWidget(self._pictogram, 0, Qt.AlignmentFlag.AlignHCenter)
        words.addStretch(1)
        words.addWidget(self._progress.centred())
        words.addWidget(self._dots)
        words.addStretch(1)

    def show_view(self, view: SessionView) -> None:
        super().show_view(view)
        self.preview.setVisible(view.colour is None)  # the light has a mirror of its own, and frames for one
        asked = view.gesture is not None
        sentence = self.texts.of(view.gesture) if view.gesture else self.texts("liveness.neutral")
        self.band.show_sentence(sentence, Colour.ACCENT if asked else Colour.STAGE)
        self._pictogram.show_gesture(view.gesture)
        self.preview.show_arrow(MIRROR_DIRECTION.get(view.gesture, 0) if view.gesture else 0)
        self._dots.show_progress(view.gesture_number, view.gesture_count)
        count = view.gesture_count
        text = self.texts("liveness.progress", number=view.gesture_number, count=count) if count else ""
        self._progress.show_text(text)

    def tick(self) -> None:
        left_s = self.seconds_left(self.view.gesture_ends_at_s)
        asked = self.view.gesture is not None and left_s is not None
        self.preview.show_ring((left_s or 0.0) / max(self.view.gesture_window_s, 0.1) if asked else 0.0)
