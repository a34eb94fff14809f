"""Reads the machine readable zone of ICAO Doc 9303: TD1 (part 5), TD2 (part 6), TD3 (part 4), visas (part 7).

Check digits decide. A character that its field cannot hold is corrected by the type of the field (`O` in a date is
`0`) and the check digit has to confirm it; where two readings check out, none is chosen. What no check digit covers
cannot be confirmed here: a digit in a name becomes the letter that looks most like it, and a state's code that does not
exist but looks like one that does is refused. Two characters whose values differ by a multiple of ten (`6` and `G`;
`<`, `0`, `A`, `K` and `U`) look the same to every check digit. Does not read pixels, and takes no note of the sex.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import combinations, product

from kiosk.document.evidence import DocumentEvidence, DocumentKind, DocumentRemark
from kiosk.document.mrz_layout import FILLER, LAYOUTS, Characters, Layout, MrzFormat
from kiosk.document.mrz_states import STATES
from kiosk.errors import DocumentError

EXPIRY_YEARS_AHEAD = 30
"""A two-digit expiry year further ahead than this lies in the century before."""

_VALUES = {FILLER: 0} | {character: value for value, character in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")}
_WEIGHTS = (7, 3, 1)
_LOOK_ALIKES = {one: group.replace(one, "") for group in ("0ODQ", "1IL", "2Z", "5S", "6G", "8B") for one in group}
MOST_LOOK_ALIKES = 2
"""Characters of one field that are taken to be misread without a doubt."""
_TO_LETTER = str.maketrans("012568", "OIZSGB")
_TO_DIGIT = str.maketrans("ODQILZSGB", "000112568")


class MrzError(DocumentError):
    """Root of what can be wrong with a machine readable zone; `remark` is what the page is told."""

    remark = DocumentRemark.NO_MRZ


class MrzNotFoundError(MrzError):
    """These lines are no machine readable zone."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(f"No machine readable zone was found ({why}): lay the page with its code lines flat in view.")


class MrzCheckDigitError(MrzError):
    """A check digit or the form of a field says that the lines were misread or altered."""

    remark = DocumentRemark.CHECK_DIGIT_WRONG

    def __init__(self, field: str) -> None:
        self.field = field
        super().__init__(f"The {field} in the machine readable zone does not check out: read the page again.")


class MrzAmbiguousError(MrzError):
    """More than one reading checks out, or the one that does rests on a doubtful character."""

    remark = DocumentRemark.CHECK_DIGIT_WRONG

    def __init__(self, field: str) -> None:
        self.field = field
        super().__init__(f"The {field} in the machine readable zone can be read in more than one way: read it again.")


class MrzDateError(MrzError):
    """A date is unknown, not on the calendar, or contradicts the other one."""

    remark = DocumentRemark.DATE_IMPOSSIBLE

    def __init__(self, field: str) -> None:
        self.field = field
        super().__init__(f"The {field} in the machine readable zone is no complete, possible date: ask the teller.")


@dataclass(frozen=True, slots=True)
class MrzRecord:
    """What the lines say. Fillers are gone; names are as transliterated by the issuer."""

    format: MrzFormat
    document_code: str
    issuing_state: str
    """One to three letters; Germany is `D`."""
    number: str
    """Complete also where it overflows into the optional data; inner fillers are kept."""
    primary_name: str
    secondary_name: str
    """Empty where the holder has one name only."""
    nationality: str
    birth_date: date
    expiry_date: date
    optional_data: str = ""
    optional_data_2: str = ""
    """Second field of TD1."""


_KINDS = {
    "P": DocumentKind.PASSPORT,
    "V": DocumentKind.VISA,
    "I": DocumentKind.IDENTITY_CARD,
    "A": DocumentKind.IDENTITY_CARD,
    "C": DocumentKind.IDENTITY_CARD,
}


_NO_IDENTITY_DOCUMENTS = ("V", "AC")
"""Visas say who may travel; crew members' certificates are not issued to identify anyone to a bank."""


def character_value(character: str) -> int:
    """Return the value of a character in check digits (Doc 9303-3, 4.9): 0 for the filler, A is 10, Z is 35."""
    return _VALUES[character]


def check_digit(text: str) -> str:
    """Return the check digit of a field: values weighted 7, 3, 1, modulo 10."""
    return str(sum(_VALUES[character] * _WEIGHTS[place % 3] for place, character in enumerate(text)) % 10)


def to_letter(text: str) -> str:
    """Return what digits must be in a field of letters: 0 is O, 1 is I, 2 is Z, 5 is S, 6 is G, 8 is B."""
    return text.translate(_TO_LETTER)


def to_digit(text: str) -> str:
    """Return what letters must be in a field of digits: O, D and Q are 0, I and L are 1, Z 2, S 5, G 6, B 8."""
    return text.translate(_TO_DIGIT)


