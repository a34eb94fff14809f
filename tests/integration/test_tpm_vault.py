"""A vault that a TPM locks, against a simulated chip: cleared, exchanged, switched off, and its counter."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hardware.tpm import Tpm, TpmCounterLostError, TpmError, TpmMissingError, is_there
from kiosk.runtime.tpm_vault import TpmVault
from kiosk.runtime.vault_unlocking import take_counter, unlock_by_recovery_code, unlock_vault
from kiosk.settings import VaultSettings
from kiosk.store.key_vault import OpenVault, create_vault, open_vault
from kiosk.store.machine_counter import MachineCounter
from kiosk.store.recovery_code import MistypedCodeError, new_code
from kiosk.store.vault_errors import (
    NoRecoveryCodeError,
    TpmClearedForVaultError,
    TpmCounterError,
    TpmMissingForVaultError,
    TpmReplacedForVaultError,
    WrongKeyError,
)
from kiosk.store.vault_kinds import RecoveryCodeVault
from tests.software_tpm import SoftwareTpm

ROOT = Path(__file__).resolve().parents[2]
SECRETS = {"signing-key": b"\x11" * 32}


@pytest.fixture
def chip(tmp_path: Path) -> Iterator[SoftwareTpm]:
    with SoftwareTpm(tmp_path / "chip") as chip:
        yield chip


@pytest.fixture
def kiosk(tmp_path: Path, chip: SoftwareTpm) -> Path:
    """A folder with a vault that the chip locks."""
    made(tmp_path / "kiosk", chip)
    return tmp_path / "kiosk"


def made(folder: Path, chip: SoftwareTpm) -> OpenVault:
    path = folder / "vault.json"
    return create_vault(path, TpmVault(path, Tpm(chip.tcti)), SECRETS)


def by(chip: SoftwareTpm) -> VaultSettings:
    return VaultSettings("tpm", tpm=chip.tcti)


def counter_of(kiosk: Path, chip: SoftwareTpm) -> MachineCounter:
    counter = unlock_vault(kiosk, by(chip), None).machine_counter
    assert counter is not None
    return counter


def test_it_opens_by_itself_also_after_a_restart(kiosk: Path, chip: SoftwareTpm) -> None:
    assert unlock_vault(kiosk, by(chip), None).secret("signing-key") == b"\x11" * 32
    chip.restart()
    assert unlock_vault(kiosk, by(chip), None).secret("signing-key") == b"\x11" * 32


def test_a_cleared_chip_is_called_cleared_and_the_recovery_code_is_the_cure(kiosk: Path, chip: SoftwareTpm) -> None:
    code = new_code()
    unlock_vault(kiosk, by(chip), None).set_recovery(RecoveryCodeVault(code))
    chip.clear()
    with pytest.raises(TpmClearedForVaultError, match="kiosk keys reseal --with-recovery-code"):
        unlock_vault(kiosk, by(chip), None)
    vault = unlock_by_recovery_code(kiosk, f" {code.lower().replace('-', ' ')} ")
    unlocking = TpmVault(vault.path, Tpm(chip.tcti))
    vault.reseal(unlocking, {})
    take_counter(vault, unlocking)
    assert unlock_vault(kiosk, by(chip), None).secret("signing-key") == b"\x11" * 32
    assert unlock_by_recovery_code(kiosk, code).secret("signing-key") == b"\x11" * 32


def test_another_chip_is_called_another_one(kiosk: Path, chip: SoftwareTpm, tmp_path: Path) -> None:
    with SoftwareTpm(tmp_path / "other") as other, pytest.raises(TpmReplacedForVaultError, match="put the disk back"):
        unlock_vault(kiosk, by(other), None)


@pytest.mark.parametrize("tcti", ["device:/dev/no-tpm", "device:/dev/null", "swtpm:path=/no/socket"])
def test_a_missing_chip_is_a_third_error(kiosk: Path, tcti: str) -> None:
    with pytest.raises(TpmMissingForVaultError, match="switch it on in the machine's firmware"):
        unlock_vault(kiosk, VaultSettings("tpm", tpm=tcti), None)
    assert not is_there(tcti)


def test_a_chip_that_is_switched_off_while_the_kiosk_counts_is_named(kiosk: Path, chip: SoftwareTpm) -> None:
    counter = counter_of(kiosk, chip)
    chip.stop()
    with pytest.raises(TpmCounterError, match="There is no TPM"):
        counter.advance()
    chip.start()
    assert counter.advance() == 2


def test_without_the_library_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tpm2_pytss", None)
    with pytest.raises(TpmMissingError, match="extra `tpm`"):
        Tpm().seal(b"")


def test_a_chip_whose_owner_set_a_password_is_named(chip: SoftwareTpm) -> None:
    from tpm2_pytss import ESAPI, ESYS_TR

    with ESAPI(chip.tcti) as esapi:
        esapi.hierarchy_change_auth(ESYS_TR.OWNER, "password")
    with pytest.raises(TpmError, match="owner hierarchy has a password"):
        Tpm(chip.tcti).seal(b"")


# --- the counter ---


def test_the_counter_only_goes_up_over_restarts_and_clearing(kiosk: Path, chip: SoftwareTpm) -> None:
    counter = counter_of(kiosk, chip)
    seen = [counter.value(), counter.advance(), counter.advance()]
    chip.restart()
    seen += [counter.value(), counter.advance()]
    assert seen == [1, 2, 3, 3, 4]
    chip.clear()
    handle = Tpm(chip.tcti).new_counter()
    assert Tpm(chip.tcti).counted(handle) > 4


def test_a_counter_that_is_gone_or_was_replaced_by_memory_is_none(kiosk: Path, chip: SoftwareTpm) -> None:
    from tpm2_pytss import ESAPI
    from tpm2_pytss.constants import TPM2_ALG, TPMA_NV
    from tpm2_pytss.types import TPM2B_NV_PUBLIC, TPMS_NV_PUBLIC

    counter = counter_of(kiosk, chip)
    handle = unlock_vault(kiosk, by(chip), None).status().numbers["counter"]
    Tpm(chip.tcti).drop_counter(handle)
    with pytest.raises(TpmCounterError, match="not in this machine's TPM any more"):
        counter.value()
    with ESAPI(chip.tcti) as esapi:
        public = TPMS_NV_PUBLIC(
            nvIndex=handle, nameAlg=TPM2_ALG.SHA256, attributes=TPMA_NV.AUTHREAD | TPMA_NV.AUTHWRITE, dataSize=8
        )
        index = esapi.nv_define_space(b"", TPM2B_NV_PUBLIC(public))
        esapi.nv_write(index, (1).to_bytes(8, "big"), auth_handle=index)
    with pytest.raises(TpmCounterError, match="no counter"):
        counter.advance()


def test_two_kiosks_count_apart(chip: SoftwareTpm, tmp_path: Path) -> None:
    for name in ("one", "two"):
        made(tmp_path / name, chip)
    one, two = counter_of(tmp_path / "one", chip), counter_of(tmp_path / "two", chip)
    before = two.value()
    assert one.advance() == one.value() == 2
    assert two.value() == before


def test_a_full_chip_is_named(chip: SoftwareTpm) -> None:
    with pytest.raises(TpmError, match="no room for a counter"):
        [Tpm(chip.tcti).new_counter() for _ in range(20)]
    with pytest.raises(TpmCounterLostError):
        Tpm(chip.tcti).counted(0x01500FFF)


# --- the recovery code ---


def test_a_wrong_code_a_mistyped_one_and_none_are_three_errors(kiosk: Path, chip: SoftwareTpm) -> None:
    with pytest.raises(NoRecoveryCodeError):
        unlock_by_recovery_code(kiosk, new_code())
    code = new_code()
    vault = unlock_vault(kiosk, by(chip), None)
    vault.set_recovery(RecoveryCodeVault(code))
    with pytest.raises(WrongKeyError, match="recovery code"):
        unlock_by_recovery_code(kiosk, new_code())
    with pytest.raises(MistypedCodeError, match="letter by letter"):
        unlock_by_recovery_code(kiosk, code[:-1])
    vault.set_recovery(RecoveryCodeVault(new_code()))
    with pytest.raises(WrongKeyError):
        unlock_by_recovery_code(kiosk, code)
    vault.set_recovery(None)
    with pytest.raises(NoRecoveryCodeError):
        unlock_by_recovery_code(kiosk, code)


def test_no_code_stands_in_the_file(kiosk: Path, chip: SoftwareTpm) -> None:
    code = new_code()
    vault = unlock_vault(kiosk, by(chip), None)
    vault.set_recovery(RecoveryCodeVault(code))
    text = vault.path.read_text(encoding="utf-8")
    assert code not in text
    assert code.replace("-", "") not in text
    assert vault.status().has_recovery_code


# --- where desk runs ---

_IN_DESK = """
import os, sys
from pathlib import Path
from kiosk.runtime.confinement import confine_desk
confine_desk(os.getppid())
from kiosk.runtime.vault_unlocking import unlock_vault
from kiosk.settings import VaultSettings
vault = unlock_vault(Path(sys.argv[1]), VaultSettings("tpm", tpm=sys.argv[2]), None)
print(len(vault.secret("signing-key")), vault.machine_counter.advance())
"""


def test_desk_unlocks_and_counts_behind_its_confinement(kiosk: Path, chip: SoftwareTpm) -> None:
    command = [sys.executable, "-c", _IN_DESK, str(kiosk), chip.tcti]
    said = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)})
    assert (said.stdout, said.stderr) == ("32 2\n", "")


def test_what_opened_it_is_asked_for_nothing_secret(kiosk: Path, chip: SoftwareTpm) -> None:
    path = kiosk / "vault.json"
    vault = open_vault(path, TpmVault(path, Tpm(chip.tcti)))
    assert set(vault.parameters) == {"public", "private", "storage_name", "chip_name", "counter"}
    assert b"\x11" * 32 not in path.read_bytes()
