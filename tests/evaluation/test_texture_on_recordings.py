"""The texture layer on recordings of people it was not drawn up on: what docs/thresholds.md reports of it, roughly."""

from collections import Counter
from itertools import islice
from pathlib import Path

import pytest

from hardware.recorded_camera import recorded_frames
from kiosk.verification.layers import LayerVerdict
from kiosk.verification.observation import FrameObservation
from kiosk.verification.texture import TextureCheck
from kiosk.vision.face_appearance import measure_appearance, upright_face
from kiosk.vision.face_landmarker import face_observation
from kiosk.vision.still_faces import find_faces
from kiosk.vision.texture_measurement import measure_texture
from tests.rehearsed_face import evidence_of

pytestmark = pytest.mark.shared
HELD_OUT = ("0004", "0005", "0006")


def verdict(folder: Path) -> LayerVerdict:
    observations = []
    for frame in islice(recorded_frames(folder, 2.0), 0, None, 2):
        height, width = frame.pixels.shape[:2]
        for found in find_faces(frame.pixels)[:1]:
            appearance = measure_appearance(upright_face(frame.pixels, found.landmarks))
            face = face_observation(1, found.landmarks, appearance, width=width, height=height)
            texture = measure_texture(frame.pixels, found.landmarks)
            at_s = frame.captured_at_s
            observations.append(FrameObservation(frame.sequence, at_s, width, height, 1, face, texture=texture))
    return evidence_of(TextureCheck(), observations).verdict


def verdicts(folder: Path) -> Counter[LayerVerdict]:
    return Counter(verdict(run) for run in sorted(folder.iterdir()) if run.name.startswith(HELD_OUT))


def test_living_people_do_not_fail_and_most_printed_photographs_do(shared_data: Path) -> None:
    bona_fide = verdicts(shared_data / "pad" / "nuaa" / "bona_fide")
    assert bona_fide[LayerVerdict.FAILED] == 0
    assert bona_fide[LayerVerdict.PASSED] >= 7
    printed = verdicts(shared_data / "pad" / "nuaa" / "attack" / "print")
    assert printed[LayerVerdict.FAILED] >= 10
    assert (bona_fide.total(), printed.total()) == (8, 12)
