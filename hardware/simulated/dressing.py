"""What makes one capture subject look unlike another: skin, spectacles, beard, headscarf; painted on once."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from hardware.simulated import face_points as mesh
from hardware.simulated.portrait import Sitter

FloatArray = NDArray[np.float32]
PixelArray = NDArray[np.uint8]

Colour = tuple[int, int, int]

_DARKER_SKIN = np.array((1.0, 1.18, 1.32), np.float32)
"""Darker skin takes more blue than red: exponents of the reflectance."""
_JAW = (234, 93, 132, 58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288, 361, 323, 454)
_UNDER_NOSE = (425, 326, 2, 97, 205)
_LIPS = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185)
OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150,
    136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Dress:
    """All at their defaults: as in the portrait."""

    skin: float = 1.0
    """Reflectance of the skin, of the portrait's own."""
    spectacles: bool = False
    glare: float = 0.0
    """How white the reflection in the lenses is, 0 none to 1."""
    beard: bool = False
    headscarf: Colour | None = None


def in_a_document(pixels: PixelArray, landmarks: FloatArray, dress: Dress) -> PixelArray:
    """Return the (height, width, 3) portrait in the same person's document, where no spectacles shine."""
    layer = np.dstack((pixels, np.full(pixels.shape[:2], 255, np.uint8)))
    sitter = Sitter(layer, landmarks, pixels.shape[1], pixels.shape[0])
    shown: PixelArray = dressed(sitter, replace(dress, glare=0.0)).layer[..., :3]
    return np.ascontiguousarray(shown)


def dressed(sitter: Sitter, dress: Dress) -> Sitter:
    """Return the same person, dressed."""
    layer = sitter.layer.copy()
    face_w = float(np.linalg.norm(np.subtract(*sitter.landmarks[[mesh.LEFT_CHEEK, mesh.RIGHT_CHEEK], :2])))
    if dress.skin != 1.0:
        _tan(layer, sitter.landmarks, dress.skin, face_w)
    if dress.beard:
        _grow_beard(layer, sitter.landmarks, face_w)
    if dress.headscarf is not None:
        _tie_headscarf(layer, sitter.landmarks, dress.headscarf, face_w)
    if dress.spectacles:
        _put_on_spectacles(layer, sitter.landmarks, dress.glare, face_w)
    return replace(sitter, layer=layer)


def _tan(layer: PixelArray, landmarks: FloatArray, reflectance: float, face_w: float) -> None:
    """Darken (or lighten) what has the colour of the cheeks, around the face; eyes and teeth stay."""
    colour = layer[..., :3].astype(np.float32)
    cheeks = landmarks[[50, 280, 205, 425], :2].astype(int)
    skin = np.median([colour[y, x] for x, y in cheeks], axis=0)
    tint = colour / (colour.sum(2, keepdims=True) + 1) - skin / skin.sum()
    alike = np.exp(-((np.linalg.norm(tint, axis=2) / 0.055) ** 2)) * np.clip(colour.max(2) / 60, 0, 1)
    near = np.zeros(layer.shape[:2], np.float32)
    centre = landmarks[mesh.NOSE_TIP, :2].astype(int)
    around = (int(0.75 * face_w), int(1.15 * face_w))
    cv2.ellipse(near, (int(centre[0]), int(centre[1])), around, 0, 0, 360, 1.0, -1)
    face = np.maximum(alike, 0.85 * area(landmarks, OVAL, layer.shape))
    face *= 1 - area(landmarks, _eye_outline("right"), layer.shape) - area(landmarks, _eye_outline("left"), layer.shape)
    teeth = area(landmarks, mesh.INNER_UPPER_LIP + mesh.INNER_LOWER_LIP[::-1], layer.shape)
    share = cv2.GaussianBlur(face * (1 - teeth) * near, (0, 0), 1.5)[..., None]
    tanned = colour * np.float32(reflectance) ** (_DARKER_SKIN / np.float32(2.2))
    layer[..., :3] = np.clip(colour + share * (tanned - colour), 0, 255).astype(np.uint8)


def _grow_beard(layer: PixelArray, landmarks: FloatArray, face_w: float) -> None:
    outline = landmarks[list(_JAW + _UNDER_NOSE), :2].copy()
    chin_y = landmarks[mesh.CHIN, 1]
    low = outline[:, 1] > chin_y - 0.25 * face_w
    outline[low, 1] += 0.09 * face_w
    where = _polygon(outline, layer.shape) * (1 - area(landmarks, _LIPS, layer.shape))
    strands = np.random.default_rng(3).standard_normal(layer.shape[:2]).astype(np.float32)
    strands = cv2.GaussianBlur(strands, (0, 0), sigmaX=0.8, sigmaY=2.2)
    strands /= float(strands.std())
    share = cv2.GaussianBlur(where, (0, 0), 0.02 * face_w) * np.clip(0.86 + 0.1 * strands, 0, 1)
    share *= layer[..., 3] / np.float32(255)
    hair = np.dstack([np.clip(level + 9 * strands, 8, 255) for level in (46, 36, 30)])
    colour = layer[..., :3].astype(np.float32)
    layer[..., :3] = np.clip(colour + share[..., None] * (hair - colour), 0, 255).astype(np.uint8)


