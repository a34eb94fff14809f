"""Checks an exported audit trail: every entry, every checkpoint, and what others hold against it.

Runs on any machine, with nothing but the file: standard library and signatures. One pass and flat memory, whatever the
length. What nobody outside the terminal vouches for, it says; it cannot know whether that end was cut off.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from kiosk.errors import StoreError
from kiosk.store.audit_entry import AuditEntry
from kiosk.store.audit_export import ExportedEntry, ExportHeader, ExportLine
from kiosk.store.merkle_tree import Frontier
from kiosk.store.signed_head import SignedHead

VERDICT = "verdict"
_COUNTER_BEGUN = "counter_begun"
_SET_BACK = timedelta(seconds=2)
_MOST_SET_BACKS = 20


class TrailBrokenError(StoreError):
    """Something was edited, put in, taken out, exchanged or cut off; names where."""

    def __init__(self, first: int, last: int, fault: str) -> None:
        self.first, self.last, self.fault = first, last, fault
        where = f"at entry {first}" if first >= last else f"between entries {first} and {last}"
        super().__init__(f"The audit trail is broken {where}: {fault}.")


@dataclass(frozen=True, slots=True)
class HeldByTheBank:
    """What one message that the bank has received says of the trail."""

    tree_head: bytes
    """Of all entries before the message's own."""
    message_sha256: bytes | None = None
    """None where the bank has told the head alone."""


@dataclass(frozen=True, slots=True)
class Outside:
    """What is known from outside the terminal. Nothing of it must be there."""

    keys: frozenset[bytes] = frozenset()
    """Public keys that the bank registered for this kiosk; with none, each checkpoint is held to its own key."""
    held: Mapping[int, HeldByTheBank] = field(default_factory=dict)
    """By the sequence of the message; all of it must be found in the trail."""
    machine_counter: int | None = None
    """Where the machine's counter stood when or before the trail was exported."""
    heads: Mapping[int, bytes] = field(default_factory=dict)
    """Tree heads by size, out of earlier exports of the same trail."""

    @property
    def vouches(self) -> bool:
        """Whether anything could show that the end was cut off."""
        return bool(self.held or self.heads) or self.machine_counter is not None


@dataclass(slots=True)
class TrailReport:
    """What a whole trail has shown."""

    first: int = 1
    """The first entry of this export."""
    last: int = 0
    forgotten: int = 0
    """Entries whose content is over; their leaves were checked as part of the tree."""
    checkpoints: int = 0
    verdicts: int = 0
    keys: set[bytes] = field(default_factory=set)
    """Public keys that signed checkpoints."""
    confirmed_up_to: int = 0
    """The last entry that something outside the terminal vouches for."""
    machine_counter: int = 0
    """Of the newest checkpoint that has one."""
    clock_set_back_at: list[int] = field(default_factory=list)
    """Entries dated before the one they follow, the first twenty."""
    head: bytes = b""
    found: dict[int, ExportedEntry] = field(default_factory=dict)
    """Entries that were asked for."""

    @property
    def entries(self) -> int:
        return self.last - self.first + 1


def verify_trail(
    header: ExportHeader, lines: Iterator[ExportLine], outside: Outside, wanted: frozenset[int] = frozenset()
) -> TrailReport:
    """Check all lines; raise `TrailBrokenError`, and whatever reading them raises. `wanted` are entries to return."""
    check = _Check(header, outside, wanted)
    last: ExportLine | None = None
    for last in lines:
        check.take(last)
    if not isinstance(last, SignedHead):
        raise check.broken("its end is cut off, for no signed head closes it")
    return check.finish()


def sequence_in(verdict: AuditEntry) -> int:
    """Of the message that the entry of a verdict names, 0 for none."""
    said = verdict.detail.split("; ")
    number = said[1] if len(said) > 2 else ""
    return int(number) if number.isascii() and number.isdigit() and len(number) < 20 else 0


