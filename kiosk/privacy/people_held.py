"""How many people a terminal holds something about, and when that alone asks for an act. Pure.

China's rules on face recognition (CAC Order No. 19 of 2025, article 15) have whoever stores the face data of 100,000
people file with the provincial office. This kiosk stores nobody's face; the bank is told all the same, early enough,
because it must be able to say how many people it deals with in this way.
"""

from enum import StrEnum

WARN_FROM = 80_000
FILE_FROM = 100_000


class PeopleLimit(StrEnum):
    """Which limit is reached."""

    NEAR = "near"
    REACHED = "reached"


def people_limit(people: int) -> PeopleLimit | None:
    """The limit that so many people reach."""
    if people >= FILE_FROM:
        return PeopleLimit.REACHED
    return PeopleLimit.NEAR if people >= WARN_FROM else None


def people_sentence(people: int) -> str | None:
    """What IT is told of it, None below the limits."""
    match people_limit(people):
        case None:
            return None
        case PeopleLimit.NEAR:
            return (
                f"This terminal holds answers about up to {people} people; at {FILE_FROM} a filing may be due"
                " (CAC Order No. 19): tell the data protection officer."
            )
        case PeopleLimit.REACHED:
            return (
                f"This terminal holds answers about up to {people} people, {FILE_FROM} or more: the data protection"
                " officer must decide on the filing (CAC Order No. 19) within 30 working days."
            )
