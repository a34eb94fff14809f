"""Started as a process of its own: rotates a kiosk's keys again and again, dying at one durable step after the other.

Each death is that of a child at the N-th time that something became durable. What is left is opened, looked at and
rotated once more, in children too: a process that has opened a store has locks that a child of it would inherit.
"""

import os
import shutil
import sys
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from kiosk.admin.rotation_kills import answer_visit, check_kiosk, make_kiosk_to_kill, rotate_all
from kiosk.runtime.vault_unlocking import unlock_vault
from kiosk.settings import VaultSettings
from kiosk.store import anchor, database, durable_file, key_vault, rotation, signing_keys
from kiosk.store.key_vault import ANCHOR_KEY, APPLICATION_SALT, STORE_KEY, OpenVault
from kiosk.store.signing_keys import settle_signing_key
from kiosk.store.store import open_store

_DIED = 9
_REPLACING = (anchor, key_vault, rotation, signing_keys)
_FLUSHING = (durable_file, database, rotation)


def die_at(step: int) -> None:
    """Let this process end the moment before so many things have become durable."""
    done = 0

    def counted(act: Callable[..., None]) -> Callable[..., None]:
        def call(*arguments: object) -> None:
            nonlocal done
            done += 1
            if done == step:
                os._exit(_DIED)
            act(*arguments)

        return call

    replace_durably, flush_folder = durable_file.replace_durably, durable_file.flush_folder
    for module in _REPLACING:
        module.replace_durably = counted(replace_durably)
    for module in _FLUSHING:
        module.flush_folder = counted(flush_folder)


def rotate_and_deliver(folder: Path, with_records: bool) -> None:
    """A whole rotation: new keys, the announcement, and the bank's receipt for it."""
    vault = unlocked(folder)
    rotate_all(folder, vault, (folder / "staff.key").read_bytes() if with_records else None)
    with open_store(folder, vault) as store:
        for message in store.due_messages(datetime.now(UTC)):
            store.close_message(message.sequence, "receipt", datetime.now(UTC))
        settle_signing_key(vault, store)


def unlocked(folder: Path) -> OpenVault:
    return unlock_vault(folder, VaultSettings("key_file", "vault.key"), None)


def keys_of(folder: Path) -> tuple[bytes, ...]:
    vault = unlocked(folder)
    names = (STORE_KEY, ANCHOR_KEY, APPLICATION_SALT)
    return tuple(vault.secret(name) if vault.holds(name) else b"" for name in names)


def in_a_child(act: Callable[[], None], what: str) -> bool:
    """Whether it died where it was to die; anything that went wrong ends this process too."""
    child = os.fork()
    if child == 0:
        try:
            act()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code not in (0, _DIED):
        raise SystemExit(f"{what} failed")
    return code == _DIED


def demand_whole(folder: Path) -> None:
    assert check_kiosk(folder) == []
    before = keys_of(folder)
    rotate_and_deliver(folder, with_records=False)
    assert keys_of(folder)[0] != before[0]
    assert check_kiosk(folder) == []


def make_template(folder: Path) -> None:
    make_kiosk_to_kill(folder)
    with open_store(folder, unlocked(folder)) as store:
        store.unlock_applications((folder / "staff.key").read_bytes())
        for _ in range(3):
            answer_visit(store, unlocked(folder))


def main(work: Path, with_records: bool) -> int:
    template, step = work / "template", 0
    template.mkdir()
    in_a_child(lambda: make_template(template), "making a kiosk")
    dies = True
    while dies:
        step += 1
        folder = work / f"{step}"
        shutil.copytree(template, folder)

        def die(folder: Path = folder, step: int = step) -> None:
            die_at(step)
            rotate_and_deliver(folder, with_records)

        dies = in_a_child(die, f"the rotation that dies at step {step}")
        in_a_child(lambda folder=folder: demand_whole(folder), f"the look at what step {step} left")
        shutil.rmtree(folder)
    return step - 1


if __name__ == "__main__":
    print(main(Path(sys.argv[1]), sys.argv[2] == "with-records"))
