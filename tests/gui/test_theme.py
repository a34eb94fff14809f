"""Colours, letters and targets, computed as the standards ask: WCAG contrast, 20 mm targets, 4.8 mm capitals."""

import math
from dataclasses import replace

import pytest
from PySide6.QtCore import QEvent, QSize
from PySide6.QtGui import QFontInfo, QFontMetrics, QFontMetricsF
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QWidget

from kiosk.session.events import Language
from kiosk.session.machine import Phase
from kiosk.ui.customer.header import Header
from kiosk.ui.poses import LONG_NAMES, poses, view_at
from kiosk.ui.texts import ASSETS, load_texts
from kiosk.ui.theme import CONTRASTS, FONT_FAMILY, LEAST_CONTRAST, TARGET_PX, TextSize, Theme, Weight, contrast_ratio
from kiosk.ui.widgets.scroll import TouchScroll
from kiosk.ui.widgets.text import broken_lines

LANDSCAPE, PORTRAIT = QSize(1920, 1080), QSize(1080, 1920)
SMALLEST_KIOSK_INCHES = 21.5
MM_PER_PX = SMALLEST_KIOSK_INCHES * 25.4 / math.hypot(1920, 1080)
LEAST_TARGET_MM, LEAST_CAPITAL_MM = 20.0, 4.8


def test_contrast_is_that_of_wcag():
    assert contrast_ratio("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast_ratio("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize(("ink", "ground", "use"), CONTRASTS, ids=lambda value: value.name)
def test_every_pair_of_colours_can_be_read(ink, ground, use):
    assert contrast_ratio(ink, ground) >= LEAST_CONTRAST[use]


def test_the_bundled_typeface_is_used_in_every_weight(qapp):
    theme = Theme.for_size(QSize(1920, 1080))
    widths = [QFontMetricsF(theme.font(TextSize.BODY, weight)).horizontalAdvance("Bank 银行") for weight in Weight]
    assert QFontInfo(theme.font(TextSize.BODY)).family() == FONT_FAMILY
    assert widths == sorted(widths)
    assert len(set(widths)) == len(widths), "the weight axis has no effect"


@pytest.mark.parametrize("size", TextSize)
def test_capitals_are_tall_enough_on_the_smallest_kiosk(qapp, size):
    capital_px = QFontMetricsF(Theme.for_size(QSize(1920, 1080)).font(size)).capHeight()
    assert capital_px * MM_PER_PX >= LEAST_CAPITAL_MM


def test_targets_are_tall_enough_on_the_smallest_kiosk():
    assert TARGET_PX * MM_PER_PX >= LEAST_TARGET_MM


SIZES = pytest.mark.parametrize("size", [LANDSCAPE, PORTRAIT], ids=["landscape", "portrait"])
LANGUAGES = pytest.mark.parametrize("language", Language)


@SIZES
def test_every_button_on_every_page_is_a_full_target(make_window, customer, teller, qtbot, size):
    window = make_window(customer, teller, size=size)
    for phase in Phase:
        customer.show(view_at(phase))
        qtbot.wait(1)
        for button in window.findChildren(QAbstractButton):
            if button.isVisible():
                check_target(window, button)


def check_target(window, button) -> None:
    assert button.height() * MM_PER_PX >= LEAST_TARGET_MM, button.objectName()
    assert button.width() * MM_PER_PX >= LEAST_TARGET_MM, button.objectName()
    assert button.accessibleName(), button.objectName()
    place = button.rect().translated(button.mapTo(window, button.rect().topLeft()))
    assert window.rect().contains(place), button.objectName()


@SIZES
@LANGUAGES
def test_no_text_on_any_page_is_cut_off(make_window, customer, teller, qtbot, size, language):
    window = make_window(customer, teller, size=size, language=language)
    for pose in shown_one_by_one(window, customer, qtbot, language):
        check_texts(window, pose.name)


@SIZES
@LANGUAGES
def test_the_longest_names_can_be_read_to_the_last_letter(make_window, customer, teller, size, language):
    window = make_window(customer, teller, size=size, language=language)
    details = view_at(Phase.CONFIRMING_DETAILS, language)
    for names in (LONG_NAMES, replace(LONG_NAMES, primary_name="MUHAMMAD ABDULRAHMAN ALHUSSEINI")):
        customer.show(replace(details, session=replace(details.session, evidence=names)))
        window.grab()  # lays the page out
        label = window.findChild(QLabel, "record-names")
        lines = broken_lines(label.text(), label.font(), label.width())
        assert "".join(lines).replace(" ", "") == f"{names.primary_name},{names.secondary_name}".replace(" ", "")
        metrics = QFontMetrics(label.font())
        assert max(metrics.horizontalAdvance(line) for line in lines) <= label.width()
        assert len(lines) * metrics.lineSpacing() <= label.height()
        card = label.parentWidget()
        assert card.rect().contains(label.geometry())


@SIZES
@LANGUAGES
def test_no_text_on_the_console_is_cut_off(make_window, customer, teller, qtbot, size, language):
    window = make_window(customer, teller, size=size, language=language)
    window.open_console()
    for pose in poses(language):
        if pose.teller is not None:
            teller.show(pose.teller)
            for name in pose.press:
                window.findChild(QAbstractButton, name).click()
            qtbot.wait(5)
            check_texts(window, pose.name)


def shown_one_by_one(window, customer, qtbot, language):
    """Each of the customer's poses, once it stands on screen."""
    for pose in poses(language):
        if pose.teller is None:
            customer.show(pose.view)
            qtbot.waitUntil(lambda: window.page.settled)
            qtbot.wait(5)
            yield pose


def check_texts(window, where: str) -> None:
    for _ in range(3):  # a layout inside another has its turn after it
        QApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest.value)
    for label in window.findChildren(QLabel):
        if label.isVisible() and label.text():
            needed = label.heightForWidth(label.width()) if label.wordWrap() else label.sizeHint().height()
            assert label.height() >= needed - 1, f"{where}: {label.text()!r} needs {needed} px, has {label.height()}"
            if not label.wordWrap():
                assert label.width() >= label.sizeHint().width() - 1, f"{where}: {label.text()!r} is too wide"


