"""Camera pictures composed of the two public-domain portraits, each at a size and a place of one's own."""

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from kiosk.vision.face_geometry import eye_centres
from kiosk.vision.still_faces import find_faces
from tests.portraits import portrait

WIDTH, HEIGHT = 1280, 720
EMPTY = np.full((HEIGHT, WIDTH, 3), 105, dtype=np.uint8)


@cache
def head(name: str, inter_eye_px: float) -> NDArray[np.uint8]:
    """Head and shoulders at a given size, the face in the middle."""
    picture = portrait(name)
    (face,) = find_faces(picture)
    scale = inter_eye_px / face.inter_eye_px
    x, y = eye_centres(face.landmarks).mean(axis=0) * scale
    large = cv2.resize(
        picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    )
    half = int(1.6 * inter_eye_px)
    padded = cv2.copyMakeBorder(large, half, half, half, half, cv2.BORDER_REPLICATE)
    return np.asarray(padded[int(y) : int(y) + 2 * half, int(x) : int(x) + 2 * half], dtype=np.uint8)


def scene(*heads: tuple[str, float, float, float]) -> NDArray[np.uint8]:
    """Heads (name, px between the eyes, x and y of the eyes' middle as fractions) before a plain wall."""
    picture = EMPTY.copy()
    for name, inter_eye_px, at_x, at_y in heads:
        patch = head(name, inter_eye_px)
        half = patch.shape[0] // 2
        x, y = round(at_x * WIDTH) - half, round(at_y * HEIGHT) - half
        top, left = max(y, 0), max(x, 0)
        bottom, right = min(y + 2 * half, HEIGHT), min(x + 2 * half, WIDTH)
        picture[top:bottom, left:right] = patch[top - y : bottom - y, left - x : right - x]
    return picture
