"""A video of the subject on a tablet or a monitor that is held before the camera: grid, refresh, bezel, shine.

The video is made of the very pictures that the bona fide subject gives; only the display is the attack.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from hardware.simulated.cues import Cue
from hardware.simulated.figure import Figure
from hardware.simulated.light import linear
from hardware.simulated.living import Bearing
from hardware.simulated.look import SubjectLook
from hardware.simulated.portrait import MARGIN_PX
from hardware.simulated.relief import grid_points
from hardware.simulated.renderer import SubjectRenderer
from hardware.simulated.scene import living_room
from hardware.simulated.shading import evenly_lit
from hardware.simulated.sheets import Paper, held, sheet_centre, sheet_relief
from hardware.simulated.visit import EarlierVisit

FloatArray = NDArray[np.float32]
PixelArray = NDArray[np.uint8]

_CASE = (24, 24, 26)
_MID_GREY = 0.2


@dataclass(frozen=True, slots=True)
class Display:
    """Lengths in face widths of the person on it."""

    width: float = 1.35
    height: float = 1.95
    bezel: float = 0.09
    grid_px: float = 2.7
    """Distance of the display's pixels in the camera's picture."""
    grid: float = 0.05
    moire_px: tuple[float, float] = (23.0, 90.0)
    """Wave of the beat between the display's grid and the sensor's, across and along."""
    moire: float = 0.03
    banding: float = 0.03
    """Strength of the bands that refresh and shutter leave."""
    gamma: float = 1.08
    brightness: float = 1.0
    shine: float = 0.08
    """Reflection of a window in the glass, of white."""
    veil: float = 0.008
    """What the glass gives back of the light of the terminal's screen."""
    answers_live: bool = False
    """True where the video is made while the attempt runs; otherwise it shows an earlier visit."""


def random_display(rng: np.random.Generator) -> Display:
    """Draw a tablet (held, all of it in the picture) or a monitor (only its sides to be seen)."""
    monitor = rng.random() < 0.35
    return Display(
        width=float(rng.uniform(2.8, 3.3) if monitor else rng.uniform(1.3, 1.5)),
        height=float(rng.uniform(2.6, 3.0) if monitor else rng.uniform(1.8, 2.0)),
        bezel=float(rng.uniform(0.05, 0.14)),
        grid_px=float(rng.uniform(2.3, 3.6)),
        grid=float(rng.uniform(0.03, 0.08)),
        moire_px=(float(rng.uniform(12, 45)), float(rng.uniform(30, 160))),
        moire=float(rng.uniform(0.015, 0.05)),
        banding=float(rng.uniform(0.01, 0.05)),
        gamma=float(rng.uniform(0.95, 1.15)),
        brightness=float(rng.uniform(0.85, 1.1)),
        shine=float(rng.uniform(0.0, 0.15)),
        veil=float(rng.uniform(0.003, 0.012)),
        answers_live=bool(rng.random() < 0.5),
    )


class ScreenReplay:
    """The subject on a display: with gestures and light of an earlier visit, or answering this one's gestures."""

    def __init__(self, subject: SubjectRenderer, look: SubjectLook, seed: int, display: Display) -> None:
        self._subject = subject
        self._display = display
        self._shown = Bearing(look, seed, subject.size)
        self._holder = Bearing(replace(look, reaction_s=0.3), seed + 1, subject.size)
        self._visit = EarlierVisit(seed)
        self._elsewhere = living_room(*subject.size)
        self._case = Paper(display.width + 2 * display.bezel, display.height + 2 * display.bezel, turn=0.25)
        x, y = sheet_centre(subject, self._case)
        size = subject.relief.face_px
        half = np.array((display.width, display.height)) * size / 2
        self._layer = _case(subject, (x, y), half, display.bezel * size)
        self._area = self._visible(np.array((x, y)), half)
        self._pattern = _pattern(self._area, display, seed)
        self._shine = _shine(self._area, display, seed)
        self._curve = _curve(display)
        self._figure = Figure(sheet_relief(subject, self._layer, self._case), subject.size, subject.room)
        self._rows = grid_points(self._layer.shape[1], self._layer.shape[0])[..., 1]

    def at(self, at_s: float, cue: Cue, light: FloatArray | None) -> PixelArray:
        self._show(self._video(at_s, cue))
        pose = held(self._holder.pose_at(at_s, Cue.ABSENT if cue is Cue.ABSENT else Cue.PRESENT), self._case)
        room = self._subject.room
        behind = evenly_lit(self._subject.background, room.background_share, light, room)
        picture = self._figure.over(behind, self._layer, pose, light, self._glow(at_s))
        return picture if light is None else self._veiled(picture, light)

    def _video(self, at_s: float, cue: Cue) -> PixelArray:
        """The picture that is played, as the bona fide subject's camera gave it."""
        if self._display.answers_live:
            asked = Cue.PRESENT if cue is Cue.ABSENT else cue
            return self._subject.over(self._elsewhere, self._shown.pose_at(at_s, asked))
        shown_cue, shown_light = self._visit.at(at_s)
        room = self._subject.room
        behind = evenly_lit(self._elsewhere, room.background_share, shown_light, room)
        return self._subject.over(behind, self._shown.pose_at(at_s, shown_cue), shown_light)

    def _show(self, video: PixelArray) -> None:
        rows, columns = self._area
        cut = video[
            rows.start - MARGIN_PX : rows.stop - MARGIN_PX, columns.start - MARGIN_PX : columns.stop - MARGIN_PX
        ]
        shown = cv2.multiply(cv2.LUT(cut, self._curve), self._pattern, scale=1 / 200)
        self._layer[rows, columns, :3] = cv2.add(shown, self._shine)

    def _visible(self, centre: FloatArray, half: FloatArray) -> tuple[slice, slice]:
        """Rows and columns of the canvas where the display shows something that the camera can see."""
        width, height = self._subject.size
        first = np.maximum(np.round(centre - half), MARGIN_PX).astype(int)
        last = np.minimum(np.round(centre + half), np.array((width, height)) + MARGIN_PX).astype(int)
        return slice(int(first[1]), int(last[1])), slice(int(first[0]), int(last[0]))

    def _glow(self, at_s: float) -> FloatArray:
        wave = 2 * np.pi * (self._rows / (0.55 * self._subject.size[1]) - 1.7 * at_s)
        level = 1 + self._display.banding * np.sin(wave)
        glow: FloatArray = np.repeat(level[..., None], 3, axis=2).astype(np.float32)
        return glow

    def _veiled(self, picture: PixelArray, light: FloatArray) -> PixelArray:
        """Lay the terminal's light in the glass over all; measured at a middle grey, and no deeper than it needs."""
        more = self._display.veil * (light - linear(None))
        level = 255 * (np.maximum(_MID_GREY + more, 0) ** (1 / 2.2) - _MID_GREY ** (1 / 2.2))
        up, down = np.maximum(level, 0), np.maximum(-level, 0)
        veiled: PixelArray = cv2.subtract(cv2.add(picture, (*up.tolist(), 0)), (*down.tolist(), 0))
        return veiled


