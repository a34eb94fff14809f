"""The slip as a page of text, for a printer: the same words as on the screen, in the customer's language."""

import functools

from kiosk.runtime.surface import VisitSlip
from kiosk.session.events import Language
from kiosk.ui.customer.verdict_page import in_groups, slip_code
from kiosk.ui.texts import Texts, load_texts
from kiosk.ui.times import lasting_time


@functools.cache
def _texts(language: Language) -> Texts:
    return load_texts(language)


def slip_text(slip: VisitSlip, language: Language, *, demo: bool = False) -> tuple[str, str]:
    """Return title and text; holds no name, no document number and no reason. A demonstration's says what it is."""
    texts = _texts(language)
    answer = "yes" if slip.accepted else "no"
    lines = (
        *((texts("header.demo"), "") if demo else ()),
        texts(f"verdict.{answer}_title"),
        "",
        f"{texts('verdict.terminal')}: {slip.terminal}",
        lasting_time(slip.issued_at),
        "",
        f"{texts('verdict.reference')}:",
        in_groups(slip.application_reference),
        f"{texts('verdict.salt')}:",
        in_groups(slip.salt),
        "",
        slip_code(slip),
    )
    return texts("verdict.slip"), "\n".join(lines)
