"""Which users the processes may be: three, apart, none of them root."""

import pytest

from kiosk.runtime.launcher import PROGRAMS
from kiosk.runtime.process_users import (
    PARTS,
    ProcessUser,
    ProcessUserError,
    Users,
    demand_three,
    find_user,
    parse_users,
)

THREE = {part: ProcessUser(uid, uid) for part, uid in (("desk", 5001), ("vision", 5002), ("courier", 5003))}


def test_every_process_belongs_to_a_part() -> None:
    assert set(PARTS) == set(PROGRAMS)


@pytest.mark.parametrize(
    ("users", "said"),
    [
        ({"desk": THREE["desk"]}, "each need a user"),
        (THREE | {"other": ProcessUser(1, 1)}, "each need a user"),
        (THREE | {"courier": ProcessUser(5001, 5003)}, "three different users"),
        (THREE | {"vision": ProcessUser(0, 5002)}, "none of them root"),
        (THREE | {"courier": ProcessUser(5003, 5003, (44,))}, "in no group but its own"),
        (THREE | {"courier": ProcessUser(5003, 5001)}, "in no group but its own"),
    ],
)
def test_users_that_are_not_apart_are_refused(users: Users, said: str) -> None:
    with pytest.raises(ProcessUserError, match=said):
        demand_three(users)


@pytest.mark.parametrize("word", ["desk=", "desk=one:1", "desk", "desk=1:1:video", "=1:1"])
def test_words_that_name_no_user_are_refused(word: str) -> None:
    with pytest.raises(ProcessUserError):
        parse_users([word])


def test_a_user_may_be_given_by_name_or_by_number() -> None:
    assert find_user("5001:5002") == ProcessUser(5001, 5002)
    root = find_user("root")
    assert (root.uid, root.gid) == (0, 0)
    assert root.home.startswith("/")
    with pytest.raises(ProcessUserError, match="no user nobody-of-that-name"):
        find_user("nobody-of-that-name")


def test_no_users_are_one_user() -> None:
    assert parse_users([]) == {}
