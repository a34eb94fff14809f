"""Looks a whole open store over and says what is in order and what is not. Mends nothing, names nobody."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from kiosk.errors import StoreError
from kiosk.privacy.people_held import people_sentence
from kiosk.store.audit_trail import TrailCheck
from kiosk.store.check_records import LateRows, Orphan
from kiosk.store.store import Store

PAGES_AT_WORK_BYTES = 4 * 2**20
"""Larger files are read whole only while the kiosk rests: a customer would wait for it."""
_LONG_LOG_BYTES = 64 * 2**20
_VISIT_UNDER_WAY = 1


class Standing(StrEnum):
    """How something stands."""

    IN_ORDER = "in order"
    LOOK = "look"
    """Somebody should do something; nothing is lost."""
    WRONG = "wrong"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True, slots=True)
class CheckedPoint:
    """One thing that was looked at."""

    name: str
    standing: Standing
    sentence: str


def check_store(
    store: Store, now: datetime, *, at_rest: bool, say: Callable[[float], None] = lambda _: None
) -> list[CheckedPoint]:
    """Look at everything; what could not be looked at is a point too. Call it from another thread than the store's."""
    return list(_points(store, now, at_rest, say))


def _points(store: Store, now: datetime, at_rest: bool, say: Callable[[float], None]) -> Iterator[CheckedPoint]:
    yield _tried("settings and list", store.check_settings, "the cipher's settings, and each column is on the list")
    yield _pages(store, at_rest)
    yield _tried("anchors", store.check_anchors, "they say what the files say")
    yield _trail(store, say)
    if not store.records_are_open():
        sentence = "the application records are locked; what is said here of them is from the books"
        yield CheckedPoint("application records", Standing.NOT_CHECKED, sentence)
    yield from _orphans(store, now, at_rest)
    yield from _late(store.late_rows(now), store.yes_without_record(now))
    yield _clock(store)
    yield _log(store)
    yield _people(store)
    yield _undelivered(store)


def _tried(name: str, look: Callable[[], object], good: str) -> CheckedPoint:
    try:
        look()
    except StoreError as error:
        return CheckedPoint(name, Standing.WRONG, str(error))
    return CheckedPoint(name, Standing.IN_ORDER, good)


def _pages(store: Store, at_rest: bool) -> CheckedPoint:
    size, _ = store.store_bytes()
    if not at_rest and size > PAGES_AT_WORK_BYTES:
        sentence = f"{size // 2**20} MB would take too long while customers are served: end the kiosk, then check again"
        return CheckedPoint("pages", Standing.NOT_CHECKED, sentence)
    return _tried("pages", store.check_pages, f"{size // 2**10} kB, each page whole and unchanged")


def _trail(store: Store, say: Callable[[float], None]) -> CheckedPoint:
    size, check = max(1, store.audit_size()), TrailCheck()
    try:
        while (further := store.check_audit_further(check)) != check:
            check = further
            say(min(1.0, check.frontier.size / size))
    except StoreError as error:
        return CheckedPoint("audit trail", Standing.WRONG, str(error))
    return CheckedPoint("audit trail", Standing.IN_ORDER, f"{check.frontier.size} entries make the recorded tree")


def _orphans(store: Store, now: datetime, at_rest: bool) -> Iterator[CheckedPoint]:
    found = {which: _count(store, which, now) for which in Orphan}
    if not at_rest:
        found[Orphan.CONSENT_WITHOUT_ANSWER] = max(0, found[Orphan.CONSENT_WITHOUT_ANSWER] - _VISIT_UNDER_WAY)
    said = {
        Orphan.CONSENT_WITHOUT_ANSWER: (
            Standing.LOOK,
            "consents of visits that were cut short; the next start ends them",
        ),
        Orphan.ANSWER_WITHOUT_CONSENT: (Standing.WRONG, "answers whose consent is missing"),
        Orphan.RECORD_WITHOUT_ANSWER: (Standing.WRONG, "records without an answer; they go with the next opening"),
    }
    for which, count in found.items():
        if count:
            standing, what = said[which]
            yield CheckedPoint("orphans", standing, f"{count} {what}")
    if not any(found.values()):
        yield CheckedPoint("orphans", Standing.IN_ORDER, "no row without the one it belongs to")


def _count(store: Store, which: Orphan, now: datetime) -> int:
    count, after = store.orphans(which, now)
    while after is not None:
        further, after = store.orphans(which, now, after)
        count += further
    return count


def _late(late: LateRows, yes_without_record: int) -> Iterator[CheckedPoint]:
    found = [
        (yes_without_record, "yes without their record; a teller is told which at the next opening"),
        (late.erasures_unfinished, "ordered erasures are not carried out; they are when a teller opens the terminal"),
        (late.overdue_locked, "locked records are overdue; they are erased when a teller opens the terminal"),
        (late.overdue, "rows or more are due and still there; the running kiosk erases them within the hour"),
    ]
    sentences = [f"{count} {what}" for count, what in found if count]
    for sentence in sentences:
        yield CheckedPoint("retention", Standing.LOOK, sentence)
    if not sentences:
        yield CheckedPoint("retention", Standing.IN_ORDER, "nothing is overdue, no record is missing")


def _clock(store: Store) -> CheckedPoint:
    doubt = store.clock_doubt()
    if doubt is None:
        return CheckedPoint("clock", Standing.IN_ORDER, "not moved since it was believed last")
    sentence = (
        f"in doubt since it said {doubt.doubted_at:%Y-%m-%d %H:%M:%S} UTC, after"
        f" {doubt.believed.at:%Y-%m-%d %H:%M:%S}; a teller must confirm the time, and nothing is erased until then"
    )
    return CheckedPoint("clock", Standing.LOOK, sentence)


def _log(store: Store) -> CheckedPoint:
    _, size = store.store_bytes()
    standing = Standing.LOOK if size > _LONG_LOG_BYTES else Standing.IN_ORDER
    return CheckedPoint("write-ahead log", standing, f"{size // 2**10} kB")


def _people(store: Store) -> CheckedPoint:
    held = store.people_held()
    records = "records locked" if held.with_record is None else f"records of {held.with_record} people"
    warning = people_sentence(held.with_answer)
    if warning is not None:
        return CheckedPoint("people", Standing.LOOK, warning)
    sentence = f"{records}, answers about at most {held.with_answer}"
    return CheckedPoint("people", Standing.IN_ORDER, sentence)


def _undelivered(store: Store) -> CheckedPoint:
    summary = store.undelivered_summary()
    if not summary.count or summary.oldest_at is None:
        return CheckedPoint("outbox", Standing.IN_ORDER, "the bank has received everything")
    sentence = f"{summary.count} messages wait for the bank, the oldest since {summary.oldest_at:%Y-%m-%d %H:%M} UTC"
    return CheckedPoint("outbox", Standing.IN_ORDER, sentence)
