"""A face made of numbers, for tests of liveness: it rests, does gestures at given times, and is seen at any rate."""

import math
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from kiosk.verification.gestures import Gesture
from kiosk.verification.layers import LayerEvidence, PadLayer, PadLayerCheck
from kiosk.verification.liveness import GestureChallenge, LivenessCheck, LivenessProgress, PadDecision
from kiosk.verification.observation import LANDMARK_COUNT, FaceObservation, FrameObservation, HeadPose

RESTING = FaceObservation(
    track_id=7,
    landmarks_f32=bytes(LANDMARK_COUNT * 3 * 4),
    head_pose=HeadPose(0.0, 0.0, 0.0),
    left_eye_openness=0.28,
    right_eye_openness=0.28,
    mouth_openness=0.03,
    smile=0.55,
    gaze_off_axis_deg=2.0,
    inter_eye_px=150.0,
    centre_x=0.5,
    centre_y=0.5,
    sharpness=200.0,
    brightness=0.5,
    over_exposed=0.0,
    under_exposed=0.0,
    side_light=0.0,
    eyes_covered=0.0,
    mouth_covered=0.0,
)

GESTURES_ALONE = frozenset({PadLayer.GESTURES})
"""For policies of tests whose faces are made of numbers: nobody takes their picture, so no other layer can speak."""

DURATION_S = {
    Gesture.TURN_LEFT: 1.2,
    Gesture.TURN_RIGHT: 1.2,
    Gesture.BLINK: 0.4,
    Gesture.OPEN_MOUTH: 1.2,
    Gesture.SMILE: 1.4,
}


def frame(at_s: float, face: FaceObservation | None, faces: int | None = None) -> FrameObservation:
    """One frame with this face; `faces` where there are others."""
    count = (face is not None) if faces is None else faces
    return FrameObservation(round(at_s * 1000), at_s, 1280, 720, int(count), face)


def evidence_of(check: PadLayerCheck, observations: Iterable[FrameObservation]) -> LayerEvidence:
    """What a fresh check has to say of these frames."""
    for observation in observations:
        check.observe(observation)
    return check.evidence()


def at_strength(face: FaceObservation, gesture: Gesture, strength: float) -> FaceObservation:
    """The face with a gesture done by 0 (not at all) to 1 (plainly)."""
    pose = face.head_pose
    match gesture:
        case Gesture.TURN_LEFT:
            return replace(face, head_pose=replace(pose, yaw_deg=pose.yaw_deg + 25 * strength))
        case Gesture.TURN_RIGHT:
            return replace(face, head_pose=replace(pose, yaw_deg=pose.yaw_deg - 25 * strength))
        case Gesture.BLINK:
            left, right = face.left_eye_openness, face.right_eye_openness
            kept = 1 - 0.8 * strength
            return replace(face, left_eye_openness=left * kept, right_eye_openness=right * kept)
        case Gesture.OPEN_MOUTH:
            return replace(face, mouth_openness=face.mouth_openness + 0.5 * strength)
        case Gesture.SMILE:
            return replace(face, smile=face.smile * (1 + 0.2 * strength))


def _envelope(phase: float, gesture: Gesture) -> float:
    """0 … 1 over a gesture's duration: up, held, down."""
    if not 0 <= phase <= 1:
        return 0.0
    edge = 0.3 if gesture is Gesture.BLINK else 0.25
    return min(1.0, (1 - math.cos(math.pi * min(phase, 1 - phase, edge) / edge)) / 2)


@dataclass
class Performance:
    """What a face does when: begin times of gestures, with sensor noise where wanted."""

    resting: FaceObservation = RESTING
    begun: list[tuple[float, Gesture]] = field(default_factory=list)
    noise: random.Random | None = None

    def face_at(self, at_s: float) -> FaceObservation:
        face = self.resting
        for begun_s, gesture in self.begun:
            face = at_strength(face, gesture, _envelope((at_s - begun_s) / DURATION_S[gesture], gesture))
        return face if self.noise is None else _noisy(face, self.noise)


def _noisy(face: FaceObservation, source: random.Random) -> FaceObservation:
    pose = HeadPose(face.head_pose.yaw_deg + source.gauss(0, 0.7), face.head_pose.pitch_deg + source.gauss(0, 0.7), 0)
    return replace(
        face,
        head_pose=pose,
        left_eye_openness=max(0.0, face.left_eye_openness + source.gauss(0, 0.008)),
        right_eye_openness=max(0.0, face.right_eye_openness + source.gauss(0, 0.008)),
        mouth_openness=max(0.0, face.mouth_openness + source.gauss(0, 0.008)),
        smile=face.smile + source.gauss(0, 0.004),
    )


Reply = Callable[[LivenessProgress, float, Performance], None]


def follow(delay_s: float = 0.6) -> Reply:
    """Do what is asked, once, `delay_s` after it is asked."""
    done: set[int] = set()

    def reply(progress: LivenessProgress, now_s: float, performance: Performance) -> None:
        if progress.gesture is not None and progress.number not in done:
            done.add(progress.number)
            performance.begun.append((now_s + delay_s, progress.gesture))

    return reply


def ignore(_progress: LivenessProgress, _now_s: float, _performance: Performance) -> None:
    """A recording does not listen."""


def perform(
    challenge: GestureChallenge,
    reply: Reply,
    performance: Performance | None = None,
    frames_per_s: float = 25.0,
    from_s: float = 100.0,
) -> PadDecision:
    """Play a performance to a check until it is decided."""
    check = LivenessCheck(challenge)
    played = Performance() if performance is None else performance
    for number in range(round(30 * frames_per_s)):
        now_s = from_s + number / frames_per_s
        progress = check.observe(frame(now_s, played.face_at(now_s)))
        if progress.decision is not None:
            return progress.decision
        reply(progress, now_s, played)
    raise AssertionError("a check must end within its total time")


def show(challenge: GestureChallenge, frames: Iterable[FrameObservation]) -> LivenessProgress:
    """Progress after these frames."""
    check = LivenessCheck(challenge)
    for one in frames:
        check.observe(one)
    return check.progress
