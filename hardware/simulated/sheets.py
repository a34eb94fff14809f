"""A photograph of the subject on paper, flat or bent, with or without holes for living eyes, held before the camera.

The print is made of the very picture that the bona fide subject gives; only the paper is the attack.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from hardware.simulated import face_points as mesh
from hardware.simulated.cues import Cue
from hardware.simulated.figure import Figure
from hardware.simulated.living import Bearing
from hardware.simulated.look import SubjectLook
from hardware.simulated.portrait import MARGIN_PX
from hardware.simulated.pose import FacePose
from hardware.simulated.relief import VIEWING_DISTANCE, Relief, grid_points, moving_box
from hardware.simulated.renderer import SubjectRenderer
from hardware.simulated.shading import evenly_lit

FloatArray = NDArray[np.float32]
PixelArray = NDArray[np.uint8]

_TURNS = frozenset({Cue.ABSENT, Cue.PRESENT, Cue.TURN_LEFT, Cue.TURN_RIGHT})
_PAPER = (238, 236, 230)
_HAND = (196, 150, 128)
_EYES = (
    mesh.RIGHT_UPPER_LID + mesh.RIGHT_LOWER_LID[::-1],
    mesh.LEFT_UPPER_LID + mesh.LEFT_LOWER_LID[::-1],
)


@dataclass(frozen=True, slots=True)
class Paper:
    """Lengths in face widths of the person on it; an A4 sheet with a life-size face is about 1.5 × 2.1."""

    width: float = 1.5
    height: float = 2.1
    border: float = 0.05
    bend_radius: float | None = None
    """Of the cylinder it is bent to; None lies flat."""
    dots_px: float = 3.0
    """Distance of the printing dots in the camera's picture."""
    dots: float = 0.05
    """Their strength, 0 to 1."""
    turn: float = 1.5
    """How far the holder turns it, of what a head would turn."""


def random_paper(rng: np.random.Generator, *, bent: bool) -> Paper:
    """Draw a print that somebody might bring."""
    large = rng.random() < 0.4
    return Paper(
        width=float(rng.uniform(1.95, 2.15) if large else rng.uniform(1.4, 1.6)),
        height=float(rng.uniform(2.7, 3.0) if large else rng.uniform(1.9, 2.2)),
        border=float(rng.choice([0.0, 0.05, 0.08])),
        bend_radius=float(rng.uniform(0.8, 1.4) * (1.35 if large else 1.0)) if bent else None,
        dots_px=float(rng.uniform(2.4, 4.2)),
        dots=float(rng.uniform(0.02, 0.09)),
        turn=float(rng.uniform(1.3, 1.7)),
    )


class PrintScene:
    """A sheet held by hand: it can be turned when a turn is asked for; other gestures it cannot answer."""

    def __init__(self, subject: SubjectRenderer, look: SubjectLook, seed: int, paper: Paper) -> None:
        """`subject` is who is on the print; its background and light are those of the scene."""
        self._subject = subject
        self._paper = paper
        self._bearing = Bearing(look, seed, subject.size)
        self._layer = sheet(subject, printed(subject, paper, seed), paper)
        relief = sheet_relief(subject, self._layer, paper)
        self._figure = Figure(relief, subject.size, subject.room)

    def at(self, at_s: float, cue: Cue, light: FloatArray | None) -> PixelArray:
        pose = held(self._bearing.pose_at(at_s, cue if cue in _TURNS else Cue.PRESENT), self._paper)
        room = self._subject.room
        behind = evenly_lit(self._subject.background, room.background_share, light, room)
        return self._figure.over(behind, self._layer, pose, light)


class CutOutEyes:
    """The same with two holes, and behind them the eyes of somebody who follows the screen."""

    def __init__(
        self, subject: SubjectRenderer, attacker: SubjectRenderer, look: SubjectLook, seed: int, paper: Paper
    ) -> None:
        """`attacker` holds the print of `subject` before their own face."""
        self._attacker = attacker
        self._paper = paper
        self._bearing = Bearing(look, seed, subject.size)
        self._layer = sheet(subject, printed(subject, paper, seed), paper)
        _cut_eyes(self._layer, subject.sitter.landmarks)
        self._figure = Figure(sheet_relief(subject, self._layer, paper), subject.size, subject.room)

    def at(self, at_s: float, cue: Cue, light: FloatArray | None) -> PixelArray:
        pose = self._bearing.pose_at(at_s, cue if cue in _TURNS else cue if cue is Cue.BLINK else Cue.PRESENT)
        sheet_pose = held(pose, self._paper)
        # The head is some way behind the paper: its eyes do not quite go with the holes.
        head = replace(pose, head_x_px=0.4 * pose.head_x_px, head_y_px=0.4 * pose.head_y_px)
        behind = self._attacker.scene(head, light)
        return self._figure.over(behind, self._layer, sheet_pose, light)


def held(pose: FacePose, paper: Paper) -> FacePose:
    """Return how a sheet in a hand goes through the pose of its holder; it has no face to move."""
    return replace(pose, yaw_deg=paper.turn * pose.yaw_deg, blink=0.0, mouth_open=0.0, smile=0.0)


def sheet_relief(subject: SubjectRenderer, layer: PixelArray, paper: Paper) -> Relief:
    """Return the shape of the paper: a plane, or a cylinder about a vertical axis, that turns as one."""
    points = grid_points(layer.shape[1], layer.shape[0])
    face_px, centre = subject.relief.face_px, sheet_centre(subject, paper)
    depth = np.zeros(points.shape[:2], np.float32)
    if paper.bend_radius is not None:
        radius_px = paper.bend_radius * face_px
        across = np.clip((points[..., 0] - centre[0]) / radius_px, -0.97, 0.97)
        depth = (radius_px * (1 - np.sqrt(1 - across**2))).astype(np.float32)
    head = np.ones_like(depth)
    pivot = np.array((*centre, 0), np.float32)
    return Relief(points, depth, head, pivot, VIEWING_DISTANCE * face_px, face_px, moving_box(layer, head))


