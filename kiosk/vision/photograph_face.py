"""The one face of a photograph: exactly one, large enough, with remarks on what is poor about it.

For references and `kiosk verify`; live capture is judged frame by frame elsewhere.
"""

import numpy as np
from numpy.typing import NDArray

from kiosk.errors import VisionError
from kiosk.verification.comparison import TemplateRole
from kiosk.verification.observation import FaceObservation
from kiosk.verification.quality import REFERENCE_INTER_EYE_FLOOR_PX, QualityMeasure, reference_remarks
from kiosk.vision.face_appearance import measure_appearance, upright_face
from kiosk.vision.face_geometry import Landmarks
from kiosk.vision.face_landmarker import face_observation
from kiosk.vision.still_faces import StillFace, find_faces

_BYSTANDER_SIZE = 0.4
_BYSTANDER_INSIDE = 0.75
"""A face at least this large beside the largest, and at least this much of it in the picture, makes it unclear whose
photograph it is; smaller ones and those that the edge cuts off are bystanders."""


class UnusablePhotographError(VisionError):
    """Root: a picture, but not of one usable face."""

    def __init__(self, role: TemplateRole, sentence: str) -> None:
        super().__init__(sentence)
        self.role = role


class NoFaceError(UnusablePhotographError):
    """Nobody is in the picture."""

    def __init__(self, role: TemplateRole) -> None:
        super().__init__(
            role, f"No face was found in the {role}; give a photograph that shows one face from the front."
        )


class SeveralFacesError(UnusablePhotographError):
    """Whose photograph it is cannot be told."""

    def __init__(self, role: TemplateRole, count: int) -> None:
        number = {2: "Two", 3: "Three"}.get(count, str(count))
        super().__init__(role, f"{number} faces were found in the {role}; give a photograph of one person only.")
        self.count = count


class FaceTooSmallError(UnusablePhotographError):
    """Too few pixels to compare."""

    def __init__(self, role: TemplateRole, inter_eye_px: float) -> None:
        super().__init__(
            role,
            f"The face in the {role} is too small ({inter_eye_px:.0f} pixels between the eyes, at least "
            f"{REFERENCE_INTER_EYE_FLOOR_PX:.0f} are needed); give a larger photograph.",
        )
        self.inter_eye_px = inter_eye_px


def the_one_face(pixels: NDArray[np.uint8], role: TemplateRole) -> StillFace:
    """Return the only face of a photograph, small bystanders aside; raise an `UnusablePhotographError`."""
    faces = find_faces(pixels)
    if not faces:
        raise NoFaceError(role)
    largest = faces[0]
    others = sum(_could_be_meant(face, largest, pixels) for face in faces[1:])
    if others:
        raise SeveralFacesError(role, 1 + others)
    if largest.inter_eye_px < REFERENCE_INTER_EYE_FLOOR_PX:
        raise FaceTooSmallError(role, largest.inter_eye_px)
    return largest


def _could_be_meant(face: StillFace, largest: StillFace, pixels: NDArray[np.uint8]) -> bool:
    height, width = pixels.shape[:2]
    places = face.landmarks[:, :2]
    inside = float(((places >= 0) & (places < (width, height))).all(axis=1).mean())
    return face.size_px >= _BYSTANDER_SIZE * largest.size_px and inside >= _BYSTANDER_INSIDE


def photograph_remarks(pixels: NDArray[np.uint8], landmarks: Landmarks) -> tuple[QualityMeasure, ...]:
    """Name what is poor about this face; it can be compared all the same."""
    return reference_remarks(_observed(pixels, landmarks))


def _observed(pixels: NDArray[np.uint8], landmarks: Landmarks) -> FaceObservation:
    appearance = measure_appearance(upright_face(pixels, landmarks))
    return face_observation(0, landmarks, appearance, width=pixels.shape[1], height=pixels.shape[0])
