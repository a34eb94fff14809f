"""Every vault keeps the same promises, whatever unlocks it."""

import functools
import json
import os
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hardware.tpm import Tpm
from kiosk.runtime.tpm_vault import TpmVault
from kiosk.runtime.vault_unlocking import unlock_vault
from kiosk.settings import VaultSettings
from kiosk.store.dpapi_vault import DpapiVault, Protector, WindowsProtector
from kiosk.store.key_vault import SIGNING_KEY, KeyFileVault, KeyVault, PassphraseVault, create_vault, open_vault
from kiosk.store.vault_errors import (
    KeyFileDamagedError,
    KeyFileExposedError,
    KeyFileMissingError,
    PassphraseMissingError,
    SecretMissingError,
    TpmReplacedForVaultError,
    VaultDamagedError,
    VaultError,
    VaultExistsError,
    VaultKindError,
    VaultMissingError,
    VaultNotWritableError,
    WindowsAccountError,
    WindowsMissingError,
    WrongKeyError,
)
from tests.software_tpm import SoftwareTpm

SECRETS = {SIGNING_KEY: b"\x11" * 32, "long": os.urandom(5000)}
# OWASP's lowest memory, so that tests stay quick; the default is measured below.
QUICK = {"memory_kib": 19 * 1024, "passes": 2}

Unlocking = Callable[[], KeyVault]


@dataclass(frozen=True)
class Account:
    """Protects as Windows does for one account: another one is refused, and so is every changed byte."""

    name: str

    def protect(self, secret: bytes) -> bytes:
        return self.name.encode() + b"|" + secret

    def unprotect(self, protected: bytes) -> bytes:
        name, bar, secret = protected.partition(b"|")
        if name != self.name.encode() or not bar:
            raise OSError("refused")
        return secret


def protectors() -> tuple[Protector, Protector]:
    """This account's and another's; on Windows this account's is the real one."""
    return WindowsProtector() if sys.platform == "win32" else Account("kiosk"), Account("somebody else")


@pytest.fixture(scope="module")
def chips(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SoftwareTpm, SoftwareTpm]]:
    """This machine's TPM and another machine's."""
    folder = tmp_path_factory.mktemp("tpm")
    with SoftwareTpm(folder / "own") as own, SoftwareTpm(folder / "other") as other:
        yield own, other


@functools.cache
def counter_of(tcti: str) -> int:
    """One for all vaults of a chip: it has no room for one each."""
    return Tpm(tcti).new_counter()


@pytest.fixture(params=["passphrase", "key file", "tpm", "dpapi"])
def right(request: pytest.FixtureRequest, tmp_path: Path) -> Unlocking:
    path = tmp_path / "vault.json"
    match request.param:
        case "passphrase":
            return lambda: PassphraseVault("correct horse battery staple", **QUICK)
        case "key file":
            return lambda: KeyFileVault(tmp_path / "vault.key")
        case "tpm":
            own, _ = request.getfixturevalue("chips")
            return lambda: TpmVault(path, Tpm(own.tcti), counter_of(own.tcti))
        case _:
            return lambda: DpapiVault(path, protectors()[0])


@pytest.fixture
def wrong(request: pytest.FixtureRequest, right: Unlocking, tmp_path: Path) -> KeyVault:
    path = tmp_path / "vault.json"
    match right():
        case PassphraseVault():
            return PassphraseVault("correct horse battery stapler", **QUICK)
        case KeyFileVault():
            other = KeyFileVault(tmp_path / "other" / "vault.key")
            other.new_key()
            return other
        case TpmVault():
            return TpmVault(path, Tpm(request.getfixturevalue("chips")[1].tcti))
        case _:
            return DpapiVault(path, protectors()[1])


@pytest.fixture
def path(tmp_path: Path, right: Unlocking) -> Path:
    path = tmp_path / "vault.json"
    create_vault(path, right(), SECRETS)
    return path


def test_what_goes_in_comes_out(path: Path, right: Unlocking) -> None:
    vault = open_vault(path, right())
    assert {name: vault.secret(name) for name in SECRETS} == SECRETS


def test_a_secret_it_never_had_is_named(path: Path, right: Unlocking) -> None:
    with pytest.raises(SecretMissingError, match="store-key"):
        open_vault(path, right()).secret("store-key")


def test_a_wrong_key_is_not_called_damage(path: Path, wrong: KeyVault) -> None:
    error, cure = {
        "tpm": (TpmReplacedForVaultError, "put the disk back"),
        "dpapi": (WindowsAccountError, "log on as the account"),
    }.get(wrong.kind, (WrongKeyError, "use the right one"))
    with pytest.raises(error, match=cure):
        open_vault(path, wrong)


