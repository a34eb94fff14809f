"""What every test may rely on: no display, modest property tests, and where models and development data lie."""

import os
import signal
from collections.abc import Iterator
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


ALONE = ("journeys", "integration/test_launcher.py", "integration/test_eyes_process.py")
"""Whole programs in real time: they have the machine to themselves, after everything else."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let two workers share the tests file by file, the long ones first; see `start.py` for how they are started."""

    def turn(item: pytest.Item) -> tuple[bool, bool]:
        path = item.path.relative_to(REPOSITORY / "tests").as_posix()
        return path.startswith(ALONE), not path.startswith("integration")

    items.sort(key=turn)
    for item in items:
        path = item.path.relative_to(REPOSITORY / "tests").as_posix()
        item.add_marker(pytest.mark.xdist_group("alone" if path.startswith(ALONE) else path))


@pytest.fixture(autouse=True, scope="session")
def no_installed_models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What a developer has installed does not change a test; yields an empty folder that takes its place."""
    from kiosk.vision import installed_models, models

    folder = tmp_path_factory.mktemp("installed")
    before = models.INSTALLED_DIR
    models.INSTALLED_DIR = installed_models.INSTALLED_DIR = folder
    yield folder
    models.INSTALLED_DIR = installed_models.INSTALLED_DIR = before
