"""The door for IT's commands: what it answers, and that no client costs the kiosk anything."""

import contextlib
import json
import os
import socket
import stat
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import pytest

from kiosk.admin.store_access import Asked, KioskSilentError, RefusedByKioskError, ask, is_running
from kiosk.errors import SettingsError
from kiosk.runtime import admin_socket
from kiosk.runtime.admin_socket import SOCKET_FILE, AdminSocket, AdminVerb, Say, address_of

PATIENCE_S = 20.0
MANY = 10


class Answers:
    """What the handlers of a test were asked."""

    def __init__(self) -> None:
        self.asked: list[Mapping[str, Any]] = []
        self.does: Callable[[IO[bytes] | None, Say], Mapping[str, Any]] = lambda _file, _say: {"answer": 42}

    def handle(self, arguments: Mapping[str, Any], file: IO[bytes] | None, say: Say) -> Mapping[str, Any]:
        self.asked.append(arguments)
        return self.does(file, say)


@pytest.fixture
def answers() -> Answers:
    return Answers()


@pytest.fixture
def folder(tmp_path: Path, answers: Answers, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A kiosk's folder with an open door that loses patience quickly."""
    monkeypatch.setattr(admin_socket, "_REQUEST_WITHIN_S", 0.2)
    monkeypatch.setattr(admin_socket, "_TAKEN_WITHIN_S", 0.2)
    door = AdminSocket(tmp_path, {AdminVerb.STORE_CHECK: answers.handle})
    door.start()
    yield tmp_path
    door.stop()


def connect(folder: Path) -> socket.socket:
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with address_of(folder) as address:
        client.connect(address)  # waits for its turn where many do
    client.settimeout(PATIENCE_S)
    return client


def said_to(folder: Path, request: bytes, files: list[int] | None = None) -> bytes:
    """Everything the kiosk answers until it hangs up."""
    with connect(folder) as client:
        socket.send_fds(client, [request], files or [])
        heard = b""
        try:
            while part := client.recv(4096):
                heard += part
        except ConnectionResetError:  # it hung up with something unread
            pass
        return heard


def checked(folder: Path) -> Mapping[str, Any]:
    return ask(Asked(folder, AdminVerb.STORE_CHECK, {}))


def test_a_command_gets_its_answer_and_hears_how_far_it_is(folder: Path, answers: Answers) -> None:
    def work(_: IO[bytes] | None, say: Say) -> Mapping[str, Any]:
        say(0.5)
        return {"answer": 42}

    answers.does, heard = work, list[float]()
    assert ask(Asked(folder, AdminVerb.STORE_CHECK, {"after": 3}), say=heard.append) == {"answer": 42}
    assert heard == [0.5]
    assert answers.asked == [{"after": 3}]
    assert is_running(folder)


def test_a_file_is_handed_over_open(folder: Path, answers: Answers) -> None:
    def write(file: IO[bytes] | None, _: Say) -> Mapping[str, Any]:
        assert file is not None
        file.write(b"backup")
        return {}

    answers.does = write
    with tempfile.TemporaryFile() as file:
        ask(Asked(folder, AdminVerb.STORE_CHECK, {}), file)
        file.seek(0)
        assert file.read() == b"backup"


def test_what_the_kiosk_refuses_arrives_as_its_sentence(folder: Path, answers: Answers) -> None:
    def refuse(_: IO[bytes] | None, __: Say) -> Mapping[str, Any]:
        raise SettingsError("No key for backups is set.")

    answers.does = refuse
    with pytest.raises(RefusedByKioskError, match="No key for backups"):
        checked(folder)
    with pytest.raises(RefusedByKioskError, match="does not answer audit-export"):
        ask(Asked(folder, AdminVerb.AUDIT_EXPORT, {}))


def test_a_mistake_of_ours_ends_the_command_and_not_the_kiosk(
    folder: Path, answers: Answers, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: IO[bytes] | None, __: Say) -> Mapping[str, Any]:
        raise ZeroDivisionError

    answers.does = fail
    with pytest.raises(RefusedByKioskError, match="A mistake in the kiosk itself"):
        checked(folder)
    caplog.clear()
    answers.does = lambda _file, _say: {}
    assert checked(folder) == {}


@pytest.mark.parametrize(
    "request_line",
    [
        b"x" * 100_000,
        b"\n",
        b"null\n",
        b"[" * 3000 + b"\n",
        b'{"verb": "open-the-vault", "arguments": {}}\n',
        b'{"verb": "store-check"}\n',
        b'{"verb": "store-check", "arguments": []}\n',
        b'{"verb": ["store-check"], "arguments": {}}\n',
        b"\xff\xfe\n",
        b'{"verb": "store-check"',
        b"",
    ],
    ids=[
        "huge",
        "empty",
        "null",
        "deep",
        "unknown",
        "no arguments",
        "a list",
        "verb is a list",
        "binary",
        "half",
        "mute",
    ],
)
def test_what_is_no_request_is_refused_and_the_next_one_served(
    folder: Path, answers: Answers, request_line: bytes
) -> None:
    said = said_to(folder, request_line) if request_line else said_to(folder, b" ")
    assert said == b"" or "error" in json.loads(said)
    assert answers.asked == []
    assert checked(folder) == {"answer": 42}


def test_a_client_that_never_reads_is_left(folder: Path, answers: Answers) -> None:
    left: list[bool] = []

    def talk(_: IO[bytes] | None, say: Say) -> Mapping[str, Any]:
        try:
            while True:
                say(0.1)
        finally:
            left.append(True)

    answers.does = talk
    with connect(folder) as deaf:
        deaf.sendall(b'{"verb": "store-check", "arguments": {}}\n')
        answers.asked.clear()
        while not left:
            os.sched_yield()
        answers.does = lambda _file, _say: {}
        assert checked(folder) == {}


def test_clients_that_say_nothing_hold_nobody_up_for_long(folder: Path) -> None:
    with contextlib.ExitStack() as silent:
        for _ in range(MANY):
            silent.enter_context(connect(folder))
        assert checked(folder) == {"answer": 42}


def test_descriptors_that_nobody_asked_for_are_closed(folder: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    with tempfile.TemporaryFile() as file:
        for _ in range(20):
            said_to(folder, b'{"verb": "store-check", "arguments": {}}\n', [file.fileno()] * 3)
            said_to(folder, b"nonsense\n", [file.fileno()] * 3)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_another_user_of_the_machine_hears_nothing(
    folder: Path, answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin_socket, "_ROOT", -1)
    monkeypatch.setattr(admin_socket.os, "geteuid", lambda: 4711)
    assert said_to(folder, b'{"verb": "store-check", "arguments": {}}\n') == b""
    assert answers.asked == []


def test_only_the_owner_may_connect(folder: Path) -> None:
    assert stat.S_IMODE((folder / SOCKET_FILE).stat().st_mode) == 0o600


def test_a_folder_that_lies_deep_has_a_door_too(tmp_path: Path, answers: Answers) -> None:
    deep = tmp_path.joinpath(*["a folder with a long name"] * 8)
    deep.mkdir(parents=True)
    assert len(str(deep)) > 200
    door = AdminSocket(deep, {AdminVerb.STORE_CHECK: answers.handle})
    door.start()
    assert checked(deep) == {"answer": 42}
    door.stop()
    assert not (deep / SOCKET_FILE).exists()
    assert not is_running(deep)


def test_what_a_killed_desk_left_is_in_nobodys_way(tmp_path: Path, answers: Answers) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / SOCKET_FILE))
    assert not is_running(tmp_path)
    door = AdminSocket(tmp_path, {AdminVerb.STORE_CHECK: answers.handle})
    door.start()
    assert checked(tmp_path) == {"answer": 42}
    door.stop()
    door.stop()


@pytest.mark.parametrize("answer", [b"", b"null\n", b"{}\n", b"\xff\n", b'{"progress": "x"}\n', b"[" * 70_000])
def test_a_kiosk_that_answers_nonsense_is_named(tmp_path: Path, answer: bytes) -> None:
    import threading

    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(tmp_path / SOCKET_FILE))
        other.listen()

        def serve() -> None:
            client, _ = other.accept()
            with client:
                client.recv(4096)
                client.sendall(answer)

        serving = threading.Thread(target=serve)
        serving.start()
        with pytest.raises(KioskSilentError):
            checked(tmp_path)
        serving.join()