def test_every_lost_or_changed_byte_is_damage_whatever_the_key(path: Path, right: Unlocking, wrong: KeyVault) -> None:
    whole = path.read_bytes()
    for at in range(0, len(whole), 41):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :])
        with pytest.raises(VaultDamagedError, match="put back a copy"):
            open_vault(path, right())
        with pytest.raises(VaultDamagedError):
            open_vault(path, wrong)
    for length in (0, 1, len(whole) // 2, len(whole) - 2):
        path.write_bytes(whole[:length])
        with pytest.raises(VaultDamagedError):
            open_vault(path, right())


def test_a_missing_vault_is_a_third_error(tmp_path: Path, right: Unlocking) -> None:
    with pytest.raises(VaultMissingError, match="kiosk setup"):
        open_vault(tmp_path / "vault.json", right())


def test_a_vault_is_never_made_over_an_old_one(path: Path, right: Unlocking) -> None:
    before = path.read_bytes()
    with pytest.raises(VaultExistsError):
        create_vault(path, right(), {})
    assert path.read_bytes() == before


def test_no_secret_stands_in_the_file(path: Path) -> None:
    text = path.read_bytes()
    assert b"\x11" * 32 not in text
    assert (b"11" * 32) not in text
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def edited(path: Path, edit: Callable[[dict[str, object]], None]) -> None:
    """Edit the vault as somebody would who knows the file's form but not its key."""
    from kiosk.store import vault_file

    file = json.loads(path.read_text(encoding="utf-8"))
    edit(file["body"])
    file["digest"] = vault_file.digest_of(file["body"], file["seal"])
    path.write_text(json.dumps(file), encoding="utf-8")


def test_a_secret_cannot_be_taken_out_without_the_key(path: Path, right: Unlocking) -> None:
    edited(path, lambda body: body["secrets"].pop(SIGNING_KEY))
    with pytest.raises(VaultDamagedError, match="seal"):
        open_vault(path, right())


@pytest.mark.parametrize("field", ["key_check", "vault_id", "master", "unlocked_by", "made_on", "sealed_on"])
def test_a_field_in_other_letters_is_damage(path: Path, right: Unlocking, field: str) -> None:
    edited(path, lambda body: body.update({field: "钥"}))
    with pytest.raises(VaultDamagedError, match="no vault file"):
        open_vault(path, right())


def test_a_secret_cannot_be_put_under_another_name(path: Path, right: Unlocking) -> None:
    edited(path, lambda body: body["secrets"].update(long=body["secrets"][SIGNING_KEY]))
    with pytest.raises(VaultDamagedError):
        open_vault(path, right())


def test_weakened_parameters_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "vault.json"
    create_vault(path, PassphraseVault("correct horse", **QUICK), SECRETS)
    for change in (
        {"memory_kib": 8},
        {"passes": 1},
        {"memory_kib": 2**30},
        {"lanes": "1"},
        {"salt": "zz"},
        {"salt": ""},
    ):
        whole = path.read_bytes()
        edited(path, lambda body, change=change: body["parameters"].update(change))
        with pytest.raises(VaultDamagedError):
            open_vault(path, PassphraseVault("correct horse", **QUICK))
        path.write_bytes(whole)


def test_a_passphrase_uses_64_mib_and_three_passes_unless_told_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "vault.json"
    create_vault(path, PassphraseVault("ein ganzer Satz"), SECRETS)
    parameters = json.loads(path.read_text(encoding="utf-8"))["body"]["parameters"]
    assert (parameters["memory_kib"], parameters["passes"], parameters["lanes"]) == (65536, 3, 1)
    assert open_vault(path, PassphraseVault("ein ganzer Satz")).secret(SIGNING_KEY) == SECRETS[SIGNING_KEY]


def test_a_kind_changed_by_hand_is_named_as_what_it_is(tmp_path: Path) -> None:
    by_file, by_passphrase = tmp_path / "a.json", tmp_path / "b.json"
    create_vault(by_file, KeyFileVault(tmp_path / "vault.key"), {})
    create_vault(by_passphrase, PassphraseVault("a", **QUICK), {})
    with pytest.raises(VaultKindError, match=r'set vault\.kind back to "key_file"'):
        open_vault(by_file, PassphraseVault("a", **QUICK))
    with pytest.raises(VaultKindError, match=r'set vault\.kind back to "passphrase"'):
        open_vault(by_passphrase, KeyFileVault(tmp_path / "vault.key"))


@pytest.mark.parametrize("text", ["[" * 100_000, '{"body": ' + "[" * 100_000, "[]", "1", '{"body": 1}', "\xff"])
def test_what_is_no_vault_file_is_one_sentence(tmp_path: Path, right: Unlocking, text: str) -> None:
    path = tmp_path / "vault.json"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(VaultDamagedError, match="no vault file"):
        open_vault(path, right())


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_happens_to_the_bytes_is_damage(path: Path, right: Unlocking, data: st.DataObject) -> None:
    whole = path.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    gone = data.draw(st.integers(0, 40))
    put = data.draw(st.binary(max_size=40))
    changed = whole[:at] + put + whole[at + gone :]
    if json_of(changed) == json_of(whole):
        return  # other white space, the same vault
    try:
        path.write_bytes(changed)
        with pytest.raises(VaultDamagedError):
            open_vault(path, right())
    finally:
        path.write_bytes(whole)


def json_of(content: bytes) -> object:
    try:
        return json.loads(content)
    except ValueError:
        return content


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    put=st.one_of(st.text(max_size=8), st.binary(max_size=90).map(bytes.hex), st.integers(), st.none()),
    at=st.integers(0, 9),
)
def test_parameters_that_somebody_made_up_open_nothing(path: Path, right: Unlocking, put: object, at: int) -> None:
    whole = path.read_bytes()
    names = sorted(json.loads(whole)["body"]["parameters"]) or ["unknown"]
    edited(path, lambda body: body["parameters"].update({names[at % len(names)]: put}))
    try:
        with pytest.raises(VaultError):
            open_vault(path, right())
    finally:
        path.write_bytes(whole)


