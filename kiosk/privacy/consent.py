"""What a customer agreed to, and when. The act is a pressed button, never a face in view."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Purpose(StrEnum):
    """Separate purposes, asked separately."""

    APPLICATION = "application"
    FACE_CHECK = "face_check"


class ConsentAct(StrEnum):
    """How a consent was given."""

    TOUCHED = "touched"
    """The customer touched the boxes and the button."""
    GUARDIAN = "guardian"
    """A guardian, before the teller, for a customer below the age that the policy names."""


@dataclass(frozen=True, slots=True)
class Consent:
    """Recorded before the first frame is read."""

    list_version: int
    text_sha256: str
    """Hex hash of the exact text shown."""
    language: str
    purposes: frozenset[Purpose]
    given_at: datetime
    """UTC."""
    act: ConsentAct = ConsentAct.TOUCHED

    @property
    def includes_face_check(self) -> bool:
        return Purpose.FACE_CHECK in self.purposes