def _case(subject: SubjectRenderer, centre: tuple[float, float], half: FloatArray, bezel: float) -> PixelArray:
    layer = np.zeros(subject.sitter.layer.shape, np.uint8)
    x, y = centre
    outer_w, outer_h = half + bezel
    corner = round(0.5 * bezel)
    x0, y0, x1, y1 = round(x - outer_w), round(y - outer_h), round(x + outer_w), round(y + outer_h)
    cv2.rectangle(layer, (x0 + corner, y0), (x1 - corner, y1), (*_CASE, 255), -1)
    cv2.rectangle(layer, (x0, y0 + corner), (x1, y1 - corner), (*_CASE, 255), -1)
    for cx, cy in ((x0, y0), (x1, y0), (x0, y1), (x1, y1)):
        inside = (cx + corner if cx == x0 else cx - corner, cy + corner if cy == y0 else cy - corner)
        cv2.circle(layer, inside, corner, (*_CASE, 255), -1, cv2.LINE_AA)
    return layer


def _pattern(area: tuple[slice, slice], display: Display, seed: int) -> PixelArray:
    """Return the (height, width, 3) grid and moiré, 200 where they change nothing."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[area[0], area[1]].astype(np.float32)
    tilt = rng.uniform(-0.06, 0.06)
    u, v = columns + tilt * rows, rows - tilt * columns
    step = 2 * np.pi / display.grid_px
    pattern = np.ones((*u.shape, 3), np.float32)
    for channel in range(3):
        phase = 2 * np.pi * channel / 3
        grid = 0.5 * (np.cos(step * u + phase) + np.cos(step * v))
        beat = np.cos(2 * np.pi * (u / display.moire_px[0] + v / display.moire_px[1]) + phase)
        pattern[..., channel] = 1 + display.grid * grid + display.moire * beat
    levels: PixelArray = np.clip(200 * pattern, 0, 255).round().astype(np.uint8)
    return levels


def _shine(area: tuple[slice, slice], display: Display, seed: int) -> PixelArray:
    """Return a window's reflection, soft and slanted."""
    rng = np.random.default_rng(seed + 5)
    height, width = area[0].stop - area[0].start, area[1].stop - area[1].start
    glass = np.zeros((height, width), np.float32)
    x, y = rng.uniform(0, 0.6) * width, rng.uniform(0, 0.4) * height
    window = np.array([(0, 0), (0.35, 0.05), (0.25, 0.45), (-0.1, 0.4)]) * (width, height) + (x, y)
    cv2.fillPoly(glass, [window.astype(np.int32)], 255 * display.shine)
    soft = cv2.GaussianBlur(glass, (0, 0), 0.02 * width)
    shine: PixelArray = np.repeat(soft[..., None], 3, axis=2).astype(np.uint8)
    return shine


def _curve(display: Display) -> PixelArray:
    """Blacks that glow, another gamma, another brightness."""
    level = np.linspace(0, 1, 256) ** display.gamma
    curve: PixelArray = np.clip(255 * display.brightness * (0.05 + 0.95 * level), 0, 255).round().astype(np.uint8)
    return curve
