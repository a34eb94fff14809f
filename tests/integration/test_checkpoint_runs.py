"""The head of the audit trail is signed every hour, and what stands in the way is said."""

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.runtime.checkpoint_runs import CheckpointRuns
from kiosk.runtime.store_bridge import StoreBridge
from kiosk.store.checkpoints import Checkpoints
from kiosk.store.database_errors import DiskFullError
from kiosk.store.signed_head import HeadSigner, SignedHead
from tests.stores import open_test_store

KEY = Ed25519PrivateKey.generate()
SIGNER = HeadSigner(bytes(16), KEY.public_key().public_bytes_raw(), KEY.sign)


def test_what_came_within_the_hour_is_signed_and_a_full_disk_is_told(
    tmp_path: Path, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_test_store(tmp_path) as store:
        runs, troubles = CheckpointRuns(store, StoreBridge()), []
        runs.trouble.connect(troubles.append)
        runs.run()
        qtbot.waitUntil(lambda: len(troubles) == 1)
        assert "without the signing key" in troubles[0]
        store.sign_heads_with(SIGNER)
        store.record_sign_off("1042")
        size = len(store.audit_entries())
        runs.run()
        store.tree_head()
        signed = [line.tree_head.size for line in store.export_lines(0, size) if isinstance(line, SignedHead)]
        assert signed == [size - 1, size]
        store.record_sign_off("1042")
        monkeypatch.setattr(Checkpoints, "keep", refuse)
        runs.run()
        qtbot.waitUntil(lambda: len(troubles) == 2)
        assert "tried again within the hour: The disk of" in troubles[1]


def refuse(_checkpoints: Checkpoints, _signed: SignedHead) -> None:
    raise DiskFullError(Path("kiosk.db"))