def test_what_unlocks_it_can_be_exchanged(path: Path, right: Unlocking) -> None:
    vault = open_vault(path, right())
    vault.reseal(PassphraseVault("another one", **QUICK), {"long": None, "new": b"n"})
    opened = open_vault(path, PassphraseVault("another one", **QUICK))
    assert (opened.secret(SIGNING_KEY), opened.secret("new"), opened.holds("long")) == (
        SECRETS[SIGNING_KEY],
        b"n",
        False,
    )
    with pytest.raises(VaultError):
        open_vault(path, right())
    opened.reseal(right(), {})
    assert open_vault(path, right()).secret("new") == b"n"


def test_a_full_disk_leaves_the_old_lock(path: Path, right: Unlocking, monkeypatch: pytest.MonkeyPatch) -> None:
    from kiosk.store import vault_file

    vault = open_vault(path, right())

    def refuse(path: Path, content: bytes) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(vault_file, "replace_durably", refuse)
        with pytest.raises(VaultNotWritableError, match="make room"):
            vault.reseal(PassphraseVault("another one", **QUICK), {})
    assert open_vault(path, right()).secret(SIGNING_KEY) == SECRETS[SIGNING_KEY]
    assert vault.status().kind == right().kind


def test_its_status_says_what_it_is_and_no_secret(path: Path, right: Unlocking) -> None:
    status = open_vault(path, right()).status()
    assert (status.kind, status.has_recovery_code, status.secrets) == (right().kind, False, ("long", SIGNING_KEY))
    assert set(status.numbers) == {"passphrase": {"memory_kib", "passes", "lanes"}, "tpm": {"counter"}}.get(
        status.kind, set()
    )


def test_windows_own_protection_is_refused_elsewhere(tmp_path: Path) -> None:
    vault = DpapiVault(tmp_path / "vault.json")
    if sys.platform == "win32":
        assert create_vault(vault.path, vault, SECRETS).secret(SIGNING_KEY) == SECRETS[SIGNING_KEY]
    else:
        with pytest.raises(WindowsMissingError, match="by Windows only"):
            create_vault(vault.path, vault, SECRETS)


# --- the key file ---


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "vault.key"
    create_vault(tmp_path / "vault.json", KeyFileVault(path), SECRETS)
    return path


def test_a_key_file_is_its_owners_alone(key_file: Path) -> None:
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    key_file.chmod(0o640)
    with pytest.raises(KeyFileExposedError, match="chmod 600"):
        open_vault(key_file.with_name("vault.json"), KeyFileVault(key_file))


def test_a_key_file_in_a_folder_that_others_may_write_is_refused(key_file: Path) -> None:
    key_file.parent.chmod(0o777)
    with pytest.raises(KeyFileExposedError, match="chmod 700"):
        open_vault(key_file.with_name("vault.json"), KeyFileVault(key_file))
    key_file.parent.chmod(0o700)


def test_a_missing_and_a_short_key_file_are_named(key_file: Path) -> None:
    vault = key_file.with_name("vault.json")
    key_file.write_bytes(b"short")
    with pytest.raises(KeyFileDamagedError):
        open_vault(vault, KeyFileVault(key_file))
    key_file.unlink()
    with pytest.raises(KeyFileMissingError):
        open_vault(vault, KeyFileVault(key_file))


def test_a_passphrase_that_was_not_given_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(PassphraseMissingError):
        unlock_vault(tmp_path, VaultSettings("passphrase"), None)
