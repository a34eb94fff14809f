"""Answers for `kiosk setup` and its kin: taken from options and files, else asked for at the terminal.

A wrong option ends the command with its sentence; a wrong answer at the terminal is asked for again. Prints no secret
and keeps none.
"""

import getpass
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path

from kiosk.errors import KioskError, SettingsError

MIN_PASSPHRASE_CHARS = 12
_MAX_PASSPHRASE_CHARS = 1000
_MIN_DIFFERENT_CHARS = 5

Check = Callable[[str], None]
"""Raises a `KioskError` for an answer that cannot be used."""


def answer(given: object | None, option: str, question: str, check: Check, default: str = "") -> str:
    """Return what the option gave, or ask until the check passes; raise a `KioskError`."""
    if given is not None:
        check(str(given))
        return str(given)
    _demand_terminal(option, question)
    shown = f"{question} [{default}]: " if default else f"{question}: "
    return _until(lambda: _line(shown) or default, check)


def optional_answer(given: object | None, question: str, check: Check) -> str | None:
    """Like `answer`, but Enter, or no terminal, means none."""
    if given is None and not sys.stdin.isatty():
        return None
    return answer(given, "", question, lambda text: check(text) if text else None) or None


def new_secret(file: Path | None, option: str, question: str, check: Check) -> str:
    """A secret that is made now: from a file, or typed twice alike."""
    if file is not None:
        secret = _from_file(file)
        check(secret)
        return secret
    _demand_terminal(option, question)

    def ask_twice() -> str:
        first = _hidden(question)
        check(first)
        if _hidden("  Once more") != first:
            raise SettingsError("The two do not agree.")
        return first

    return _until(ask_twice, check)


def known_secret(file: Path | None, option: str, question: str) -> str:
    """A secret that was made earlier: from a file, or typed once."""
    if file is not None:
        return _from_file(file)
    _demand_terminal(option, question)
    return _hidden(question)


def read_passphrase(passphrase_file: Path | None) -> str:
    """The passphrase of an existing vault, from a file or typed once."""
    return known_secret(passphrase_file, "--passphrase-file", "Passphrase of the key vault")


def check_passphrase(passphrase: str) -> None:
    """Raise `SettingsError` for a passphrase that is too short to guard keys, or cannot be written as UTF-8."""
    if len(passphrase) < MIN_PASSPHRASE_CHARS:
        raise SettingsError(f"A passphrase needs at least {MIN_PASSPHRASE_CHARS} characters; choose a longer one.")
    if len(passphrase) > _MAX_PASSPHRASE_CHARS:
        raise SettingsError(f"A passphrase has at most {_MAX_PASSPHRASE_CHARS} characters; choose a shorter one.")
    if len(set(passphrase)) < _MIN_DIFFERENT_CHARS:
        raise SettingsError(f"A passphrase needs {_MIN_DIFFERENT_CHARS} different characters; choose another.")
    if not passphrase.isprintable():
        raise SettingsError("A passphrase is one line of printable characters; choose another.")


def demand_text(text: str) -> None:
    """The check for an answer that only has to be there."""
    if not text.strip():
        raise SettingsError("An answer is needed.")


def demand_name(text: str) -> None:
    """The check for a name that screens and terminals will show."""
    from kiosk.settings import LONGEST_NAME

    demand_text(text)
    if len(text) > LONGEST_NAME or not text.isprintable():
        raise SettingsError(f"A name has 1 to {LONGEST_NAME} characters on one line.")


def file_at(text: str) -> Path:
    """The file that was typed; `~` is the home folder here too, where no shell has seen it."""
    try:
        return Path(text).expanduser()
    except RuntimeError:  # there is nobody of that name
        return Path(text)


def _until(ask: Callable[[], str], check: Check) -> str:
    while True:
        try:
            text = ask()
            check(text)
            return text
        except EOFError:
            print()
            raise SettingsError("The questions were not answered to the end; nothing was changed.") from None
        except UnansweredError:
            raise
        except KioskError as error:
            print(f"  {error}")


class UnansweredError(SettingsError):
    """There is nobody to ask."""


def _line(shown: str) -> str:
    return input(shown).strip()


def _hidden(question: str) -> str:
    try:
        return unicodedata.normalize("NFC", getpass.getpass(f"{question}: "))
    except EOFError:
        raise UnansweredError("The questions were not answered to the end; nothing was changed.") from None


def _from_file(file: Path) -> str:
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"{file} cannot be read: {error.strerror}; name another file.") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{file} is no text in UTF-8; name another file.") from error
    return unicodedata.normalize("NFC", text.rstrip("\r\n"))


def _demand_terminal(option: str, question: str) -> None:
    if not sys.stdin.isatty():
        raise UnansweredError(f"{question}: there is no terminal to ask at; give it with {option}.")
