"""The running desk goes on with its next signing key once the bank's receipt for the announcement is in."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from PySide6.QtCore import QObject, Signal

from kiosk.admin.rotation_kills import KIOSK_ID, make_kiosk_to_kill
from kiosk.runtime.signing_key_switch import SigningKeySwitch
from kiosk.runtime.store_bridge import StoreBridge
from kiosk.runtime.vault_unlocking import unlock_vault
from kiosk.settings import VaultSettings
from kiosk.store.key_vault import OpenVault
from kiosk.store.signing_keys import NEXT_SIGNING_KEY, announce_next_key, present_signing_key
from kiosk.store.store import Store, open_store
from kiosk.store.vault_errors import VaultNotWritableError


class Delivery(QObject):
    """Says what the delivery service says."""

    delivered = Signal(int)


@dataclass
class Desk:
    """What a switch works with, and the keys that it had used."""

    vault: OpenVault
    store: Store
    delivery: Delivery = field(default_factory=Delivery)
    used: list[Ed25519PrivateKey] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.switch = SigningKeySwitch(self.vault, self.store, StoreBridge(), KIOSK_ID, self.used.append)
        self.switch.trouble.connect(self.troubles.append)
        self.delivery.delivered.connect(self.switch.look)

    def announce(self) -> int:
        return announce_next_key(self.vault, self.store, KIOSK_ID, datetime.now(UTC))

    def bring_receipt(self, sequence: int) -> None:
        self.store.close_message(sequence, "receipt", datetime.now(UTC))
        self.delivery.delivered.emit(sequence)

    def signer_of_heads(self) -> bytes:
        signer = self.store._head_signer
        assert signer is not None
        return signer.public_key


@pytest.fixture
def desk(tmp_path: Path, qtbot: Any) -> Iterator[Desk]:
    make_kiosk_to_kill(tmp_path)
    vault = unlock_vault(tmp_path, VaultSettings("key_file", "vault.key"), None)
    with open_store(tmp_path, vault) as store:
        made = Desk(vault, store)
        yield made
        made.switch.stop()


def test_verdicts_and_heads_are_signed_with_the_next_key_once_its_receipt_is_in(desk: Desk, qtbot: Any) -> None:
    sequence, first = desk.announce(), desk.used[0]
    desk.delivery.delivered.emit(99)  # another message's
    desk.bring_receipt(sequence)
    qtbot.waitUntil(lambda: len(desk.used) == 2)
    second = present_signing_key(desk.vault).public_key()
    assert desk.used[1].public_key() == second != first.public_key()
    assert not desk.vault.holds(NEXT_SIGNING_KEY)
    desk.vault.reread()
    assert present_signing_key(desk.vault).public_key() == second
    qtbot.waitUntil(lambda: desk.signer_of_heads() == second.public_bytes_raw())
    assert desk.troubles == []


def test_receipts_of_other_messages_change_nothing(desk: Desk, qtbot: Any) -> None:
    desk.announce()
    desk.delivery.delivered.emit(99)
    desk.switch.stop()
    qtbot.wait(1)
    assert len(desk.used) == 1
    assert desk.vault.holds(NEXT_SIGNING_KEY)


def test_a_vault_that_cannot_be_written_is_told_and_tried_with_the_next_receipt(
    desk: Desk, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(vault: OpenVault, _changes: object) -> None:
        raise VaultNotWritableError(vault.path, "No space left on device")

    sequence = desk.announce()
    with monkeypatch.context() as patch:
        patch.setattr(OpenVault, "replace", refuse)
        desk.bring_receipt(sequence)
        qtbot.waitUntil(lambda: bool(desk.troubles))
    assert "The next signing key cannot be used yet" in desk.troubles[0]
    assert len(desk.used) == 1
    desk.delivery.delivered.emit(99)
    qtbot.waitUntil(lambda: len(desk.used) == 2)
