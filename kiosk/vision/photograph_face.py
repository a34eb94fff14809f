"""The one face of a photograph: exactly one, large enough and not cut off, with remarks on what is poor about it.

For references and `kiosk verify`; live capture is judged frame by frame elsewhere.
"""

import math

import numpy as np
from numpy.typing import NDArray

from kiosk.errors import VisionError
from kiosk.verification.comparison import TemplateRole
from kiosk.verification.observation import FaceObservation
from kiosk.verification.quality import REFERENCE_INTER_EYE_FLOOR_PX, QualityMeasure, reference_remarks
from kiosk.vision.face_appearance import measure_appearance, upright_face
from kiosk.vision.face_geometry import LEFT_EYE_CORNERS, NOSE_TIP, RIGHT_EYE_CORNERS, Landmarks
from kiosk.vision.face_landmarker import face_observation
from kiosk.vision.still_faces import FaceBox, StillFace, shared_finder

_BYSTANDER_SIZE = 0.4
_BYSTANDER_INSIDE = 0.75
"""A face at least this large beside the largest, and at least this much of it in the picture, makes it unclear whose
photograph it is; smaller ones and those that the edge cuts off are bystanders."""
_INDISPENSABLE = (*RIGHT_EYE_CORNERS, *LEFT_EYE_CORNERS, NOSE_TIP)


class UnusablePhotographError(VisionError):
    """Root: a picture, but not of one usable face."""

    def __init__(self, role: TemplateRole, sentence: str) -> None:
        super().__init__(sentence)
        self.role = role


class NoFaceError(UnusablePhotographError):
    """Nobody is in the picture, or so small, covered or turned away that nobody was found."""

    def __init__(self, role: TemplateRole) -> None:
        super().__init__(
            role,
            f"No face was found in the {role}; it may be too small or turned away: give a photograph that shows "
            "one face, large and from the front.",
        )


class SeveralFacesError(UnusablePhotographError):
    """Whose photograph it is cannot be told."""

    def __init__(self, role: TemplateRole, count: int) -> None:
        number = {2: "Two", 3: "Three"}.get(count, str(count))
        super().__init__(role, f"{number} faces were found in the {role}; give a photograph of one person only.")
        self.count = count


class FaceTooSmallError(UnusablePhotographError):
    """Too few pixels to compare."""

    def __init__(self, role: TemplateRole, inter_eye_px: float, reduction: float = 1.0) -> None:
        """`reduction`: how many pixels of the file a pixel stands for; the sentence speaks of the file's."""
        reduced = reduction > 1
        needed = f"{math.ceil(REFERENCE_INTER_EYE_FLOOR_PX * reduction)} are needed"
        super().__init__(
            role,
            f"The face in the {role} is too small ({inter_eye_px * reduction:.0f} pixels between the eyes, at least "
            f"{needed}{' in so large a picture' if reduced else ''}); "
            f"{'cut the photograph down to the head' if reduced else 'give a larger photograph'}.",
        )
        self.inter_eye_px = inter_eye_px * reduction


class FaceCutOffError(UnusablePhotographError):
    """An eye or the nose lies beyond the edge; what the mesh puts there is guessed."""

    def __init__(self, role: TemplateRole) -> None:
        super().__init__(
            role, f"The edge of the {role} cuts the face off; give a photograph that shows the whole face."
        )


def the_one_face(pixels: NDArray[np.uint8], role: TemplateRole, reduction: float = 1.0) -> StillFace:
    """Return the only face of a photograph, small bystanders aside; raise an `UnusablePhotographError`.

    `reduction` is that of the `Photograph`; sentences speak of the pixels of the file.
    """
    found = shared_finder().find(pixels)
    if not found.faces:
        raise NoFaceError(role)
    height, width = pixels.shape[:2]
    largest = found.faces[0]
    others = sum(_could_be_meant(face, largest, width, height) for face in found.faces[1:])
    others += sum(_could_be_meant_too(box, found.faces, width, height) for box in found.without_mesh)
    if others:
        raise SeveralFacesError(role, 1 + others)
    if not _inside(largest.landmarks[list(_INDISPENSABLE), :2], width, height).all():
        raise FaceCutOffError(role)
    if largest.inter_eye_px < REFERENCE_INTER_EYE_FLOOR_PX:
        raise FaceTooSmallError(role, largest.inter_eye_px, reduction)
    return largest


def _could_be_meant(face: StillFace, largest: StillFace, width: int, height: int) -> bool:
    inside = float(_inside(face.landmarks[:, :2], width, height).mean())
    return face.size_px >= _BYSTANDER_SIZE * largest.size_px and inside >= _BYSTANDER_INSIDE


def _could_be_meant_too(box: FaceBox, faces: tuple[StillFace, ...], width: int, height: int) -> bool:
    """A sure detection without a mesh, beside the faces that have one: covered perhaps, or in profile."""
    return (
        box.is_sure
        and box.side >= _BYSTANDER_SIZE * faces[0].size_px
        and box.share_inside(width, height) >= _BYSTANDER_INSIDE
        and not any(box.is_around(face.landmarks) for face in faces)
    )


def _inside(places: NDArray[np.float32], width: int, height: int) -> NDArray[np.bool_]:
    """Which of the (n, 2) places lie in the picture."""
    return np.asarray(((places >= 0) & (places < (width, height))).all(axis=1))


def photograph_remarks(pixels: NDArray[np.uint8], landmarks: Landmarks) -> tuple[QualityMeasure, ...]:
    """Name what is poor about this face; it can be compared all the same."""
    return reference_remarks(_observed(pixels, landmarks), width=pixels.shape[1], height=pixels.shape[0])


def _observed(pixels: NDArray[np.uint8], landmarks: Landmarks) -> FaceObservation:
    appearance = measure_appearance(upright_face(pixels, landmarks))
    return face_observation(0, landmarks, appearance, width=pixels.shape[1], height=pixels.shape[0])
