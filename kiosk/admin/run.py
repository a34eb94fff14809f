"""`kiosk run`: checks everything that can be checked without a window, then becomes the launcher."""

import argparse
import contextlib
import errno
import os
import stat
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from kiosk.admin.folder_argument import add_folder_argument
from kiosk.admin.questions import read_passphrase
from kiosk.errors import RuntimeKioskError, SettingsError
from kiosk.runtime.confinement import end_with_parent
from kiosk.runtime.process_users import (
    ProcessUser,
    ProcessUserError,
    Users,
    acting_as,
    demand_apart,
    find_user,
)
from kiosk.runtime.running_child import NO_USERS

if TYPE_CHECKING:
    from kiosk.settings import Settings
    from kiosk.store.key_vault import OpenVault

_LOCK_FILE = "running.lock"
_EXPIRES_SOON = timedelta(days=30)
_DISPLAY_S = 20.0
_DISPLAY_CURE = "open a session on it, and let this user use it (XAUTHORITY)."
_OPEN_DISPLAY = """\
import resource
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
from PySide6.QtGui import QGuiApplication
QGuiApplication([])
"""
_EPILOG = """\
example: kiosk run --folder /var/lib/kiosk --passphrase-file /run/credentials/kiosk.service/passphrase

Runs until it is told to end (SIGTERM, SIGINT), which it does in good order. Everything that happens is in the folder
`logs` of the kiosk's folder. Exit code 2 means: one sentence on the terminal says what to mend.
"""


