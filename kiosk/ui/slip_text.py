"""The slip as a page of text, for a printer: the same words as on the screen, in the customer's language."""

import functools
import textwrap
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from kiosk.privacy.own_code import in_groups_of_five
from kiosk.runtime.surface import VisitSlip
from kiosk.session.events import Language
from kiosk.ui.customer.verdict_page import in_groups
from kiosk.ui.texts import Texts, load_texts
from kiosk.ui.times import lasting_time

_LINE_CHARS = 60
_NOBODY: Mapping[Language, Sequence[str]] = MappingProxyType({})


@functools.cache
def _texts(language: Language) -> Texts:
    return load_texts(language)


def slip_text(
    slip: VisitSlip, language: Language, *, demo: bool = False, responsible: Mapping[Language, Sequence[str]] = _NOBODY
) -> tuple[str, str]:
    """Return title and text; holds no name, no document number and no reason. A demonstration's says what it is.

    `responsible` names who answers for the data, in each language.
    """
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
        *responsible.get(language, ()),
        "",
        *_own_code_lines(slip, texts),
        f"{texts('verdict.statement')}:",
        *textwrap.wrap(in_groups(slip.statement), _LINE_CHARS),
    )
    return texts("verdict.slip"), "\n".join(lines)


def _own_code_lines(slip: VisitSlip, texts: Texts) -> tuple[str, ...]:
    if not slip.own_code:
        return ()
    code = in_groups_of_five(slip.own_code)
    return f"{texts('verdict.own_code')}: {code}", texts("verdict.own_code_about"), ""
