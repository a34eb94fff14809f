"""The slip as a page of text, for a printer: the same words as on the screen, in the customer's language."""

import functools

from kiosk.runtime.surface import VisitSlip
from kiosk.session.events import Language
from kiosk.ui.customer.verdict_page import in_groups, slip_code
from kiosk.ui.texts import Texts, load_texts


@functools.cache
def _texts(language: Language) -> Texts:
    return load_texts(language)


def slip_text(slip: VisitSlip, language: Language) -> tuple[str, str]:
    """Return title and text; holds no name, no document number and no reason."""
    texts = _texts(language)
    answer = "yes" if slip.accepted else "no"
    lines = (
        texts(f"verdict.{answer}_title"),
        "",
        f"{texts('verdict.terminal')}: {slip.terminal}",
        f"{slip.issued_at:%Y-%m-%d %H:%M} UTC",
        "",
        f"{texts('verdict.reference')}:",
        in_groups(slip.application_reference),
        f"{texts('verdict.salt')}:",
        in_groups(slip.salt),
        "",
        slip_code(slip),
    )
    return texts("verdict.slip"), "\n".join(lines)
