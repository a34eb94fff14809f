"""The branch's days are those of the zone the terminal is set to, summer time included."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kiosk.store.timestamps import SYSTEM_ZONE
from tests.zones import machine_in_zone

TIMES = st.datetimes(datetime(2020, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC))
CHINA, CENTRAL_EUROPE = "CST-8", "CET-1CEST,M3.5.0,M10.5.0/3"


@pytest.fixture(params=[CHINA, CENTRAL_EUROPE], scope="module")
def zone(request: pytest.FixtureRequest) -> Iterator[str]:
    with machine_in_zone(request.param):
        yield request.param


@given(TIMES)
@example(datetime(2026, 10, 25, 0, 30, tzinfo=UTC))  # half past two in summer time
@example(datetime(2026, 10, 25, 1, 30, tzinfo=UTC))  # and again an hour later
@example(datetime(2026, 3, 29, 1, 0, tzinfo=UTC))  # the hour that is left out
def test_a_moment_there_and_back_is_the_same(zone: str, moment: datetime) -> None:
    there = moment.astimezone(SYSTEM_ZONE)
    assert there.astimezone(UTC) == moment
    assert there.replace(tzinfo=None) == moment.astimezone().replace(tzinfo=None)


def test_shanghai_is_eight_hours_ahead_all_year() -> None:
    with machine_in_zone(CHINA):
        for month in (1, 7):
            assert datetime(2026, month, 1, tzinfo=SYSTEM_ZONE).utcoffset() == timedelta(hours=8)


def test_summer_time_is_the_offset_of_its_day() -> None:
    with machine_in_zone(CENTRAL_EUROPE):
        offsets = [datetime(2026, month, 1, tzinfo=SYSTEM_ZONE).utcoffset() for month in (1, 7)]
    assert offsets == [timedelta(hours=1), timedelta(hours=2)]
