"""`kiosk teller`: a PIN comes from a teller who is present, and from nobody else."""

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kiosk.cli import main
from kiosk.runtime.vault_unlocking import unlock_vault
from kiosk.settings import VaultSettings
from kiosk.store.audit_trail import AuditKind
from kiosk.store.key_vault import STAFF_PEPPER, OpenVault
from kiosk.store.staff_keys import unwrap_for_teller
from kiosk.store.store import Store, open_store
from kiosk.supervision.authorisation import FREE_FAILURES, verify_pin
from tests.kiosk_folders import PASSPHRASE, PIN, Papers
from tests.stores import answer_visit
from tests.terminal import Terminal

NEW_PIN = "314159"
NOW = datetime.now(UTC)


class Tellers:
    """A kiosk that was just set up, and its `kiosk teller`."""

    def __init__(self, folder: Path, papers: Papers, said: Callable[[], tuple[str, str]]) -> None:
        self.folder, self.papers, self._said = folder, papers, said
        self.place = ["--folder", str(folder)]
        self.present = ["--present", "1042", "--present-pin-file", str(papers.pin)]

    def pin_file(self, pin: str) -> str:
        return str(self.papers.write(f"pin-{pin}", pin))

    def run(self, act: str, *words: str) -> str:
        """What it said on stdout."""
        self._said()
        assert main(["teller", act, *self.place, *words]) == 0
        return self._said()[0]

    def refusal(self, act: str, *words: str) -> str:
        """Its one sentence."""
        self._said()
        assert main(["teller", act, *self.place, *words]) == 2
        err = self._said()[1]
        assert err.count("\n") == 1
        return err.removeprefix("kiosk: ").strip()

    def second(self, number: str = "1043", pin: str = NEW_PIN) -> list[str]:
        return ["--teller", number, "--teller-name", "B. Teller", "--pin-file", self.pin_file(pin)]

    @contextmanager
    def store(self) -> Iterator[tuple[Store, OpenVault]]:
        vault = unlock_vault(self.folder, VaultSettings("key_file", "vault.key"), None)
        with open_store(self.folder, vault) as store:
            yield store, vault

    def opens_the_day(self, number: str, pin: str) -> int:
        """Sign in as the console does; how many records are seen."""
        with self.store() as (store, vault):
            account = store.teller(number)
            assert account is not None
            assert verify_pin(account.pin_hash, pin)
            store.open_day(unwrap_for_teller(account.staff_key, number, pin, vault.secret(STAFF_PEPPER)), number, NOW)
            return len(store.open_applications())

    def audited(self) -> list[tuple[str, str]]:
        with self.store() as (store, _):
            return [(entry.kind, entry.actor) for entry in store.audit_entries() if entry.kind != "store_opened"]


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    return Papers(tmp_path_factory.mktemp("papers"))