class AlreadyRunningError(RuntimeKioskError):
    """The folder belongs to a kiosk that runs."""

    def __init__(self, folder: Path, holder: str) -> None:
        who = f" (process {holder})" if holder else ""
        super().__init__(f"A kiosk is running in {folder}{who}; end that one first, or name another --folder.")


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "run",
        help="run the kiosk with the configured cameras",
        description="Start launcher, desk, eyes, reader and courier for the kiosk in its folder, full screen.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_folder_argument(parser)
    parser.add_argument("--passphrase-file", type=Path, help="read the vault's passphrase from this file")
    parser.add_argument(
        "--check", action="store_true", help="check settings, certificates, models, vault and store, then end"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    from kiosk.settings import load_settings

    settings = load_settings(arguments.folder)
    if settings.kiosk.demo:
        raise SettingsError("This folder was made by the demo; run `kiosk demo`, or `kiosk setup` for a real kiosk.")
    users = process_users(arguments.folder, settings)
    with acting_as(users.get("desk")):
        lock = lock_folder(arguments.folder)
    try:
        if not arguments.check:
            _demand_display(users.get("desk"))
        with acting_as(users.get("desk")):
            _check_files(arguments.folder, settings)
        passphrase = read_passphrase(arguments.passphrase_file) if settings.vault.kind == "passphrase" else None
        with acting_as(users.get("desk")):
            _check_store(arguments.folder, settings, passphrase)
        if not arguments.check:
            os.set_inheritable(lock, True)
            _become_launcher(arguments.folder, passphrase, users)
    finally:
        os.close(lock)
    print("Settings, certificates, models, vault and store are in order.")
    return 0


def start_kiosk(
    folder: Path,
    desk_arguments: Sequence[str],
    *,
    passphrase: str | None,
    once: bool,
    logs: Path | None = None,
    report: bool = False,
) -> "subprocess.Popen[bytes]":
    """Start the launcher as a child; the passphrase travels in anonymous memory, never in an argument or a file.

    With `report`, desk's lines about the visit can be read from the process's output.
    """
    passed = _in_memory(passphrase)
    process = subprocess.Popen(
        _launcher_command(folder, logs or folder / "logs", desk_arguments, passed, once=once),
        pass_fds=passed,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if report else None,
        preexec_fn=end_with_parent,
    )
    for descriptor in passed:
        os.close(descriptor)
    return process


def _become_launcher(folder: Path, passphrase: str | None, users: Users) -> NoReturn:
    """Go on as the launcher in this very process: whoever ends `kiosk run` ends the launcher, and it all of them."""
    passed = _in_memory(passphrase)
    for descriptor in passed:
        os.set_inheritable(descriptor, True)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.stdout.flush()
    sys.stderr.flush()
    with acting_as(users.get("desk")):
        command = _launcher_command(folder, folder / "logs", [], passed, once=False, users=users)
    os.execv(command[0], command)  # noqa: S606 (no shell is wanted)


def _launcher_command(
    folder: Path,
    logs: Path,
    desk_arguments: Sequence[str],
    passed: Sequence[int],
    *,
    once: bool,
    users: Users = NO_USERS,
) -> list[str]:
    command = [sys.executable, "-I", "-m", "kiosk.runtime.launcher", "--logs", str(logs.resolve())]
    if once:
        command.append("--once")
    for part, user in users.items():
        command += ["--user", f"{part}={user.words}"]
    command += ["--", "--folder", str(folder.resolve()), "--models", _models_in_force(folder), *desk_arguments]
    for descriptor in passed:
        command += ["--passphrase-fd", str(descriptor)]
    return command


def _models_in_force(folder: Path) -> str:
    """What desk judges by, as it reads it."""
    import msgspec

    from kiosk.admin.model_in_force import models_in_force
    from kiosk.settings import load_settings

    return msgspec.json.encode(models_in_force(folder, load_settings(folder))).decode()


def _in_memory(passphrase: str | None) -> tuple[int, ...]:
    """Descriptors of anonymous memory that holds the passphrase, none without one."""
    if passphrase is None:
        return ()
    descriptor = os.memfd_create("kiosk-passphrase", os.MFD_CLOEXEC)
    os.write(descriptor, passphrase.encode())
    return (descriptor,)


def lock_folder(folder: Path) -> int:
    """Take the folder for this process and the launcher it becomes; raise `AlreadyRunningError`."""
    import fcntl

    path = folder / _LOCK_FILE
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        with contextlib.closing(os.fdopen(descriptor)) as file:
            raise AlreadyRunningError(folder, file.read(20).strip()) from None
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
    except OSError as error:
        os.close(descriptor)
        raise _unwritable(path, error) from error
    return descriptor


def _unwritable(path: Path, error: OSError) -> SettingsError:
    cure = "is full: make room" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "must be writable: look at it"
    return SettingsError(
        f"{path} cannot be written: {error.strerror}; the disk {cure}, or mend the folder's permissions."
    )


def process_users(folder: Path, settings: "Settings") -> dict[str, ProcessUser]:
    """As whom each part of the kiosk is to run, empty for one user; raise `ProcessUserError`.

    Root believes nobody else's file in this: who may write the settings could name any user of the machine.
    """
    if not settings.users.desk:
        return {}
    from kiosk.settings import SETTINGS_FILE

    found = (folder / SETTINGS_FILE).lstat()
    if os.geteuid() == 0 and (found.st_uid != 0 or found.st_mode & 0o022 or not stat.S_ISREG(found.st_mode)):
        raise ProcessUserError(
            f"{folder / SETTINGS_FILE} names users, so it must belong to root and be writable by nobody else:"
            " `chown root` and `chmod 644` it after a look at [users]."
        )
    named = {"desk": settings.users.desk, "vision": settings.users.vision, "courier": settings.users.courier}
    users = {part: find_user(name) for part, name in named.items() if name}
    demand_apart(users)
    return users


def _check_files(folder: Path, settings: "Settings") -> None:
    """Try what desk and its children will need before the vault is opened; raise a `KioskError`."""
    from kiosk.settings import demand_files

    demand_files(folder, settings)
    _check_certificates(folder, settings)
    _check_models(folder, settings)
    _check_face_camera(settings)


def _check_store(folder: Path, settings: "Settings", passphrase: str | None) -> None:
    """Try vault and store as desk will; raise a `KioskError`."""
    from kiosk.admin.site_threshold import check_site_threshold
    from kiosk.runtime.vault_unlocking import unlock_vault
    from kiosk.settings import list_in_force
    from kiosk.store.store import open_store

    vault = unlock_vault(folder, settings.vault, passphrase)
    _check_client_certificate(folder, settings, vault)
    check_site_threshold(settings, vault)
    open_store(folder, vault, list_in_force(settings)).close()


def _demand_display(user: ProcessUser | None = None) -> None:
    """Raise `SettingsError` where desk's window would have nowhere to go.

    Qt ends a process that cannot open its display, so one of its own tries it, and not desk again and again.
    """
    display = os.environ.get("WAYLAND_DISPLAY") or os.environ.get("DISPLAY")
    if not (display or os.environ.get("QT_QPA_PLATFORM")):
        raise SettingsError(
            "There is no display for the kiosk's screens; start it in the session of the display, or set DISPLAY"
            " (QT_QPA_PLATFORM=offscreen runs it without one)."
        )
    name = f"The display {display}" if display else "The display"
    try:
        tried = subprocess.run(
            [sys.executable, "-I", "-c", _OPEN_DISPLAY],
            capture_output=True,
            timeout=_DISPLAY_S,
            user=None if user is None else user.uid,
            group=None if user is None else user.gid,
            extra_groups=None if user is None else user.groups,
        )
    except subprocess.TimeoutExpired:
        raise SettingsError(f"{name} does not answer; {_DISPLAY_CURE}") from None
    if tried.returncode != 0:
        said = " ".join(tried.stderr.decode(errors="replace").strip().partition("\n")[0].split())[:200]
        raise SettingsError(f"{name} cannot be opened ({said}); {_DISPLAY_CURE}")


def _check_certificates(folder: Path, settings: "Settings") -> None:
    from kiosk.admin.pem_files import read_authority, read_receipt_key

    read_authority(folder / settings.bank.ca)
    read_receipt_key(folder / settings.bank.receipt_key)


def _check_client_certificate(folder: Path, settings: "Settings", vault: "OpenVault") -> None:
    from kiosk.admin.new_kiosk import own_client_certificate
    from kiosk.admin.pem_files import expiry_of
    from kiosk.store.key_vault import TLS_CLIENT_KEY

    pem = own_client_certificate(folder / settings.bank.client_certificate, vault.secret(TLS_CLIENT_KEY))
    if (ends_at := expiry_of(pem)) < datetime.now(UTC) + _EXPIRES_SOON:
        print(
            f"The client certificate expires on {ends_at:%Y-%m-%d}; after that nothing is delivered. Have the bank"
            " renew it now (docs/it-handbook.md, Renew the client certificate)."
        )


def _check_face_camera(settings: "Settings") -> None:
    if not settings.face_camera.vendor:
        print(
            "The identity of the face camera was never recorded, so it will be refused: plug it in, then run "
            "`kiosk setup --record-cameras`."
        )


def _check_models(folder: Path, settings: "Settings") -> None:
    from kiosk.admin.model_in_force import check_model_in_force

    for remark in check_model_in_force(folder, settings):
        print(remark)
