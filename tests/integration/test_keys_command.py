"""`kiosk keys` and the vault's part of setup and doctor, on a simulated TPM."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.admin import key_sealing
from kiosk.admin.run import lock_folder
from kiosk.cli import main
from kiosk.errors import StoreError
from kiosk.runtime.vault_unlocking import unlock_vault
from kiosk.settings import VaultSettings, load_settings
from kiosk.store.audit_trail import AuditKind
from kiosk.store.key_vault import SIGNING_KEY, PassphraseVault, open_vault
from kiosk.store.store import open_store
from kiosk.store.vault_errors import VaultKindError
from tests.kiosk_folders import PASSPHRASE, Papers
from tests.software_tpm import SoftwareTpm

NEW_PASSPHRASE = "quite another passphrase"


@pytest.fixture
def chip(tmp_path: Path) -> Iterator[SoftwareTpm]:
    with SoftwareTpm(tmp_path / "chip") as chip:
        yield chip


class Kiosk:
    """A folder made by `kiosk setup --vault tpm`, and what setup showed."""

    def __init__(self, papers: Papers, folder: Path, chip: SoftwareTpm, said: str) -> None:
        self.papers, self.folder, self.chip = papers, folder, chip
        self.code = next(line.split()[-1] for line in said.splitlines() if "Recovery code" in line)
        self.code_file = papers.write("code", self.code + "\n")
        self.new_passphrase = papers.write("new-passphrase", NEW_PASSPHRASE + "\n")

    def keys(self, *words: str | Path) -> int:
        return main(["keys", *map(str, words), "--folder", str(self.folder)])

    def audit_kinds(self, passphrase: str | None = None) -> list[str]:
        vault = unlock_vault(self.folder, load_settings(self.folder).vault, passphrase)
        with open_store(self.folder, vault) as store:
            return [entry.kind for entry in store.audit_entries()]


@pytest.fixture
def kiosk(tmp_path: Path, chip: SoftwareTpm, capsys: pytest.CaptureFixture[str]) -> Kiosk:
    papers = Papers(tmp_path)
    folder = papers.set_up(tmp_path / "kiosk", passphrase_file=None, vault="tpm", tpm=chip.tcti)
    return Kiosk(papers, folder, chip, capsys.readouterr().out)


def test_status_says_what_locks_the_keys_and_tells_no_secret(kiosk: Kiosk, capsys: pytest.CaptureFixture[str]) -> None:
    assert kiosk.keys("status") == 0
    said = capsys.readouterr().out
    for words in ("this machine's TPM", "there is one", "TPM counter", "Client certificate until", "with 1 teller"):
        assert words in said
    assert kiosk.keys("status", "--json") == 0
    text = capsys.readouterr().out
    status = json.loads(text)
    vault = unlock_vault(kiosk.folder, load_settings(kiosk.folder).vault, None)
    assert vault.machine_counter is not None
    assert status["counter"]["value"] <= vault.machine_counter.value()
    assert status["vault"]["kind"] == "tpm"
    for name in vault.status().secrets:
        secret = vault.secret(name)
        assert secret.hex() not in text
        assert secret.decode("latin-1") not in text


def test_after_clearing_the_recovery_code_brings_everything_back(
    kiosk: Kiosk, capsys: pytest.CaptureFixture[str]
) -> None:
    signing_key = unlock_vault(kiosk.folder, load_settings(kiosk.folder).vault, None).secret(SIGNING_KEY)
    kiosk.chip.clear()
    assert kiosk.keys("status") == 2
    assert "The TPM was cleared" in capsys.readouterr().err
    assert main(["doctor", "--folder", str(kiosk.folder)]) == 1
    assert "kiosk keys reseal --with-recovery-code" in capsys.readouterr().out
    wrong = kiosk.papers.write("wrong", "not the code")
    assert kiosk.keys("reseal", "--recovery-code-file", wrong) == 2
    assert "letter by letter" in capsys.readouterr().err
    assert kiosk.keys("reseal", "--recovery-code-file", kiosk.code_file) == 0
    assert "counts with this TPM from now on" in capsys.readouterr().out
    vault = unlock_vault(kiosk.folder, load_settings(kiosk.folder).vault, None)
    assert vault.secret(SIGNING_KEY) == signing_key
    kinds = kiosk.audit_kinds()
    assert kinds.count(AuditKind.VAULT_LOCKED_ANEW) == 1
    assert kinds.count(AuditKind.COUNTER_BEGUN) == 2


def test_from_tpm_to_passphrase_and_back(kiosk: Kiosk, capsys: pytest.CaptureFixture[str]) -> None:
    assert kiosk.keys("reseal", "--to", "passphrase", "--new-passphrase-file", kiosk.new_passphrase) == 0
    assert "No TPM counts for the store any more" in capsys.readouterr().out
    assert load_settings(kiosk.folder).vault == VaultSettings("passphrase")
    assert AuditKind.VAULT_LOCKED_ANEW in kiosk.audit_kinds(NEW_PASSPHRASE)
    words = ("reseal", "--to", "tpm", "--tpm", kiosk.chip.tcti, "--passphrase-file", kiosk.new_passphrase)
    assert kiosk.keys(*words) == 0
    assert kiosk.keys("status") == 0
    counters = load_settings(kiosk.folder).vault
    assert counters == VaultSettings("tpm", tpm=kiosk.chip.tcti)


def test_resealing_to_the_same_tpm_keeps_its_counter(kiosk: Kiosk) -> None:
    before = unlock_vault(kiosk.folder, load_settings(kiosk.folder).vault, None).status().numbers
    assert kiosk.keys("reseal") == 0
    assert unlock_vault(kiosk.folder, load_settings(kiosk.folder).vault, None).status().numbers == before
    assert kiosk.audit_kinds().count(AuditKind.COUNTER_BEGUN) == 1


def test_a_new_recovery_code_makes_the_old_one_worthless(kiosk: Kiosk, capsys: pytest.CaptureFixture[str]) -> None:
    assert kiosk.keys("reseal", "--new-recovery-code") == 0
    shown = next(line.split()[-1] for line in capsys.readouterr().out.splitlines() if "Recovery code" in line)
    assert shown != kiosk.code
    assert kiosk.keys("reseal", "--recovery-code-file", kiosk.code_file) == 2
    assert "not the recovery code" in capsys.readouterr().err
    assert kiosk.keys("reseal", "--recovery-code-file", kiosk.papers.write("shown", shown)) == 0


@pytest.mark.parametrize("step", ["save_settings", "take_counter", "_note"])
def test_a_kill_at_any_step_is_made_up_for_by_the_next_run(
    kiosk: Kiosk, step: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The steps are durable one by one, so that an error in the place of a step is a kill before it."""
    from kiosk import settings
    from kiosk.runtime import vault_unlocking

    class Killed(Exception):
        pass

    def kill(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as killing:
        where = {"save_settings": settings, "take_counter": vault_unlocking}.get(step, key_sealing)
        killing.setattr(where, step, kill)
        arguments = ["keys", "reseal", "--to", "passphrase", "--new-passphrase-file", str(kiosk.new_passphrase)]
        killing.setenv("KIOSK_DEBUG", "")
        assert main([*arguments, "--folder", str(kiosk.folder)]) == 2
    if step == "save_settings":
        with pytest.raises(VaultKindError, match=r'set vault\.kind back to "passphrase"'):
            unlock_vault(kiosk.folder, load_settings(kiosk.folder).vault, None)
    capsys.readouterr()
    again = ("reseal", "--passphrase-file", kiosk.new_passphrase, "--new-passphrase-file", kiosk.new_passphrase)
    assert kiosk.keys(*again) == 0
    kinds = kiosk.audit_kinds(NEW_PASSPHRASE)
    assert AuditKind.VAULT_LOCKED_ANEW in kinds
    assert kiosk.keys("status", "--passphrase-file", kiosk.new_passphrase) == 0


def test_a_running_kiosk_is_left_alone(kiosk: Kiosk, capsys: pytest.CaptureFixture[str]) -> None:
    before = (kiosk.folder / "vault.json").read_bytes()
    lock = lock_folder(kiosk.folder)
    try:
        assert kiosk.keys("reseal") == 2
    finally:
        os.close(lock)
    assert "A kiosk is running" in capsys.readouterr().err
    assert (kiosk.folder / "vault.json").read_bytes() == before


def test_a_trial_becomes_a_kiosk_and_its_key_file_goes(
    tmp_path: Path, chip: SoftwareTpm, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Papers(tmp_path).set_up(tmp_path / "kiosk", passphrase_file=None, vault="key-file")
    assert "every screen says so" in capsys.readouterr().out
    main(["doctor", "--folder", str(folder)])
    assert "the key file is no protection" in capsys.readouterr().out
    assert main(["keys", "reseal", "--to", "tpm", "--tpm", chip.tcti, "--folder", str(folder)]) == 0
    assert "kiosk keys rotate" in capsys.readouterr().out
    assert not (folder / "vault.key").exists()
    main(["doctor", "--folder", str(folder)])
    assert "there is no recovery code" in capsys.readouterr().out


def test_setup_leaves_no_counter_behind_when_it_fails(
    tmp_path: Path, chip: SoftwareTpm, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from hardware.tpm import Tpm
    from kiosk.admin import new_kiosk

    def refuse(*_: object) -> None:
        raise StoreError("The disk is full.")

    papers = Papers(tmp_path)
    monkeypatch.setattr(new_kiosk, "create_store", refuse)
    assert main(papers.options(tmp_path / "kiosk", passphrase_file=None, vault="tpm", tpm=chip.tcti)) == 2
    assert "The disk is full." in capsys.readouterr().err
    assert Tpm(chip.tcti).new_counter() == 0x01500B10


def test_setup_without_a_tpm_says_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = Papers(tmp_path).options(tmp_path / "kiosk", passphrase_file=None, vault="tpm", tpm="device:/dev/no-tpm")
    assert main(options) == 2
    assert "There is no TPM at device:/dev/no-tpm" in capsys.readouterr().err
    assert not (tmp_path / "kiosk").exists()


def test_a_passphrase_kiosk_can_have_a_recovery_code_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    papers = Papers(tmp_path)
    assert main([*papers.options(tmp_path / "kiosk"), "--recovery-code"]) == 0
    code = next(line.split()[-1] for line in capsys.readouterr().out.splitlines() if "Recovery code" in line)
    assert open_vault(tmp_path / "kiosk" / "vault.json", PassphraseVault(PASSPHRASE)).status().has_recovery_code
    code_file, new = papers.write("code", code), papers.write("new", NEW_PASSPHRASE)
    words = ["--recovery-code-file", str(code_file), "--new-passphrase-file", str(new)]
    assert main(["keys", "reseal", *words, "--folder", str(tmp_path / "kiosk")]) == 0
    open_vault(tmp_path / "kiosk" / "vault.json", PassphraseVault(NEW_PASSPHRASE))


WRONG: dict[str, tuple[list[str], str]] = {
    "tpm of no tpm": (["reseal", "--to", "passphrase", "--tpm", "device:/dev/tpm0"], "--tpm goes with a vault"),
    "tpm that is a program library": (["reseal", "--tpm", "/tmp/evil.so"], "vault.tpm must be empty"),
}


@pytest.mark.parametrize(("words", "said"), WRONG.values(), ids=WRONG)
def test_what_makes_no_sense_changes_nothing(
    kiosk: Kiosk, words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (kiosk.folder / "vault.json").read_bytes(), (kiosk.folder / "settings.toml").read_bytes()
    assert kiosk.keys(*words) == 2
    assert said in capsys.readouterr().err
    assert ((kiosk.folder / "vault.json").read_bytes(), (kiosk.folder / "settings.toml").read_bytes()) == before
