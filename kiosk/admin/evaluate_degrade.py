"""Makes of a photograph what an ID document would hold of it: small, printed and photographed again, or as on a chip.

A rendering, not a printer and not a camera; the same for the same picture at every run. Writes nothing.
"""

import io
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kiosk.verification.comparison import TemplateRole
from kiosk.vision.face_geometry import eye_centres
from kiosk.vision.photograph_face import the_one_face

Pixels = NDArray[np.uint8]

PRINT_INTER_EYE_PX = 79.0
CHIP_INTER_EYE_PX = 90.0
CHIP_BYTES = 17_000
"""Between the 15 and 20 kB that ICAO's guidance gives a portrait on a chip."""
_PORTRAIT_WIDTH, _PORTRAIT_HEIGHT = 4.0, 5.2
"""A document's portrait in inter-eye distances."""
_EYES_FROM_TOP = 0.45


class Degradation(StrEnum):
    """What becomes of the reference before it is compared."""

    NONE = "none"
    PRINT = "print"
    CHIP = "chip"


def degraded(pixels: Pixels, how: Degradation) -> Pixels:
    """Return the reference as the document holds it; raise an `UnusablePhotographError`. (h, w, 3) uint8 RGB."""
    match how:
        case Degradation.NONE:
            return pixels
        case Degradation.PRINT:
            return printed_and_photographed(portrait_cut(pixels, PRINT_INTER_EYE_PX))
        case Degradation.CHIP:
            return as_on_chip(portrait_cut(pixels, CHIP_INTER_EYE_PX))


def portrait_cut(pixels: Pixels, inter_eye_px: float) -> Pixels:
    """Cut head and shoulders of the one face, at most this large: what a picture lacks cannot be given to it."""
    eyes = eye_centres(the_one_face(pixels, TemplateRole.REFERENCE).landmarks)
    own_px = float(np.linalg.norm(eyes[0] - eyes[1]))
    scale = min(1.0, inter_eye_px / max(own_px, 1e-6))
    small = pixels if scale == 1 else cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    middle, unit = eyes.mean(axis=0) * scale, own_px * scale
    width, height = _PORTRAIT_WIDTH * unit, _PORTRAIT_HEIGHT * unit
    left, top = middle[0] - width / 2, middle[1] - _EYES_FROM_TOP * height
    from_x, from_y = max(0, round(left)), max(0, round(top))
    cut = small[from_y : max(from_y + 1, round(top + height)), from_x : max(from_x + 1, round(left + width))]
    return np.ascontiguousarray(cut, dtype=np.uint8)


def printed_and_photographed(portrait: Pixels) -> Pixels:
    """A print's weaker colours and dots, then a document camera's slant, blur, uneven light, grain and JPEG."""
    source = np.random.default_rng(int(portrait.astype(np.uint64).sum()) & 0xFFFFFFFF)
    height, width = portrait.shape[:2]
    fine = cv2.resize(portrait, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC).astype(np.float32) / 255
    grey = fine.mean(axis=2, keepdims=True)
    ink = 0.12 + 0.76 * (0.75 * fine + 0.25 * grey)
    ink += _dots(ink.shape[0], ink.shape[1], source.uniform(0, 90))[..., None] * 0.05
    slant = source.uniform(-0.02, 0.02, (4, 2)).astype(np.float32) * (3 * width, 3 * height)
    corners = np.array([(0, 0), (3 * width, 0), (3 * width, 3 * height), (0, 3 * height)], np.float32)
    view = cv2.getPerspectiveTransform(corners, (corners + slant).astype(np.float32))
    seen = cv2.warpPerspective(ink, view, (3 * width, 3 * height), borderMode=cv2.BORDER_REPLICATE)
    seen = cv2.GaussianBlur(seen, (0, 0), 2.2)
    seen = cv2.resize(seen, (width, height), interpolation=cv2.INTER_AREA)
    from_light, to_light = (float(end) for end in source.uniform(0.85, 1.1, 2))
    light = np.linspace(from_light, to_light, width, dtype=np.float32)[None, :, None]
    grain = source.normal(0, 0.018, seen.shape).astype(np.float32)
    picture = np.clip(255 * (seen * light + grain), 0, 255).astype(np.uint8)
    _, data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 75])
    return np.ascontiguousarray(cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1], dtype=np.uint8)


def as_on_chip(portrait: Pixels) -> Pixels:
    """Through JPEG 2000 of a chip's size; a picture that is smaller anyway is compressed ten times all the same."""
    rate = max(10.0, portrait.nbytes / CHIP_BYTES)
    held = io.BytesIO()
    Image.fromarray(portrait).save(held, "JPEG2000", quality_mode="rates", quality_layers=[rate], irreversible=True)
    with Image.open(held) as picture:
        return np.ascontiguousarray(picture.convert("RGB"), dtype=np.uint8)


def _dots(height: int, width: int, angle_deg: float) -> NDArray[np.float32]:
    """A printer's screen of dots, three fine pixels apart, −1…1."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    turn, pitch = np.deg2rad(angle_deg), 2 * np.pi / 4.5
    along, across = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    return np.asarray(np.cos(pitch * along) * np.cos(pitch * across), dtype=np.float32)
