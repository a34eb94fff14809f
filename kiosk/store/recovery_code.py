"""The spelling of a recovery code: thirty letters and digits in groups of five, of which two show a slip of the pen.

The letters are Crockford's, which leave out I, L, O and U; what looks alike is read alike.
"""

import hashlib
import secrets

from kiosk.errors import StoreError

_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_RANDOM_CHARS, _CHECK_CHARS, _GROUP = 28, 2, 5
"""28 letters of 32 are 140 random bits."""
_LOOK_ALIKE = str.maketrans("ILO", "110", " -\t–—")
"""Spaces and dashes go, those of word processors too."""


class MistypedCodeError(StoreError):
    """No setup has shown this code."""

    def __init__(self) -> None:
        super().__init__(
            f"This is no recovery code: it has {_RANDOM_CHARS + _CHECK_CHARS} letters and digits in groups of {_GROUP};"
            " compare it letter by letter."
        )


def new_code() -> str:
    """A fresh code as it is shown and written down."""
    letters = "".join(secrets.choice(_LETTERS) for _ in range(_RANDOM_CHARS))
    code = letters + _check_of(letters)
    return "-".join(code[at : at + _GROUP] for at in range(0, len(code), _GROUP))


def canonical_code(typed: str) -> str:
    """The code without groups, whatever its spelling; raise `MistypedCodeError`."""
    code = typed.strip().upper().translate(_LOOK_ALIKE)
    letters, check = code[:_RANDOM_CHARS], code[_RANDOM_CHARS:]
    if not set(code) <= set(_LETTERS) or len(letters) != _RANDOM_CHARS or check != _check_of(letters):
        raise MistypedCodeError
    return code


def _check_of(letters: str) -> str:
    number = int.from_bytes(hashlib.sha256(b"kiosk recovery code" + letters.encode()).digest()[:2], "big")
    return _LETTERS[number % 32] + _LETTERS[number // 32 % 32]
