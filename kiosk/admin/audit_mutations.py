"""`kiosk selftest audit`: changes an exported trail at random, and has each change looked for.

The trail is made here, of nobody's visits. Whoever changes it has no key; who has the terminal's key as well is found
by what is outside: the bank's messages or the machine's counter, as the last two kinds show.
"""

import contextlib
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.store.audit_entry import AuditEntry
from kiosk.store.audit_export import ExportedEntry, ExportHeader, ExportLine, ExportLineError, as_line, read_lines
from kiosk.store.audit_verification import HeldByTheBank, Outside, TrailBrokenError, TrailReport, verify_trail
from kiosk.store.merkle_tree import Frontier
from kiosk.store.signed_head import HeadSigner, SignedHead

KIOSK = bytes(range(16))
_KEY, _OTHER_KEY = (Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number in (7, 8))
SIGNER = HeadSigner.of(KIOSK, _KEY)
FORGER = HeadSigner.of(KIOSK, _OTHER_KEY)
_FIELDS = ("sequence", "recorded_at", "boot_id", "uptime_ns", "actor", "kind", "detail")
_VERDICT_EVERY = 4
_SIGNED_AT_S = 1_772_445_600


def entry(number: int, salt: str = "") -> ExportedEntry:
    """Every fourth is a verdict."""
    sequence, verdict = number // _VERDICT_EVERY, number % _VERDICT_EVERY == 0
    detail = f"accepted by the policy; {sequence}; {sequence:064x}; {number:064x}" if verdict else salt
    kind = "verdict" if verdict else "signed_in"
    recorded_at = f"2026-03-02T10:{number // 60 % 60:02}:{number % 60:02}.000000Z"
    content = AuditEntry(number, recorded_at, "ab" * 16, number * 10**9, "1042", kind, detail)
    return ExportedEntry(number, content.leaf(), content)


def head_over(lines: Iterable[ExportLine], signer: HeadSigner = SIGNER, counter: int = 0) -> SignedHead:
    """The head over the entries among these lines."""
    frontier = Frontier()
    for line in lines:
        if isinstance(line, ExportedEntry):
            frontier = frontier.appended(line.leaf)
    return signer.signed(frontier.size, frontier.head(), _SIGNED_AT_S, counter)


@dataclass(frozen=True, slots=True)
class Specimen:
    """A whole trail, and what is known of it outside."""

    lines: tuple[ExportLine, ...]
    outside: Outside

    def verify(self, lines: Iterable[ExportLine]) -> TrailReport:
        return verify_trail(ExportHeader(KIOSK), iter(lines), self.outside)


def specimen(entries: int, forgotten: int, checkpoint_every: int) -> Specimen:
    """The first entries are without content; a checkpoint follows every so many and the last one."""
    lines: list[ExportLine] = []
    held, frontier, counter = {}, Frontier(), 0
    for number in range(1, entries + 1):
        whole = entry(number)
        if whole.content is not None and whole.content.kind == "verdict" and number > forgotten:
            sequence = number // _VERDICT_EVERY
            held[sequence] = HeldByTheBank(frontier.head(), bytes.fromhex(f"{sequence:064x}"))
        lines.append(replace(whole, content=None) if number <= forgotten else whole)
        frontier = frontier.appended(whole.leaf)
        if number % checkpoint_every == 0 or number == entries:
            counter += 1
            lines.append(SIGNER.signed(number, frontier.head(), _SIGNED_AT_S, counter))
    return Specimen(tuple(lines), Outside(frozenset({SIGNER.public_key}), held, counter))


def mutations(whole: Specimen, chance: random.Random) -> Iterator[tuple[str, list[ExportLine]]]:
    """Without end: the kind of a change, and the lines with one such change that says something else than before."""
    while True:
        kind = chance.choice(tuple(_CHANGES))
        lines = list(whole.lines)
        _CHANGES[kind](lines, chance)
        if not _says_the_same(lines, whole.lines):
            yield kind, lines


def survivors(whole: Specimen, count: int, seed: int) -> list[str]:
    """Make so many changes; return each that nobody noticed, in words."""
    chance = random.Random(seed)  # noqa: S311 (nothing secret)
    unnoticed = []
    for number, (kind, lines) in zip(range(1, count + 1), mutations(whole, chance), strict=False):
        with contextlib.suppress(TrailBrokenError, ExportLineError):
            whole.verify(read_lines(KIOSK, map(as_line, lines)) if number % 4 == 0 else lines)
            unnoticed.append(f"change {number} of seed {seed}: {kind}")
    return unnoticed


