"""What a customer agreed to, and when. The act is a pressed button, never a face in view."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum


class Purpose(StrEnum):
    """Separate purposes, asked separately."""

    APPLICATION = "application"
    FACE_CHECK = "face_check"
    OWN_RECORD = "own_record"
    """Reading the document to find one's own record, and nothing else; asked where the customer asks for it."""


ASKED_FOR_AN_ACCOUNT = (Purpose.APPLICATION, Purpose.FACE_CHECK)
"""What the consent screen of a new account asks for."""


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

    def given_by_guardian(self, given_at: datetime) -> "Consent":
        """A guardian's in its place: to the application, never to a check of the child's face."""
        purposes = self.purposes - {Purpose.FACE_CHECK}
        return replace(self, purposes=purposes, given_at=given_at, act=ConsentAct.GUARDIAN)

    @property
    def includes_face_check(self) -> bool:
        return Purpose.FACE_CHECK in self.purposes
