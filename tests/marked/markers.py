"""The markers of a visit: what its customer is called, and what its pictures and templates consist of.

All follow from a seed and the visit's number, so that whoever looks for them needs no list on the disk.
"""

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Markers:
    """Of one visit."""

    primary_name: str
    secondary_name: str
    document_number: str
    document_picture: bytes
    """32 bytes of which every frame of the document consists, over and over."""
    face_picture: bytes
    portrait: bytes
    template: bytes

    def texts(self) -> tuple[str, ...]:
        return (self.primary_name, self.secondary_name, self.document_number)

    def pixels(self) -> tuple[bytes, ...]:
        return (self.document_picture, self.face_picture, self.portrait, self.template)


def markers_of(seed: str, visit: int) -> Markers:
    """The markers of the visit with this number."""

    def made(what: str) -> bytes:
        return hashlib.sha256(f"{seed} {visit} {what}".encode()).digest()

    def letters(what: str, count: int) -> str:
        return "".join(chr(ord("A") + byte % 26) for byte in made(what)[:count])

    return Markers(
        letters("primary", 16), letters("secondary", 16), letters("number", 9),
        made("document"), made("face"), made("portrait"), made("template"),
    )  # fmt: skip