def parse_mrz(lines: Sequence[str], today: date) -> MrzRecord:
    """Read complete lines (3 of 30, 2 of 36, 2 of 44 characters); raise a leaf of `MrzError` if they do not check."""
    cleaned = [_clean_line(line) for line in lines]
    layout = _layout_of(cleaned)
    corrected = _correct_by_type(layout, cleaned)
    number, optional = _checked_number(layout, corrected)
    _check_the_rest(layout, corrected)
    birth, expiry = _dates(layout, corrected, today)
    primary, secondary = _names(layout["names"].of(corrected))
    second = layout.spans.get("optional data 2")
    return MrzRecord(
        format=layout.format,
        document_code=layout["document code"].of(corrected).rstrip(FILLER),
        issuing_state=_state(layout["issuing state"].of(corrected), "issuing state"),
        number=number,
        primary_name=primary,
        secondary_name=secondary,
        nationality=_state(layout["nationality"].of(corrected), "nationality"),
        birth_date=birth,
        expiry_date=expiry,
        optional_data=optional,
        optional_data_2=second.of(corrected).rstrip(FILLER) if second else "",
    )


def evidence_of(record: MrzRecord, today: date, minimum_age_years: int) -> DocumentEvidence:
    """Judge a record that checked out: name what speaks against using it."""
    remarks = []
    if record.document_code.startswith(_NO_IDENTITY_DOCUMENTS):
        remarks.append(DocumentRemark.NOT_AN_IDENTITY_DOCUMENT)
    if record.expiry_date < today:
        remarks.append(DocumentRemark.EXPIRED)
    if age_on(record.birth_date, today) < minimum_age_years:
        remarks.append(DocumentRemark.UNDER_AGE)
    if number_can_be_misread(record.number):
        remarks.append(DocumentRemark.NUMBER_UNSURE)
    return DocumentEvidence(
        kind=_KINDS[record.document_code[0]],
        issuing_state=record.issuing_state,
        number=record.number,
        primary_name=record.primary_name,
        secondary_name=record.secondary_name,
        nationality=record.nationality,
        birth_date=record.birth_date,
        expiry_date=record.expiry_date,
        check_digits_valid=True,
        remarks=tuple(remarks),
    )


def demanding_guardian(evidence: DocumentEvidence, today: date, guardian_below_years: int) -> DocumentEvidence:
    """Say of a document whether its holder is too young to consent alone, whatever was said of it before."""
    others = (remark for remark in evidence.remarks if remark != DocumentRemark.NEEDS_GUARDIAN)
    too_young = age_on(evidence.birth_date, today) < guardian_below_years
    needed = (DocumentRemark.NEEDS_GUARDIAN,) if too_young else ()
    return replace(evidence, remarks=(*others, *needed))


def age_on(birth_date: date, day: date) -> int:
    """Return completed years of age; who was born on 29 February ages on 1 March."""
    return day.year - birth_date.year - ((day.month, day.day) < (birth_date.month, birth_date.day))


def number_can_be_misread(number: str) -> bool:
    """Letters after digits, and another number that looks alike passes the same check digit.

    OCR takes letters for the digits like them without a doubt; among letters it cannot be known which was printed.
    Numbers that begin with letters and go on in digits only, as most do, leave no such choice.
    """
    if not re.search(r"[0-9<].*[A-Z]", number):
        return False
    check = check_digit(number)
    return any(check_digit(other) == check for other in _look_alikes(number) if other != number)


def _look_alikes(text: str) -> Iterator[str]:
    """Every text that differs in one or two characters which look alike."""
    places = [place for place, character in enumerate(text) if character in _LOOK_ALIKES]
    for count in range(1, MOST_LOOK_ALIKES + 1):
        for changed in combinations(places, count):
            for characters in product(*(_LOOK_ALIKES[text[place]] for place in changed)):
                other = list(text)
                for place, character in zip(changed, characters, strict=True):
                    other[place] = character
                yield "".join(other)


def _clean_line(line: str) -> str:
    """Upper-case a line and drop the blanks that OCR puts between groups of characters."""
    return "".join(line.split()).upper().replace("«", FILLER)


def _layout_of(lines: Sequence[str]) -> Layout:
    """Choose the form by the shape of the lines and the first letter."""
    if any(character not in _VALUES for line in lines for character in line):
        raise MrzNotFoundError("other characters than A–Z, 0–9 and <")
    shape = (len(lines), {len(line) for line in lines})
    is_visa = bool(lines) and lines[0].startswith("V")
    for layout in LAYOUTS.values():
        if shape == (layout.line_count, {layout.line_length}) and is_visa == (not layout.composite):
            return layout
    raise MrzNotFoundError("lines of another number or length than Doc 9303 knows")


