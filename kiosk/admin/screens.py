"""`kiosk screens`: renders every screen in every interesting state to pictures, for documentation and review.

Uses the real screens with posed views; no camera, store or process is involved.
"""

import argparse
from datetime import date
from pathlib import Path
from typing import Any

_SIZES = {"1920x1080": (1920, 1080), "1080x1920": (1080, 1920)}
_LANGUAGES = ("en", "zh")
_EPILOG = """\
example:
  kiosk screens --out pictures                                  every screen, both languages, both sizes
  kiosk screens --out pictures --language zh --size 1080x1920   Chinese on a portrait screen
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "screens",
        help="render every screen to pictures",
        description="Render every screen of customer and teller in every interesting state, one PNG file each.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for the pictures; made if missing")
    parser.add_argument("--language", choices=[*_LANGUAGES, "all"], default="all", help="default: all")
    parser.add_argument("--size", choices=[*_SIZES, "all"], default="all", help="pixels of the screen; default: all")
    parser.add_argument("--only", default="", metavar="WORD", help="only screens whose name contains this word")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Render and print how many pictures were written; no display is needed."""
    import os

    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtCore import QSize
    from PySide6.QtWidgets import QApplication

    from kiosk.session.events import Language
    from kiosk.ui.gallery import Gallery
    from kiosk.ui.poses import posed_notices

    application = QApplication.instance() or QApplication(["kiosk"])
    assert isinstance(application, QApplication)
    application.setCursorFlashTime(0)  # a cursor that blinks would be there or not
    languages = _LANGUAGES if arguments.language == "all" else (arguments.language,)
    sizes = _SIZES.values() if arguments.size == "all" else (_SIZES[arguments.size],)
    near, far, page = _camera_pictures()
    count = 0
    for language in languages:
        for width, height in sizes:
            gallery = Gallery(Language(language), QSize(width, height), near, page, posed_notices(), far)
            folder = arguments.out / language / f"{width}x{height}"
            count += len(gallery.render(folder, arguments.only))
    print(f"{count} pictures in {arguments.out}")
    application.processEvents()
    return 0


def _camera_pictures() -> tuple[Any, Any, Any]:
    """A public-domain face in the oval, the same further away, (720, 1280, 3) RGB, and a specimen document."""
    import numpy as np

    from kiosk.admin.specimen import demo_data, demo_portrait, render_specimen

    day = date(2026, 3, 2)  # fixed, so that the same pictures come out every time
    page = render_specimen("td3", demo_data("astronaut", day), demo_portrait("astronaut"), seed=7)
    return _face_picture(2.7), _face_picture(1.5), np.ascontiguousarray(page)


def _face_picture(scale: float) -> Any:
    """The astronaut's face in the middle of a camera's frame, so many times as large as in the portrait."""
    import cv2
    import numpy as np
    from skimage.data import astronaut

    across, down = 224.0, 120.0  # the middle of the face in the portrait
    to_frame = np.array([[scale, 0, 640 - scale * across], [0, scale, 360 - scale * down]])
    return cv2.warpAffine(astronaut(), to_frame, (1280, 720), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
