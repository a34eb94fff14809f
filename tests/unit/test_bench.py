"""What the figures of `kiosk bench` mean: the rules behind them, without measuring anything."""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kiosk import cli
from kiosk.admin import bench
from kiosk.admin.bench import Figure
from kiosk.admin.bench_machine import ProcessorTime, business
from kiosk.admin.bench_store import BenchVisits, plain_sqlite
from kiosk.runtime.meter import PreviewedCapture, quantile, quantile_of_time
from kiosk.store import database
from kiosk.store.database import Database
from kiosk.store.store import Store
from kiosk.verification.verdict import verify_message
from tests.stores import open_test_store

BEFORE = ProcessorTime(at_s=100.0, everyone_s=500.0, ours_s=1.0, load=0.4)


@pytest.fixture(scope="module")
def encrypted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with open_test_store(tmp_path_factory.mktemp("encrypted")) as store:
        yield store


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with plain_sqlite():
        store = open_test_store(tmp_path_factory.mktemp("plain"))
    with store:
        yield store


def databases_of(store: Store) -> list[Database]:
    assert store._applications is not None
    return [store._books.database, store._applications.database]


def settings_of(store: Store) -> list[dict[str, str]]:
    """What the store demands of a connection, as far as it is not about the cipher, and what each database has."""
    asked = [name for name in database._ASSERTED if not name.startswith("cipher")]
    asked += ["page_size", "cache_size", "wal_autocheckpoint", "trusted_schema"]

    def read(opened: Database) -> dict[str, str]:
        return {name: str(opened.rows(f"PRAGMA {name}")[0][0]) for name in asked}

    return [store._executor.submit(read, opened).result() for opened in databases_of(store)]


def test_a_yes_that_is_measured_leaves_what_a_yes_of_the_kiosk_leaves(encrypted: Store) -> None:
    visits = BenchVisits(encrypted)
    before = encrypted.count_rows()
    visit_id = visits.begin()
    visits.answer(visit_id)
    assert encrypted.count_rows() == {table: count + 1 for table, count in before.items()}
    assert encrypted.consent_of(visit_id) is not None
    message = encrypted.all_messages()[-1]
    assert verify_message(message.jws, visits.public_key).verdict.answer is True
    assert encrypted.audit_entries()[-1].detail.startswith("accepted by the policy")


def test_a_whole_visit_that_is_measured_ends_with_its_receipt(encrypted: Store) -> None:
    BenchVisits(encrypted).whole()
    assert encrypted.delivered_message(encrypted.all_messages()[-1].sequence) is not None


def test_the_two_sides_differ_in_the_cipher_and_in_no_other_setting(encrypted: Store, plain: Store) -> None:
    assert settings_of(plain) == settings_of(encrypted)


def test_the_plain_side_is_plain_and_the_other_is_not(encrypted: Store, plain: Store) -> None:
    for store, readable in ((plain, True), (encrypted, False)):
        BenchVisits(store).whole()
        for opened in databases_of(store):
            store._executor.submit(opened.forget_deleted).result()
            assert (opened.path.read_bytes()[:15] == b"SQLite format 3") is readable


def test_after_the_plain_side_is_opened_the_store_encrypts_again(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), plain_sqlite():
        raise ZeroDivisionError
    with open_test_store(tmp_path) as store:
        paths = [opened.path for opened in databases_of(store)]
    for path in paths:
        with pytest.raises(sqlite3.DatabaseError):
            sqlite3.connect(path).execute("SELECT count(*) FROM sqlite_master")


def test_a_preview_that_froze_is_slower_by_the_whole_time_it_stood() -> None:
    steady = [number / 32 for number in range(65)]
    frozen = PreviewedCapture([at_s if at_s <= 1 else at_s + 4 for at_s in steady], ended_at_s=6.0)
    assert max(frozen.gaps_s()) == pytest.approx(4 + 1 / 32)
    assert sum(frozen.gaps_s()) == pytest.approx(6.0)


def test_a_preview_that_froze_until_the_end_froze() -> None:
    assert PreviewedCapture([0.0, 0.1, 0.2], ended_at_s=5.2).gaps_s()[-1] == pytest.approx(5.0)
    assert PreviewedCapture([0.0], ended_at_s=5.0).gaps_s() == [5.0]


