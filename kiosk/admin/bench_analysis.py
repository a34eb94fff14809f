"""What looking at a frame costs while every layer of attack detection runs: in eyes, and in desk."""

import statistics
import time
from collections.abc import Sequence

from hardware.camera import Frame
from hardware.simulated.pose import FacePose
from hardware.simulated.renderer import SubjectRenderer
from kiosk.runtime.face_vision import FaceVision
from kiosk.verification.attempt import AttemptCheck, Challenge
from kiosk.verification.gestures import Gesture
from kiosk.verification.light import LightChallenge, ScreenColour
from kiosk.verification.liveness import GestureChallenge
from kiosk.vision.models import MODELS_DIR, load_manifest

_FRAMES = 240
_WARM_UP = 30
_LASTING = Challenge(GestureChallenge((Gesture.TURN_LEFT,) * 3, 10.0), LightChallenge((ScreenColour.WHITE,) * 8))


def analysis_times_s(poses: Sequence[FacePose], renderer: SubjectRenderer) -> dict[str, float]:
    """Time a film at 30 frames a second, from pixels to numbers and from numbers to evidence."""
    vision = FaceVision(load_manifest(), MODELS_DIR, *renderer.size)
    vision.begin_window(1)
    check = AttemptCheck(_LASTING)
    eyes, desk = [], []
    swing = [*poses, *reversed(poses)]
    for number in range(_FRAMES):
        frame = Frame(renderer.render(swing[number // 3 % len(swing)], number), number / 30, number)
        began = time.perf_counter()
        observed = vision.analyse(frame)
        seen = time.perf_counter()
        check.observe(observed.observation)
        judged = time.perf_counter()
        if number >= _WARM_UP:
            eyes.append(seen - began)
            desk.append(judged - seen)
    return {
        "observe, quality and every layer, a frame (median)": statistics.median(eyes),
        "observe, quality and every layer, a frame (95th percentile)": statistics.quantiles(eyes, n=20)[-1],
        "judge a frame in desk, every layer": statistics.median(desk),
    }
