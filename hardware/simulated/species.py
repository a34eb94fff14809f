"""The attack presentations that the simulated camera can show; `docs/thresholds.md` says which layer is for which."""

from enum import StrEnum


class AttackSpecies(StrEnum):
    """One name each, as the evaluation reports them."""

    PRINT = "print"
    """A flat photograph on paper, held in the hand."""
    BENT_PRINT = "bent_print"
    """The same, bent round a vertical axis."""
    CUT_OUT_EYES = "cut_out_eyes"
    """A photograph with living eyes behind two holes."""
    SCREEN_REPLAY = "screen_replay"
    """A video on a tablet or a monitor."""
    RECORDED_VISIT = "recorded_visit"
    """The pictures of an earlier visit of the same person, in the camera's place: its gestures and its light."""
    MASK = "mask"
    """The right shape and a picture that never moves, but for the eyes where there are holes."""
    INJECTION = "injection"
    """Perfect pictures in the camera's place, the gestures answered live."""
    PUPPET = "puppet"
    """A face drawn over another in real time: answers gestures, not light."""
    SECOND_PERSON = "second_person"
    """Somebody steps in beside the subject."""
    EXCHANGE = "exchange"
    """The face is exchanged for another halfway."""

    @property
    def replaces_camera(self) -> bool:
        """The pictures come from no sensor before this scene: neither its controls nor its noise apply."""
        return self in (AttackSpecies.RECORDED_VISIT, AttackSpecies.INJECTION, AttackSpecies.PUPPET)