def _says_the_same(lines: list[ExportLine], whole: tuple[ExportLine, ...]) -> bool:
    """All entries and the head over them; a checkpoint between them that is left out takes nothing away."""
    if not lines or lines[-1] != whole[-1] or len(lines) > len(whole):
        return False
    remaining = iter(whole)
    in_order = all(any(line == other for other in remaining) for line in lines)
    return in_order and [line for line in lines if isinstance(line, ExportedEntry)] == [
        line for line in whole if isinstance(line, ExportedEntry)
    ]


def _edit(lines: list[ExportLine], chance: random.Random) -> None:
    at = chance.randrange(len(lines))
    lines[at] = _edited(lines[at], chance)


def _edited(line: ExportLine, chance: random.Random) -> ExportLine:
    if isinstance(line, SignedHead):
        return _edited_head(line, chance)
    if line.content is None or chance.random() < 0.2:
        changed = bytes([line.leaf[0] ^ 1]) + line.leaf[1:]
        return replace(line, leaf=changed) if chance.random() < 0.5 else ExportedEntry(line.number + 1, line.leaf)
    name = chance.choice(_FIELDS)
    old = getattr(line.content, name)
    changed_field: dict[str, Any] = {name: old + 1 if isinstance(old, int) else old + "x"}
    content = replace(line.content, **changed_field)
    # Half of them are made to fit their leaf, which only the signed heads behind them show.
    return ExportedEntry(content.sequence, content.leaf() if chance.random() < 0.5 else line.leaf, content)


def _edited_head(line: SignedHead, chance: random.Random) -> SignedHead:
    name = chance.choice(("size", "head", "signed_at_s", "machine_counter", "key", "signature"))
    if name == "key":
        return replace(line, public_key=chance.randbytes(32))
    if name == "signature":
        return replace(line, signature=chance.randbytes(64))
    old = getattr(line.tree_head, name)
    changed_field: dict[str, Any] = {name: chance.randbytes(32) if isinstance(old, bytes) else old + 1}
    return replace(line, tree_head=replace(line.tree_head, **changed_field))


def _insert(lines: list[ExportLine], chance: random.Random) -> None:
    lines.insert(chance.randrange(len(lines)), entry(chance.randrange(1, len(lines) + 20), "put in"))


def _delete(lines: list[ExportLine], chance: random.Random) -> None:
    del lines[chance.randrange(len(lines))]


def _exchange(lines: list[ExportLine], chance: random.Random) -> None:
    one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]


def _double(lines: list[ExportLine], chance: random.Random) -> None:
    at = chance.randrange(len(lines))
    lines.insert(at, lines[at])


def _cut(lines: list[ExportLine], chance: random.Random) -> None:
    del lines[chance.randrange(len(lines)) :]


def _forget(lines: list[ExportLine], chance: random.Random) -> None:
    at = chance.randrange(len(lines))
    line = lines[at]
    if isinstance(line, ExportedEntry):
        lines[at] = ExportedEntry(line.number, chance.randbytes(32))


def _sign_by_another(lines: list[ExportLine], _chance: random.Random) -> None:
    lines[-1] = head_over(lines[:-1], FORGER, counter=10**6)


def _cut_and_sign_again(lines: list[ExportLine], chance: random.Random) -> None:
    """By who has the terminal's own key: an older state, grown no further."""
    entries = [line for line in lines if isinstance(line, ExportedEntry)]
    kept = entries[: chance.randrange(1, len(entries))]
    lines[:] = [*kept, head_over(kept, counter=1)]


def _rewrite_and_sign_again(lines: list[ExportLine], chance: random.Random) -> None:
    """By who has the terminal's own key: another history before the newest message that the bank has."""
    entries = [line for line in lines if isinstance(line, ExportedEntry)]
    written = [line for line in entries if line.content is not None]
    last = max(line.number for line in written if line.number % _VERDICT_EVERY == 0)
    changed = chance.choice([line for line in written if line.number < last])
    assert changed.content is not None
    content = replace(changed.content, actor="9999")
    entries[changed.number - 1] = ExportedEntry(changed.number, content.leaf(), content)
    lines[:] = [*entries, head_over(entries, counter=10**6)]


_CHANGES: dict[str, Callable[[list[ExportLine], random.Random], None]] = {
    "a field edited": _edit,
    "an entry put in": _insert,
    "a line taken out": _delete,
    "two lines exchanged": _exchange,
    "a line doubled": _double,
    "the end cut off": _cut,
    "a content forgotten under another leaf": _forget,
    "signed by another key": _sign_by_another,
    "the end cut off and signed with the terminal's key": _cut_and_sign_again,
    "rewritten and signed with the terminal's key": _rewrite_and_sign_again,
}
