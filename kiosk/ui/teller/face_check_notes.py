"""What the face check has to say to the teller, in words: what spoke against a living face, what was not measured.

For the teller's eyes only; a customer never learns why.
"""

from collections.abc import Collection

from PySide6.QtWidgets import QWidget

from kiosk.runtime.surface import WaitingVisit
from kiosk.ui.texts import Texts
from kiosk.ui.theme import Colour, TextSize, Theme, Weight
from kiosk.ui.widgets.surfaces import Card, column
from kiosk.ui.widgets.text import Text
from kiosk.verification.layers import ChallengeVariant, Finding

_UNREMARKABLE = (ChallengeVariant.FULL, None)
_WARNS = (Colour.ATTENTION, Colour.ON_ATTENTION)
_TELLS = (Colour.ACCENT_SOFT, Colour.INK)
"""What was not measured speaks against nobody, and must not look as if it did."""


def face_check_notes(theme: Theme, texts: Texts, visit: WaitingVisit) -> QWidget | None:
    """A card for each kind of note, one sentence for each finding; None where there is nothing to tell."""
    parts: list[QWidget] = []
    if visit.suspicions:
        sentences = _sentences(texts, visit.suspicions)
        parts.append(_card(theme, texts("teller.noticed"), sentences, "suspicions", *_WARNS))
    if visit.unmeasured:
        parts.append(
            _card(theme, texts("teller.not_measured"), _sentences(texts, visit.unmeasured), "unmeasured", *_TELLS)
        )
    if parts or visit.variant not in _UNREMARKABLE:
        variant = "" if visit.variant is None else texts.of(visit.variant)
        parts.append(_named(Text(theme, variant, TextSize.SMALL, colour=Colour.INK_SOFT), "face-check-variant"))
    if not parts:
        return None
    notes = QWidget()
    layout = column(notes, theme, gap=14)
    for part in parts:
        layout.addWidget(part)
    return notes


def _sentences(texts: Texts, findings: Collection[Finding]) -> list[str]:
    """In the order of the layers, whatever order they came in."""
    return [texts.of(finding) for finding in Finding if finding in findings]


def _card(theme: Theme, heading: str, sentences: list[str], name: str, ground: Colour, ink: Colour) -> QWidget:
    card = Card(theme, ground, None)
    lines = column(card, theme, margin=20, gap=8)
    lines.addWidget(Text(theme, heading, TextSize.SMALL, Weight.SEMIBOLD, ink))
    for sentence in sentences:
        lines.addWidget(Text(theme, sentence, TextSize.BODY, colour=ink))
    return _named(card, name)


def _named(widget: QWidget, name: str) -> QWidget:
    widget.setObjectName(name)
    return widget