def _correct_by_type(layout: Layout, lines: Sequence[str]) -> list[str]:
    """Turn digits into letters in letter fields, and the other way round; refuse what cannot be turned."""
    corrected = [list(line) for line in lines]
    for name, span in layout.spans.items():
        text = span.of(lines)
        match span.characters:
            case Characters.LETTERS:
                text = to_letter(text)
                sound = not any(character.isdigit() for character in text)
            case Characters.DIGITS:
                text = to_digit(text)
                sound = not any(character.isalpha() for character in text)
            case Characters.BOTH:
                sound = True
        if not sound:
            raise MrzCheckDigitError(name)
        corrected[span.line][span.start : span.stop] = text
    code = corrected[0][0]
    if code not in _KINDS or (layout.format is MrzFormat.TD3 and code != "P"):
        raise MrzNotFoundError("an unknown document code")
    return ["".join(line) for line in corrected]


def _checked_number(layout: Layout, lines: Sequence[str]) -> tuple[str, str]:
    """Return document number and optional data, having undone the overflow of long numbers in TD1 and TD2."""
    number, check = layout["number"].of(lines), layout["number check"].of(lines)
    optional = layout["optional data"].of(lines)
    if check in (FILLER, "0") and layout.format in (MrzFormat.TD1, MrzFormat.TD2):
        overflow, _, rest = optional.partition(FILLER)
        long_number, long_check = number + overflow[:-1], overflow[-1:] if len(overflow) > 1 else ""
        if check == FILLER:
            number, check, optional = long_number, long_check, rest
        elif check_digit(number) == check and check_digit(long_number) == long_check:
            # The filler that marks a long number is easily read as a zero.
            raise MrzAmbiguousError("document number")
    if check != check_digit(number) or not number.strip(FILLER):
        raise MrzCheckDigitError("document number")
    return number.rstrip(FILLER), optional.rstrip(FILLER)


def _check_the_rest(layout: Layout, lines: Sequence[str]) -> None:
    for name in ("birth date", "expiry date"):
        if layout[f"{name} check"].of(lines) != check_digit(layout[name].of(lines)):
            raise MrzCheckDigitError(name)
    if span := layout.spans.get("optional data check"):
        optional, check = layout["optional data"].of(lines), span.of(lines)
        # Doc 9303-4: where the field is not used, the issuer may write a filler for its check digit.
        unused = check == FILLER and not optional.strip(FILLER)
        if not unused and check != check_digit(optional):
            raise MrzCheckDigitError("optional data")
    if layout.composite:
        covered = "".join(span.of(lines) for span in layout.composite)
        if layout["composite check"].of(lines) != check_digit(covered):
            raise MrzCheckDigitError("composite check digit")


def _dates(layout: Layout, lines: Sequence[str], today: date) -> tuple[date, date]:
    """Choose the centuries: no birth in the future or after the expiry, no expiry further than 30 years ahead."""
    expiry_text, birth_text = layout["expiry date"].of(lines), layout["birth date"].of(lines)
    horizon = date(today.year + EXPIRY_YEARS_AHEAD, 12, 31)
    expiry = _latest_date(expiry_text, horizon, "expiry date")
    birth = _latest_date(birth_text, min(today, expiry), "birth date")
    return birth, expiry


def _latest_date(text: str, no_later_than: date, field: str) -> date:
    earlier = [day for day in _centuries_of(text) if day <= no_later_than]
    if not earlier:
        raise MrzDateError(field)
    return max(earlier)


def _centuries_of(text: str) -> list[date]:
    days = []
    for century in (1900, 2000) if text.isdigit() else ():
        try:
            days.append(date(century + int(text[:2]), int(text[2:4]), int(text[4:])))
        except ValueError:  # 29 February exists in one of the two centuries only, 31 April in none
            continue
    return days


def _names(text: str) -> tuple[str, str]:
    """Split at the one double filler; anything but fillers after a second one was misread."""
    if not re.fullmatch(r"[A-Z]+(<[A-Z]+)*(<<[A-Z]+(<[A-Z]+)*)?<*", text):
        raise MrzCheckDigitError("names")
    primary, _, secondary = text.rstrip(FILLER).partition(FILLER * 2)
    return primary.replace(FILLER, " "), secondary.replace(FILLER, " ")


def _state(text: str, field: str) -> str:
    if not re.fullmatch(r"[A-Z]{3}|[A-Z]<<|[A-Z]{2}<", text):
        raise MrzCheckDigitError(field)
    code = text.rstrip(FILLER)
    if code not in STATES and any(other in STATES for other in _look_alikes(code)):
        raise MrzAmbiguousError(field)
    return code
