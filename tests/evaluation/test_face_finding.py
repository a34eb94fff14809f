"""How reliably faces are found and counted on the development data; rates, not single pictures."""

from collections import Counter
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from kiosk.verification.comparison import TemplateRole, compare
from kiosk.verification.quality import QualityMeasure
from kiosk.vision.face_template import load_face_template_extractor
from kiosk.vision.models import load_manifest
from kiosk.vision.photograph import load_photograph
from kiosk.vision.photograph_face import (
    SeveralFacesError,
    UnusablePhotographError,
    photograph_remarks,
    the_one_face,
)
from kiosk.vision.still_faces import find_faces

pytestmark = pytest.mark.shared


def test_every_studio_portrait_has_exactly_one_face_nearly_from_the_front(shared_data: Path) -> None:
    for path in sorted((shared_data / "faces" / "london").glob("*/*.jpg")):
        faces = find_faces(load_photograph(path))
        assert len(faces) == 1, path
        assert abs(faces[0].head_pose.yaw_deg) < 12
        assert abs(faces[0].head_pose.roll_deg) < 8


def test_of_web_photographs_few_are_refused_and_those_for_bystanders(shared_data: Path) -> None:
    paths = sorted((shared_data / "faces" / "lfw").glob("*/*.jpg"))[::5]
    refused: list[UnusablePhotographError] = []
    for path in paths:
        try:
            the_one_face(load_photograph(path), TemplateRole.PROBE)
        except UnusablePhotographError as error:
            refused.append(error)
    assert len(refused) <= 0.1 * len(paths)
    assert sum(not isinstance(error, SeveralFacesError) for error in refused) <= 0.02 * len(paths)


def test_of_web_photographs_nobody_is_said_to_cover_the_mouth_and_few_to_cover_or_close_their_eyes(
    shared_data: Path,
) -> None:
    said: Counter[QualityMeasure] = Counter()
    paths = sorted((shared_data / "faces" / "lfw").glob("*/*.jpg"))[::3]
    for path in paths:
        pixels = load_photograph(path)
        for face in find_faces(pixels)[:1]:
            said.update(photograph_remarks(pixels, face.landmarks))
    assert said[QualityMeasure.MOUTH_VISIBLE] == 0
    assert said[QualityMeasure.EYES_VISIBLE] <= 0.01 * len(paths)
    assert said[QualityMeasure.EYES_OPEN] <= 0.01 * len(paths)
    assert said[QualityMeasure.SHARPNESS] <= 0.01 * len(paths)


@pytest.mark.parametrize("size", [0.42, 0.6, 1.0])
def test_a_second_person_is_found_beside_the_first(shared_data: Path, size: float) -> None:
    """Two web photographs on one plain ground, the second's face this much of the first's."""
    portraits = []
    for path in sorted((shared_data / "faces" / "lfw").glob("*/*_0001.jpg"))[::20]:
        pixels = load_photograph(path)
        if len(faces := find_faces(pixels)) == 1:
            portraits.append((pixels, faces[0].size_px))
    refused = 0
    for (one, one_px), (other, other_px) in pairwise(portraits):
        picture = np.full((900, 1600, 3), (100, 120, 140), dtype=np.uint8)
        picture[300:550, 200:450] = one
        scale = size * one_px / other_px
        smaller = cv2.resize(other, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        picture[200 : 200 + smaller.shape[0], 1000 : 1000 + smaller.shape[1]] = smaller
        try:
            the_one_face(picture, TemplateRole.PROBE)
        except SeveralFacesError:
            refused += 1
    assert refused >= 0.9 * (len(portraits) - 1)


def test_specimen_documents_show_their_holders_and_a_page_without_one_shows_nobody(shared_data: Path) -> None:
    for name in ("td1", "td2", "td3", "td3_utopia_photo"):
        assert len(find_faces(load_photograph(shared_data / "documents" / f"{name}.jpg"))) >= 1, name
    assert find_faces(load_photograph(shared_data / "documents" / "nomrz.jpg")) == []


def test_studio_pairs_match_and_strangers_mostly_do_not(shared_data: Path, built_models: Path) -> None:
    extractor = load_face_template_extractor(load_manifest(), built_models)
    threshold = load_manifest().template_threshold(1e-4).score
    probes, references = [], []
    for folder in sorted((shared_data / "faces" / "london").iterdir()):
        probes.append(extractor.extract_photograph(load_photograph(folder / "smiling.jpg"), TemplateRole.PROBE))
        references.append(extractor.extract_reference(load_photograph(folder / "neutral.jpg")))
    scores = [[compare(p.template, r.template).value for r in references] for p in probes]
    count = len(scores)
    genuine = [scores[n][n] for n in range(count)]
    impostor = [scores[row][column] for row in range(count) for column in range(count) if row != column]
    assert sum(score >= threshold for score in genuine) == count
    assert sum(score >= threshold for score in impostor) <= 0.01 * len(impostor)