def test_the_end_of_a_capture_is_no_early_frame() -> None:
    assert PreviewedCapture([0.0, 0.1, 0.2], ended_at_s=0.25).gaps_s() == pytest.approx([0.1, 0.1])
    assert PreviewedCapture([], ended_at_s=1.0).gaps_s() == []


def test_a_stall_counts_for_as_long_as_it_lasts() -> None:
    beats_s = [0.005] * 6000 + [0.4] * 6
    assert quantile(beats_s, 0.999) == 0.005, "counted one by one, six stalls of any length vanish"
    assert quantile_of_time(beats_s, 0.999) == 0.4


def test_what_lasts_a_thousandth_of_the_time_may_be_long() -> None:
    beats_s = [0.005] * 20_000
    assert quantile_of_time([*beats_s, 0.09], 0.999) == 0.005
    assert quantile_of_time([*beats_s, 0.09, 0.08], 0.999) == 0.08
    assert quantile_of_time([], 0.999) is None


def test_our_own_work_does_not_make_the_machine_busy() -> None:
    after = replace(BEFORE, at_s=110.0, everyone_s=519.0, ours_s=19.5, load=2.0)
    meanwhile = business(BEFORE, after, cores=2)
    assert meanwhile.others_share == pytest.approx(0.025)
    assert meanwhile.quiet
    assert "quiet" in meanwhile.sentence()


def test_other_programs_make_the_machine_busy_and_the_run_says_so() -> None:
    after = replace(BEFORE, at_s=110.0, everyone_s=519.0, ours_s=13.0, load=2.0)
    meanwhile = business(BEFORE, after, cores=2)
    assert meanwhile.others_share == pytest.approx(0.35)
    assert not meanwhile.quiet
    for said in ("2 cores", "0.4 before", "2.0 after", "35%", "do not quote"):
        assert said in meanwhile.sentence()


def test_a_figure_without_a_target_is_neither_reached_nor_missed() -> None:
    assert Figure("longest", None, 3.0, "ms").met is None
    assert Figure("most", 5, 3.0, "ms").met is True
    assert Figure("least", 5, 3.0, "frames/s", at_least=True).met is False


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which groups were measured; each gives one figure at once."""
    groups: list[str] = []

    def store() -> Iterator[Figure]:
        groups.append("store")
        yield Figure("a row", 2, 1.5, "times")

    monkeypatch.setattr(bench, "_store", store)
    return groups


def test_a_path_that_cannot_be_written_is_said_before_anything_is_measured(
    measured: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in (tmp_path, tmp_path / "no folder" / "bench.json"):
        assert cli.main(["bench", "store", "--json", str(path)]) == 2
        assert capsys.readouterr().err.startswith(f"kiosk: {path} cannot be used")
    assert measured == []


def test_the_figures_are_saved_with_how_busy_the_machine_was(measured: list[str], tmp_path: Path) -> None:
    path = tmp_path / "bench.json"
    assert cli.main(["bench", "store", "--json", str(path)]) == 0
    report = json.loads(path.read_text(encoding="utf-8"))
    assert report["figures"][0]["met"] is True
    assert report["meanwhile"].keys() == {"cores", "load_before", "load_after", "others_share"}
    assert measured == ["store"]


def test_a_group_that_there_is_not_is_one_sentence(measured: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["bench", "stroe"]) == 2
    assert "choose among vision, store, visit" in capsys.readouterr().err
    assert measured == []


def test_figures_of_an_earlier_run_stand_until_new_ones_are_there(
    measured: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> Iterator[Figure]:
        raise KeyboardInterrupt
        yield

    path = tmp_path / "bench.json"
    monkeypatch.setattr(bench, "_vision", broken)
    for earlier in (None, "earlier"):
        if earlier is not None:
            path.write_text(earlier, encoding="utf-8")
        cli.main(["bench", "--json", str(path)])
        assert (path.read_text(encoding="utf-8") if path.exists() else None) == earlier


def test_help_tells_what_each_group_measures_and_how_long_it_takes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["bench", "--help"])
    said = capsys.readouterr().out
    for group in bench.GROUPS:
        assert any(line.startswith(f"  {group} ") and "about" in line for line in said.splitlines())
