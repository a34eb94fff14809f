"""What the screens say, by language: loads `assets/texts/<language>.toml` and finds the text of an enum's value.

Holds no sentence of its own. A missing text is an error at once, not an empty label.
"""

import tomllib
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

from kiosk.document.evidence import DocumentKind, DocumentRemark
from kiosk.errors import KioskError
from kiosk.runtime.surface import ServiceHold
from kiosk.session.events import AccountClass, Language, RefusalReason
from kiosk.session.machine import EndNote, Phase
from kiosk.verification.decision import ReferralReason
from kiosk.verification.layers import ChallengeVariant, Finding
from kiosk.verification.liveness import Gesture
from kiosk.verification.quality import CaptureGuidance

ASSETS = Path(__file__).resolve().parents[2] / "assets"

SECTIONS: Mapping[type[StrEnum], str] = {
    AccountClass: "account_class",
    CaptureGuidance: "guidance",
    ChallengeVariant: "variant",
    DocumentKind: "document_kind",
    DocumentRemark: "document_remark",
    EndNote: "end_note",
    Finding: "finding",
    Gesture: "gesture",
    Phase: "phase",
    ReferralReason: "referral",
    RefusalReason: "refusal",
    ServiceHold: "hold",
}
"""Which section of the file holds the texts of which enum; the key is the enum's value."""


class TextsError(KioskError):
    """A text file is missing or broken, or lacks a text."""


class Texts(Mapping[str, str]):
    """All texts of one language, by dotted key."""

    def __init__(self, language: Language, texts: Mapping[str, str]) -> None:
        self.language = language
        self._texts = dict(texts)

    def __call__(self, key: str, **values: object) -> str:
        """Return a text with its placeholders filled in."""
        return self[key].format(**values) if values else self[key]

    def of(self, value: StrEnum) -> str:
        """Return the text of an enum's value."""
        return self[f"{SECTIONS[type(value)]}.{value.value}"]

    def __getitem__(self, key: str) -> str:
        try:
            return self._texts[key]
        except KeyError:
            raise TextsError(f"assets/texts/{self.language}.toml lacks the text {key!r}: add it.") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)


def full_name(primary_name: str, secondary_name: str) -> str:
    """Surname and given names as one reads them, told apart by a comma as in an index."""
    return ", ".join(name for name in (primary_name, secondary_name) if name)


@lru_cache(maxsize=4)
def load_texts(language: Language) -> Texts:
    """Read the texts of a language; raise `TextsError` with the file's name."""
    path = ASSETS / "texts" / f"{language}.toml"
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise TextsError(f"assets/texts/{path.name} cannot be read: {error}.") from error
    return Texts(language, dict(_flatten(tables, "")))


def _flatten(table: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", str(value)
