"""A mask of the subject: the right shape and skin-like, with a picture that never moves; eyes where there are holes."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from hardware.simulated import face_points as mesh
from hardware.simulated.cues import Cue
from hardware.simulated.dressing import OVAL, area
from hardware.simulated.living import Bearing
from hardware.simulated.look import SubjectLook
from hardware.simulated.portrait import Sitter
from hardware.simulated.renderer import SubjectRenderer

FloatArray = NDArray[np.float32]
PixelArray = NDArray[np.uint8]

_TURNS = frozenset({Cue.ABSENT, Cue.PRESENT, Cue.TURN_LEFT, Cue.TURN_RIGHT})
_EYES = (
    mesh.RIGHT_UPPER_LID + mesh.RIGHT_LOWER_LID[::-1],
    mesh.LEFT_UPPER_LID + mesh.LEFT_LOWER_LID[::-1],
)
_MOUTH = mesh.INNER_UPPER_LIP + mesh.INNER_LOWER_LIP[::-1]
_SHEEN = ((10, 0.5), (1, 0.35), (50, 0.4), (280, 0.4), (152, 0.3))
"""Landmarks where the material shines, and how far of a face's width the shine reaches."""


@dataclass(frozen=True, slots=True)
class MaskMake:
    """How well it is made."""

    eye_holes: bool = True
    smooth_px: float = 5.0
    """How much of the skin's own structure is lost."""
    sheen: float = 0.10
    """Shine of the material, of white."""


def random_make(rng: np.random.Generator) -> MaskMake:
    return MaskMake(bool(rng.random() < 0.6), float(rng.uniform(3, 8)), float(rng.uniform(0.04, 0.16)))


class MaskScene:
    """Somebody who wears the mask and follows the screen as far as the mask lets them."""

    def __init__(self, masked: SubjectRenderer, look: SubjectLook, seed: int, make: MaskMake) -> None:
        """`masked` is the renderer of the subject whose canvas went through `masked_as`."""
        self._masked = masked
        self._bearing = Bearing(look, seed, masked.size)
        self._answers = _TURNS | {Cue.BLINK} if make.eye_holes else _TURNS
        self._make = make

    def at(self, at_s: float, cue: Cue, light: FloatArray | None) -> PixelArray:
        pose = self._bearing.pose_at(at_s, cue if cue in self._answers else Cue.PRESENT)
        if not self._make.eye_holes:
            pose = replace(pose, blink=0.0)
        return self._masked.scene(pose, light)


def masked_as(sitter: Sitter, make: MaskMake) -> Sitter:
    """Return the person with the mask of their own face on: smooth, shiny, with an edge and cut openings."""
    layer, marks = sitter.layer.copy(), sitter.landmarks
    face_w = float(np.linalg.norm(np.subtract(*marks[[mesh.LEFT_CHEEK, mesh.RIGHT_CHEEK], :2])))
    colour = np.ascontiguousarray(layer[..., :3])
    waxen = cv2.bilateralFilter(colour, -1, 26, make.smooth_px).astype(np.float32)
    grey = waxen.mean(2, keepdims=True)
    waxen = grey + 0.86 * (waxen - grey) + _sheen(layer.shape, marks, face_w)[..., None] * 255 * make.sheen
    rim = cv2.GaussianBlur(area(marks, OVAL, layer.shape), (0, 0), 1.2)
    inside = cv2.erode(rim, np.ones((5, 5), np.uint8))
    edge = np.clip(rim - inside, 0, 1)
    living = sum(area(marks, outline, layer.shape) for outline in _EYES) if make.eye_holes else 0
    share = (rim * (1 - living))[..., None]
    worn = colour + share * (waxen - colour)
    worn *= 1 - 0.55 * edge[..., None]
    cuts = np.zeros(layer.shape[:2], np.uint8)
    for outline in (*(_EYES if make.eye_holes else ()), _MOUTH):
        points = marks[list(outline), :2]
        opening = points.mean(0) + (points - points.mean(0)) * (1.06, 1.25)
        cv2.polylines(cuts, [opening.round().astype(np.int32)], True, 255, max(2, round(0.012 * face_w)), cv2.LINE_AA)
    worn *= 1 - 0.7 * cv2.GaussianBlur(cuts, (0, 0), 0.8).astype(np.float32)[..., None] / 255
    layer[..., :3] = np.clip(worn, 0, 255).astype(np.uint8)
    return replace(sitter, layer=layer)


def _sheen(shape: tuple[int, ...], marks: FloatArray, face_w: float) -> FloatArray:
    rows, columns = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    shine = np.zeros(shape[:2], np.float32)
    for mark, reach in _SHEEN:
        away = np.hypot(columns - marks[mark, 0], 1.3 * (rows - marks[mark, 1])) / (0.5 * reach * face_w)
        shine = np.maximum(shine, np.exp(-(away**2)))
    return shine