class _Check:
    """Goes through a trail once."""

    def __init__(self, header: ExportHeader, outside: Outside, wanted: frozenset[int]) -> None:
        self._outside, self._wanted = outside, wanted
        self._frontier: Frontier = header.frontier
        self._signed_up_to = header.frontier.size
        self._missing = dict(outside.held)
        self._missing_heads = {held.tree_head: sequence for sequence, held in self._missing.items()}
        self._sequence = 0
        self._before_first = 0
        """Messages up to this one may belong to entries that this export leaves out."""
        self._before: AuditEntry | None = None
        self._counts_anew = False
        self._counted_up_to = 0
        self._report = TrailReport(first=header.frontier.size + 1, confirmed_up_to=header.frontier.size)
        self._check_earlier()

    def broken(self, fault: str) -> TrailBrokenError:
        """Somewhere behind the last good checkpoint."""
        return TrailBrokenError(self._signed_up_to + 1, self._frontier.size, fault)

    def take(self, line: ExportLine) -> None:
        match line:
            case SignedHead():
                self._take_head(line)
            case ExportedEntry():
                self._take_entry(line)

    def finish(self) -> TrailReport:
        """Hold what was found against what must be there."""
        end, report = self._frontier.size, self._report
        cut = "its end was cut off, or an older state put back"
        if missing := [sequence for sequence in self._missing if sequence > self._before_first]:
            fault = f"message {min(missing)}, which the bank has, is not in it: {cut}, or this export is the older one"
            raise TrailBrokenError(end + 1, end + 1, fault)
        if (longer := max(self._outside.heads, default=0)) > end:
            fault = f"an earlier export goes on to entry {longer}: {cut}"
            raise TrailBrokenError(end + 1, longer, fault)
        counted = self._outside.machine_counter
        if counted is not None:
            if report.machine_counter < counted:
                fault = f"the machine has counted to {counted}, the trail to {report.machine_counter}: {cut}"
                raise TrailBrokenError(end + 1, end + 1, fault)
            report.confirmed_up_to = max(report.confirmed_up_to, self._counted_up_to)
        report.last, report.head = end, self._frontier.head()
        return report

    def _take_head(self, signed: SignedHead) -> None:
        head, report = signed.tree_head, self._report
        if head.size != self._frontier.size or head.head != self._frontier.head():
            raise self.broken("these entries are not those that the kiosk has signed")
        if report.checkpoints and head.size == self._signed_up_to:
            raise self.broken("a checkpoint stands there twice")
        if not signed.is_good():
            raise self.broken("the signature of the checkpoint behind them is not good")
        if self._outside.keys and signed.public_key not in self._outside.keys:
            raise self.broken("the checkpoint behind them is signed by a key that the bank did not register")
        if head.machine_counter:
            if head.machine_counter <= report.machine_counter and not self._counts_anew:
                raise self.broken("the machine's counter went back, which it never does")
            report.machine_counter, self._counts_anew = head.machine_counter, False
            self._counted_up_to = head.size
        self._signed_up_to = head.size
        report.checkpoints += 1
        report.keys.add(signed.public_key)

    def _take_entry(self, line: ExportedEntry) -> None:
        number, entry = self._frontier.size + 1, line.content
        if line.number != number:
            raise TrailBrokenError(number, number, f"number {line.number} stands in its place")
        if not line.is_whole:
            raise TrailBrokenError(number, number, "it does not say what it said when it was recorded")
        if number in self._wanted:
            self._report.found[number] = line
        if entry is None:
            self._take_forgotten(number)
        else:
            self._take_content(entry)
        self._frontier = self._frontier.appended(line.leaf)
        self._check_earlier()

    def _check_earlier(self) -> None:
        """That the tree begins with that of an earlier export."""
        known = self._outside.heads.get(self._frontier.size)
        if known is None:
            return
        if known != self._frontier.head():
            fault = f"an earlier export vouches for other entries up to {self._frontier.size}"
            raise TrailBrokenError(self._report.confirmed_up_to + 1, self._frontier.size, fault)
        self._report.confirmed_up_to = self._frontier.size

    def _take_forgotten(self, number: int) -> None:
        if self._before is not None:
            raise TrailBrokenError(number, number, "its content is missing behind entries that still have theirs")
        self._report.forgotten += 1
        if self._missing_heads:
            sequence = self._missing_heads.get(self._frontier.head())
            if sequence is not None and self._missing.pop(sequence, None) is not None:
                self._report.confirmed_up_to = number

    def _take_content(self, entry: AuditEntry) -> None:
        if self._before is not None and entry.recorded_at < self._before.recorded_at:
            self._note_clock(self._before, entry)
        self._before = entry
        if entry.kind == _COUNTER_BEGUN:
            self._counts_anew = True
        if entry.kind == VERDICT:
            self._take_verdict(entry)

    def _take_verdict(self, entry: AuditEntry) -> None:
        said, sequence = entry.detail.split("; "), sequence_in(entry)
        if sequence <= self._sequence:
            fault = f"it names message {sequence} after message {self._sequence}, which was sent later"
            raise TrailBrokenError(entry.sequence, entry.sequence, fault)
        if not self._report.verdicts and self._report.first > 1:
            self._before_first = sequence - 1
        self._sequence = sequence
        self._report.verdicts += 1
        held = self._missing.pop(sequence, None)
        if held is None:
            return
        if held.message_sha256 is not None and said[2] != held.message_sha256.hex():
            fault = f"it names another message {sequence} than the bank has"
            raise TrailBrokenError(entry.sequence, entry.sequence, fault)
        if held.tree_head != self._frontier.head():
            first = self._report.confirmed_up_to + 1
            fault = f"the bank's message {sequence} vouches for other entries"
            raise TrailBrokenError(first, entry.sequence - 1, fault)
        # The message itself tells of the entry that queued it; a head alone of those before.
        self._report.confirmed_up_to = entry.sequence - (held.message_sha256 is None)

    def _note_clock(self, before: AuditEntry, entry: AuditEntry) -> None:
        try:
            set_back = before.recorded_at_utc - entry.recorded_at_utc >= _SET_BACK
        except (ValueError, TypeError):
            set_back = True
        if set_back and len(self._report.clock_set_back_at) < _MOST_SET_BACKS:
            self._report.clock_set_back_at.append(entry.sequence)
