"""Is what turned a plane, a bent sheet, or a face in relief? Geometry of landmarks of two moments; judges nothing.

What a turn does to a picture of something rigid is `x' = A·x + t + w·z`: foreshortening by the angle's cosine in A, and
relief, z, pushed aside by its sine in w. A flat picture has the first and not the second. A bent sheet moves its points
by a smooth function of their place, which a quadratic takes up; a nose between two eyes it cannot. So relief is what
remains of the resting face's own z after that quadratic, and `solidity` is the share of the turn that it explains.

The z of a turned face is never looked at: the mesh makes it up, on prints too. That of the resting face is taken as a
guess at the shape, which the picture's own movement has to bear out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kiosk.verification.observation import FaceObservation

Shape = NDArray[np.float64]
"""(points, 3) float64: x, y, z of `STABLE_POINTS` in inter-eye distances from between the eyes, eyes level."""

# MediaPipe's numbers. No lips, lids, brows, chin and rim: they move by themselves, or the mesh guesses them.
STABLE_POINTS = (
    1, 2, 4, 5, 6, 8, 9, 31, 33, 34, 35, 36, 47, 49, 50, 60, 68, 69, 71, 98, 100, 101, 104, 108, 117, 118, 119, 123,
    124, 133, 134, 139, 151, 168, 177, 187, 188, 193, 195, 197, 203, 205, 206, 220, 224, 227, 263, 264, 265, 266, 277,
    279, 280, 298, 299, 301, 305, 329, 330, 333, 337, 346, 347, 348, 353, 362, 363, 366, 368, 401, 411, 412, 417, 423,
    425, 426, 440, 444, 447, 448,
)  # fmt: skip
_POINTS = np.array(STABLE_POINTS)
_RIGHT_EYE = np.isin(_POINTS, (33, 133))
_LEFT_EYE = np.isin(_POINTS, (263, 362))
_NOSE_TIP, _RIGHT_CHEEK, _LEFT_CHEEK = (STABLE_POINTS.index(point) for point in (1, 117, 346))
_LEAST_INTER_EYE_PX = 12.0
_LARGEST = 10.0
"""In inter-eye distances: no face reaches further from the eyes."""
_LEAST_RELIEF = 0.01
"""Standard deviation, in inter-eye distances, of a resting z that says anything."""


@dataclass(frozen=True, slots=True)
class Turn:
    """How the face of one moment differs from the resting face."""

    relief: float
    """How far the face's own relief was pushed aside, 0…1: the sine of a solid head's turn."""
    foreshortening: float
    """How much narrower the face became, as the sine of the turn that makes it so, 0…1."""
    sheet_residual: float
    """Root mean square of what the best bent sheet leaves unexplained, in inter-eye distances."""
    solid_residual: float
    """The same of the best turned face in relief."""
    nose_shift: float
    """How far the nose moved between the cheeks, in parts of their distance."""

    @property
    def extent(self) -> float:
        """Sine of the turn, however it shows."""
        return float(np.hypot(self.relief, self.foreshortening))

    @property
    def solidity(self) -> float:
        """0 a flat picture … about 0.7 a head, 1 at most: the share of relief in the turn."""
        return self.relief / max(self.extent, 1e-9)

    @property
    def unexplained(self) -> float:
        """What a face in relief leaves of what a bent sheet could not explain; 1 for a sheet."""
        return self.solid_residual / max(self.sheet_residual, 1e-9)


def shape_of(face: FaceObservation) -> Shape | None:
    """Return the stable points in the face's own measure; None where they are no numbers or no face."""
    points = face.landmarks[_POINTS].astype(np.float64)
    if not np.isfinite(points).all() or float(np.abs(points).max()) > 1e6:
        return None
    right, left = points[_RIGHT_EYE].mean(axis=0), points[_LEFT_EYE].mean(axis=0)
    across = left[:2] - right[:2]
    inter_eye_px = float(np.hypot(*across))
    if inter_eye_px < _LEAST_INTER_EYE_PX:
        return None
    cosine, sine = across / inter_eye_px
    shape = (points - (right + left) / 2) / inter_eye_px
    shape[:, :2] = shape[:, :2] @ np.array([[cosine, -sine], [sine, cosine]])
    return shape if float(np.abs(shape).max()) <= _LARGEST else None


