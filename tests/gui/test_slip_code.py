"""The square code on the verdict page is read back from the picture of the screen, as `kiosk audit prove` reads it."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget

from kiosk.admin.slip_picture import read_code
from kiosk.session.machine import Phase
from kiosk.ui.poses import SLIP, view_at
from kiosk.ui.widgets.qr_code import QrCode
from tests.gui.conftest import LANDSCAPE, PORTRAIT

MM_PER_PX = 21.5 * 25.4 / np.hypot(1920, 1080)
"""Of the smallest screen that the sizes are made for (`ui/theme.py`)."""
LEAST_MODULE_MM = 0.7
CHARS_AT_A_MILLION_ENTRIES = 1535


@pytest.fixture(params=[LANDSCAPE, PORTRAIT], ids=["landscape", "portrait"])
def verdict(request, make_window, customer, teller):
    window = make_window(customer, teller, size=request.param)
    customer.show(replace(view_at(Phase.SHOWING_VERDICT), slip=SLIP))
    return window


def grey(widget: QWidget) -> np.ndarray:
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : image.width()].copy()


def test_the_code_is_read_back_from_the_screen(verdict, tmp_path):
    assert verdict.grab().save(str(tmp_path / "screen.png"))
    assert read_code(tmp_path / "screen.png") == SLIP.statement
    assert len(SLIP.statement) == CHARS_AT_A_MILLION_ENTRIES


def test_a_telephone_held_askew_reads_it_too(verdict, tmp_path):
    """From a little aside, slightly blurred, with noise, at less than the screen's own contrast, two pixels for one."""
    code = cv2.copyMakeBorder(grey(verdict.findChild(QrCode, "slip-code")), 60, 60, 60, 60, cv2.BORDER_CONSTANT, 0, 255)
    side = code.shape[0]
    corners = np.float32([[0, 0], [side, 0], [side, side], [0, side]])
    aside = np.float32([[20, 25], [side - 5, 0], [side - 25, side - 10], [0, side - 15]]) * 2
    turned = cv2.getPerspectiveTransform(corners, aside)
    seen = cv2.GaussianBlur(cv2.warpPerspective(code, turned, (side * 2, side * 2), borderValue=255), (0, 0), 1.2)
    noise = np.random.default_rng(1).normal(0, 5, seen.shape)
    cv2.imwrite(str(tmp_path / "photograph.jpg"), np.clip(seen * 0.6 + 50 + noise, 0, 255).astype(np.uint8))
    assert read_code(tmp_path / "photograph.jpg") == SLIP.statement


def test_a_module_is_large_enough_for_a_telephone(verdict):
    assert verdict.findChild(QrCode, "slip-code").module_px * MM_PER_PX >= LEAST_MODULE_MM
