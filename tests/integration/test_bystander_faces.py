"""People nearby have not agreed: their faces are hidden in the preview and never described."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from hardware.camera import Frame
from kiosk.verification.quality import CaptureGuidance as Guidance
from kiosk.verification.quality import QualityAssessment, assess
from kiosk.vision.bystanders import Bystanders
from kiosk.vision.face_geometry import Landmarks
from kiosk.vision.face_landmarker import FaceLandmarker
from kiosk.vision.face_sample import SampleWindow
from kiosk.vision.still_faces import find_faces
from tests.scenes import HEIGHT, WIDTH, head, scene

SUBJECT = ("astronaut", 125.0, 0.5, 0.45)
AS_LARGE = ("grace_hopper", 110.0, 0.12, 0.5)
BEHIND = ("grace_hopper", 45.0, 0.85, 0.4)


class Watched:
    """A landmarker, what it tells of bystanders, and whose face the window describes."""

    model_id = "watched"

    def __init__(self) -> None:
        self.bystanders = Bystanders()
        self.landmarker = FaceLandmarker(self.bystanders)
        self.described_at_x: list[float] = []
        self.assessed: list[QualityAssessment] = []
        self._window = SampleWindow(self)

    def align(self, _pixels: NDArray[np.uint8], landmarks: Landmarks) -> NDArray[np.uint8]:
        self.described_at_x.append(float(landmarks[:, 0].mean()) / WIDTH)
        return np.zeros((8, 8, 3), np.uint8)

    def network_output(self, crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        return np.zeros((len(crops), 4), np.float32)

    def show(self, picture: NDArray[np.uint8], frames: int = 10) -> NDArray[np.uint8]:
        """Let a picture stand; the preview afterwards."""
        for number in range(frames):
            frame = Frame(picture, 100 + number / 10, number)
            observation = self.landmarker.observe(frame)
            self.assessed.append(assess(observation))
            self._window.offer(frame, observation, self.assessed[-1])
        return self.bystanders.hide(picture, WIDTH)


def part(picture: NDArray[np.uint8], who: tuple[str, float, float, float]) -> NDArray[np.uint8]:
    """The face of somebody in a scene."""
    half = head(who[0], who[1]).shape[0] // 2
    x, y = round(who[2] * WIDTH), round(who[3] * HEIGHT)
    return picture[max(y - half, 0) : y + half, max(x - half, 0) : x + half]


@pytest.mark.parametrize("other", [AS_LARGE, BEHIND], ids=["beside", "behind"])
def test_another_persons_face_cannot_be_found_in_the_preview_and_the_subjects_is_as_it_was(
    other: tuple[str, float, float, float],
) -> None:
    picture = scene(SUBJECT, other)
    preview = Watched().show(picture)
    assert find_faces(np.ascontiguousarray(part(picture, other)))
    assert not find_faces(np.ascontiguousarray(part(preview, other)))
    x, y = round(SUBJECT[2] * WIDTH), round(SUBJECT[3] * HEIGHT)
    around = np.s_[y - 80 : y + 140, x - 110 : x + 110]
    assert np.array_equal(preview[around], picture[around])


def test_alone_before_the_camera_nothing_is_copied() -> None:
    picture = scene(SUBJECT)
    assert Watched().show(picture) is picture


def test_only_the_subjects_face_is_ever_aligned_to_be_described() -> None:
    watched = Watched()
    watched.show(scene(SUBJECT, BEHIND))
    assert watched.described_at_x
    assert all(0.4 < x < 0.6 for x in watched.described_at_x)


def test_only_a_face_nearly_as_large_as_the_subjects_interrupts() -> None:
    behind, beside = Watched(), Watched()
    behind.show(scene(SUBJECT, BEHIND))
    beside.show(scene(SUBJECT, AS_LARGE))
    assert {one.guidance for one in behind.assessed} == {Guidance.FIT}
    assert beside.assessed[-1].guidance is Guidance.ONE_PERSON_ONLY
