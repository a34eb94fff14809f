"""`kiosk store check`: what is wrong is found and named, and what is right is not."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kiosk.cli import main
from kiosk.privacy.people_held import FILE_FROM
from kiosk.store.check_records import PeopleHeld
from kiosk.store.store import Store
from kiosk.store.store_check import CheckedPoint, Standing, check_store
from kiosk.store.timestamps import Moment
from tests.kiosk_folders import Papers
from tests.stores import APPLICATION_KEY, CONSENT, RECORD, answer_visit, open_test_store

NOW = datetime.now(UTC)
LONG_AGO = NOW - timedelta(days=30)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_test_store(tmp_path / "store") as store:
        answer_visit(store, "yes", answered_at=NOW)
        answer_visit(store, "no", yes=False, actor="1042", detail="refused: not_eligible", answered_at=NOW)
        yield store


def points(store: Store, *, at_rest: bool = True) -> dict[str, list[CheckedPoint]]:
    found: dict[str, list[CheckedPoint]] = {}
    for point in check_store(store, NOW, at_rest=at_rest):
        found.setdefault(point.name, []).append(point)
    return found


def run(store: Store, sql: str, *, in_applications: bool = False) -> None:
    """Change a row behind the store's back, as a mistake of ours would."""
    applications = store._applications
    assert applications is not None
    database = applications.database if in_applications else store._books.database

    def change() -> None:
        with database.transaction():
            database.execute(sql)

    store._enqueue(change).result()


def test_a_store_that_is_in_order_is(store: Store) -> None:
    found = points(store)
    assert {point.standing for name in found for point in found[name]} == {Standing.IN_ORDER}
    assert "records of 1 people, answers about at most 2" in found["people"][0].sentence


def test_while_records_are_locked_that_is_said_and_nothing_is_wrong(store: Store) -> None:
    store.lock_applications()
    found = points(store)
    assert found["application records"][0].standing is Standing.NOT_CHECKED
    rest = [point.standing for name in found if name != "application records" for point in found[name]]
    assert set(rest) == {Standing.IN_ORDER}


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("DELETE FROM consent WHERE visit_id = 'yes'", "1 answers whose consent is missing"),
        ("UPDATE audit SET actor = 'x' WHERE sequence = 2", "does not fit together at entry 2"),
    ],
)
def test_what_is_wrong_in_the_books_is_found(store: Store, sql: str, said: str) -> None:
    run(store, sql)
    wrong = [point.sentence for name, of in points(store).items() for point in of if point.standing is Standing.WRONG]
    assert len(wrong) == 1
    assert said in wrong[0]


def test_a_consent_without_answer_is_a_visit_under_way_or_one_that_was_cut_short(store: Store) -> None:
    store.record_consent("cut short", replace(CONSENT, given_at=NOW))
    assert points(store, at_rest=False)["orphans"][0].standing is Standing.IN_ORDER
    assert points(store)["orphans"][0].standing is Standing.LOOK


def test_records_and_answers_that_lost_each_other_are_found(store: Store) -> None:
    store.keep_application("no answer", RECORD, b"\x07" * 32, NOW)
    (orphan,) = points(store)["orphans"]
    assert (orphan.standing, "1 records without an answer" in orphan.sentence) == (Standing.WRONG, True)
    run(store, "DELETE FROM application", in_applications=True)
    assert "1 yes without their record" in points(store)["retention"][0].sentence


def test_what_is_overdue_is_found_locked_or_not(store: Store) -> None:
    answer_visit(store, "late", answered_at=LONG_AGO)
    assert "are due and still there" in points(store)["retention"][0].sentence
    store.lock_applications()
    assert "1 locked records are overdue" in points(store)["retention"][0].sentence
    store.open_day(APPLICATION_KEY, "1042", NOW)
    assert points(store)["retention"][0].standing is Standing.IN_ORDER
    store.close_day("1042")
    assert points(store)["retention"][0].standing is Standing.IN_ORDER


def test_an_anchor_that_says_something_else_is_found(store: Store, tmp_path: Path) -> None:
    anchor = tmp_path / "store" / "kiosk.anchor"
    before = anchor.read_bytes()
    store.record_sign_off("1042")
    anchor.write_bytes(before)
    assert points(store)["anchors"][0].standing is Standing.WRONG


def test_a_clock_in_doubt_is_said(store: Store) -> None:
    now = store._recorder.moment()
    store._recorder.moment = lambda: Moment(now.utc - timedelta(days=1), now.uptime_ns, now.boot_id)
    point = points(store)["clock"][0]
    assert point.standing is Standing.LOOK
    assert "a teller must confirm the time" in point.sentence


def test_many_people_are_said(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "people_held", lambda: PeopleHeld(1, FILE_FROM))
    assert "filing" in points(store)["people"][0].sentence


def test_pages_of_a_large_store_are_left_out_while_the_kiosk_runs(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "store_bytes", lambda: (2**30, 0))
    assert points(store, at_rest=False)["pages"][0].standing is Standing.NOT_CHECKED
    assert points(store)["pages"][0].standing is Standing.IN_ORDER


def test_the_command_says_the_worst_in_its_exit_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    papers = Papers(tmp_path)
    folder = papers.set_up(tmp_path / "kiosk", vault="key-file", passphrase_file=None)
    words = ["store", "check", "--folder", str(folder)]
    capsys.readouterr()
    assert main([*words, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert {point["standing"] for point in said["points"]} == {"in order", "not checked"}
    books = folder / "store" / "kiosk.db"
    whole = books.read_bytes()
    books.write_bytes(whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:])
    assert main(words) == 1
    assert "is damaged" in capsys.readouterr().out
    books.write_bytes(whole)
    (folder / "vault.key").unlink()
    assert main(words) == 2
