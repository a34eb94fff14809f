"""How the simulated capture subject holds head and face at one instant. Numbers only; nothing is drawn here."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FacePose:
    """Head pose, expression and place of the subject; all zero is the portrait as it was taken.

    Directions are the subject's own: positive yaw turns to their left (the nose moves to the right of the
    unmirrored picture), positive pitch looks up, positive roll tilts towards their left shoulder.
    """

    yaw_deg: float = 0.0
    pitch_deg: float = 0.0
    roll_deg: float = 0.0
    blink: float = 0.0
    """0 lids as in the portrait, 1 shut."""
    mouth_open: float = 0.0
    """0 as in the portrait, 1 wide open."""
    smile: float = 0.0
    """0 as in the portrait, 1 a broad smile."""
    head_x_px: float = 0.0
    """Sway of the head in the picture, to the right."""
    head_y_px: float = 0.0
    body_x_px: float = 0.0
    """Shift of the whole subject, to the right; far enough, they have left."""
    body_y_px: float = 0.0
