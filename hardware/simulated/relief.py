"""The depth of the head behind the flat portrait, and where every point goes when the head turns.

Works on a coarse grid over the canvas; the picture itself is drawn elsewhere.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from hardware.simulated.face_points import CHIN, FACE_POINTS, FOREHEAD, LEFT_CHEEK, RIGHT_CHEEK
from hardware.simulated.portrait import Sitter
from hardware.simulated.pose import FacePose

FloatArray = NDArray[np.float32]

GRID_PX = 8
VIEWING_DISTANCE = 5.2
"""Camera to face in face widths: an arm's length and a half."""
_INVERSE_ROUNDS = 8
_LEAST_GROWTH = 0.35
CELL_MIDDLE = (GRID_PX - 1) / 2
_AROUND_CELLS = 9

Box = tuple[slice, slice]


@dataclass(frozen=True, slots=True)
class Relief:
    """Coarse grid over the canvas."""

    points: FloatArray
    """(rows, columns, 2) canvas x, y of each grid point."""
    depth: FloatArray
    """(rows, columns) z in canvas pixels, smaller nearer to the camera."""
    head: FloatArray
    """(rows, columns) 1 where the head carries the picture, 0 where the body does."""
    pivot: FloatArray
    """(3,) x, y, z about which the head turns."""
    distance_px: float
    """From the camera to depth 0."""
    face_px: float
    """Width of the face: the unit for lengths in the world, some 14 cm."""
    box: Box
    """Rows and columns of the grid that the head can reach; elsewhere nothing turns."""


def model_relief(sitter: Sitter) -> Relief:
    """Model the depth of the head from the landmarks, falling back to the neck and the crown around them."""
    height, width = sitter.layer.shape[:2]
    points = grid_points(width, height)
    rows, columns = points.shape[:2]
    face = sitter.landmarks[:FACE_POINTS]
    face_w = float(np.linalg.norm(face[LEFT_CHEEK, :2] - face[RIGHT_CHEEK, :2]))
    ears_z = float(face[[LEFT_CHEEK, RIGHT_CHEEK], 2].mean())
    centre = face[[LEFT_CHEEK, RIGHT_CHEEK], :2].mean(0)
    pivot = np.array([centre[0], centre[1] + 0.1 * face_w, 1.1 * ears_z], np.float32)
    depth = _depth(face, (rows, columns), face_w, ears_z)
    head = _head_share(points, face)
    return Relief(points, depth, head, pivot, VIEWING_DISTANCE * face_w, face_w, moving_box(sitter.layer, head))


