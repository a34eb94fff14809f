"""A window over fake surfaces, off screen."""

import time

import pytest
from PySide6.QtCore import QSize

from kiosk.session.events import Language
from kiosk.ui.customer import page
from kiosk.ui.customer.window import CustomerWindow
from kiosk.ui.poses import posed_notices
from tests.fakes import FakeCustomerSurface, FakeTellerSurface

LANDSCAPE, PORTRAIT = QSize(1920, 1080), QSize(1080, 1920)


class Clock:
    """Monotonic seconds that pass when told to."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture(autouse=True)
def pages_that_never_rest(monkeypatch) -> None:
    """Tests press as soon as a page is there; those about double taps let it rest as it does in a branch."""
    monkeypatch.setattr(page, "REST_MS", 0)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def customer() -> FakeCustomerSurface:
    return FakeCustomerSurface()


@pytest.fixture
def teller() -> FakeTellerSurface:
    return FakeTellerSurface()


@pytest.fixture
def make_window(qtbot):
    """Build and show a window over the surfaces given."""

    def make(
        customer, teller, clock=time.monotonic, size=LANDSCAPE, language=Language.ENGLISH, notices=None
    ) -> CustomerWindow:
        notices = notices or posed_notices()
        window = CustomerWindow(customer, teller, notices, "Bank of Utopia", language, size, clock)
        qtbot.addWidget(window)
        window.show_on(size)
        return window

    return make


@pytest.fixture
def window(make_window, customer, teller, clock) -> CustomerWindow:
    return make_window(customer, teller, clock)