class RestingFace:
    """The mean of some frontal shapes, which others are compared with."""

    def __init__(self, shapes: Sequence[Shape]) -> None:
        self.shape: Shape = np.mean(shapes, axis=0)
        x, y, z = self.shape.T
        sheet = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1)
        self.has_relief = float((z - sheet @ (np.linalg.pinv(sheet) @ z)).std()) >= _LEAST_RELIEF
        self._fits = tuple((columns, np.linalg.pinv(columns)) for columns in (sheet, np.column_stack([sheet, z])))

    def turns(self, shapes: Sequence[Shape]) -> tuple[Turn, ...]:
        """Compare each shape with this one."""
        if not shapes or not self.has_relief:
            return ()
        flat = np.stack(shapes)[:, :, :2]
        side_by_side = flat.transpose(1, 2, 0).reshape(flat.shape[1], -1)
        found = self._fits[1][1] @ side_by_side
        (a, b), (c, d), pushed = (found[row].reshape(2, -1) for row in (1, 2, 6))
        longest, shortest = _stretch(a, b, c, d)
        unit = np.maximum(longest, 1e-6)
        sheet, solid = (
            np.sqrt(((columns @ (solve @ side_by_side) - side_by_side) ** 2).reshape(-1, 2, len(shapes)).sum(1).mean(0))
            for columns, solve in self._fits
        )
        nose_shift = np.abs(_nose_place(flat) - _nose_place(self.shape[None, :, :2]))
        table = np.stack(
            [
                np.minimum(np.hypot(*pushed) / unit, 1.0),
                np.sqrt(np.clip(1 - (shortest / unit) ** 2, 0, 1)),
                sheet / unit,
                solid / unit,
                np.minimum(nose_shift, 1.0),
            ],
            axis=1,
        )
        return tuple(Turn(*row) for row in table.tolist())

    def plane_residual(self, shape: Shape) -> float:
        """Root mean square of what the best homography leaves unexplained, in inter-eye distances."""
        flat, turned = self.shape[:, :2], shape[:, :2]
        return float(np.sqrt(((_best_homography(flat, turned) - turned) ** 2).sum(axis=1).mean()))


def _stretch(
    a: NDArray[np.float64], b: NDArray[np.float64], c: NDArray[np.float64], d: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Singular values, the larger and the smaller, of many 2×2 matrices."""
    sums, differences = np.hypot(a + d, b - c), np.hypot(a - d, b + c)
    return (sums + differences) / 2, np.abs(sums - differences) / 2


def _nose_place(flat: NDArray[np.float64]) -> NDArray[np.float64]:
    """(shapes,) place of the nose tip on the line from the right cheek (0) to the left one (1)."""
    right = flat[:, _RIGHT_CHEEK]
    across = flat[:, _LEFT_CHEEK] - right
    length = np.maximum((across**2).sum(axis=1), 1e-6)
    return np.asarray(((flat[:, _NOSE_TIP] - right) * across).sum(axis=1) / length)


def _best_homography(flat: NDArray[np.float64], turned: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where the best homography (direct linear transform, normalised) puts the points of a flat picture."""
    to_source, to_target = _normaliser(flat), _normaliser(turned)
    source, target = _homogeneous(flat) @ to_source.T, _homogeneous(turned) @ to_target.T
    none = np.zeros_like(source)
    rows = np.concatenate(
        [np.hstack([source, none, -target[:, :1] * source]), np.hstack([none, source, -target[:, 1:2] * source])]
    )
    _, vectors = np.linalg.eigh(rows.T @ rows)
    placed = source @ vectors[:, 0].reshape(3, 3).T @ np.linalg.inv(to_target).T
    depth = np.where(np.abs(placed[:, 2:]) < 1e-9, 1e-9, placed[:, 2:])
    return np.asarray(placed[:, :2] / depth)


def _homogeneous(flat: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.column_stack([flat, np.ones(len(flat))])


def _normaliser(flat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shift and scale to mean 0 and root mean square distance √2, without which the fit is badly conditioned."""
    middle = flat.mean(axis=0)
    scale = np.sqrt(2 / max(float(((flat - middle) ** 2).sum(axis=1).mean()), 1e-12))
    return np.array([[scale, 0, -scale * middle[0]], [0, scale, -scale * middle[1]], [0, 0, 1]])