def sheet_centre(subject: SubjectRenderer, paper: Paper) -> FloatArray:
    """Return x, y on the canvas: the face stands a little above the middle of the sheet."""
    marks = subject.sitter.landmarks
    face = marks[[mesh.LEFT_CHEEK, mesh.RIGHT_CHEEK], :2].mean(0)
    centre: FloatArray = face + np.array((0, 0.06 * paper.height * subject.relief.face_px), np.float32)
    return centre


def printed(subject: SubjectRenderer, paper: Paper, seed: int) -> PixelArray:
    """Return the canvas-size (height, width, 3) print of the subject's picture: inks, dots, and a loss of detail."""
    plain = np.full_like(subject.background, 206)
    picture = subject.over(plain, FacePose())
    canvas = cv2.copyMakeBorder(picture, MARGIN_PX, MARGIN_PX, MARGIN_PX, MARGIN_PX, cv2.BORDER_REPLICATE)
    soft = cv2.GaussianBlur(canvas, (0, 0), 0.9).astype(np.float32)
    grey = soft.mean(2, keepdims=True)
    inked = 22 + 0.84 * (grey + 0.88 * (soft - grey))  # no paper is as dark, as light or as colourful as a face
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[: canvas.shape[0], : canvas.shape[1]].astype(np.float32)
    for channel, angle_deg in enumerate((15.0, 75.0, 45.0)):
        angle, phase = np.radians(angle_deg), rng.uniform(0, 2 * np.pi, 2)
        step = 2 * np.pi / paper.dots_px
        along = np.cos(step * (columns * np.cos(angle) + rows * np.sin(angle)) + phase[0])
        across = np.cos(step * (rows * np.cos(angle) - columns * np.sin(angle)) + phase[1])
        inked[..., channel] *= 1 + paper.dots * along * across
    print_: PixelArray = np.clip(inked, 0, 255).astype(np.uint8)
    return print_


def sheet(subject: SubjectRenderer, picture: PixelArray, paper: Paper) -> PixelArray:
    """Return the canvas layer (premultiplied RGB, opacity) of the paper with picture, border and two thumbs."""
    face_px, (x, y) = subject.relief.face_px, sheet_centre(subject, paper)
    half_w, half_h = paper.width * face_px / 2, paper.height * face_px / 2
    if paper.bend_radius is not None:
        picture, half_w = _bent(picture, float(x), half_w, paper.bend_radius * face_px)
    layer = np.zeros((*picture.shape[:2], 4), np.uint8)
    border = paper.border * face_px
    outer = (round(x - half_w), round(y - half_h), round(x + half_w), round(y + half_h))
    cv2.rectangle(layer, outer[:2], outer[2:], (*_PAPER, 255), -1)
    x0, y0, x1, y1 = (
        max(0, round(v)) for v in (x - half_w + border, y - half_h + border, x + half_w - border, y + half_h - border)
    )
    layer[y0:y1, x0:x1, :3] = picture[y0:y1, x0:x1]
    for side in (-1, 1):
        hand = (round(x + side * half_w), round(min(y + 0.55 * half_h, subject.size[1] + 20)))
        cv2.ellipse(
            layer,
            hand,
            (round(0.2 * face_px), round(0.075 * face_px)),
            side * 25,
            0,
            360,
            (*_HAND, 255),
            -1,
            cv2.LINE_AA,
        )
    soft: PixelArray = cv2.GaussianBlur(layer, (0, 0), 0.6)
    return soft


def _bent(picture: PixelArray, x: float, half_w: float, radius_px: float) -> tuple[PixelArray, float]:
    """Return the picture as a bent sheet shows it from the front, and half its width as seen."""
    seen = radius_px * np.sin(min(half_w / radius_px, 1.25))
    columns = np.arange(picture.shape[1], dtype=np.float32) - np.float32(x)
    flat = radius_px * np.arcsin(np.clip(columns / radius_px, -0.97, 0.97)) + x
    map_x = np.repeat(flat[None].astype(np.float32), picture.shape[0], axis=0)
    map_y = np.repeat(np.arange(picture.shape[0], dtype=np.float32)[:, None], picture.shape[1], axis=1)
    bent: PixelArray = cv2.remap(picture, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return bent, float(seen)


def _cut_eyes(layer: PixelArray, landmarks: FloatArray) -> None:
    """Cut a hole round each eye; a rim of white paper and its shade show at the cut."""
    for outline in _EYES:
        eye = landmarks[list(outline), :2]
        hole = eye.mean(0) + (eye - eye.mean(0)) * (1.12, 1.5)
        points = [hole.round().astype(np.int32)]
        rim = cv2.polylines(np.zeros(layer.shape[:2], np.uint8), points, True, 255, 3, cv2.LINE_AA)
        layer[..., :3] = np.where(rim[..., None] > 90, np.array(_PAPER, np.uint8) - 30, layer[..., :3])
        opening = cv2.fillPoly(np.zeros(layer.shape[:2], np.uint8), points, 255)
        through = 1 - cv2.GaussianBlur(opening, (0, 0), 0.7).astype(np.float32)[..., None] / 255
        layer[:] = (layer * through).astype(np.uint8)
