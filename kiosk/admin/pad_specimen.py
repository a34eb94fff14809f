"""Known pictures to try attack detection on: two public-domain portraits as people, as prints and on screens.

They tell whether a classifier is wired the right way round. They come from one renderer and two faces: no error rate.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from hardware.simulated.pose import FacePose
from hardware.simulated.renderer import SubjectRenderer
from hardware.simulated.scene import branch_interior
from hardware.simulated.sensor import Sensor, SensorState
from kiosk.admin.specimen import DEMO_PORTRAITS, demo_portrait
from kiosk.vision.face_geometry import Landmarks
from kiosk.vision.still_faces import find_faces

Pixels = NDArray[np.uint8]

WIDTH, HEIGHT = 1280, 720
PAPER_MARGIN = 0.06
BEZEL = 0.07
_TILT_DEG = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class KnownPresentation:
    """A picture as the camera sees it, the face's landmarks in it, and what it is."""

    name: str
    pixels: Pixels
    landmarks: Landmarks
    is_bona_fide: bool


@cache
def known_presentations() -> tuple[KnownPresentation, ...]:
    """Return the portraits as people, as prints and on screens; some seconds the first time."""
    return tuple(presentation for portrait in DEMO_PORTRAITS for presentation in _presentations(portrait))


def printed(picture: Pixels, dot_px: float = 4.2) -> Pixels:
    """Return a picture as a halftone print with a white margin: dots of ink at 45°, paper that is never quite white."""
    height, width = picture.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    wave = 2 * np.pi / dot_px / np.sqrt(2)
    screen = 0.5 + 0.25 * (np.cos((x + y) * wave) + np.cos((x - y) * wave))
    ink = 1 - picture.astype(np.float32) / 255
    dots = np.clip((ink - screen[..., None]) * 3 + 0.5, 0, 1)
    paper = 40 + 185 * (1 - 0.35 * dots - 0.65 * ink)
    margin = round(PAPER_MARGIN * width)
    return _with_border(np.clip(paper, 0, 255).astype(np.uint8), margin, (226, 225, 220))


def on_screen(picture: Pixels, pitch_px: float = 3.3) -> Pixels:
    """Return a picture as a screen with a dark bezel shows it: bluish, steeper, with the gaps between its pixels."""
    height, width = picture.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) * np.float32(2 * np.pi / pitch_px)
    gaps = 1 - 0.12 * (2 - np.cos(x) - np.cos(y)) / 2
    shown = 255 * (picture.astype(np.float32) / 255) ** 1.2 * np.array((0.92, 0.98, 1.1), np.float32)
    lit = np.clip(shown * gaps[..., None] + 6, 0, 255).astype(np.uint8)
    return _with_border(lit, round(BEZEL * width), (22, 22, 24))


def held_up(sheet: Pixels, seed: int, tilt_deg: float = _TILT_DEG, height_px: int = 600) -> Pixels:
    """Return the camera's picture of a flat thing held before it, somebody in grey behind."""
    scene = branch_interior(WIDTH, HEIGHT)
    cv2.ellipse(scene, (WIDTH // 2, HEIGHT), (470, 420), 0, 0, 360, (120, 124, 130), -1)
    scene = cv2.GaussianBlur(scene, (0, 0), 3)
    scale = height_px / sheet.shape[0]
    turn = cv2.getRotationMatrix2D((sheet.shape[1] / 2, sheet.shape[0] / 2), tilt_deg, scale)
    turn[:, 2] += (WIDTH / 2 - sheet.shape[1] / 2, HEIGHT / 2 - sheet.shape[0] / 2)
    flat = cv2.warpAffine(sheet, turn, (WIDTH, HEIGHT), flags=cv2.INTER_AREA)
    cover = cv2.warpAffine(np.full(sheet.shape[:2], 255, np.uint8), turn, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR)
    share = cover[..., None].astype(np.float32) / 255
    picture = np.clip(flat * share + scene * (1 - share), 0, 255).astype(np.uint8)
    return Sensor(WIDTH, HEIGHT).expose(picture, SensorState(blur_px=0.5), seed)


def _presentations(name: str) -> tuple[KnownPresentation, ...]:
    portrait = demo_portrait(name)
    renderer = SubjectRenderer(portrait, _landmarks(portrait), width=WIDTH, height=HEIGHT)
    person = renderer.scene(FacePose())
    shown = person[:, (WIDTH - 620) // 2 : (WIDTH + 620) // 2]
    makers: tuple[tuple[str, Callable[[Pixels], Pixels]], ...] = (("print", printed), ("screen_replay", on_screen))
    attacks = [(f"{name}, {species}", held_up(make(shown), seed=5)) for species, make in makers]
    pictures = [(f"{name}, person", renderer.render(FacePose(), 3), True), *((n, p, False) for n, p in attacks)]
    return tuple(KnownPresentation(n, pixels, _landmarks(pixels), bona_fide) for n, pixels, bona_fide in pictures)


def _landmarks(pixels: Pixels) -> Landmarks:
    return find_faces(pixels)[0].landmarks


def _with_border(picture: Pixels, width_px: int, colour: tuple[int, int, int]) -> Pixels:
    bordered: Pixels = cv2.copyMakeBorder(
        picture, width_px, width_px, width_px, width_px, cv2.BORDER_CONSTANT, value=colour
    )
    return bordered
