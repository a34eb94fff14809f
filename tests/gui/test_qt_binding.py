"""The Qt binding itself: a fault in it (PySide6 6.12.0 on Python 3.11) ended the program after a few minutes."""

import sys

from PySide6.QtCore import QTimer
from PySide6.QtGui import QColor, QImage, QPainter

CALLS = 500


def test_calls_that_return_nothing_take_no_reference_from_none(qapp):
    image = QImage(10, 10, QImage.Format.Format_RGB888)
    timer = QTimer()

    def call() -> None:
        painter = QPainter(image)
        painter.fillRect(image.rect(), QColor("red"))
        painter.end()
        timer.start(1000)
        timer.stop()

    call()
    before = sys.getrefcount(None)
    for _ in range(CALLS):
        call()
    assert sys.getrefcount(None) > before - CALLS // 2
