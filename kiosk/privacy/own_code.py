"""The short code on the customer's slip: with it and the document the customer sees, takes and erases what is held.

Ten characters out of 31, drawn by the caller: 49 bits, and no try counts without the document that the record is of.
The terminal keeps a keyed hash only, so that nobody can read the code off it.
"""

import hashlib
import hmac
import unicodedata

ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
"""No 0 and O, no 1, I and L: nobody has to guess what is printed."""
LENGTH = 10
_GROUP = 5
_DOMAIN = b"kiosk own code 1\0"
_BETWEEN_GROUPS = str.maketrans("", "", " -")


def normalised(typed: str) -> str:
    """The code as it is kept: capitals, plain forms, without the blanks between its groups."""
    return unicodedata.normalize("NFKC", typed).upper().translate(_BETWEEN_GROUPS)


def is_own_code(code: str) -> bool:
    """Whether this could be a code at all, in its normal form."""
    return len(code) == LENGTH and all(character in ALPHABET for character in code)


def in_groups_of_five(code: str) -> str:
    """As it is printed and read out."""
    return " ".join(code[start : start + _GROUP] for start in range(0, len(code), _GROUP))


def code_check(code: str, reference: bytes) -> bytes:
    """What the terminal keeps of a code, 32 bytes; keyed by the application reference, so that no two are alike."""
    return hmac.digest(reference, _DOMAIN + code.encode("utf-8", "surrogatepass"), hashlib.sha256)
