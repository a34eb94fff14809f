"""Cuts the person out of a portrait: an opacity for every pixel, found once when the subject is made.

Colour models of person and surroundings (GrabCut) started from the landmarks, then a guided filter for hair. It
does not know what a person looks like beyond head above shoulders.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from hardware.simulated.face_points import CHIN, FACE_POINTS, FOREHEAD, LEFT_CHEEK, NOSE_TIP, RIGHT_CHEEK

FloatArray = NDArray[np.float32]
PixelArray = NDArray[np.uint8]

_ROUNDS = 5


def person_opacity(portrait: PixelArray, landmarks: FloatArray) -> FloatArray:
    """Return (height, width) float32, 1 where the person is and 0 where the surroundings are.

    `portrait` is (height, width, 3) RGB uint8, `landmarks` (478, 3) in its pixels. Repeatable.
    """
    labels = _first_guess(portrait.shape[:2], landmarks)
    cv2.setRNGSeed(1)
    background, foreground = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(portrait, labels, (0, 0, 1, 1), background, foreground, _ROUNDS, cv2.GC_INIT_WITH_MASK)
    person = np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    return _largest_part(person, landmarks).astype(np.float32)


def soften(opacity: FloatArray, guide: PixelArray, radius_px: int) -> FloatArray:
    """Return the opacity with edges that follow those of the picture (guided filter)."""
    grey = cv2.cvtColor(guide, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    size = (2 * radius_px + 1, 2 * radius_px + 1)
    mean_i, mean_p = cv2.blur(grey, size), cv2.blur(opacity, size)
    variance = cv2.blur(grey * grey, size) - mean_i * mean_i
    slope = (cv2.blur(grey * opacity, size) - mean_i * mean_p) / (variance + 1e-3)
    offset = mean_p - slope * mean_i
    soft = cv2.blur(slope, size) * grey + cv2.blur(offset, size)
    nearby = cv2.dilate(opacity, _disc(0.7 * radius_px))  # the filter also finds lines beyond the edge
    clipped: FloatArray = np.clip(np.minimum(soft * 1.2 - 0.1, nearby), 0, 1).astype(np.float32)
    return clipped


def _first_guess(shape: tuple[int, ...], landmarks: FloatArray) -> PixelArray:
    """Label what the landmarks already tell: face and chest are the person, the upper corners are not."""
    height, width = shape
    chin, top = landmarks[CHIN, :2], landmarks[FOREHEAD, :2]
    face_w = float(np.linalg.norm(landmarks[LEFT_CHEEK, :2] - landmarks[RIGHT_CHEEK, :2]))
    face_h = float(np.linalg.norm(chin - top))
    centre = (chin + top) / 2
    labels = np.full((height, width), cv2.GC_BGD, np.uint8)
    head = (int(centre[0]), int(centre[1] - 0.1 * face_h))
    cv2.ellipse(labels, head, (int(0.98 * face_w), int(1.12 * face_h)), 0, 0, 360, cv2.GC_PR_BGD, -1)
    _fill(labels, _shoulders(chin, face_w, height, 1.1, 2.6, 0.1), cv2.GC_PR_BGD)
    _fill(labels, _shoulders(chin, face_w, height, 0.8, 2.0, 0.45), cv2.GC_PR_FGD)
    cv2.ellipse(labels, head, (int(0.7 * face_w), int(0.85 * face_h)), 0, 0, 360, cv2.GC_PR_FGD, -1)
    _fill(labels, _shoulders(chin, face_w, height, 0.2, 0.8, 0.7), cv2.GC_FGD)
    _fill(labels, cv2.convexHull(np.ascontiguousarray(landmarks[:FACE_POINTS, :2])).reshape(-1, 2), cv2.GC_FGD)
    return labels


def _shoulders(chin: FloatArray, face_w: float, height: int, neck: float, chest: float, fall: float) -> FloatArray:
    """Neck and chest below the chin, half widths and the fall of the shoulders in face widths."""
    x, y = float(chin[0]), float(chin[1])
    bottom = max(float(height), y + 3 * face_w)
    shoulder_y, neck_y = y + fall * face_w, y - 0.1 * face_w
    right = [(x + neck / 2 * face_w, neck_y), (x + chest / 2 * face_w, shoulder_y), (x + chest * face_w, bottom)]
    left = [(2 * x - px, py) for px, py in reversed(right)]
    return np.array(right + left, np.float32)


def _fill(labels: PixelArray, outline: FloatArray, label: int) -> None:
    cv2.fillPoly(labels, [outline.astype(np.int32)], label)


def _largest_part(person: PixelArray, landmarks: FloatArray) -> PixelArray:
    """Keep the piece that holds the face, without holes, thorns, or bites out of the shoulders."""
    face_w = float(np.linalg.norm(landmarks[LEFT_CHEEK, :2] - landmarks[RIGHT_CHEEK, :2]))
    closed = _closed(cv2.medianBlur(person, 5), 0.3 * face_w)
    smooth = cv2.morphologyEx(_closed(person, 0.06 * face_w), cv2.MORPH_OPEN, _disc(0.04 * face_w))
    chin_y = int(landmarks[CHIN, 1] + 0.25 * face_w)
    smooth[chin_y:] = closed[chin_y:]
    crown_y = max(0, int(landmarks[FOREHEAD, 1] - 0.35 * face_w))  # nothing slender stands on a head
    smooth[:crown_y] = cv2.morphologyEx(smooth, cv2.MORPH_OPEN, _disc(0.12 * face_w))[:crown_y]
    _, pieces = cv2.connectedComponents(smooth)
    x, y = landmarks[NOSE_TIP, :2].astype(int)
    piece = pieces == pieces[np.clip(y, 0, pieces.shape[0] - 1), np.clip(x, 0, pieces.shape[1] - 1)]
    outlines, _ = cv2.findContours(piece.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled: PixelArray = cv2.drawContours(np.zeros_like(person), outlines, -1, 1, -1)
    return filled


def _closed(person: PixelArray, radius_px: float) -> PixelArray:
    """Fill bites up to this size; the picture's border is no part of the person."""
    pad = int(2 * radius_px) + 2
    framed = cv2.copyMakeBorder(person, pad, pad, pad, pad, cv2.BORDER_CONSTANT, value=0)
    whole: PixelArray = cv2.morphologyEx(framed, cv2.MORPH_CLOSE, _disc(radius_px))[pad:-pad, pad:-pad].copy()
    return whole


def _disc(radius_px: float) -> PixelArray:
    size = 2 * max(1, round(radius_px)) + 1
    disc: PixelArray = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    return disc