def grid_points(width: int, height: int) -> FloatArray:
    """Return (rows, columns, 2) float32 x, y of the grid over a canvas."""
    columns, rows = -(-width // GRID_PX), -(-height // GRID_PX)
    cells = np.dstack(np.meshgrid(np.arange(columns), np.arange(rows))).astype(np.float32)
    points: FloatArray = cells * GRID_PX + CELL_MIDDLE
    return points


def sources(relief: Relief, pose: FacePose) -> FloatArray:
    """Return (rows, columns, 2) float32: the canvas point that is seen at each grid point (inverse flow)."""
    shift = np.array((pose.body_x_px, pose.body_y_px), np.float32)
    seen: FloatArray = relief.points - shift
    field = _field(relief, pose)
    target = _shifted(relief.box, np.round(shift / GRID_PX).astype(int), relief.head.shape)
    goal = seen[target]
    if goal.size:
        seen[target] = _inverse(field, goal, relief.points[relief.box][0, 0])
    return seen


def _field(relief: Relief, pose: FacePose) -> FloatArray:
    """(rows, columns, 4) of the moving box: how far each point moves with the head, and one over the growth."""
    box = relief.box
    sway = np.array((pose.head_x_px, pose.head_y_px), np.float32)
    turned = _project(relief, rotation(pose)) - relief.points[box] + sway
    moves = relief.head[box][..., None] * turned
    field: FloatArray = np.dstack((moves, 1 / _growth(moves)))
    return field


def _inverse(field: FloatArray, goal: FloatArray, origin: FloatArray) -> FloatArray:
    """Find the points that the field carries to the goal, by steps that mind how steep the field is."""
    seen = goal
    for _ in range(_INVERSE_ROUNDS):
        cells = (seen - origin) * np.float32(1 / GRID_PX)
        at = cv2.remap(field, cells, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        seen = seen + (goal - seen - at[..., :2]) * at[..., 2:]
    return seen


def _growth(moves: FloatArray) -> FloatArray:
    """How much a step along x (along y) grows by the movement; plain iteration diverges where it doubles."""
    along_x = cv2.Sobel(moves[..., 0], cv2.CV_32F, 1, 0, ksize=3, scale=1 / (8 * GRID_PX))
    along_y = cv2.Sobel(moves[..., 1], cv2.CV_32F, 0, 1, ksize=3, scale=1 / (8 * GRID_PX))
    growth = np.maximum(np.dstack((along_x, along_y)) + 1, np.float32(_LEAST_GROWTH))
    # The steepest growth nearby: a step that is too short arrives later, one that is too long never does.
    cautious: FloatArray = cv2.dilate(growth, np.ones((5, 5), np.uint8))
    return cautious


def moving_box(layer: NDArray[np.uint8], head: FloatArray) -> Box:
    """The cells of the grid that hold a part of the person that goes with the head, and some way around."""
    rows, columns = head.shape
    there = cv2.resize(layer[..., 3], (columns, rows), interpolation=cv2.INTER_AREA) > 0
    filled = np.argwhere(there & (head > 0.01))
    first = np.maximum(filled.min(0) - _AROUND_CELLS, 0)
    last = np.minimum(filled.max(0) + _AROUND_CELLS + 1, (rows, columns))
    return slice(int(first[0]), int(last[0])), slice(int(first[1]), int(last[1]))


def _shifted(box: Box, cells: NDArray[np.int_], shape: tuple[int, ...]) -> Box:
    """Move the box by whole cells (x, y), cut at the borders of the grid."""

    def moved(part: slice, by: int, size: int) -> slice:
        return slice(min(max(part.start + by, 0), size), min(max(part.stop + by, 0), size))

    return moved(box[0], int(cells[1]), shape[0]), moved(box[1], int(cells[0]), shape[1])


def _depth(face: FloatArray, shape: tuple[int, int], face_w: float, ears_z: float) -> FloatArray:
    """Scatter the landmarks' depths and fill between them from fine to coarse."""
    weight, total = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    cells = ((face[:, :2] - CELL_MIDDLE) / GRID_PX).round().astype(int)
    inside = (cells >= 0).all(1) & (cells[:, 0] < shape[1]) & (cells[:, 1] < shape[0])
    np.add.at(weight, (cells[inside, 1], cells[inside, 0]), 1)
    np.add.at(total, (cells[inside, 1], cells[inside, 0]), face[inside, 2])
    depth = _skull(face, shape, face_w, ears_z)
    for reach in (0.16, 0.1, 0.06, 0.04, 0.025):
        sigma = reach * face_w / GRID_PX
        near = cv2.GaussianBlur(weight, (0, 0), sigma)
        mean = cv2.GaussianBlur(total, (0, 0), sigma) / (near + 1e-6)
        share = np.clip(near * sigma * sigma * 6.0, 0, 1)
        depth += share * (mean - depth)
    smooth: FloatArray = cv2.GaussianBlur(depth, (0, 0), 0.03 * face_w / GRID_PX)
    return smooth


def _skull(face: FloatArray, shape: tuple[int, int], face_w: float, ears_z: float) -> FloatArray:
    """A rounded head where there are no landmarks: hair carries on from the forehead, the neck lies back."""
    columns, rows = np.meshgrid(np.arange(shape[1]), np.arange(shape[0]))
    x, y = face[FOREHEAD, 0], face[FOREHEAD, 1] + 0.1 * face_w
    away = np.hypot((columns * GRID_PX - x) / (0.68 * face_w), (rows * GRID_PX - y) / (0.75 * face_w))
    bulge = 1.05 * ears_z - float(face[FOREHEAD, 2])
    rounded: FloatArray = (1.05 * ears_z - bulge * (0.5 + 0.5 * np.cos(np.pi * np.clip(away, 0, 1)))).astype(np.float32)
    return rounded


def _head_share(points: FloatArray, face: FloatArray) -> FloatArray:
    """1 down to the chin, easing to 0 at the collar."""
    face_h = float(np.linalg.norm(face[CHIN, :2] - face[FOREHEAD, :2]))
    below = (points[..., 1] - face[CHIN, 1]) / (0.58 * face_h)
    aside = np.abs(points[..., 0] - face[CHIN, 0]) / face_h
    ease = np.clip(below + 1.6 * np.clip(aside - 0.38, 0, 1), 0, 1)
    share: FloatArray = (1 - ease * ease * (3 - 2 * ease)).astype(np.float32)
    return share


def rotation(pose: FacePose) -> FloatArray:
    """Return the (3, 3) turn of the head; x to the right, y down, z away from the camera."""
    yaw, pitch, roll = np.radians((pose.yaw_deg, pose.pitch_deg, pose.roll_deg))
    turn = [[np.cos(yaw), 0, -np.sin(yaw)], [0, 1, 0], [np.sin(yaw), 0, np.cos(yaw)]]
    nod = [[1, 0, 0], [0, np.cos(pitch), np.sin(pitch)], [0, -np.sin(pitch), np.cos(pitch)]]
    tilt = [[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]]
    return (np.array(tilt) @ np.array(turn) @ np.array(nod)).astype(np.float32)


def _project(relief: Relief, rotation: FloatArray) -> FloatArray:
    """Turn every point of the box about the pivot and look at it in perspective from before the face."""
    eye, depth = relief.pivot[:2], relief.depth[relief.box]
    distance = np.float32(relief.distance_px)
    flat = (relief.points[relief.box] - eye) * ((distance + depth) / distance)[..., None]
    solid = np.concatenate((flat, (depth - relief.pivot[2])[..., None]), axis=2)
    turned = solid @ rotation.T
    away = distance + turned[..., 2:] + relief.pivot[2]
    seen: FloatArray = turned[..., :2] * (distance / away) + eye
    return seen
