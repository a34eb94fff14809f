"""A customer's record as they take it to somebody else: JSON of a fixed form, cut so that square codes can carry it.

One code holds plain JSON. Where it takes more, each code begins with a line that says which of how many it is and what
the whole hashes to, so that parts of two copies cannot be put together.
"""

import hashlib
import json

from kiosk.errors import RuntimeKioskError
from kiosk.runtime.surface import OwnRecord

FORMAT = "kiosk-own-record/1"
PART_BYTES = 760
"""A code of at most 97 modules at the lowest level of correction: a telephone reads it off a screen with ease."""
_MARK = "KIOSK-COPY"
_HEAD_BYTES = 40
"""More than the line before a part is long."""


class CopyPartsError(RuntimeKioskError):
    """These parts are not those of one copy."""

    def __init__(self) -> None:
        super().__init__("These codes are not all those of one copy: scan each of them once.")


def portable_copy(own: OwnRecord) -> str:
    """The record as JSON; every value is that which the store holds."""
    record = own.record
    fields = {
        "primary_name": record.primary_name,
        "secondary_name": record.secondary_name,
        "birth_date": record.birth_date.isoformat(),
        "nationality": record.nationality,
        "document_kind": record.document_kind.value,
        "document_number": record.document_number,
        "address": record.address,
        "phone": record.phone,
        "account_class": record.account_class.value,
    }
    whole = {
        "format": FORMAT,
        "terminal": own.terminal,
        "reference": own.application_reference,
        "answered_at": own.answered_at.isoformat(),
        "erased_at_latest": own.erased_at_latest.isoformat(),
        "record": fields,
    }
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":"))


def in_parts(text: str, part_bytes: int = PART_BYTES) -> tuple[str, ...]:
    """Cut a copy for square codes of so many bytes of UTF-8; one that fits is left as it is."""
    if len(text.encode()) <= part_bytes:
        return (text,)
    chunks, chunk, size = list[str](), "", 0
    for character in text:
        width = len(character.encode())
        if size + width > part_bytes - _HEAD_BYTES:
            chunks.append(chunk)
            chunk, size = "", 0
        chunk, size = chunk + character, size + width
    chunks.append(chunk)
    mark = _mark(text)
    return tuple(f"{_MARK} {number}/{len(chunks)} {mark}\n{chunk}" for number, chunk in enumerate(chunks, start=1))


def from_parts(parts: list[str]) -> str:
    """Put a copy together again, its parts in any order; raise `CopyPartsError`."""
    if len(parts) == 1 and not parts[0].startswith(_MARK):
        return parts[0]
    read = {head: chunk for head, _, chunk in (part.partition("\n") for part in parts)}
    text = "".join(read[head] for head in sorted(read, key=_number))
    whole = [f"{_MARK} {number}/{len(parts)} {_mark(text)}" for number in range(1, len(parts) + 1)]
    if sorted(read, key=_number) != whole:
        raise CopyPartsError
    return text


def _number(head: str) -> int:
    number = head.removeprefix(f"{_MARK} ").partition("/")[0]
    if not (number.isascii() and number.isdigit() and len(number) < 4):
        raise CopyPartsError
    return int(number)


def _mark(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