@pytest.fixture(scope="module")
def set_up(papers: Papers, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A kiosk whose vault opens without Argon2: it is opened often here."""
    return papers.set_up(tmp_path_factory.mktemp("new") / "kiosk", vault="key-file", passphrase_file=None)


@pytest.fixture
def tellers(
    set_up: Path,
    papers: Papers,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Tellers]:
    def said() -> tuple[str, str]:
        captured = capsys.readouterr()
        return captured.out, captured.err

    with Path("/dev/null").open(encoding="utf-8") as nothing:
        monkeypatch.setattr("sys.stdin", nothing)
        yield Tellers(Path(shutil.copytree(set_up, tmp_path / "kiosk")), papers, said)


def test_a_further_teller_is_added_by_one_who_is_present_and_opens_the_terminal(tellers: Tellers) -> None:
    assert "1043 (B. Teller) may sign in" in tellers.run("add", *tellers.second(), *tellers.present)
    assert tellers.run("list").splitlines() == ["1042  A. Teller", "1043  B. Teller"]
    assert tellers.opens_the_day("1043", NEW_PIN) == 0
    assert tellers.audited()[:4] == [
        (AuditKind.TELLER_ADDED, "1042"),
        (AuditKind.SIGNED_IN, "1042"),
        (AuditKind.TELLER_VOUCHED_FOR, "1042"),
        (AuditKind.TELLER_ADDED, "1043"),
    ]


def test_nobody_is_added_by_it_alone(tellers: Tellers) -> None:
    assert "--present" in tellers.refusal("add", *tellers.second())
    wrong = ["--present", "1042", "--present-pin-file", tellers.pin_file("271829")]
    stranger = ["--present", "9999", "--present-pin-file", str(tellers.papers.pin)]
    answers = {tellers.refusal("add", *tellers.second(), *present) for present in (wrong, stranger)}
    assert answers == {"Number or PIN is wrong; nothing was changed."}
    assert tellers.run("list").splitlines() == ["1042  A. Teller"]


def test_what_the_new_teller_brings_is_checked(tellers: Tellers) -> None:
    assert "There is a teller '1042' already" in tellers.refusal("add", *tellers.second("1042"), *tellers.present)
    assert "may not be a run" in tellers.refusal("add", *tellers.second(pin="999999"), *tellers.present)
    assert "cannot be a teller number" in tellers.refusal("add", *tellers.second("t1"), *tellers.present)


def test_wrong_pins_are_counted_here_as_at_the_console(tellers: Tellers) -> None:
    wrong = ["--present", "1042", "--present-pin-file", tellers.pin_file("271829")]
    for _ in range(FREE_FAILURES):
        assert "is wrong" in tellers.refusal("add", *tellers.second(), *wrong)
    for present in (wrong, tellers.present):
        assert re.search(r"Too many wrong PINs for 1042: wait until \d\d:\d\d:\d\d", tellers.refusal(
            "add", *tellers.second(), *present
        ))  # fmt: skip
    assert tellers.audited()[-1] == (AuditKind.TELLER_LOCKED, "1042")


def test_who_knows_the_pin_changes_it(tellers: Tellers) -> None:
    words = ["--teller", "1042", "--pin-file", tellers.pin_file(NEW_PIN), "--old-pin-file"]
    assert "is wrong" in tellers.refusal("change-pin", *words, tellers.pin_file("271829"))
    assert "1042 (A. Teller) has a new PIN" in tellers.run("change-pin", *words, str(tellers.papers.pin))
    assert tellers.opens_the_day("1042", NEW_PIN) == 0
    assert "is wrong" in tellers.refusal("change-pin", *words, str(tellers.papers.pin))


def test_a_forgotten_pin_is_replaced_by_a_teller_who_is_present_and_the_wait_ends(tellers: Tellers) -> None:
    tellers.run("add", *tellers.second(), *tellers.present)
    present = ["--present", "1043", "--present-pin-file", tellers.pin_file(NEW_PIN)]
    wrong = ["--present", "1042", "--present-pin-file", tellers.pin_file("271829")]
    for _ in range(FREE_FAILURES):
        tellers.refusal("add", *tellers.second("1044"), *wrong)
    words = ["--teller", "1042", "--pin-file", tellers.pin_file("161803")]
    assert "There is no teller '9'" in tellers.refusal("reset-pin", *words, "--teller", "9", *present)
    assert "has a new PIN" in tellers.run("reset-pin", *words, *present)
    assert tellers.opens_the_day("1042", "161803") == 0


def test_a_removed_teller_is_gone_and_the_last_one_stays(tellers: Tellers) -> None:
    assert "is the last one" in tellers.refusal("remove", "--teller", "1042")
    tellers.run("add", *tellers.second(), *tellers.present)
    assert "1042 may not sign in any more" in tellers.run("remove", "--teller", "1042")
    assert tellers.run("list").splitlines() == ["1043  B. Teller"]


def test_where_every_pin_is_lost_the_records_are_given_up_after_a_typed_confirmation(tellers: Tellers) -> None:
    tellers.run("add", *tellers.second(), *tellers.present)
    with tellers.store() as (store, vault):
        account = store.teller("1042")
        assert account is not None
        store.unlock_applications(unwrap_for_teller(account.staff_key, "1042", PIN, vault.secret(STAFF_PEPPER)))
        answer_visit(store, answered_at=NOW)
    words = ["--teller", "1042", "--teller-name", "A. Teller", "--pin-file", tellers.pin_file("161803")]
    assert "--confirm" in tellers.refusal("reset", *words)
    assert "not this terminal's name" in tellers.refusal("reset", *words, "--confirm", "yes")
    assert tellers.opens_the_day("1042", PIN) == 1
    said = tellers.run("reset", *words, "--confirm", "Main street 1")
    assert "1 application records were given up" in said
    assert tellers.opens_the_day("1042", "161803") == 0
    assert "1043  B. Teller  (cannot sign in: kiosk teller reset-pin)" in tellers.run("list")
    present = ["--present", "1042", "--present-pin-file", tellers.pin_file("161803")]
    tellers.run("reset-pin", "--teller", "1043", "--pin-file", tellers.pin_file(NEW_PIN), *present)
    assert tellers.opens_the_day("1043", NEW_PIN) == 0


def test_a_staff_key_of_another_terminal_is_named(tellers: Tellers) -> None:
    with tellers.store() as (store, _):
        account = store.teller("1042")
        assert account is not None
        store.set_pin("1042", account.pin_hash, account.staff_key[:-4] + "AAAA")
    assert "The staff key of teller 1042 does not open" in tellers.refusal("add", *tellers.second(), *tellers.present)


def test_tellers_are_nobodys_business_while_the_kiosk_has_its_store(tellers: Tellers) -> None:
    with tellers.store():
        assert "end the running kiosk first" in tellers.refusal("list")


def test_everything_can_be_typed_at_the_terminal(tellers: Tellers, tmp_path: Path) -> None:
    folder = tellers.papers.set_up(tmp_path / "passphrase" / "kiosk")
    tellers.place[1:] = [str(folder), "--passphrase-file", str(tellers.papers.pin)]
    assert "is not the passphrase" in tellers.refusal("list")
    with Terminal("teller", "add", "--folder", str(folder)) as terminal:
        terminal.answer("Passphrase of the key vault", PASSPHRASE)
        terminal.answer("Number of a teller who is present", "1042")
        terminal.answer("PIN of the teller who is present", PIN)
        terminal.answer("Number of the new teller", "1043")
        terminal.answer("Name of the new teller", "B. Teller")
        terminal.answer("PIN of the new teller", NEW_PIN)
        terminal.answer("Once more", NEW_PIN)
        assert terminal.end() == 0
        assert PIN not in terminal.shown
    tellers.place[-1] = str(tellers.papers.passphrase)
    assert "1043  B. Teller" in tellers.run("list")
