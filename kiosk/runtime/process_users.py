"""Which system user each process runs as. Standard library only; empty where all of them are one user."""

import contextlib
import grp
import os
import pwd
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kiosk.errors import RuntimeKioskError

PARTS: Mapping[str, str] = {"desk": "desk", "eyes": "vision", "reader": "vision", "courier": "courier"}
"""Who sees a face and who reads a document end with the visit: one user serves both."""


class ProcessUserError(RuntimeKioskError):
    """A user that a process is to run as cannot be used."""


@dataclass(frozen=True, slots=True)
class ProcessUser:
    """A system user as the kernel knows it."""

    uid: int
    gid: int
    groups: tuple[int, ...] = ()
    """Besides `gid`."""
    home: str = "/nonexistent"

    @property
    def words(self) -> str:
        """As `parse_users` reads it."""
        return ":".join([str(self.uid), str(self.gid), ",".join(map(str, self.groups)), self.home])


Users = Mapping[str, ProcessUser]
"""By part: desk, vision, courier; empty, or all three."""


def find_user(name: str) -> ProcessUser:
    """Look a name or `UID:GID` up; raise `ProcessUserError`."""
    if ":" in name:
        uid, gid = (int(number) for number in name.split(":"))
        return ProcessUser(uid, gid)
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        raise ProcessUserError(f"This machine has no user {name}: create it, or correct the settings.") from None
    groups = tuple(sorted(set(os.getgrouplist(name, entry.pw_gid)) - {entry.pw_gid}))
    return ProcessUser(entry.pw_uid, entry.pw_gid, groups, entry.pw_dir)


def parse_users(words: list[str]) -> dict[str, ProcessUser]:
    """Read `part=UID:GID[:GROUPS[:HOME]]`, one for each part; raise `ProcessUserError`."""
    users = {}
    for word in words:
        part, _, numbers = word.partition("=")
        uid, gid, groups, home = [*numbers.split(":", 3), "", "", ""][:4]
        try:
            listed = tuple(int(group) for group in groups.split(",") if group)
            users[part] = ProcessUser(int(uid), int(gid), listed, home or "/nonexistent")
        except ValueError:
            raise ProcessUserError(f"{word} names no user: give part=UID:GID.") from None
    demand_apart(users)
    return users


def demand_apart(users: Users) -> None:
    """Raise `ProcessUserError` unless there are none, or three that are apart and whom this process may become."""
    if not users:
        return
    demand_three(users)
    if os.geteuid() != 0:
        raise ProcessUserError("Only root can start processes as other users: start it as root, or remove [users].")


def demand_three(users: Users) -> None:
    """Raise `ProcessUserError` unless these are three different users, none of them root, the courier in no group."""
    if set(users) != set(PARTS.values()):
        raise ProcessUserError("Desk, vision and courier each need a user once one of them has one.")
    if len({user.uid for user in users.values()}) < len(users) or any(user.uid == 0 for user in users.values()):
        raise ProcessUserError("Desk, vision and courier must be three different users, and none of them root.")
    if users["courier"].groups or users["courier"].gid in {users["desk"].gid, *users["desk"].groups}:
        raise ProcessUserError("The courier's user must be in no group but its own; take it out of the others.")


def group_names(user: ProcessUser) -> list[str]:
    """The groups' names, for people."""
    names = []
    for gid in (user.gid, *user.groups):
        try:
            names.append(grp.getgrgid(gid).gr_name)
        except KeyError:
            names.append(str(gid))
    return names


@contextlib.contextmanager
def acting_as(user: ProcessUser | None) -> Iterator[None]:
    """Open and make files as this user would: root that writes where another may rename is led astray."""
    if user is None:
        yield
        return
    uid, gid, groups = os.geteuid(), os.getegid(), os.getgroups()
    os.setgroups(user.groups)
    os.setegid(user.gid)
    os.seteuid(user.uid)
    try:
        yield
    finally:
        os.seteuid(uid)
        os.setegid(gid)
        os.setgroups(groups)
