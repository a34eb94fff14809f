"""Depth from motion on what the shipped face mesh measures: the rendered person, and pictures of them held and bent."""

from functools import cache

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from hardware.camera import Frame
from hardware.simulated.pose import FacePose
from hardware.simulated.renderer import SubjectRenderer
from kiosk.verification.depth import DepthCheck
from kiosk.verification.layers import Finding, LayerEvidence, LayerVerdict
from kiosk.verification.observation import FrameObservation
from kiosk.vision.background_motion import BackgroundFollower
from kiosk.vision.face_landmarker import FaceLandmarker
from tests.portraits import NAMES, portrait, portrait_landmarks
from tests.rehearsed_face import evidence_of

Picture = NDArray[np.uint8]
FURTHEST = (0.0, 0.0, 0.0, 0.0, 0.35, 0.7, 1.0, 1.0, 1.0, 1.0, 0.5, 0.0)
"""A turn, frame by frame."""
FOCAL_PX = 1100.0


@cache
def _renderer(name: str) -> SubjectRenderer:
    return SubjectRenderer(portrait(name), portrait_landmarks(name))


def _evidence(pictures: list[Picture]) -> LayerEvidence:
    landmarker, follower = FaceLandmarker(), BackgroundFollower()
    seen: list[FrameObservation] = []
    for number, picture in enumerate(pictures):
        observation = landmarker.observe(Frame(picture, 100 + number / 10, number))
        assert observation.face is not None
        assert follower.follow(picture, observation.face.landmarks) is not None or number == 0
        seen.append(observation)
    return evidence_of(DepthCheck(), seen)


def _held(picture: Picture, yaw_deg: float, radius_px: float = 1e6) -> Picture:
    """The picture as a print turned about its upright middle, flat or on a cylinder, by casting every pixel back."""
    yaw = np.radians(yaw_deg)
    places = np.linspace(-640, 640, 641)
    angle = np.clip(places / radius_px, -1.4, 1.4)
    x, z = radius_px * np.sin(angle), radius_px * (1 - np.cos(angle))
    across, deep = x * np.cos(yaw) - z * np.sin(yaw), x * np.sin(yaw) + z * np.cos(yaw)
    nearness = FOCAL_PX / (FOCAL_PX + deep)
    columns = np.arange(1280) - 640.0
    source_x = np.interp(columns, across * nearness, places)
    source_y = (np.arange(720)[:, None] - 360) / np.interp(columns, across * nearness, nearness)[None]
    sheet: Picture = cv2.remap(
        picture,
        np.broadcast_to(source_x + 640, (720, 1280)).astype(np.float32),
        (source_y + 360).astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return sheet


@pytest.mark.parametrize(("name", "yaw_deg"), [(NAMES[0], 24.0), (NAMES[1], -24.0)])
def test_a_rendered_head_that_turns_is_solid(name: str, yaw_deg: float) -> None:
    evidence = _evidence([_renderer(name).render(FacePose(yaw_deg=share * yaw_deg), 1) for share in FURTHEST])
    assert evidence.verdict is LayerVerdict.PASSED, evidence


@pytest.mark.parametrize("name", NAMES)
def test_the_same_picture_turned_as_a_flat_print_is_flat(name: str) -> None:
    still = _renderer(name).render(FacePose(), 1)
    evidence = _evidence([_held(still, share * 36) for share in FURTHEST])
    assert (evidence.verdict, evidence.finding) == (LayerVerdict.FAILED, Finding.FLAT)


@pytest.mark.parametrize("radius_px", [200.0, 330.0])
def test_the_same_picture_bent_round_a_cylinder_is_no_head(radius_px: float) -> None:
    still = _renderer("astronaut").render(FacePose(), 1)
    evidence = _evidence([_held(still, share * 36, radius_px) for share in FURTHEST])
    assert evidence.verdict is not LayerVerdict.PASSED, evidence
