"""Is it one and the same face all through an attempt, in frames that follow each other without a hole? Numbers only."""

import math

from kiosk.verification.gestures import ROUNDING_S, is_measurable
from kiosk.verification.observation import FrameObservation

NO_TRACK = -1
"""Track of a decision taken before any face was seen."""
MAX_FACE_GAP_S = 0.5
"""Landmarks drop for a few frames in quick movements; longer than this, it may be another face."""
MAX_FRAME_GAP_S = 1.0
MAX_SILENCE_S = 2.0
"""How long no frame may arrive; more than the gap between frames, since a busy machine hands them on late."""
MAX_LAG_S, MAX_LEAD_S = 3.0, 0.1
"""How old a frame may be when desk hears of it, and how far ahead: who stamps the frames must not stop the clock."""


class FaceContinuity:
    """Follows one attempt frame by frame."""

    def __init__(self) -> None:
        self.track_id = NO_TRACK
        self.started_at_s: float | None = None
        self.last_frame_at_s = 0.0
        self._last_face_at_s = 0.0
        self._first_tick_s: float | None = None

    def is_new(self, observation: FrameObservation) -> bool:
        """One with the time of the last is the same frame again and says nothing new."""
        return self.started_at_s is None or observation.captured_at_s != self.last_frame_at_s

    def is_out_of_time(self, observation: FrameObservation, heard_at_s: float) -> bool:
        """The frame is too old, or from the future, by desk's own clock."""
        return not -MAX_LEAD_S <= heard_at_s - observation.captured_at_s <= MAX_LAG_S

    def is_broken_by(self, observation: FrameObservation) -> bool:
        """True where the next frame does not go on from the last; `take` it otherwise."""
        now_s = observation.captured_at_s
        if not math.isfinite(now_s):
            return True
        if self.started_at_s is None:
            self.started_at_s = self.last_frame_at_s = self._last_face_at_s = now_s
        if not 0 <= now_s - self.last_frame_at_s <= MAX_FRAME_GAP_S or observation.face_count > 1:
            return True
        missing = self._last_face_at_s < self.last_frame_at_s  # frames without a face, not a pause between frames
        if missing and now_s - self._last_face_at_s > MAX_FACE_GAP_S + ROUNDING_S:
            return True
        face = observation.face
        if face is None:
            return False
        if self.track_id == NO_TRACK:
            self.track_id = face.track_id
        if is_measurable(face):
            self._last_face_at_s = now_s
        return face.track_id != self.track_id

    def take(self, observation: FrameObservation) -> None:
        """Count this frame in."""
        self.last_frame_at_s = observation.captured_at_s

    def is_silent(self, now_s: float) -> bool:
        """No frame has come for too long; the time is desk's own."""
        if self._first_tick_s is None:
            self._first_tick_s = now_s
        last_sign_s = self._first_tick_s if self.started_at_s is None else self.last_frame_at_s
        return not now_s - last_sign_s <= MAX_SILENCE_S
