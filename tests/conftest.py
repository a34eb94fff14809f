"""What every test may rely on: no display, modest property tests, and where models and development data lie."""

import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Before anything imports Qt: tests need no display, and a developer's own choice stands.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

# Started as a background job, the shell lets SIGINT be ignored, and every program the tests start would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

REPOSITORY = Path(__file__).resolve().parent.parent

settings.register_profile("local", deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
# A change must not fail for an example that another run happened to draw.
settings.register_profile("ci", settings.get_profile("local"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "local")


@pytest.fixture(scope="session")
def repository() -> Path:
    """Top folder of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the development data beside the checkout; skips the test where it is not there."""
    folder = REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the development data (../shared/data) is not beside this checkout")
    return folder


@pytest.fixture(scope="session")
def built_models() -> Path:
    """Folder of the built models; fails with the cure where they have not been built."""
    folder = REPOSITORY / "assets" / "models" / "built"
    if not any(folder.glob("*.onnx")):
        pytest.fail("The models are not built. Run: python3 start.py setup")
    return folder
