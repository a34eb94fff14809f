"""A copy that is cut for square codes is the same copy when it is put together again."""

import json
from dataclasses import fields

import pytest
import segno
from hypothesis import given
from hypothesis import strategies as st

from kiosk.runtime.portable_copy import PART_BYTES, CopyPartsError, from_parts, in_parts, portable_copy
from kiosk.session.events import ApplicationRecord, Language
from kiosk.ui.poses import LONG_RECORD, RECORD, own_record

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=600)


def test_every_field_of_the_record_is_in_it() -> None:
    copy = json.loads(portable_copy(own_record(Language.CHINESE)))
    assert set(copy["record"]) == {field.name for field in fields(ApplicationRecord)}
    assert copy["record"]["address"] == RECORD.address
    assert copy["record"]["birth_date"] == "1994-08-12"


@given(texts, st.integers(60, 200), st.randoms())
def test_parts_in_any_order_make_the_whole(text: str, size: int, random: object) -> None:
    text = "{" + text
    parts = list(in_parts(text, size))
    assert all(len(part.encode()) <= size for part in parts)
    random.shuffle(parts)  # type: ignore[attr-defined]
    assert from_parts(parts) == text


@given(texts, st.integers(60, 100))
def test_a_part_that_is_missing_doubled_or_of_another_copy_is_noticed(text: str, size: int) -> None:
    parts = list(in_parts("{" + text * 3 + "x" * 200, size))
    other = in_parts("{" + text * 3 + "y" * 200, size)
    for wrong in (parts[1:], [*parts, parts[0]], [*parts[1:], other[0]], ["KIOSK-COPY 1/x\n"]):
        with pytest.raises(CopyPartsError):
            from_parts(wrong)


@pytest.mark.parametrize("record", [RECORD, LONG_RECORD])
def test_each_part_fits_a_code_that_a_telephone_reads(record: ApplicationRecord) -> None:
    parts = own_record(Language.ENGLISH, record).copy
    assert len(parts) <= 2
    assert all(segno.make_qr(part, error="l").symbol_size(border=0)[0] <= 97 for part in parts)
    assert segno.make_qr("中" * (PART_BYTES // 3), error="l").symbol_size(border=0)[0] <= 97
