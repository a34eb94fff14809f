"""What supervision refuses, one sentence each with the cure. Carries no PIN."""

from kiosk.errors import SupervisionError


class PinError(SupervisionError):
    """A PIN that anybody would guess or that is none."""


class NotPermittedError(SupervisionError):
    """The role that is signed in does not cover the act."""

    def __init__(self, role: str | None, act: str) -> None:
        who = "Nobody is signed in, so nobody" if role is None else f"The role {role}"
        super().__init__(f"{who} may not {act.replace('_', ' ')}; sign in as somebody who may.")
        self.role = role
        self.act = act