@SIZES
@pytest.mark.parametrize("demo", [True, False])
@pytest.mark.parametrize(
    ("name", "whole"),
    [
        ("Bank of Utopia", True),
        ("Agricultural Development and Commercial Bank of Upper Utopia", True),
        ("乌托邦农业发展及商业储蓄联合银行股份有限公司", True),
        (
            "乌托邦农业发展及商业储蓄联合银行股份有限公司乌托邦农业发展及商业储蓄联合银行股份有限公司乌托邦农业发展及商业储蓄联合",
            False,
        ),
        ("W" * 60, False),
    ],
)
def test_a_long_bank_name_fits_or_says_that_it_goes_on(qtbot, size, demo, name, whole):
    header = Header(Theme.for_size(size), name)
    qtbot.addWidget(header)
    header.show_mark(load_texts(Language.ENGLISH)("header.demo_short") if demo else "")
    header.resize(size.width(), header.height())
    header.grab()  # lays it out
    shown = "".join(header.findChild(QWidget, "bank-name").lines).replace(" ", "")
    assert shown == name.replace(" ", "") or shown.endswith("…")
    if whole:
        assert "…" not in shown


@pytest.mark.parametrize("size", [QSize(1280, 1024), QSize(1024, 768), QSize(1024, 1280)], ids=lambda size: str(size))
@LANGUAGES
def test_a_screen_of_other_proportions_shows_every_text_and_button(
    make_window, customer, teller, qtbot, size, language
):
    window = make_window(customer, teller, size=size, language=language)
    for pose in shown_one_by_one(window, customer, qtbot, language):
        check_texts(window, pose.name)
        for button in window.findChildren(QAbstractButton):
            if button.isVisible():
                place = button.rect().translated(button.mapTo(window, button.rect().topLeft()))
                assert window.rect().contains(place), f"{pose.name}: {button.objectName()}"


def test_the_fade_over_the_notice_ends_where_the_bar_begins(window, customer, qtbot):
    customer.show(view_at(Phase.ASKING_CONSENT))
    qtbot.waitUntil(lambda: window.page.settled)
    window.grab()
    scroll = window.findChild(TouchScroll)
    bar = scroll.area.verticalScrollBar()
    fade = next(child for child in scroll.children() if type(child).__name__ == "_Fade")
    assert abs(fade.geometry().right() + 1 - bar.mapTo(scroll, bar.rect().topLeft()).x()) <= 1


def test_every_pictogram_is_used():
    source = "".join(path.read_text(encoding="utf-8") for path in (ASSETS.parent / "kiosk" / "ui").rglob("*.py"))
    unused = [path.stem for path in (ASSETS / "icons").glob("*.svg") if f'"{path.stem}"' not in source]
    assert not unused


def test_a_larger_screen_scales_everything():
    assert Theme.for_size(QSize(3840, 2160)).px(TARGET_PX) == 2 * TARGET_PX
    assert Theme.for_size(QSize(1080, 1920)).portrait


def test_a_screen_that_is_no_16_to_9_scales_to_the_side_that_is_scarce():
    assert Theme.for_size(QSize(1280, 1024)).scale == pytest.approx(1280 / 1920)
    assert Theme.for_size(QSize(1024, 1280)).scale == pytest.approx(1280 / 1920)
    assert Theme.for_size(QSize(1920, 1200)).scale == pytest.approx(1.0)