def _tie_headscarf(layer: PixelArray, landmarks: FloatArray, cloth: Colour, face_w: float) -> None:
    """Cloth over hair, ears and neck; the face stays free, the forehead half."""
    chin, top = landmarks[mesh.CHIN, :2], landmarks[mesh.FOREHEAD, :2]
    middle = (chin + top) / 2
    around = np.zeros(layer.shape[:2], np.float32)
    centre = (int(middle[0]), int(middle[1] - 0.06 * face_w))
    cv2.ellipse(around, centre, (int(0.74 * face_w), int(0.98 * face_w)), 0, 0, 360, 1.0, -1)
    neck = [(-0.55, 0.2), (-0.95, 1.15), (-1.3, 3.0), (1.3, 3.0), (0.95, 1.15), (0.55, 0.2)]
    around = np.maximum(around, _polygon(middle + face_w * np.array(neck, np.float32), layer.shape))
    above = int(chin[1] + 0.3 * face_w)
    worn = cv2.GaussianBlur(around, (0, 0), 1.6)[:above, :, None]  # what hair stands out goes under the cloth
    layer[: max(above, 0)] = (layer[:above] * worn).astype(np.uint8)
    face = landmarks[list(OVAL), :2]
    free = _polygon(face.mean(0) + (face - face.mean(0)) * (0.95, 0.97), layer.shape)
    share = cv2.GaussianBlur(around * (1 - free), (0, 0), 1.6)[..., None]
    rows, columns = np.mgrid[: layer.shape[0], : layer.shape[1]].astype(np.float32)
    angle = np.arctan2(rows - middle[1], columns - middle[0])
    folds = 0.86 + 0.1 * np.sin(9 * angle + np.hypot(rows - middle[1], columns - middle[0]) / (0.11 * face_w))
    edge = cv2.GaussianBlur(free, (0, 0), 0.05 * face_w)  # the cloth lies in its own shade beside the face
    shade = (folds * (1 - 0.5 * edge))[..., None] * np.array((*cloth, 0), np.float32)
    shade[..., 3] = 255
    layer[:] = np.clip(layer + share * (shade - layer), 0, 255).astype(np.uint8)


def _put_on_spectacles(layer: PixelArray, landmarks: FloatArray, glare: float, face_w: float) -> None:
    colour = np.ascontiguousarray(layer[..., :3])
    eyes = [landmarks[list(corners), :2].mean(0) for corners in (mesh.RIGHT_EYE_CORNERS, mesh.LEFT_EYE_CORNERS)]
    half = 0.39 * float(np.linalg.norm(eyes[1] - eyes[0]))
    thick = max(1, round(0.011 * face_w))
    rim: Colour = (74, 58, 50)
    shine = np.zeros(layer.shape[:2], np.float32)
    for eye in eyes:
        middle = eye + np.array((0, 0.1 * half), np.float32)
        lens = middle + half * _rounded_box(0.82)
        cv2.polylines(colour, [lens.round().astype(np.int32)], True, rim, thick, cv2.LINE_AA)
        reflection = [(-0.75, -0.62), (0.1, -0.68), (-0.2, 0.1), (-0.85, 0.05)]
        shine = np.maximum(shine, _polygon(middle + half * np.array(reflection, np.float32), layer.shape))
    ears = landmarks[[mesh.RIGHT_CHEEK, mesh.LEFT_CHEEK], :2]
    for eye, ear, side in zip(eyes, ears, (-1, 1), strict=True):
        hinge = eye + np.array((side * half, -0.25 * half), np.float32)
        cv2.line(
            colour, hinge.astype(int).tolist(), (ear - (0, 0.12 * face_w)).astype(int).tolist(), rim, thick, cv2.LINE_AA
        )
    bridge = [eyes[0] + (half, -0.15 * half), eyes[1] + (-half, -0.15 * half)]
    cv2.line(colour, bridge[0].astype(int).tolist(), bridge[1].astype(int).tolist(), rim, thick, cv2.LINE_AA)
    share = glare * cv2.GaussianBlur(shine, (0, 0), 0.02 * face_w)[..., None]
    layer[..., :3] = np.clip(colour + share * (np.float32(250) - colour), 0, 255).astype(np.uint8)


def _rounded_box(height: float) -> FloatArray:
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    x, y = np.cos(angle), np.sin(angle)
    box: FloatArray = np.column_stack((np.sign(x) * np.abs(x) ** 0.5, height * np.sign(y) * np.abs(y) ** 0.5)).astype(
        np.float32
    )
    return box


def _eye_outline(which: str) -> tuple[int, ...]:
    if which == "right":
        return mesh.RIGHT_UPPER_LID + mesh.RIGHT_LOWER_LID[::-1]
    return mesh.LEFT_UPPER_LID + mesh.LEFT_LOWER_LID[::-1]


def area(landmarks: FloatArray, outline: tuple[int, ...], shape: tuple[int, ...]) -> FloatArray:
    """Return (height, width) of a canvas, 1 within an outline of landmarks."""
    return _polygon(landmarks[list(outline), :2], shape)


def _polygon(outline: FloatArray, shape: tuple[int, ...]) -> FloatArray:
    """Return (height, width), 1 within the outline."""
    area = np.zeros(shape[:2], np.uint8)
    cv2.fillPoly(area, [outline.round().astype(np.int32)], 1)
    filled: FloatArray = area.astype(np.float32)
    return filled
